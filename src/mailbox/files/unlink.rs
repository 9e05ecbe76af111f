//! Removing a mailbox.

use alloc::boxed::Box;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::trust::is_no_directory;
use crate::error::mailbox::UnlinkError;
use crate::mailbox::door::files::{DOOR, DOOR_FILE};
use crate::mailbox::sender_id::{NAMED, UNNAMED};
use crate::segment::Segment;
use ringway_shm::envelope::{EnvelopeError, Identity};
use ringway_shm::file::lock::{Lock, OWNER};
use ringway_shm::file::{Directory, NotOpened};
use ringway_shm::segment::{Place, envelope_of, name, read_header};
use rustix::io::Errno;

/// Removes a mailbox that no process has open: its lanes, with what is in them, the door, and the
/// directory. `Ok(false)`: there is none of that name. An error if a process has it open.
///
/// ```
/// use ringway::mailbox::{self, Options};
///
/// let name = format!("doc-mailbox-unlink-{}", std::process::id());
/// let mailbox = Options::<u64>::new(64).create(&name)?;
/// assert!(mailbox::unlink(&name).is_err());
/// drop(mailbox);
/// assert!(mailbox::unlink(&name)?);
/// assert!(!mailbox::unlink(&name)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unlink(segment: impl Into<Segment>) -> Result<bool, UnlinkError> {
    let segment = segment.into();
    segment.place.check_name().map_err(UnlinkError::Name)?;
    let path = segment.path();
    let io = |what| {
        let path = path.clone();
        move |source| UnlinkError::Io { what, path, source }
    };
    let directory = match Directory::open(&path) {
        Ok(directory) => directory,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if is_no_directory(&error) => {
            return Err(UnlinkError::NotAMailbox { path, why: None });
        }
        Err(source) => return Err(io("opening the directory")(source)),
    };
    let place = Place::new(DOOR_FILE).directory(&path);
    let door = match directory.open_kept(DOOR_FILE, true) {
        Ok(door) => door,
        // Without a door: a creator, or a remover, has died, or is at it. An empty one goes.
        Err(NotOpened::Os(Errno::NOENT)) => return remove_rest(path),
        Err(NotOpened::NotAFile(_)) => {
            return Err(UnlinkError::NotAMailbox { path, why: None });
        }
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM)) => {
            return Err(UnlinkError::PermissionDenied { path: place.path() });
        }
        Err(NotOpened::Os(errno)) => return Err(io("opening the door")(errno.into())),
    };
    is_door(&door)
        .map_err(io("reading the door"))?
        .map_err(|why| UnlinkError::NotAMailbox { path: path.clone(), why: Some(Box::new(why)) })?;
    // Alone: no process has the mailbox open, and none opens it meanwhile.
    let Some(lock) = Lock::take(door, OWNER).map_err(io("locking the door"))? else {
        return Err(UnlinkError::InUse { path });
    };
    remove_lanes(&directory, &path).map_err(io("removing a lane"))?;
    // The door last of the files: without it there is no mailbox.
    let removed = directory.remove(DOOR_FILE, lock.file());
    removed.map_err(|errno| io("removing the door")(errno.into()))?;
    match remove_directory(&path) {
        // A creator has gone on with it: that is another mailbox.
        Err(error) if is_not_empty(&error) && has_door(&path) => Ok(true),
        outcome => outcome.map(|()| true).map_err(io("removing the directory")),
    }
}

/// Whether a file is a door.
fn is_door(file: &File) -> io::Result<Result<(), EnvelopeError>> {
    let header = match read_header(file) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(Err(EnvelopeError::NotASegment));
        }
        header => header?,
    };
    Ok(match Identity::of(&envelope_of(&header)) {
        Ok(identity) if identity.kind == DOOR => Ok(()),
        Ok(identity) => Err(EnvelopeError::Kind { found: identity.kind, expected: DOOR }),
        Err(why) => Err(why),
    })
}

fn is_of_a_lane(name: &str) -> bool {
    let object = name::of_companion(name).map(|(object, _)| object);
    let name = object.as_deref().unwrap_or(name);
    name.starts_with(NAMED) || name.starts_with(UNNAMED)
}

fn remove_lanes(directory: &Directory, path: &Path) -> io::Result<()> {
    for entry in path.read_dir()? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if is_of_a_lane(&name) {
            match directory.remove_name(&name) {
                // No process of a mailbox's makes one. If it is empty nothing is lost with it; else it
                // is in the way of the directory, which tells that.
                Err(Errno::ISDIR) => {
                    let _ = std::fs::remove_dir(path.join(name));
                }
                removed => drop(removed?),
            }
        }
    }
    Ok(())
}

/// Removes a directory, if there is nothing in it that is no mailbox's.
fn remove_directory(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn is_not_empty(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOTEMPTY)
}

fn has_door(path: &Path) -> bool {
    path.join(DOOR_FILE).symlink_metadata().is_ok()
}

/// Removes a directory that has no door, if it is empty: what a creator or a remover that has died has
/// left.
fn remove_rest(path: PathBuf) -> Result<bool, UnlinkError> {
    match remove_directory(&path) {
        Ok(()) => Ok(true),
        // A creator has gone on with it: there was none before.
        Err(error) if is_not_empty(&error) && has_door(&path) => Ok(false),
        Err(error) if is_not_empty(&error) => Err(UnlinkError::NotAMailbox { path, why: None }),
        Err(source) => Err(UnlinkError::Io { what: "removing the directory", path, source }),
    }
}
