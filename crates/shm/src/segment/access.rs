//! Who may open a segment's files.

use std::fs::File;

use rustix::fs::Mode;
use rustix::io::{Errno, Result};
use rustix::process::{Gid, Uid};

/// What the members of a group may do with a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// They may not open it.
    #[default]
    None,
    /// They may read it. Such a process can lock bytes of it for reading: in a file that has seats,
    /// that keeps seats from being claimed, and those of the dead from being cleaned up.
    Read,
    /// They may read and write it.
    Write,
}

/// Who may open a segment besides its owner: the members of one group at most, and no other user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The group that the files get; `None`: only their owner may open them.
    pub group: Option<u32>,
    /// What its members may do with the main file.
    pub main: Rights,
    /// What they may do with the companion.
    pub companion: Rights,
}

/// Gives a file its group and its permissions.
pub(super) fn permit(file: &File, group: Option<u32>, rights: Rights) -> Result<()> {
    let (group, mode) = match (group, rights) {
        (None, _) | (_, Rights::None) => (None, 0o600),
        (group, Rights::Read) => (group, 0o640),
        (group, Rights::Write) => (group, 0o660),
    };
    match group {
        None => {}
        // Means "leave it as it is" to the kernel, and no group.
        Some(u32::MAX) => return Err(Errno::INVAL),
        Some(gid) => rustix::fs::fchown(file, None::<Uid>, Some(Gid::from_raw(gid)))?,
    }
    crash_point!();
    // What the directory's default access list gives to others; without it there is nothing to
    // remove.
    match rustix::fs::fremovexattr(file, c"system.posix_acl_access") {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
        Err(errno) => return Err(errno),
    }
    crash_point!();
    // Also where it is the mode that was asked for at first: the umask may have taken from it.
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode))
}
