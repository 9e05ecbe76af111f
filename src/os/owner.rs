//! Whose a file is, by the kernel's own judgement.
//!
//! Numbers alone do not tell. In a user namespace every user who has no number there is shown as one,
//! the overflow user (65534 as a rule), files' owners and processes alike: a process of such a user
//! finds its own number on the files of all the others.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;

use super::error::Untrusted;

/// The overflow user where the kernel does not say.
const OVERFLOW: u32 = 65534;

/// Whether a file belongs to this process's effective user.
pub(super) fn is_ours(file: &File) -> bool {
    let found = file.metadata().map(|metadata| metadata.uid());
    found.is_ok_and(|found| check(file, found, None).is_ok())
}

/// Whether a file that shows that owner belongs to whom it has to: that user, or this process's.
pub(super) fn check(file: &File, found: u32, expected: Option<u32>) -> Result<(), Untrusted> {
    let own = expected.is_none();
    let expected = expected.unwrap_or_else(|| rustix::process::geteuid().as_raw());
    if found != expected {
        return Err(Untrusted::Owner { found, expected });
    }
    // The number of another user is that user's alone, unless it stands for all those without one.
    if (own || found == overflow()) && !proves(file).unwrap_or(false) {
        return Err(Untrusted::Unproven { found });
    }
    Ok(())
}

/// Has the kernel compare the owner's true identity with this process's: only a file's owner, or who
/// has power over that owner's files, may have it opened without noting the time of access.
fn proves(file: &File) -> io::Result<bool> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    if rustix::fs::fcntl_setfl(file, flags | OFlags::NOATIME).is_err() {
        return Ok(false);
    }
    // It was for the question alone.
    rustix::fs::fcntl_setfl(file, flags)?;
    Ok(true)
}

fn overflow() -> u32 {
    let said = fs::read_to_string("/proc/sys/kernel/overflowuid");
    said.ok().and_then(|said| said.trim().parse().ok()).unwrap_or(OVERFLOW)
}
