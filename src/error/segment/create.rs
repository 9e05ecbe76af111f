//! Why a ring was not created.

use core::error::Error;
use core::fmt;
use std::boxed::Box;
use std::io;
use std::path::PathBuf;

use ringway_shm::file::FileSystem;
use ringway_shm::segment::{self, NameError};

use super::occupant::Occupant;
use super::resume::{Difference, ResumeError};
use crate::error::config::ConfigError;
use ringway_shm::said::{failed, unusable, with_source};

/// Why a ring was not created. Nothing of it is left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// Its name is invalid.
    Name(NameError),
    /// It cannot be as it was asked for.
    Config(ConfigError),
    /// [`Options::tag`](crate::Options::tag) and
    /// [`Segment::expect_tag`](crate::Segment::expect_tag) say different tags.
    Tags {
        /// That of the options.
        options: u64,
        /// That of the segment.
        segment: u64,
    },
    /// There is something of that name already.
    AlreadyExists {
        /// The data file.
        path: PathBuf,
        /// What it is.
        what: Occupant,
    },
    /// There is a ring of that name whose producer has died, or has left it for a successor:
    /// [`resume`](crate::Producer::resume) or [`unlink`](crate::segment::unlink) it, or use
    /// [`create_or_resume`](crate::Options::create_or_resume).
    ProducerDied {
        /// The data file.
        path: PathBuf,
        /// Why it cannot be resumed, if it cannot: its control file is lost, say
        /// ([`OpenError::ControlMissing`](crate::error::OpenError::ControlMissing)), for which
        /// `create_or_resume` removes it.
        obstacle: Option<Box<ResumeError>>,
    },
    /// There is a ring of that name to take over, and it is not as the options want it.
    Different {
        /// The data file.
        path: PathBuf,
        /// The first option that differs.
        option: Difference,
    },
    /// There is a ring of that name to take over, and that failed.
    Resume(ResumeError),
    /// There is not enough memory left in the directory.
    NoSpace {
        /// Bytes that the ring takes.
        needed: u64,
        /// The directory; `None`: it is not in a directory.
        path: Option<PathBuf>,
    },
    /// This process may not make files that long (`RLIMIT_FSIZE`).
    FileSizeLimit {
        /// Bytes in the longer of the two files.
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
            Self::ProducerDied { obstacle: Some(error), .. } => error.source(),
            Self::Resume(error) => error.source(),
            Self::Directory { source, .. } | Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl CreateError {
    /// What a segment's error is to a ring. `taken` says what has the name, if that is taken.
    pub(crate) fn of_segment(
        error: segment::CreateError,
        taken: impl FnOnce() -> CreateError,
    ) -> CreateError {
        use segment::CreateError as E;
        match error {
            E::Name(error) => Self::Name(error),
            E::AlreadyExists { .. } => taken(),
            E::NoSpace { needed, path } => Self::NoSpace { needed, path },
            E::FileSizeLimit { needed, limit } => Self::FileSizeLimit { needed, limit },
            E::PermissionDenied { what, path } => Self::PermissionDenied { what, path },
            E::Directory { path, source } => Self::Directory { path, source },
            E::UnsupportedDirectory { path, file_system } => {
                Self::UnsupportedDirectory { path, file_system }
            }
            E::Io { what, path, source } => Self::Io { what, path, source },
            // Not exhaustive, for other crates.
            other => {
                let source = io::Error::other(other);
                Self::Io { what: "creating the segment", path: None, source }
            }
        }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Config(error) => write!(f, "{error}"),
            Self::Tags { options, segment } => write!(
                f,
                "the options have the tag {options:#x} and the segment expects {segment:#x}: give \
                 one tag"
            ),
            Self::AlreadyExists { path, what } => {
                write!(f, "{} is there already, ", path.display())?;
                what.fmt(f)
            }
            Self::ProducerDied { path, obstacle: None } => write!(
                f,
                "{} is there already, and its producer is gone: resume it, use create_or_resume, or \
                 unlink it",
                path.display()
            ),
            Self::ProducerDied { path, obstacle: Some(why) } => write!(
                f,
                "{} is there already, its producer is gone, and it cannot be resumed ({why}): unlink it",
                path.display()
            ),
            Self::Different { path, option } => write!(
                f,
                "{} has no producer and other options ({option}): use the same, or unlink it",
                path.display()
            ),
            Self::Resume(error) => write!(f, "{error}"),
            Self::NoSpace { needed, path } => {
                write!(f, "no room for {needed} bytes")?;
                match path {
                    Some(path) => write!(
                        f,
                        " in {}: make the ring smaller, or use a directory with more memory",
                        path.display()
                    ),
                    None => f.write_str(" of memory: make the ring smaller"),
                }
            }
            Self::FileSizeLimit { needed, limit } => write!(
                f,
                "a file of {needed} bytes is needed, and this process may make none above {limit} \
                 (RLIMIT_FSIZE): raise the limit, or make the ring smaller"
            ),
            Self::PermissionDenied { what, path } => {
                write!(f, "{what} in {} is not permitted", path.display())
            }
            Self::Directory { path, .. } => unusable(f, path),
            Self::UnsupportedDirectory { path, file_system } => write!(
                f,
                "{} is on {file_system}, which has no files such as rings are made of: use a \
                 directory on a tmpfs, such as /dev/shm",
                path.display()
            ),
            Self::Io { what, path, .. } => failed(f, what, path.as_deref()),
        }?;
        with_source(self, f)
    }
}
