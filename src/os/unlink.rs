//! Removing a ring's names, for whoever comes after a producer that was killed, or kept them.

use super::error::UnlinkError;
use super::name;
use super::open::{mappable, read_instance};
use super::segment::Segment;
use crate::error::HeaderError;

use rustix::io::Errno;

/// Removes a ring's two names. `Ok(false)`: there was no ring of that name.
///
/// Whoever is attached keeps the memory and goes on as before. What is not a ring is left alone, and
/// so is a ring that takes the name while this one is being removed; that others remove it at the
/// same time is no error. The owner is not compared: who may remove a name is up to the directory.
///
/// ```
/// use ringway::{Options, Segment, unlink};
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
    let not_a_ring = |why| {
        let path = segment.path();
        UnlinkError::NotARing { path, why }
    };
    let io_error = |what, source| UnlinkError::Io { what, source };
    let failed = |what: &'static str, errno: Errno| match errno {
        Errno::ACCESS | Errno::PERM => UnlinkError::PermissionDenied { path: segment.path() },
        errno => io_error(what, errno.into()),
    };

    let data = match directory.open_file(&segment.name, false) {
        Err(Errno::NOENT) => return Ok(false),
        // A symbolic link, a socket, a device without a driver.
        Err(Errno::LOOP | Errno::NXIO | Errno::NODEV) => {
            return Err(not_a_ring(HeaderError::NotARing));
        }
        data => data.map_err(|errno| failed("opening the file", errno))?,
    };
    let metadata = data.metadata();
    let metadata = metadata.map_err(|source| io_error("asking about the file", source))?;
    if !metadata.is_file() {
        return Err(not_a_ring(HeaderError::NotARing));
    }
    mappable(metadata.len()).map_err(not_a_ring)?;
    let instance = read_instance(&data)
        .map_err(|source| io_error("reading the header", source))?
        .map_err(not_a_ring)?;

    // First data: what has no data is no ring. The control file's name has the instance in it and
    // can only be this ring's. It goes too if somebody else has just removed the data: they may have
    // died in between.
    let removed = directory.remove(&segment.name, &data);
    let removed = removed.map_err(|errno| failed("removing the data file", errno))?;
    let control = directory.remove_name(&name::control(&segment.name, instance));
    control.map_err(|errno| failed("removing the control file", errno))?;
    Ok(removed)
}
