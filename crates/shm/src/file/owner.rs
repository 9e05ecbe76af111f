//! Whose a file is, by the kernel's own judgement.
//!
//! Numbers alone do not tell. In a user namespace every user who has no number there is shown as
//! one, the overflow user (65534 as a rule), files' owners and processes alike: a process of such a
//! user finds its own number on the files of all the others.

use core::fmt;
use std::fs::{self, File};
use std::io;
use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::kind::FileKind;

/// The overflow user where the kernel does not say.
const OVERFLOW: u32 = 65534;

/// Which check of a file failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// It is not a regular file. It was not opened.
    NotAFile {
        /// What it is.
        what: FileKind,
    },
    /// It belongs to another user. See [`Place::owner`](crate::segment::Place::owner).
    Owner {
        /// To whom it belongs.
        found: u32,
        /// To whom it had to belong.
        expected: u32,
    },
    /// It shows the right number as its owner, and the kernel does not confirm it: in a user
    /// namespace one number, 65534 as a rule, stands for all users who have none there.
    Unproven {
        /// The number.
        found: u32,
    },
    /// Others may write it than those who have to: its group, or every user.
    Writable {
        /// The file's permissions.
        mode: u32,
    },
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile { what: FileKind::SymbolicLink } => {
                f.write_str("it is a symbolic link: name the segment itself")
            }
            Self::NotAFile { what } => write!(f, "it is {what}"),
            Self::Owner { found, expected } => write!(
                f,
                "it belongs to user {found} and not to {expected}: if that is right, name the user \
                 with `owner`"
            ),
            Self::Unproven { found } => write!(
                f,
                "it belongs to user {found}, which here stands for every user without a number: open \
                 it as its owner, or where its owner has a number"
            ),
            Self::Writable { mode } => {
                write!(f, "it is writable by other users (mode {mode:04o}): unlink and recreate it")
            }
        }
    }
}

impl core::error::Error for Untrusted {}

/// Whether a file belongs to this process's effective user.
pub fn is_ours(file: &File) -> io::Result<bool> {
    Ok(check_owner(file, file.metadata()?.uid(), None)?.is_ok())
}

/// Whether a file that shows that owner belongs to whom it has to: that user, or this process's.
pub fn check_owner(
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
