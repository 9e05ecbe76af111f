//! Why a ring was not taken over.

use core::error::Error;
use core::fmt;
use std::path::PathBuf;

use ringway_shm::file::Holder;

use super::open::OpenError;
use ringway_shm::said::with_source;

/// An option in which a ring differs from what was to be created, and the two values of it.
///
/// What is yes or no is 1 or 0; a limit in time is in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What it is called in [`Options`](crate::Options).
    pub name: &'static str,
    /// What the ring has; `None`: it has no such limit.
    pub found: Option<u64>,
    /// What was asked for; `None`: no such limit.
    pub wanted: Option<u64>,
}

/// Why a ring was not taken over. It is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumeError {
    /// Its producer lives (it may be stopped), or another process is taking it over.
    Alive {
        /// The data file.
        path: PathBuf,
        /// Which process that is, where it could be found.
        producer: Option<Holder>,
    },
    /// Its producer has closed it and was to remove it, and died before it had. What was closed and
    /// [kept](crate::Segment::keep) can be resumed.
    Closed {
        /// The data file.
        path: PathBuf,
    },
    /// A process that may only read the file holds a lock where producers have theirs.
    Blocked {
        /// The data file.
        path: PathBuf,
    },
    /// It is not as the options want it. Only from
    /// [`create_or_resume`](crate::Options::create_or_resume).
    Different {
        /// The data file.
        path: PathBuf,
        /// The first option that differs.
        option: Difference,
    },
    /// It could not be opened, for writing, or is not a ring of such messages.
    Open(OpenError),
}

impl Error for ResumeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open(error) => error.source(),
            _ => None,
        }
    }
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { path, producer: Some(producer) } => {
                write!(f, "the producer of {} lives: {producer}", path.display())
            }
            Self::Alive { path, producer: None } => {
                write!(f, "the producer of {} lives", path.display())
            }
            Self::Closed { path } => write!(
                f,
                "the producer of {} closed it and died before its name was removed: unlink it, or \
                 use create_or_resume",
                path.display()
            ),
            Self::Blocked { path } => write!(
                f,
                "a process that may only read {} holds a lock where its producer has its own",
                path.display()
            ),
            Self::Different { path, option } => {
                write!(f, "{} is another ring than the options want: {option}", path.display())
            }
            Self::Open(error) => write!(f, "{error}"),
        }?;
        with_source(self, f)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { name, found, wanted } = self;
        write!(f, "Options::{name} is {} there and {} here", Value(*found), Value(*wanted))
    }
}

/// The value of an option.
struct Value(Option<u64>);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("none"),
        }
    }
}
