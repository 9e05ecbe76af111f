//! Why a segment's names were not removed.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::name::NameError;
use crate::envelope::EnvelopeError;
use crate::file::{FileKind, Holder};
use crate::said::{failed, unusable, with_source};

/// Why a segment's names were not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnlinkError {
    /// The name is invalid.
    Name(NameError),
    /// What has that name is not a segment that was meant. It was left alone.
    NotASegment {
        /// The file.
        path: PathBuf,
        /// What a look at its envelope found.
        why: EnvelopeError,
    },
    /// What has that name is not even a file. It was not opened, and left alone.
    NotAFile {
        /// Its path.
        path: PathBuf,
        /// What it is.
        what: FileKind,
    },
    /// An owner lives, and its format is not known, or it may have many owners. Without one it would
    /// have been removed.
    Alive {
        /// The file.
        path: PathBuf,
        /// In what its format differs from the caller's, if that has one.
        why: Option<EnvelopeError>,
        /// Which process its owner is, or one of them, where it could be found.
        owner: Option<Holder>,
    },
    /// This process may only read the file, and it may have many owners: without a lock, for which
    /// it takes the right to write, another could become one while the name is removed.
    ReadOnly {
        /// The file.
        path: PathBuf,
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

impl fmt::Display for UnlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::NotASegment { path, why } => {
                write!(f, "{} was not removed: {why}", path.display())
            }
            Self::NotAFile { path, what: FileKind::SymbolicLink } => write!(
                f,
                "{} was not removed, being a symbolic link: name the segment itself",
                path.display()
            ),
            Self::NotAFile { path, what } => {
                write!(f, "{} was not removed: it is {what}", path.display())
            }
            Self::Alive { path, why, owner } => {
                write!(f, "{} was not removed, because an owner of it lives", path.display())?;
                if let Some(owner) = owner {
                    write!(f, " ({owner})")?;
                }
                if let Some(why) = why {
                    write!(f, " with another layout ({why})")?;
                }
                f.write_str(": end that process first")
            }
            Self::ReadOnly { path } => write!(
                f,
                "{} was not removed, because this process may only read it, and so cannot keep others \
                 from coming meanwhile: do it as its owner, or with the right to write it",
                path.display()
            ),
            Self::PermissionDenied { path } => {
                write!(f, "no permission to remove {}: do it as its owner", path.display())
            }
            Self::Directory { path, .. } => unusable(f, path),
            Self::Io { what, path, .. } => failed(f, what, Some(path)),
        }?;
        with_source(self, f)
    }
}
