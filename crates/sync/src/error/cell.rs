//! What a writer of a cell or of a row did not get, and those that wait for its values.

use core::error::Error;
use core::fmt;

use super::{LivenessError, PeekError, Unmet, WaitError};

/// Why a caller has not become the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimError {
    /// There is a writer that lives, and the call does not wait.
    Taken,
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// The operating system did not say whether the writer lives.
    Liveness(LivenessError),
}

impl From<WaitError> for ClaimError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Interrupted => Self::Interrupted,
            WaitError::Liveness(error) => Self::Liveness(error),
            WaitError::WouldBlock => Self::Taken,
            _ => Self::TimedOut,
        }
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("there is a writer that lives: wait until it gives way"),
            Self::TimedOut => f.write_str("the time is over, and the writer has not given way"),
            Self::Interrupted => f.write_str("the wait was interrupted"),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for ClaimError {}

/// Why there was no new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeError {
    /// The writer died, had set nothing that was not returned, and has no successor yet. Told once
    /// of each death.
    WriterDied,
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// There is one, and it was overwritten faster than it could be copied.
    Busy,
    /// The operating system did not say whether the writer lives.
    Liveness(LivenessError),
}

impl From<Unmet> for ChangeError {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::TimedOut => Self::TimedOut,
            Unmet::Interrupted => Self::Interrupted,
            Unmet::Liveness(error) => Self::Liveness(error),
        }
    }
}

impl From<LivenessError> for ChangeError {
    fn from(error: LivenessError) -> Self {
        Self::Liveness(error)
    }
}

impl From<PeekError> for ChangeError {
    fn from(_: PeekError) -> Self {
        Self::Busy
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriterDied => f.write_str(
                "the writer died: wait again for what the next one sets, or claim the cell",
            ),
            Self::TimedOut => f.write_str("the time is over, and nothing was set"),
            Self::Interrupted => f.write_str("the wait was interrupted"),
            Self::Busy => PeekError::Busy.fmt(f),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for ChangeError {}
