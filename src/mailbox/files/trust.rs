//! Directories whose files can be trusted as far as their owners can.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use ringway_shm::file::{Untrusted, check_owner};

/// Whether a directory was not opened because it is none, or a link.
pub(super) fn is_no_directory(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP))
}

/// Opens a directory that is no link.
pub(super) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_NONBLOCK;
    File::options().read(true).custom_flags(flags).open(path)
}

/// Whether a directory that shows that owner and those permissions is one whose files can be
/// trusted as far as their owners can.
pub(super) fn is_trusted(
    directory: &File,
    owner: Option<u32>,
) -> io::Result<Result<(), Untrusted>> {
    let metadata = directory.metadata()?;
    let mode = metadata.mode() & 0o7777;
    let shared = mode & 0o020 != 0;
    if mode & 0o002 != 0 || (shared && mode & 0o1000 == 0) {
        return Ok(Err(Untrusted::Writable { mode }));
    }
    check_owner(directory, metadata.uid(), owner)
}
