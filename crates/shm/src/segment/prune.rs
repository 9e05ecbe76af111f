//! Removing segments whose owners have died.

use core::fmt;
use std::boxed::Box;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use rustix::io::Errno;

use super::error::PruneError;
use super::list::{Seen, WITHHELD, listed, look_at};
use super::name;
use super::peek::{Header, envelope_of, identity_of, is_cut_short, mappable, read_header};
use super::place::DEFAULT_DIRECTORY;
use crate::envelope::{Identity, Instance};
use crate::file::lock::{self, Lock};
use crate::file::{Directory, NotOpened, check_owner, is_ours};

/// Whether a dead segment is to stay.
type Spare<'a> = dyn Fn(&File, &Header) -> io::Result<bool> + 'a;

/// Which dead segments [`prune`] is to remove. A string is a prefix of their names.
///
/// ```
/// use ringway_shm::segment::{Prune, prune};
///
/// let ours = Prune::prefix("market.").filter(|name| name != "market.archive").dry_run(true);
/// let pruned = prune(ours)?;
/// println!("would remove {:?} and {:?}", pruned.segments, pruned.companions);
/// # Ok::<(), ringway_shm::segment::PruneError>(())
/// ```
#[must_use = "nothing is removed until `prune` gets it"]
pub struct Prune<'a> {
    directory: PathBuf,
    /// `None`: every name.
    prefix: Option<String>,
    filter: Box<dyn Fn(&str) -> bool + 'a>,
    spare: Box<Spare<'a>>,
    dry_run: bool,
}

impl<'a> Prune<'a> {
    fn new(prefix: Option<String>) -> Self {
        let directory = DEFAULT_DIRECTORY.into();
        let (filter, spare) = (Box::new(|_: &str| true), Box::new(|_: &_, _: &_| Ok(false)));
        Prune { directory, prefix, filter, spare, dry_run: false }
    }

    /// Segments whose names begin so, which has to be at least one letter.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Prune::new(Some(prefix.into()))
    }

    /// All segments of this user in the directory, other programs' too.
    pub fn all() -> Self {
        Prune::new(None)
    }

    /// The directory that has them: by default `/dev/shm`.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = path.into();
        self
    }

    /// Only segments whose names the filter lets pass, of those that are meant otherwise.
    pub fn filter(mut self, filter: impl Fn(&str) -> bool + 'a) -> Self {
        let before = self.filter;
        self.filter = Box::new(move |name| before(name) && filter(name));
        self
    }

    /// Leaves those dead segments alone of which `spare`, which gets the main file and its first
    /// bytes, says so: for a caller that knows of some kind that what has no owner may still be
    /// wanted.
    pub fn spare(mut self, spare: impl Fn(&File, &Header) -> io::Result<bool> + 'a) -> Self {
        let before = self.spare;
        self.spare =
            Box::new(move |file, header| Ok(before(file, header)? || spare(file, header)?));
        self
    }

    /// Whether to remove nothing, and only say what would be removed.
    pub fn dry_run(mut self, yes: bool) -> Self {
        self.dry_run = yes;
        self
    }

    fn means(&self, name: &str) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()))
            && (self.filter)(name)
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
    /// Names of segments. Their companions went with them.
    pub segments: Vec<String>,
    /// Names of companion files whose segment was gone, or had never been made.
    pub companions: Vec<String>,
    /// What could not be removed though it was to be, or not be looked at, and why: a file's path,
    /// and what the operating system says.
    pub failed: Vec<(PathBuf, io::Error)>,
}

impl Pruned {
    /// Whether there was nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.companions.is_empty() && self.failed.is_empty()
    }
}

/// Removes the names of segments whose owners are gone, of this user, of whatever kind and version,
/// and companion files that have no segment. Which are meant, and where, the argument says: a
/// prefix of their names, or a [`Prune`]; a companion goes by its segment's name. Processes that
/// are attached keep the memory. What lives or belongs to another user is left alone; so is what is
/// being created, or taken over, meanwhile. Doing it again, or at the same time as others, is no
/// error.
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
    for list in [&mut pruned.segments, &mut pruned.companions] {
        list.try_reserve_exact(names.len()).map_err(|_| PruneError::Directory {
            path: path.clone(),
            source: io::ErrorKind::OutOfMemory.into(),
        })?;
    }
    let Pruned { segments, companions, failed } = &mut pruned;
    let mut sort = |to: &mut Vec<String>, name: &String, outcome: io::Result<bool>| match outcome {
        Ok(true) => to.push(name.clone()),
        Ok(false) => {}
        Err(error) => failed.push((path.join(name), error)),
    };
    for name in names.iter().filter(|name| name::check(name).is_ok() && what.means(name)) {
        sort(segments, name, remove_if_meant(&directory, name, &what));
    }
    for name in &names {
        if let Some((object, instance)) =
            name::of_companion(name).filter(|(object, _)| what.means(object))
        {
            let gone = remove_unpaired(&directory, name, &object, instance, what.dry_run);
            sort(companions, name, gone);
        }
    }
    Ok(pruned)
}

/// Whether a dead segment is to go; what has been cut short meanwhile is left alone.
fn is_meant(what: &Prune<'_>, file: &File, header: &Header) -> io::Result<bool> {
    match (what.spare)(file, header) {
        Err(error) if is_cut_short(&error) => Ok(false),
        spared => Ok(!spared?),
    }
}

fn remove_if_meant(directory: &Directory, name: &str, what: &Prune<'_>) -> io::Result<bool> {
    let dead = look_at(directory, name, false, |_, seen| match seen {
        Seen::Ours { file, header, .. } if lock::holder(file, lock::OWNER)? == lock::Held::Free => {
            Ok(Some(is_meant(what, file, header)?))
        }
        _ => Ok(None),
    })?;
    match dead {
        Some(true) if !what.dry_run => {
            remove_dead(directory, name, None, |file, header, _| is_meant(what, file, header))
        }
        dead => Ok(dead == Some(true)),
    }
}

/// Removes a segment's names as its next owner would take it over: with its lock, so that none does
/// meanwhile. `owner`: whose it has to be, if not this user's. `meant` gets the main file, its
/// first bytes, and the name of its companion, and says whether it is to go. `false`: it is not, or
/// its owner lives, or another process has removed it.
pub fn remove_dead(
    directory: &Directory,
    name: &str,
    owner: Option<u32>,
    meant: impl FnOnce(&File, &Header, &str) -> io::Result<bool>,
) -> io::Result<bool> {
    let main = match directory.open_kept(name, true) {
        Ok(main) => main,
        // It is gone by now, or another's.
        Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => return Ok(false),
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    if mappable(main.metadata()?.len()).is_err() {
        return Ok(false);
    }
    let header = match read_header(&main) {
        Err(error) if is_cut_short(&error) => return Ok(false),
        header => header?,
    };
    let Ok(identity) = Identity::of(&envelope_of(&header)) else { return Ok(false) };
    if check_owner(&main, main.metadata()?.uid(), owner)?.is_err() {
        return Ok(false);
    }
    // Given up with its description, also by a child that is forked meanwhile: processes that are
    // attached would else take its lock for an owner's.
    let Some(locked) = Lock::take(main, lock::OWNER)? else { return Ok(false) };
    let main = locked.file();
    let companion = name::companion(name, identity.instance);
    if !meant(main, &header, &companion)? || !directory.remove(name, main)? {
        return Ok(false);
    }
    directory.remove_name(&companion)?;
    Ok(true)
}

/// Removes a companion file whose segment is not there. `dry_run`: only says whether it would.
fn remove_unpaired(
    directory: &Directory,
    name: &str,
    object: &str,
    instance: Instance,
    dry_run: bool,
) -> io::Result<bool> {
    let paired = || -> io::Result<bool> {
        match directory.open_file(object, false) {
            Ok(main) => Ok(identity_of(&main)?.is_some_and(|found| found.instance == instance)),
            Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => Ok(false),
            // What may not be looked at may be its segment.
            Err(NotOpened::Os(errno)) if WITHHELD.contains(&errno) => Ok(true),
            Err(NotOpened::Os(errno)) => Err(errno.into()),
        }
    };
    let companion = match directory.open_kept(name, true) {
        Ok(companion) => companion,
        // It is gone by now, or none.
        Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => return Ok(false),
        Err(NotOpened::Os(Errno::ROFS)) => return Ok(false),
        Err(NotOpened::Os(errno)) if WITHHELD.contains(&errno) => return Ok(false),
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    if paired()? || !is_ours(&companion)? {
        return Ok(false);
    }
    if dry_run {
        // Looked at, and not locked: a creator must find its place free.
        return Ok(!lock::is_held(&companion, lock::CREATOR)? && !paired()?);
    }
    // A creator names the companion first, and holds this until the main file has its name too.
    let Some(locked) = Lock::take(companion, lock::CREATOR)? else { return Ok(false) };
    Ok(!paired()? && directory.remove(name, locked.file())?)
}
