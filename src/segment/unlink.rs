//! Removing a ring's names, after a producer that was killed, or kept them.

use std::fs::File;
use std::path::PathBuf;

use rustix::io::Errno;

use super::directory::{Directory, NotOpened};
use super::error::UnlinkError;
use super::fork::Descriptor;
use super::holder;
use super::location::Segment;
use super::lock::{self, Lock};
use super::name;
use super::open::{mappable, read_identity};

/// Removes a ring's two names. `Ok(false)`: there was no ring of that name.
///
/// Consumers and a producer that are attached keep the memory and go on as before. A ring of
/// another layout (another version of this crate, word size or byte order) is removed if its
/// producer is gone; while that lives it is an error. What is not a ring is left alone, and so is a
/// ring that takes the name while this one is being removed; that others remove it at the same time
/// is no error. The owner is not compared: who may remove a name is up to the directory.
///
/// ```
/// use ringway::{Options, Segment};
/// use ringway::segment::unlink;
///
/// let name = format!("doc-unlink-{}", std::process::id());
/// let producer = Options::<u64>::new(64).create(Segment::new(&name).keep(true))?;
/// drop(producer);
/// assert_eq!(unlink(&name)?, true);
/// assert_eq!(unlink(&name)?, false);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unlink(segment: impl Into<Segment>) -> Result<bool, UnlinkError> {
    let segment = segment.into();
    segment.check_name().map_err(UnlinkError::Name)?;
    let directory = segment.open_directory().map_err(|source| {
        let path = segment.directory_path().into();
        UnlinkError::Directory { path, source }
    })?;
    let path = || segment.path();
    let not_a_ring = |why| UnlinkError::NotARing { path: path(), why };
    let io_error = |what, source| UnlinkError::Io { what, path: path(), source };

    let (data, writable) = match open(&directory, &segment.name) {
        Err(NotOpened::Os(Errno::NOENT)) => return Ok(false),
        Err(NotOpened::NotAFile(what)) => return Err(UnlinkError::NotAFile { path: path(), what }),
        Err(NotOpened::Os(errno)) => return Err(failed("opening the file", path(), errno)),
        Ok(opened) => opened,
    };
    let metadata = data.metadata();
    let metadata = metadata.map_err(|source| io_error("asking about the file", source))?;
    mappable(metadata.len()).map_err(not_a_ring)?;
    let identity = read_identity(&data)
        .map_err(|source| io_error("reading the header", source))?
        .map_err(not_a_ring)?;
    // Of another layout it is locked, if that is possible, so that no successor of that layout
    // takes it over meanwhile.
    let locked = match identity.foreign {
        Some(why) => {
            let asked = |source| io_error("asking whether its producer lives", source);
            let alive = |data: &File| {
                let producer = holder::find(data, lock::PRODUCER);
                UnlinkError::Alive { path: path(), why, producer }
            };
            if lock::is_held(&data, lock::PRODUCER).map_err(asked)? {
                return Err(alive(&data));
            }
            match writable {
                false => Held::Open(data),
                true => match Lock::take(data, lock::PRODUCER).map_err(asked)? {
                    Some(lock) => Held::Locked(lock),
                    // A lock that came since, or one of a process that may only read.
                    None => return Err(UnlinkError::Alive { path: path(), why, producer: None }),
                },
            }
        }
        None => Held::Open(data),
    };
    let data = locked.file();

    // First data: what has no data is no ring. The control file's name has the instance in it and
    // can only be this ring's. It goes too if another process has just removed the data: that may
    // have died in between.
    let removed = directory.remove(&segment.name, data);
    let removed = removed.map_err(|errno| failed("removing the data file", path(), errno))?;
    let control = name::control(&segment.name, identity.instance);
    let outcome = directory.remove_name(&control);
    let path = segment.directory_path().join(control);
    outcome.map_err(|errno| failed("removing the control file", path, errno))?;
    Ok(removed)
}

/// A data file that is to be removed.
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

/// Opens a data file, for writing too if that is permitted: only then can it be locked. No child
/// that is forked meanwhile keeps it.
fn open(directory: &Directory, name: &str) -> Result<(Descriptor, bool), NotOpened> {
    match directory.open_kept(name, true) {
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM | Errno::ROFS)) => {
            directory.open_kept(name, false).map(|data| (data, false))
        }
        data => data.map(|data| (data, true)),
    }
}

fn failed(what: &'static str, path: PathBuf, errno: Errno) -> UnlinkError {
    match errno {
        Errno::ACCESS | Errno::PERM => UnlinkError::PermissionDenied { path },
        errno => UnlinkError::Io { what, path, source: errno.into() },
    }
}
