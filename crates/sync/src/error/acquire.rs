//! Why there was no permit.

use core::error::Error;
use core::fmt;

use super::{LivenessError, Unmet};

/// Why a call that waits for a permit has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// The operating system did not say whether an owner lives.
    Liveness(LivenessError),
}

impl From<Unmet> for AcquireError {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::TimedOut => Self::TimedOut,
            Unmet::Interrupted => Self::Interrupted,
            Unmet::Liveness(error) => Self::Liveness(error),
        }
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the time is over, and no permit has come back"),
            Self::Interrupted => f.write_str("the wait for a permit was interrupted"),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for AcquireError {}

/// Why a call that does not wait has no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// All permits have owners that live.
    NoPermits,
    /// The operating system did not say whether an owner lives.
    Liveness(LivenessError),
}

impl From<LivenessError> for TryAcquireError {
    fn from(error: LivenessError) -> Self {
        Self::Liveness(error)
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPermits => f.write_str("all permits have owners that live: wait for one"),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for TryAcquireError {}
