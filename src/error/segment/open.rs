//! Why a ring was not opened.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use ringway_shm::file::Untrusted;
use ringway_shm::segment::{self, NameError};

use crate::error::header::HeaderError;
use ringway_shm::said::{failed, unusable, with_source};

/// Why a ring was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Its name is invalid.
    Name(NameError),
    /// There is no such ring (yet, or any more).
    NotFound {
        /// The data file.
        path: PathBuf,
    },
    /// There was no such ring in all the time that was to be waited.
    Timeout {
        /// The data file.
        path: PathBuf,
    },
    /// The data file is there, and its control file is not: one of the two was removed.
    ControlMissing {
        /// The data file.
        path: PathBuf,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The data file.
        path: PathBuf,
    },
    /// The file is not one to be trusted: another user made it, or could change it.
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Which check failed.
        why: Untrusted,
    },
    /// What is in the file is not a ring that this program can attach to.
    Header {
        /// The data file; `None`: it has no name.
        path: Option<PathBuf>,
        /// What is wrong.
        why: HeaderError,
    },
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// With which file; `None`: with memory that has no name.
        path: Option<PathBuf>,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Directory { source, .. } | Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<segment::OpenError> for OpenError {
    fn from(error: segment::OpenError) -> Self {
        use segment::OpenError as E;
        match error {
            E::Name(error) => Self::Name(error),
            E::NotFound { path } => Self::NotFound { path },
            E::CompanionMissing { path } => Self::ControlMissing { path },
            E::PermissionDenied { path } => Self::PermissionDenied { path },
            E::Untrusted { path, why } => Self::Untrusted { path, why },
            E::Envelope { path, why } => Self::Header { path, why: why.into() },
            E::Directory { path, source } => Self::Directory { path, source },
            E::Io { what, path, source } => Self::Io { what, path, source },
            // Not exhaustive, for other crates.
            other => {
                let source = io::Error::other(other);
                Self::Io { what: "opening the segment", path: None, source }
            }
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::NotFound { path } => {
                write!(f, "there is no ring {}: is its producer running?", path.display())
            }
            Self::Timeout { path } => write!(
                f,
                "the ring {} did not appear in time: is its producer running?",
                path.display()
            ),
            Self::ControlMissing { path } => write!(
                f,
                "{} has lost its control file and cannot be used: unlink it",
                path.display()
            ),
            Self::PermissionDenied { path } => write!(
                f,
                "no permission to open {}: have it created with Segment::observer_group or \
                 Segment::subscriber_group for a group of this process",
                path.display()
            ),
            Self::Untrusted { path, why } => {
                write!(f, "{} is not to be trusted: {why}", path.display())
            }
            Self::Header { path: Some(path), why } => write!(f, "{}: {why}", path.display()),
            Self::Header { path: None, why } => why.fmt(f),
            Self::Directory { path, .. } => unusable(f, path),
            Self::Io { what, path, .. } => failed(f, what, path.as_deref()),
        }?;
        with_source(self, f)
    }
}
