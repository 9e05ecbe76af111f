//! Why a barrier was not joined, or a phase of it did not end.

use core::error::Error;
use core::fmt;

use super::{LivenessError, LookupError, Unmet};
/// A party of a barrier that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Absentee {
    /// The number of its seat. `None`: the word names none, and is not what a party writes.
    pub seat: Option<usize>,
    /// The number of its process, in that process's pid namespace: a hint. `None`: the seat has
    /// another owner by now.
    pub pid: Option<u32>,
}

impl fmt::Display for Absentee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.seat, self.pid) {
            (Some(seat), Some(pid)) => write!(f, "seat {seat}, process {pid}"),
            (Some(seat), None) => write!(f, "seat {seat}"),
            _ => f.write_str("an unknown seat"),
        }
    }
}

/// Why a wait at a barrier has ended before the phase was over. The party has come to the phase all
/// the same, and its next call waits for the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BarrierError {
    /// This party is gone, and has not come. All that wait are told.
    Gone(Absentee),
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// The operating system did not say whether a party lives.
    Liveness(LivenessError),
}

impl From<Unmet> for BarrierError {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::TimedOut => Self::TimedOut,
            Unmet::Interrupted => Self::Interrupted,
            Unmet::Liveness(error) => Self::Liveness(error),
        }
    }
}

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(absentee) => write!(
                f,
                "a party of the barrier is gone, and has not come ({absentee}): have another join, \
                 and wait again"
            ),
            Self::TimedOut => f.write_str("the time is over, and not all have come: wait again"),
            Self::Interrupted => f.write_str("the wait at the barrier was interrupted"),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for BarrierError {}

/// Why a barrier was not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// There is no such barrier.
    Lookup(LookupError),
    /// All its places have owners that live.
    Full {
        /// How many there are.
        parties: usize,
    },
    /// The operating system did not say whether a party lives.
    Liveness(LivenessError),
}

impl From<LookupError> for JoinError {
    fn from(error: LookupError) -> Self {
        Self::Lookup(error)
    }
}

impl From<LivenessError> for JoinError {
    fn from(error: LivenessError) -> Self {
        Self::Liveness(error)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) => error.fmt(f),
            Self::Full { parties } => write!(
                f,
                "all {parties} places of the barrier are taken by parties that live: declare it for \
                 more, or end one"
            ),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for JoinError {}
