//! Whose a file is, by the kernel's own judgement.
//!
//! Numbers alone do not tell. In a user namespace every user who has no number there is shown as
//! one, the overflow user (65534 as a rule), files' owners and processes alike: a process of such a
//! user finds its own number on the files of all the others.

use std::fs::{self, File};
use std::io;
use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::error::Untrusted;

/// The overflow user where the kernel does not say.
const OVERFLOW: u32 = 65534;

/// Whether a file belongs to this process's effective user.
pub(crate) fn is_ours(file: &File) -> io::Result<bool> {
    Ok(check(file, file.metadata()?.uid(), None)?.is_ok())
}

/// Whether a file that shows that owner belongs to whom it has to: that user, or this process's.
pub(crate) fn check(
    file: &File,
    found: u32,
    expected: Option<u32>,
) -> io::Result<Result<(), Untrusted>> {
    let own = expected.is_none();
    let expected = expected.unwrap_or_else(|| rustix::process::geteuid().as_raw());
    if found != expected {
        return Ok(Err(Untrusted::Owner { found, expected }));
    }
    // The number of another user is that user's alone, unless it stands for all those without one.
    if (own || found == overflow()?) && !proves(file)? {
        return Ok(Err(Untrusted::Unproven { found }));
    }
    Ok(Ok(()))
}

/// Has the kernel compare the owner's true identity with this process's: only a file's owner, or
/// who has power over that owner's files, may have it opened without noting the time of access.
fn proves(file: &File) -> io::Result<bool> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    match rustix::fs::fcntl_setfl(file, flags | OFlags::NOATIME) {
        Ok(()) => {}
        Err(Errno::PERM | Errno::ACCESS) => return Ok(false),
        Err(errno) => return Err(errno.into()),
    }
    // It was for the question alone.
    rustix::fs::fcntl_setfl(file, flags)?;
    Ok(true)
}

fn overflow() -> io::Result<u32> {
    match fs::read_to_string("/proc/sys/kernel/overflowuid") {
        Ok(said) => Ok(said.trim().parse().unwrap_or(OVERFLOW)),
        // There is no `/proc`, or this process may not look there.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | PermissionDenied) => {
            Ok(OVERFLOW)
        }
        Err(error) => Err(error),
    }
}
