//! Why a value that is made once was not there.

use core::error::Error;
use core::fmt;

use super::{LivenessError, WaitError};

/// Why a call has no value, which another was making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnceError {
    /// Another is making it, and the call does not wait.
    WouldBlock,
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// The operating system did not say whether the one that is making it lives.
    Liveness(LivenessError),
}

impl From<WaitError> for OnceError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Interrupted => Self::Interrupted,
            WaitError::Liveness(error) => Self::Liveness(error),
            _ => Self::TimedOut,
        }
    }
}

impl fmt::Display for OnceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock => f.write_str("another is making the value, and lives: wait for it"),
            Self::TimedOut => {
                f.write_str("the time is over, and another is still making the value")
            }
            Self::Interrupted => f.write_str("the wait for the value was interrupted"),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for OnceError {}
