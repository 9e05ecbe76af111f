//! What can have a name in a directory, and on what that directory is.

use core::fmt;

/// What can have a name in a directory, other than a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A symbolic link, which is never followed.
    SymbolicLink,
    /// A FIFO, also called a named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A device.
    Device,
    /// Something that this build does not know.
    Unknown,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::SymbolicLink => "a symbolic link",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Unknown => "not a regular file",
        })
    }
}

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem(pub(super) u64);

impl FileSystem {
    pub(crate) const UNKNOWN: FileSystem = FileSystem(0);
    /// Huge pages alone: a mapping of one of its files has a length of whole ones.
    pub const HUGE: FileSystem = FileSystem(0x958458f6);

    /// What it is called, if it is one of the usual ones.
    ///
    /// ```
    /// use ringway_shm::file::Directory;
    ///
    /// let directory = Directory::open("/proc".as_ref())?;
    /// assert_eq!(directory.file_system()?.name(), Some("proc"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn name(&self) -> Option<&'static str> {
        // linux/magic.h, and statfs(2).
        Some(match self.0 {
            0x958458f6 => "hugetlbfs",
            0x01021994 => "tmpfs",
            0x858458f6 => "ramfs",
            0x9fa0 => "proc",
            0x62656572 => "sysfs",
            0x27e0eb | 0x63677270 => "cgroup",
            0x64626720 => "debugfs",
            0x74726163 => "tracefs",
            0x1cd1 => "devpts",
            0xef53 => "ext4",
            0x58465342 => "xfs",
            0x9123683e => "btrfs",
            0xf2f52010 => "f2fs",
            0x2fc12fc1 => "zfs",
            0x4d44 => "vfat",
            0x2011bab0 => "exfat",
            0x6969 => "nfs",
            0xff534d42 | 0xfe534d42 => "smb",
            0x01021997 => "9p",
            0x65735546 => "fuse",
            0x794c7630 => "overlayfs",
            0x73717368 => "squashfs",
            0x9660 => "iso9660",
            _ => return None,
        })
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "a file system of type {:#x}", self.0),
        }
    }
}
