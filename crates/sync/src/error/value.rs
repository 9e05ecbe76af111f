//! Why a value was not read.

use core::error::Error;
use core::fmt;

/// Why a value was not read without its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeekError {
    /// It was committed anew, time and again, faster than it could be copied.
    Busy,
}

impl fmt::Display for PeekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str(
                "the value was changed faster than it could be copied: lock it, or try again",
            ),
        }
    }
}

impl Error for PeekError {}
