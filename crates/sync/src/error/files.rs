//! Why a region was not created, or not opened.

use core::error::Error;
use core::fmt;
use std::path::PathBuf;

use ringway_shm::said::with_source;
use ringway_shm::segment;

use super::{JoinError, LookupError, PlanError, SeatError};

/// Why a region was not created. Nothing of it is left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// The plan cannot be carried out.
    Plan(PlanError),
    /// Its segment could not be created.
    Segment(segment::CreateError),
    /// The creator got no seat.
    Seat(SeatError),
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::Segment(error) => error.fmt(f),
            Self::Seat(error) => error.fmt(f),
        }
    }
}

impl Error for CreateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Segment(error) => error.source(),
            _ => None,
        }
    }
}

/// Why a region was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Its segment could not be opened.
    Segment(segment::OpenError),
    /// Its header or its directory says what no creator writes.
    Corrupt {
        /// The file; `None`: it has no name.
        path: Option<PathBuf>,
        /// What is wrong.
        what: &'static str,
    },
    /// There was no seat to be had.
    Seat(SeatError),
    /// It was not there within the time.
    TimedOut {
        /// The file.
        path: PathBuf,
    },
    /// It is there, and not as the plan says.
    Differs {
        /// The file.
        path: PathBuf,
        /// In what.
        why: LookupError,
    },
    /// It is there, and has another count of something than the plan says.
    Count {
        /// The file.
        path: PathBuf,
        /// The object's name.
        name: std::string::String,
    },
    /// It was not there, and could not be created.
    Create(CreateError),
    /// It is there, and its barrier could not be joined.
    Join(JoinError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(error) => return error.fmt(f),
            Self::Corrupt { path: Some(path), what } => write!(
                f,
                "{}: the region is corrupt ({what}): unlink it and recreate it",
                path.display()
            ),
            Self::Corrupt { path: None, what } => {
                write!(f, "the region is corrupt ({what}): recreate it")
            }
            Self::Seat(error) => error.fmt(f),
            Self::TimedOut { path } => write!(
                f,
                "there was no region {} within the time: is its creator running?",
                path.display()
            ),
            Self::Differs { path, why } => write!(
                f,
                "{} is another region than is wanted ({why}): unlink it, or choose another name",
                path.display()
            ),
            Self::Count { path, name } => write!(
                f,
                "{} has another count for {name:?} than is wanted: unlink it, or choose another \
                 name",
                path.display()
            ),
            Self::Create(error) => return error.fmt(f),
            Self::Join(error) => error.fmt(f),
        }?;
        with_source(self, f)
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Segment(error) => error.source(),
            Self::Create(error) => error.source(),
            _ => None,
        }
    }
}
