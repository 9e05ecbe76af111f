//! What rings there are, and removing those whose producers have died.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::directory::Directory;
use super::lock;
use super::name;
use super::open::{mappable, read_instance};
use super::segment::DEFAULT_DIRECTORY;
use super::state::{self, SegmentState};
use crate::error::HeaderError;
use crate::header::Instance;

/// A ring that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// What it is opened by.
    pub name: String,
    /// Whether its producer is still there.
    pub state: SegmentState,
}

/// What [`prune`] has removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Names of rings.
    pub rings: Vec<String>,
    /// Names of control files whose ring was gone, or had never been made.
    pub controls: Vec<String>,
}

/// The rings in `/dev/shm`, by name. Attaches to none of them, and waits for nothing.
///
/// ```
/// use ringway::{Options, SegmentState, segments};
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
pub fn segments_in(directory: impl AsRef<Path>) -> io::Result<Vec<SegmentInfo>> {
    let path = directory.as_ref();
    let (directory, names) = (Directory::open(path)?, file_names(path)?);
    let mut controls = Vec::new();
    for control in names.iter().filter_map(|name| name::of_control(name)) {
        controls.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
        controls.push(control);
    }
    let mut rings = Vec::new();
    for name in &names {
        let known = controls.iter().any(|(ring, _)| ring == name);
        if let Some(state) = inspect(&directory, name, known) {
            rings.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            rings.push(SegmentInfo { name: name.clone(), state });
        }
    }
    Ok(rings)
}

/// Removes the names of the rings in `/dev/shm` whose producers have died, of this user, and control files
/// that have no ring. Whoever is attached keeps the memory. What lives, was closed and kept, or belongs to
/// somebody else is left alone; so is what is being created, or taken over, meanwhile. Doing it again, or
/// at the same time as others, is no error.
///
/// A ring that is to be [resumed](crate::Producer::resume), or from which a late consumer is to read what
/// is left, is dead like any other while nobody resumes it.
///
/// ```no_run
/// let pruned = ringway::prune()?;
/// println!("{} rings and {} control files", pruned.rings.len(), pruned.controls.len());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn prune() -> io::Result<Pruned> {
    prune_in(DEFAULT_DIRECTORY)
}

/// As [`prune`], in a directory of your choice.
///
/// ```
/// use ringway::{Options, Pruned, Segment, prune_in};
///
/// let directory = format!("/dev/shm/doc-prune-{}", std::process::id());
/// std::fs::create_dir(&directory)?;
/// let producer = Options::<u64>::new(64).create(Segment::new("ring").directory(&directory))?;
/// assert_eq!(prune_in(&directory)?, Pruned::default());
/// drop(producer);
/// std::fs::remove_dir(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prune_in(directory: impl AsRef<Path>) -> io::Result<Pruned> {
    let path = directory.as_ref();
    let (directory, names) = (Directory::open(path)?, file_names(path)?);
    let mut pruned = Pruned::default();
    for name in &names {
        if inspect(&directory, name, false) == Some(SegmentState::Orphaned)
            && remove_orphan(&directory, name, false)?
        {
            pruned.rings.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            pruned.rings.push(name.clone());
        }
    }
    for name in names {
        if let Some((ring, instance)) = name::of_control(&name) {
            if remove_unpaired(&directory, &name, &ring, instance)? {
                pruned.controls.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
                pruned.controls.push(name);
            }
        }
    }
    Ok(pruned)
}

fn file_names(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in PathBuf::from(path).read_dir()? {
        // What is not text is not a ring's.
        if let Ok(name) = entry?.file_name().into_string() {
            // Others choose how many there are.
            names.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The state of a ring; `None`: it is none. `known`: its control file says that it is one, should it not
/// be possible to look.
fn inspect(directory: &Directory, name: &str, known: bool) -> Option<SegmentState> {
    name::check(name).ok()?;
    let foreign = known.then_some(SegmentState::Foreign);
    let Ok(file) = directory.open_file(name, false) else { return foreign };
    match instance_of(&file) {
        Ok(_) if is_ours(&file) => Some(state::of(&file).unwrap_or(SegmentState::Foreign)),
        Ok(_) | Err(Some(HeaderError::Version { .. } | HeaderError::ByteOrder)) => {
            Some(SegmentState::Foreign)
        }
        Err(_) => None,
    }
}

fn is_ours(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.uid() == rustix::process::geteuid().as_raw())
}

/// Which ring's data a file is. An error of the header's is in it; others are nothing to speak of here.
fn instance_of(file: &File) -> Result<Instance, Option<HeaderError>> {
    let metadata = file.metadata().map_err(|_| None)?;
    if !metadata.is_file() {
        return Err(None);
    }
    mappable(metadata.len()).map_err(Some)?;
    read_instance(file).map_err(|_| None)?.map_err(Some)
}

/// Removes a ring's names as its next producer would take it over: with its lock, so that nobody does
/// meanwhile. `closed`: only what nobody can take over any more.
pub(super) fn remove_orphan(directory: &Directory, name: &str, closed: bool) -> io::Result<bool> {
    // It may be gone by now, or somebody else's.
    let Ok(data) = directory.open_file(name, true) else { return Ok(false) };
    let Ok(instance) = instance_of(&data) else { return Ok(false) };
    if !lock::try_lock(&data, lock::PRODUCER)? {
        return Ok(false);
    }
    // The lock ends with the file, and does not show itself here.
    let orphan = state::of(&data)? == SegmentState::Orphaned;
    if !orphan || (closed && !state::is_closed(&data)?) || !directory.remove(name, &data)? {
        return Ok(false);
    }
    directory.remove_name(&name::control(name, instance))?;
    Ok(true)
}

/// Removes a control file whose ring is not there.
fn remove_unpaired(
    directory: &Directory,
    name: &str,
    ring: &str,
    instance: Instance,
) -> io::Result<bool> {
    let paired = || match directory.open_file(ring, false) {
        Ok(data) => match instance_of(&data) {
            Ok(found) => found == instance,
            Err(Some(HeaderError::NotARing | HeaderError::TooSmall { .. })) => false,
            // One of another layout, or what cannot be looked at, may be its ring.
            Err(_) => true,
        },
        Err(errno) => errno != rustix::io::Errno::NOENT,
    };
    let Ok(control) = directory.open_file(name, true) else { return Ok(false) };
    // A creator names the control file first, and holds this until the data has its name too.
    if paired() || !is_ours(&control) || !lock::try_lock(&control, lock::CREATOR)? || paired() {
        return Ok(false);
    }
    Ok(directory.remove(name, &control)?)
}
