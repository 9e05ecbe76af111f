//! What has the name of a ring that was to be created.

use core::fmt;

use ringway_shm::file::{FileKind, Holder};

use crate::error::header::HeaderError;

/// What has the name of a ring that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Occupant {
    /// A ring whose producer lives; it may be stopped.
    Alive {
        /// Which process that is, where it could be found.
        producer: Option<Holder>,
        /// Why this build cannot open it, if its layout is another.
        foreign: Option<HeaderError>,
    },
    /// A ring whose producer lives and whose control file is lost, so that no consumer can join it
    /// any more.
    WithoutControl {
        /// Which process its producer is, where it could be found.
        producer: Option<Holder>,
    },
    /// A ring that its producer has closed and [kept](crate::Segment::keep).
    Closed,
    /// A ring without a producer that this build cannot resume, because its layout is another.
    OtherLayout {
        /// How it differs.
        why: HeaderError,
    },
    /// A ring or another file of another user.
    OtherUser {
        /// Whose.
        uid: u32,
    },
    /// A file that is no ring.
    NotARing,
    /// No file.
    NotAFile {
        /// But what.
        what: FileKind,
    },
    /// It could not be looked at, or is gone by now.
    Unknown,
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { producer, foreign } => {
                f.write_str("and its producer lives")?;
                if let Some(producer) = producer {
                    write!(f, " ({producer})")?;
                }
                match foreign {
                    None => f.write_str(": open it, or choose another name"),
                    Some(why) => write!(f, " with another layout ({why}): choose another name"),
                }
            }
            Self::WithoutControl { producer } => {
                f.write_str("and its producer lives")?;
                if let Some(producer) = producer {
                    write!(f, " ({producer})")?;
                }
                f.write_str(", but its control file is lost: unlink it, or choose another name")
            }
            Self::Closed => f.write_str(
                "was closed by its producer, and kept: use create_or_resume to go on with it, open it \
                 to read what is left, or unlink it",
            ),
            Self::OtherLayout { why } => {
                write!(f, "without a producer, and cannot be resumed by this build ({why}): unlink it")
            }
            Self::OtherUser { uid } => {
                write!(f, "and belongs to user {uid}: choose another name")
            }
            Self::NotARing => f.write_str("and is not a ring: choose another name"),
            Self::NotAFile { what } => write!(f, "and is {what}: choose another name"),
            Self::Unknown => f.write_str("and could not be looked at: choose another name"),
        }
    }
}
