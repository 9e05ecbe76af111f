//! Why a signal was not posted, or not waited for to the end.

use core::error::Error;
use core::fmt;

use super::Unmet;

/// Why a call that waits for a token has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalError {
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
}

impl From<Unmet> for SignalError {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::Interrupted => Self::Interrupted,
            // None is asked for who lives.
            Unmet::TimedOut | Unmet::Liveness(_) => Self::TimedOut,
        }
    }
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => {
                "the time is over, and no token was posted: ask whether the poster lives"
            }
            Self::Interrupted => "the wait for a token was interrupted",
        })
    }
}

impl Error for SignalError {}

/// Why a token was not posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostError {
    /// There are as many tokens as can be counted.
    Full,
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signal has as many tokens as can be counted: have some taken first")
    }
}

impl Error for PostError {}
