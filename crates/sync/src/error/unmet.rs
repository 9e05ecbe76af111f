//! Why a wait of any kind has ended without what it was for.

use super::{LivenessError, WaitError};

/// Why a wait has ended without what it was for. Each kind makes its own error of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmet {
    TimedOut,
    Interrupted,
    Liveness(LivenessError),
}

impl From<WaitError> for Unmet {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Interrupted => Self::Interrupted,
            WaitError::Liveness(error) => Self::Liveness(error),
            _ => Self::TimedOut,
        }
    }
}

impl From<Unmet> for WaitError {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::TimedOut => Self::TimedOut,
            Unmet::Interrupted => Self::Interrupted,
            Unmet::Liveness(error) => Self::Liveness(error),
        }
    }
}
