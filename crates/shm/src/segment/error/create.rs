//! Why a segment was not created.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::name::NameError;
use crate::file::FileSystem;
use crate::said::{failed, unusable, with_source};

/// Why a segment was not created. Nothing of it is left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// Its name is invalid.
    Name(NameError),
    /// There is something of that name already.
    AlreadyExists {
        /// Its path.
        path: PathBuf,
    },
    /// There is not enough memory left in the directory.
    NoSpace {
        /// Bytes that the files take together.
        needed: u64,
        /// The directory; `None`: it is not in a directory.
        path: Option<PathBuf>,
    },
    /// This process may not make files that long (`RLIMIT_FSIZE`).
    FileSizeLimit {
        /// Bytes in the longer of the files.
        needed: u64,
        /// The most that a file may have.
        limit: u64,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// What is not permitted.
        what: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The directory's file system cannot have files without a name (`O_TMPFILE`), cannot allocate
    /// them in advance (`fallocate`), or maps them in huge pages alone (`hugetlbfs`).
    UnsupportedDirectory {
        /// Its path.
        path: PathBuf,
        /// What it is on.
        file_system: FileSystem,
    },
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// With which file or directory; `None`: with memory that has no name.
        path: Option<PathBuf>,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error for CreateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Directory { source, .. } | Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::AlreadyExists { path } => write!(
                f,
                "{} is there already: open it, unlink it if its owner is dead, or choose another \
                 name",
                path.display()
            ),
            Self::NoSpace { needed, path } => {
                write!(f, "no room for {needed} bytes")?;
                match path {
                    Some(path) => write!(
                        f,
                        " in {}: ask for less, or use a directory with more memory",
                        path.display()
                    ),
                    None => f.write_str(" of memory: ask for less"),
                }
            }
            Self::FileSizeLimit { needed, limit } => write!(
                f,
                "a file of {needed} bytes is needed, and this process may make none above {limit} \
                 (RLIMIT_FSIZE): raise the limit, or ask for less"
            ),
            Self::PermissionDenied { what, path } => {
                write!(f, "{what} in {} is not permitted", path.display())
            }
            Self::Directory { path, .. } => unusable(f, path),
            Self::UnsupportedDirectory { path, file_system } => write!(
                f,
                "{} is on {file_system}, which has no files such as segments are made of: use a \
                 directory on a tmpfs, such as /dev/shm",
                path.display()
            ),
            Self::Io { what, path, .. } => failed(f, what, path.as_deref()),
        }?;
        with_source(self, f)
    }
}
