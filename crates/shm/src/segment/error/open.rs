//! Why a segment was not opened.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::name::NameError;
use crate::envelope::EnvelopeError;
use crate::file::Untrusted;
use crate::said::{failed, unusable, with_source};

/// Why a segment was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Its name is invalid.
    Name(NameError),
    /// There is no such segment (yet, or any more).
    NotFound {
        /// The main file.
        path: PathBuf,
    },
    /// The main file is there, and its companion is not: one of the two was removed.
    CompanionMissing {
        /// The main file.
        path: PathBuf,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The file.
        path: PathBuf,
    },
    /// The file is not one to be trusted: another user made it, or could change it.
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Which check failed.
        why: Untrusted,
    },
    /// What is in the file is not a segment that this program can attach to.
    Envelope {
        /// The file; `None`: it has no name.
        path: Option<PathBuf>,
        /// What is wrong.
        why: EnvelopeError,
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

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::NotFound { path } => {
                write!(f, "there is no segment {}: is its owner running?", path.display())
            }
            Self::CompanionMissing { path } => write!(
                f,
                "{} has lost its control file and cannot be used: unlink it",
                path.display()
            ),
            Self::PermissionDenied { path } => write!(
                f,
                "no permission to open {}: have it created for a group of this process",
                path.display()
            ),
            Self::Untrusted { path, why } => {
                write!(f, "{} is not to be trusted: {why}", path.display())
            }
            Self::Envelope { path: Some(path), why } => write!(f, "{}: {why}", path.display()),
            Self::Envelope { path: None, why } => why.fmt(f),
            Self::Directory { path, .. } => unusable(f, path),
            Self::Io { what, path, .. } => failed(f, what, path.as_deref()),
        }?;
        with_source(self, f)
    }
}
