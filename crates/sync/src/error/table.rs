//! Why a row of a table was not claimed.

use core::error::Error;
use core::fmt;

use super::{LivenessError, PeekError, WaitError};

/// Why a caller has not become the writer of a row, or has not removed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableError {
    /// The row has a writer that lives, and the call does not wait.
    Taken,
    /// All rows have keys.
    Full {
        /// How many there are.
        rows: usize,
    },
    /// A row was overwritten faster than it could be copied.
    Busy,
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// The operating system did not say whether a writer lives.
    Liveness(LivenessError),
}

impl From<WaitError> for TableError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Interrupted => Self::Interrupted,
            WaitError::Liveness(error) => Self::Liveness(error),
            WaitError::WouldBlock => Self::Taken,
            _ => Self::TimedOut,
        }
    }
}

impl From<PeekError> for TableError {
    fn from(_: PeekError) -> Self {
        Self::Busy
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => {
                f.write_str("the row has a writer that lives: wait until that gives way")
            }
            Self::Full { rows } => write!(
                f,
                "all {rows} rows of the table have keys: remove those whose writers died or left, \
                 or create it with more"
            ),
            Self::Busy => PeekError::Busy.fmt(f),
            Self::TimedOut => f.write_str("the time is over, and the writer has not given way"),
            Self::Interrupted => f.write_str("the wait was interrupted"),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for TableError {}
