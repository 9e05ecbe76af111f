//! Why a region in memory of the caller's was not opened.

use core::error::Error;
use core::fmt;

use ringway_shm::envelope::EnvelopeError;

use super::SeatError;

/// Why a region in memory of the caller's was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawError {
    /// The memory is shorter than a header, or not aligned to 128 bytes.
    Memory {
        /// Its length in bytes.
        len: usize,
    },
    /// There is no region, or one that this build cannot read.
    Envelope(EnvelopeError),
    /// Its header or its directory says what no creator writes.
    Corrupt {
        /// What is wrong.
        what: &'static str,
    },
    /// There was no seat to be had.
    Seat(SeatError),
}

impl fmt::Display for RawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { len } => write!(
                f,
                "{len} bytes are too few for a region, or not aligned to 128 bytes: give the memory \
                 that it was made in"
            ),
            Self::Envelope(error) => error.fmt(f),
            Self::Corrupt { what } => {
                write!(f, "the region is corrupt ({what}): make it anew")
            }
            Self::Seat(error) => error.fmt(f),
        }
    }
}

impl Error for RawError {}
