//! Removing a segment's names, after an owner that was killed, or kept them.

use std::fs::File;
use std::path::PathBuf;

use rustix::io::Errno;

use super::error::UnlinkError;
use super::name;
use super::peek::{Header, envelope_of, mappable, read_header};
use super::place::Place;
use crate::envelope::{EnvelopeError, Identity};
use crate::file::lock::{self, Lock};
use crate::file::{Directory, Holder, NotOpened};
use crate::fork::Descriptor;

/// Removes a segment's names, whatever its kind and version, if its owner is gone. `Ok(false)`:
/// there was no segment of that name. As [`unlink_if`] for a caller that knows no format, so that it
/// takes the right to write the file.
///
/// ```
/// use ringway_shm::segment::{Place, unlink};
///
/// let name = format!("doc-shm-unlink-{}", std::process::id());
/// assert_eq!(unlink(&Place::new(name))?, false);
/// # Ok::<(), ringway_shm::segment::UnlinkError>(())
/// ```
pub fn unlink(place: &Place) -> Result<bool, UnlinkError> {
    unlink_if(place, |_| Meant::IfUnused)
}

/// What a caller that removes names makes of a header.
#[derive(Clone, Copy, Debug)]
pub enum Meant {
    /// Its format is known: its names are removed also while its owner lives.
    Known,
    /// Its names are removed if its owner is dead: its format is another one, and why.
    IfDead(Option<EnvelopeError>),
    /// It may have many owners, who share the owner's lock: its names are removed if none has it,
    /// and by a process that takes it alone. So none comes meanwhile. It takes the right to write
    /// the file.
    IfUnused,
    /// It is not to be removed, and why.
    Not(EnvelopeError),
}

/// Removes a segment's names if its header is `meant`. `Ok(false)`: there was no segment of that
/// name.
///
/// Processes that are attached keep the memory and go on as before. What is no segment is left
/// alone, and so is one that takes the name while this one is being removed; that others remove it
/// at the same time is no error. The owner is not compared: who may remove a name is up to the
/// directory.
pub fn unlink_if(place: &Place, meant: impl FnOnce(&Header) -> Meant) -> Result<bool, UnlinkError> {
    place.check_name().map_err(UnlinkError::Name)?;
    let directory = place.open_directory().map_err(|source| {
        let path = place.directory_path().into();
        UnlinkError::Directory { path, source }
    })?;
    let path = || place.path();
    let not_a_segment = |why| UnlinkError::NotASegment { path: path(), why };
    let io_error = |what, source| UnlinkError::Io { what, path: path(), source };

    let (main, writable) = match open(&directory, place.name()) {
        Err(NotOpened::Os(Errno::NOENT)) => return Ok(false),
        Err(NotOpened::NotAFile(what)) => return Err(UnlinkError::NotAFile { path: path(), what }),
        Err(NotOpened::Os(errno)) => return Err(failed("opening the file", path(), errno)),
        Ok(opened) => opened,
    };
    let metadata = main.metadata();
    let metadata = metadata.map_err(|source| io_error("asking about the file", source))?;
    mappable(metadata.len()).map_err(not_a_segment)?;
    let header = read_header(&main).map_err(|source| io_error("reading the header", source))?;
    let identity = Identity::of(&envelope_of(&header)).map_err(not_a_segment)?;
    let held = match meant(&header) {
        Meant::Known => Held::Open(main),
        Meant::Not(why) => return Err(not_a_segment(why)),
        Meant::IfDead(why) => hold(main, writable, place, why)?,
        Meant::IfUnused => hold_alone(main, writable, place)?,
    };
    let main = held.file();

    // First the main file: what has none is no segment. The companion's name has the instance in it
    // and can only be this one's. It goes too if another process has just removed the main file:
    // that may have died in between.
    let removed = directory.remove(place.name(), main);
    let removed = removed.map_err(|errno| failed("removing the data file", path(), errno))?;
    let companion = name::companion(place.name(), identity.instance);
    let outcome = directory.remove_name(&companion);
    let path = place.directory_path().join(companion);
    outcome.map_err(|errno| failed("removing the control file", path, errno))?;
    Ok(removed)
}

/// Locks a file whose format the caller does not know, if that is possible, so that no successor
/// takes it over while it is removed. An error if its owner lives.
fn hold(
    main: Descriptor,
    writable: bool,
    place: &Place,
    why: Option<EnvelopeError>,
) -> Result<Held, UnlinkError> {
    let what = "asking whether its owner lives";
    let asked = |source| UnlinkError::Io { what, path: place.path(), source };
    if lock::is_held(&main, lock::OWNER).map_err(asked)? {
        let owner = Holder::of_owner(&main);
        return Err(UnlinkError::Alive { path: place.path(), why, owner });
    }
    if !writable {
        return Ok(Held::Open(main));
    }
    match Lock::take(main, lock::OWNER).map_err(asked)? {
        Some(lock) => Ok(Held::Locked(lock)),
        // A lock that came since, or one of a process that may only read.
        None => Err(UnlinkError::Alive { path: place.path(), why, owner: None }),
    }
}

/// Locks a file that may have many owners. An error if one lives, or if this process cannot have the
/// lock: another one could become an owner meanwhile.
fn hold_alone(main: Descriptor, writable: bool, place: &Place) -> Result<Held, UnlinkError> {
    let what = "asking whether an owner lives";
    let asked = |source| UnlinkError::Io { what, path: place.path(), source };
    let path = place.path();
    match lock::holder(&main, lock::OWNER).map_err(asked)? {
        lock::Held::Free if writable => match Lock::take(main, lock::OWNER).map_err(asked)? {
            Some(lock) => Ok(Held::Locked(lock)),
            // One that came since.
            None => Err(UnlinkError::Alive { path, why: None, owner: None }),
        },
        lock::Held::Free => Err(UnlinkError::ReadOnly { path }),
        _ => Err(UnlinkError::Alive { path, why: None, owner: Holder::of_owner(&main) }),
    }
}

/// A main file that is to be removed.
enum Held {
    Open(Descriptor),
    Locked(Lock),
}

impl Held {
    fn file(&self) -> &File {
        match self {
            Held::Open(file) => file,
            Held::Locked(lock) => lock.file(),
        }
    }
}

/// Opens a main file, for writing too if that is permitted: only then can it be locked. No child
/// that is forked meanwhile keeps it.
fn open(directory: &Directory, name: &str) -> Result<(Descriptor, bool), NotOpened> {
    match directory.open_kept(name, true) {
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM | Errno::ROFS)) => {
            directory.open_kept(name, false).map(|main| (main, false))
        }
        main => main.map(|main| (main, true)),
    }
}

fn failed(what: &'static str, path: PathBuf, errno: Errno) -> UnlinkError {
    match errno {
        Errno::ACCESS | Errno::PERM => UnlinkError::PermissionDenied { path },
        errno => UnlinkError::Io { what, path, source: errno.into() },
    }
}
