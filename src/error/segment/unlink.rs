//! Why a ring's names were not removed.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use ringway_shm::file::{FileKind, Holder};
use ringway_shm::segment::{self, NameError};

use crate::error::header::HeaderError;
use ringway_shm::said::{failed, unusable, with_source};

/// Why a ring's names were not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnlinkError {
    /// Its name is invalid.
    Name(NameError),
    /// What has that name is not a ring. It was left alone.
    NotARing {
        /// The file.
        path: PathBuf,
        /// What a look at its header found.
        why: HeaderError,
    },
    /// What has that name is not even a file. It was not opened, and left alone.
    NotAFile {
        /// Its path.
        path: PathBuf,
        /// What it is.
        what: FileKind,
    },
    /// It is a ring of another layout, whose producer lives. Without one it would have been
    /// removed.
    Alive {
        /// The data file.
        path: PathBuf,
        /// How its layout differs.
        why: HeaderError,
        /// Which process its producer is, where it could be found.
        producer: Option<Holder>,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The file.
        path: PathBuf,
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
        /// With which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error for UnlinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Directory { source, .. } | Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<segment::UnlinkError> for UnlinkError {
    fn from(error: segment::UnlinkError) -> Self {
        use segment::UnlinkError as E;
        match error {
            E::Name(error) => Self::Name(error),
            E::NotASegment { path, why } => Self::NotARing { path, why: why.into() },
            E::NotAFile { path, what } => Self::NotAFile { path, what },
            // A ring of another layout: what is known is removed also while its owner lives.
            E::Alive { path, why, owner } => {
                let why = why.map_or(HeaderError::NotARing, HeaderError::from);
                Self::Alive { path, why, producer: owner }
            }
            E::PermissionDenied { path } => Self::PermissionDenied { path },
            E::Directory { path, source } => Self::Directory { path, source },
            E::Io { what, path, source } => Self::Io { what, path, source },
            // Not exhaustive, for other crates.
            other => {
                let source = io::Error::other(other);
                Self::Io { what: "removing the segment", path: PathBuf::new(), source }
            }
        }
    }
}

impl fmt::Display for UnlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::NotARing { path, why } => {
                write!(f, "{} was not removed: {why}", path.display())
            }
            Self::NotAFile { path, what: FileKind::SymbolicLink } => write!(
                f,
                "{} was not removed, being a symbolic link: name the ring itself",
                path.display()
            ),
            Self::NotAFile { path, what } => {
                write!(f, "{} was not removed: it is {what}", path.display())
            }
            Self::Alive { path, why, producer } => {
                write!(f, "{} was not removed, because its producer lives", path.display())?;
                if let Some(producer) = producer {
                    write!(f, " ({producer})")?;
                }
                write!(f, " with another layout ({why}): end that process first")
            }
            Self::PermissionDenied { path } => {
                write!(f, "no permission to remove {}: do it as its owner", path.display())
            }
            Self::Directory { path, .. } => unusable(f, path),
            Self::Io { what, path, .. } => failed(f, what, Some(path)),
        }?;
        with_source(self, f)
    }
}
