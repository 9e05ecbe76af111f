//! Locks that the kernel gives up when their holder is gone: how the living are told from the dead.
//!
//! An open-file-description lock (`fcntl`, `F_OFD_SETLK`, Linux 3.15) on one byte of a segment's
//! file. The kernel releases it when the last descriptor of that description is closed, so also
//! when the process that has it is killed, in whatever way and in whatever pid namespace; and not
//! when it is stopped. The bytes need not be there, and what is in them is not touched.

use std::format;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::directory::{Directory, NotOpened};
use crate::fork::{Descriptor, Here};

/// The owner's byte of a segment's file. Every version keeps it.
pub const OWNER: u64 = 0;

/// The byte of a companion file that is locked by its creator until the object has both its names.
/// Every version keeps it.
pub const CREATOR: u64 = 4097;

/// Who keeps a lock from being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is free.
    Free,
    /// By a process that may write the file.
    Writer,
    /// By a process that may only read it.
    Reader,
}

/// A lock on one byte, or on [two](Self::also), held until it is dropped.
///
/// Only the process that has taken it gives it up: a child that was forked has no copy of the
/// description (`fork`), or, made past the C library, one for a while.
#[derive(Debug)]
pub struct Lock {
    file: Descriptor,
    at: u64,
    also: Option<u64>,
    here: Here,
}

impl Lock {
    /// Takes the lock, if no other process has it. `file` has a description of its own, and can be
    /// written.
    pub fn take(file: Descriptor, at: u64) -> io::Result<Option<Lock>> {
        let taken = try_lock(&file, at)?;
        let here = file.here();
        Ok(taken.then(|| Lock { file, at, also: None, here }))
    }

    /// Takes a second byte of the same file, if no other process has it. It is given up before the
    /// first one, or together with it if the process dies: who gets the first one finds the second
    /// one free.
    pub fn also(&mut self, at: u64) -> io::Result<bool> {
        let taken = self.also.is_none() && try_lock(&self.file, at)?;
        if taken {
            self.also = Some(at);
        }
        Ok(taken)
    }

    /// The file that is locked.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.here.is_true() {
            for at in self.also.into_iter().chain([self.at]) {
                unlock(&self.file, at);
            }
        }
    }
}

/// Takes the lock if no other process has it. It stays until [`unlock`], or the end of the
/// description.
pub fn try_lock(file: &File, at: u64) -> io::Result<bool> {
    match control(file.as_raw_fd(), libc::F_OFD_SETLK, libc::F_WRLCK, at) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Takes the lock together with others who share it, if no other has it alone.
pub fn share(file: &File, at: u64) -> io::Result<()> {
    control(file.as_raw_fd(), libc::F_OFD_SETLK, libc::F_RDLCK, at).map(drop)
}

/// Gives the lock up.
pub fn unlock(file: &File, at: u64) {
    // It cannot fail for a lock that is held.
    let _ = control(file.as_raw_fd(), libc::F_OFD_SETLK, libc::F_UNLCK, at);
}

/// Who has the lock, seen from a description that has it not.
pub fn holder(file: &File, at: u64) -> io::Result<Held> {
    if is_held(file, at)? {
        return Ok(Held::Writer);
    }
    let reader = control(file.as_raw_fd(), libc::F_OFD_GETLK, libc::F_WRLCK, at)? != libc::F_UNLCK;
    Ok(if reader { Held::Reader } else { Held::Free })
}

/// Whether a writer has the lock, seen from a description that has it not. Reading is enough to
/// ask: what a reader holds does not stand in the way of another reader, so that asking as one asks
/// for writers alone.
pub fn is_held(file: &File, at: u64) -> io::Result<bool> {
    is_any_held(file, at, 1)
}

/// The same of any of so many bytes.
pub fn is_any_held(file: &File, from: u64, bytes: u64) -> io::Result<bool> {
    let kind = about(file.as_raw_fd(), libc::F_OFD_GETLK, libc::F_RDLCK, from, bytes)?;
    Ok(kind != libc::F_UNLCK)
}

fn control(fd: RawFd, command: i32, kind: i32, at: u64) -> io::Result<i32> {
    about(fd, command, kind, at, 1)
}

/// One call of `fcntl` about some bytes. Returns the kind of lock that the kernel answers with.
fn about(fd: RawFd, command: i32, kind: i32, from: u64, bytes: u64) -> io::Result<i32> {
    crash_point!();
    let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
    let mut about = libc::flock {
        l_type: kind.try_into().map_err(|_| invalid())?,
        l_whence: libc::SEEK_SET as _,
        l_start: from.try_into().map_err(|_| invalid())?,
        l_len: bytes.try_into().map_err(|_| invalid())?,
        // Has to be 0 for locks of this kind.
        l_pid: 0,
    };
    // SAFETY: for these commands the kernel reads and writes one `flock`, which is ours.
    let outcome = unsafe { libc::fcntl(fd, command, &mut about) };
    if outcome == -1 { Err(io::Error::last_os_error()) } else { Ok(i32::from(about.l_type)) }
}

/// Another description of the same file, for locks of its own: by `/proc`, or by the file's name
/// where there is no `/proc`. `None`: there is neither.
pub fn reopen(
    file: &File,
    writable: bool,
    named: Option<(&Directory, &str)>,
) -> io::Result<Option<File>> {
    crash_point!();
    let path = format!("/proc/thread-self/fd/{}", file.as_raw_fd());
    let access = if writable { OFlags::RDWR } else { OFlags::RDONLY };
    match rustix::fs::open(path, access | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => return Ok(Some(file.into())),
        Err(Errno::NOENT | Errno::NOTDIR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let Some((directory, name)) = named else { return Ok(None) };
    let again = match directory.open_file(name, writable) {
        Ok(again) => again,
        // It has no name yet, or not any more.
        Err(NotOpened::Os(Errno::NOENT) | NotOpened::NotAFile(_)) => return Ok(None),
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    // The name may be that of another file by now.
    let same = directory.names(name, file)? && directory.names(name, &again)?;
    Ok(same.then_some(again))
}
