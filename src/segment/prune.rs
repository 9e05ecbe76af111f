//! What rings there are, and removing those whose producers have died.

use core::fmt;
use std::boxed::Box;
use std::format;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use rustix::io::Errno;

use super::directory::{Directory, NotOpened};
use super::error::PruneError;
use super::location::DEFAULT_DIRECTORY;
use super::lock::{self, Lock};
use super::name;
use super::open::{mappable, read_identity};
use super::owner;
use super::state::{self, SegmentState, is_cut_short};
use crate::error::HeaderError;
use crate::memory::header::{Identity, Instance};

/// A ring that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// What it is opened by.
    pub name: String,
    /// Whether its producer is still there.
    pub state: SegmentState,
    /// Why this build can neither open nor resume it, if its layout is another. It can be removed.
    pub foreign: Option<HeaderError>,
}

/// The rings in `/dev/shm`, by name. Attaches to none of them, opens nothing that is not a file,
/// and waits for nothing. An error names the directory or the file that could not be looked at,
/// because there are too few descriptors, say; what this process may not look at is no error.
///
/// ```
/// use ringway::Options;
/// use ringway::segment::{SegmentState, segments};
///
/// let name = format!("doc-segments-{}", std::process::id());
/// let producer = Options::<u64>::new(64).create(&name)?;
/// let ours = segments()?.into_iter().find(|ring| ring.name == name).unwrap();
/// assert_eq!(ours.state, SegmentState::Alive);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn segments() -> io::Result<Vec<SegmentInfo>> {
    segments_in(DEFAULT_DIRECTORY)
}

/// As [`segments`], in a directory of your choice.
///
/// ```
/// use ringway::{Options, Segment};
/// use ringway::segment::segments_in;
///
/// let directory = format!("/dev/shm/doc-segments-in-{}", std::process::id());
/// std::fs::create_dir(&directory)?;
/// let producer = Options::<u64>::new(64).create(Segment::new("ring").directory(&directory))?;
/// assert_eq!(segments_in(&directory)?[0].name, "ring");
/// drop(producer);
/// std::fs::remove_dir(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn segments_in(directory: impl AsRef<Path>) -> io::Result<Vec<SegmentInfo>> {
    let path = directory.as_ref();
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("the directory {}: {error}", path.display()))
    };
    let (directory, names) = listed(path).map_err(named)?;
    // Others choose how many there are.
    let out_of_memory = |_| named(io::ErrorKind::OutOfMemory.into());
    let mut controls = Vec::new();
    controls.try_reserve_exact(names.len()).map_err(out_of_memory)?;
    controls.extend(names.iter().filter_map(|name| name::of_control(name)));
    let mut rings = Vec::new();
    for name in &names {
        let known = controls.iter().any(|(ring, _)| ring == name);
        let failed = |error: io::Error| {
            let path = path.join(name);
            io::Error::new(error.kind(), format!("the file {}: {error}", path.display()))
        };
        if let Some((state, foreign)) = inspect(&directory, name, known).map_err(failed)? {
            rings.try_reserve(1).map_err(out_of_memory)?;
            rings.push(SegmentInfo { name: name.clone(), state, foreign });
        }
    }
    Ok(rings)
}

/// Which dead rings [`prune`] is to remove. A string is a prefix of their names.
///
/// ```
/// use ringway::segment::Prune;
///
/// let ours = Prune::prefix("market.").filter(|name| name != "market.archive").dry_run(true);
/// let pruned = ringway::segment::prune(ours)?;
/// println!("would remove {:?} and {:?}", pruned.rings, pruned.controls);
/// # Ok::<(), ringway::error::PruneError>(())
/// ```
pub struct Prune<'a> {
    directory: PathBuf,
    /// `None`: every name.
    prefix: Option<String>,
    filter: Box<dyn Fn(&str) -> bool + 'a>,
    dry_run: bool,
}

impl<'a> Prune<'a> {
    fn new(prefix: Option<String>) -> Self {
        let directory = DEFAULT_DIRECTORY.into();
        Prune { directory, prefix, filter: Box::new(|_| true), dry_run: false }
    }

    /// Rings whose names begin so, which has to be at least one letter.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Prune::new(Some(prefix.into()))
    }

    /// All rings of this user in the directory, other programs' too.
    pub fn all() -> Self {
        Prune::new(None)
    }

    /// The directory that has the rings: by default `/dev/shm`.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = path.into();
        self
    }

    /// Only rings whose names the filter lets pass, of those that are meant otherwise.
    pub fn filter(mut self, filter: impl Fn(&str) -> bool + 'a) -> Self {
        let before = self.filter;
        self.filter = Box::new(move |name| before(name) && filter(name));
        self
    }

    /// Whether to remove nothing, and only say what would be removed.
    pub fn dry_run(mut self, yes: bool) -> Self {
        self.dry_run = yes;
        self
    }

    fn means(&self, ring: &str) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| ring.starts_with(prefix.as_str()))
            && (self.filter)(ring)
    }
}

impl fmt::Debug for Prune<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Prune { directory, prefix, dry_run, .. } = self;
        f.debug_struct("Prune")
            .field("directory", directory)
            .field("prefix", prefix)
            .field("dry_run", dry_run)
            .finish_non_exhaustive()
    }
}

impl From<&str> for Prune<'_> {
    fn from(prefix: &str) -> Self {
        Prune::prefix(prefix)
    }
}

impl From<&String> for Prune<'_> {
    fn from(prefix: &String) -> Self {
        Prune::prefix(prefix)
    }
}

impl From<String> for Prune<'_> {
    fn from(prefix: String) -> Self {
        Prune::prefix(prefix)
    }
}

/// What [`prune`] has removed, or would remove.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Pruned {
    /// Names of rings. Both files of each are meant.
    pub rings: Vec<String>,
    /// Names of control files whose ring was gone, or had never been made.
    pub controls: Vec<String>,
    /// What could not be removed though it was to be, or not be looked at, and why: a file's path,
    /// and what the operating system says.
    pub failed: Vec<(PathBuf, io::Error)>,
}

impl Pruned {
    /// Whether there was nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.rings.is_empty() && self.controls.is_empty() && self.failed.is_empty()
    }
}

/// Removes the names of rings whose producers are gone, of this user, of whatever layout, and
/// control files that have no ring. Which are meant, and where, the argument says: a prefix of
/// their names, or a [`Prune`]; a control file goes by its ring's name. Consumers that are attached
/// keep the memory. What lives, was closed and kept, or belongs to another user is left alone; so
/// is what is being created, or taken over, meanwhile. Doing it again, or at the same time as
/// others, is no error.
///
/// A ring that is to be [resumed](crate::Producer::resume), or from which a late consumer is to
/// read what is left, is dead like any other until a producer resumes it: also one whose producer
/// has [left it](crate::Producer::detach) for a successor.
///
/// ```
/// use ringway::Options;
/// use ringway::segment::{Prune, prune};
///
/// let name = format!("doc-prune-{}", std::process::id());
/// let producer = Options::<u64>::new(64).create(&name)?;
/// assert!(prune(&name)?.is_empty());
/// producer.detach();
/// assert_eq!(prune(Prune::prefix(&name).dry_run(true))?.rings, [name.clone()]);
/// assert_eq!(prune(&name)?.rings, [name.clone()]);
/// assert!(prune(&name)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prune<'a>(what: impl Into<Prune<'a>>) -> Result<Pruned, PruneError> {
    let what = what.into();
    if what.prefix.as_ref().is_some_and(|prefix| prefix.is_empty()) {
        return Err(PruneError::EmptyPrefix);
    }
    let path = &what.directory;
    let (directory, names) =
        listed(path).map_err(|source| PruneError::Directory { path: path.clone(), source })?;
    let mut pruned = Pruned::default();
    // Before anything is removed: others choose how many there are.
    for list in [&mut pruned.rings, &mut pruned.controls] {
        list.try_reserve_exact(names.len()).map_err(|_| PruneError::Directory {
            path: path.clone(),
            source: io::ErrorKind::OutOfMemory.into(),
        })?;
    }
    let Pruned { rings, controls, failed } = &mut pruned;
    let mut sort = |to: &mut Vec<String>, name: &String, outcome: io::Result<bool>| match outcome {
        Ok(true) => to.push(name.clone()),
        Ok(false) => {}
        Err(error) => failed.push((path.join(name), error)),
    };
    for name in names.iter().filter(|name| name::check(name).is_ok() && what.means(name)) {
        let gone = match inspect(&directory, name, false) {
            Ok(Some((SegmentState::Orphaned, _))) => match what.dry_run {
                true => Ok(true),
                false => remove_orphan(&directory, name, None, Dead::Any),
            },
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        };
        sort(rings, name, gone);
    }
    for name in &names {
        if let Some((ring, instance)) = name::of_control(name).filter(|(ring, _)| what.means(ring))
        {
            let gone = remove_unpaired(&directory, name, &ring, instance, what.dry_run);
            sort(controls, name, gone);
        }
    }
    Ok(pruned)
}

/// A directory, and what is in it.
fn listed(path: &Path) -> io::Result<(Directory, Vec<String>)> {
    let directory = Directory::open(path)?;
    let mut names = Vec::new();
    for entry in path.read_dir()? {
        // What is not text is not a ring's.
        if let Ok(name) = entry?.file_name().into_string() {
            // Others choose how many there are.
            names.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok((directory, names))
}

/// What the operating system says of a file that its owner keeps others from looking at: by its
/// permissions, by a lease on it, or because all the time something else has the name. No error:
/// other users could keep all from listing a directory that they share.
const WITHHELD: [Errno; 3] = [Errno::ACCESS, Errno::PERM, Errno::AGAIN];

/// The state of a ring, and in which way its layout is another; `None`: it is none. `known`: its
/// control file says that it is one, should it not be permitted to look.
fn inspect(
    directory: &Directory,
    name: &str,
    known: bool,
) -> io::Result<Option<(SegmentState, Option<HeaderError>)>> {
    if name::check(name).is_err() {
        return Ok(None);
    }
    let file = match directory.open_file(name, false) {
        Ok(file) => file,
        // It is gone by now, or no ring's.
        Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => return Ok(None),
        Err(NotOpened::Os(errno)) if WITHHELD.contains(&errno) => {
            return Ok(known.then_some((SegmentState::Foreign, None)));
        }
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    let Some(identity) = identity_of(&file)? else { return Ok(None) };
    if !owner::is_ours(&file)? {
        return Ok(Some((SegmentState::Foreign, identity.foreign)));
    }
    let state = match state::of(&file, &identity) {
        Err(error) if is_cut_short(&error) => SegmentState::Foreign,
        state => state?,
    };
    Ok(Some((state, identity.foreign)))
}

/// Which ring's data a file is; `None`: it is none.
fn identity_of(file: &File) -> io::Result<Option<Identity>> {
    if mappable(file.metadata()?.len()).is_err() {
        return Ok(None);
    }
    match read_identity(file) {
        Err(error) if is_cut_short(&error) => Ok(None),
        identity => Ok(identity?.ok()),
    }
}

/// Which of the dead are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dead {
    Any,
    /// Closed, and not kept: its producer died before it had removed the names.
    Closed,
    /// Without its control file.
    WithoutControl,
}

/// Removes a ring's names as its next producer would take it over: with its lock, so that none does
/// meanwhile. `owner`: whose it has to be, if not this user's.
pub(crate) fn remove_orphan(
    directory: &Directory,
    name: &str,
    owner: Option<u32>,
    dead: Dead,
) -> io::Result<bool> {
    let data = match directory.open_kept(name, true) {
        Ok(data) => data,
        // It is gone by now, or another's.
        Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => return Ok(false),
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    let Some(identity) = identity_of(&data)? else { return Ok(false) };
    if owner::check(&data, data.metadata()?.uid(), owner)?.is_err() {
        return Ok(false);
    }
    // Given up with its description, also by a child that is forked meanwhile: consumers that are
    // attached would else take its lock for a producer's.
    let Some(locked) = Lock::take(data, lock::PRODUCER)? else { return Ok(false) };
    let data = locked.file();
    let control = name::control(name, identity.instance);
    // The lock does not show itself here.
    let orphaned = || state::of(data, &identity).map(|state| state == SegmentState::Orphaned);
    let meant = match dead {
        Dead::Any => orphaned()?,
        Dead::Closed => orphaned()? && state::is_closed(data, &identity)?,
        // Also one that was closed and kept: no one can read what is left in it.
        Dead::WithoutControl => !directory.has(&control)?,
    };
    if !meant || !directory.remove(name, data)? {
        return Ok(false);
    }
    directory.remove_name(&control)?;
    Ok(true)
}

/// Removes a control file whose ring is not there. `dry_run`: only says whether it would.
fn remove_unpaired(
    directory: &Directory,
    name: &str,
    ring: &str,
    instance: Instance,
    dry_run: bool,
) -> io::Result<bool> {
    let paired = || -> io::Result<bool> {
        match directory.open_file(ring, false) {
            Ok(data) => Ok(identity_of(&data)?.is_some_and(|found| found.instance == instance)),
            Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => Ok(false),
            // What may not be looked at may be its ring.
            Err(NotOpened::Os(errno)) if WITHHELD.contains(&errno) => Ok(true),
            Err(NotOpened::Os(errno)) => Err(errno.into()),
        }
    };
    let control = match directory.open_kept(name, true) {
        Ok(control) => control,
        // It is gone by now, or none.
        Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => return Ok(false),
        Err(NotOpened::Os(Errno::ROFS)) => return Ok(false),
        Err(NotOpened::Os(errno)) if WITHHELD.contains(&errno) => return Ok(false),
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    if paired()? || !owner::is_ours(&control)? {
        return Ok(false);
    }
    if dry_run {
        // Looked at, and not locked: a creator must find its place free.
        return Ok(!lock::is_held(&control, lock::CREATOR)? && !paired()?);
    }
    // A creator names the control file first, and holds this until the data has its name too.
    let Some(locked) = Lock::take(control, lock::CREATOR)? else { return Ok(false) };
    Ok(!paired()? && directory.remove(name, locked.file())?)
}
