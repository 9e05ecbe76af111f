//! Why a receiver got no message.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::super::said::error;
use super::LaneError;
use crate::error::LivenessError;

/// A lane that cannot be received from, and why. Told once; the other lanes go on. The lane is
/// tried again when lanes come or go, and every second.
#[derive(Debug)]
#[non_exhaustive]
pub struct LaneFault {
    /// The sender's name.
    pub sender: String,
    /// What is wrong with the lane.
    pub why: LaneError,
}

/// Why a call that does not wait got no message.
#[derive(Debug)]
#[non_exhaustive]
pub enum TryRecvError {
    /// There is none.
    Empty,
    /// The mailbox was removed, or, on the heap, all handles of it and all senders have gone; and
    /// everything was received.
    Closed,
    /// The buffer is too small for the next message, which stays.
    BufferTooSmall {
        /// Bytes that it takes.
        needed: usize,
    },
    /// A lane cannot be received from. The next call goes on with the others.
    Lane(Box<LaneFault>),
    /// The kernel did not say who lives, or which lanes there are.
    Liveness(LivenessError),
    /// The receiver was made by the process that forked this one.
    Forked,
}

/// Why a call that waits got no message.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvError {
    /// As [`TryRecvError::Closed`].
    Closed,
    /// As [`TryRecvError::BufferTooSmall`].
    BufferTooSmall {
        /// Bytes that it takes.
        needed: usize,
    },
    /// As [`TryRecvError::Lane`].
    Lane(Box<LaneFault>),
    /// As [`TryRecvError::Liveness`].
    Liveness(LivenessError),
    /// As [`TryRecvError::Forked`].
    Forked,
    /// The interrupt that the receiver was given has been raised, and there is no message.
    Interrupted,
}

/// Why a call that waits for some time got no message.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvTimeoutError {
    /// None came in that time.
    Timeout,
    /// Something else.
    Recv(RecvError),
}

impl TryRecvError {
    /// The same for a call that waits; `None`: it goes on waiting.
    pub(crate) fn unless_empty(self) -> Option<RecvError> {
        Some(match self {
            Self::Empty => return None,
            Self::Closed => RecvError::Closed,
            Self::BufferTooSmall { needed } => RecvError::BufferTooSmall { needed },
            Self::Lane(fault) => RecvError::Lane(fault),
            Self::Liveness(error) => RecvError::Liveness(error),
            Self::Forked => RecvError::Forked,
        })
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> Self {
        RecvTimeoutError::Recv(error)
    }
}

error!(LaneFault {
    Self { sender, why } =>
        "the lane of the sender {sender} is left out: {why}. The other lanes go on: receive again";
} same_source {
    Self { why, .. } => why;
});

error!(TryRecvError {
    Self::Empty => "there is no message in the mailbox";
    Self::Closed =>
        "the mailbox is closed, and everything was received: open or create it again to go on";
    Self::BufferTooSmall { needed } =>
        "the next message has {needed} bytes: receive it into a buffer of as many";
    Self::Lane(fault) => "{fault}";
    Self::Liveness(_) => "the kernel did not say how the mailbox is: receive again";
    Self::Forked =>
        "the receiver was made by the process that forked this one: make another one here";
} source {
    Self::Liveness(error) => error;
} same_source {
    Self::Lane(fault) => &**fault;
});

error!(RecvError {
    Self::Closed =>
        "the mailbox is closed, and everything was received: open or create it again to go on";
    Self::BufferTooSmall { needed } =>
        "the next message has {needed} bytes: receive it into a buffer of as many";
    Self::Lane(fault) => "{fault}";
    Self::Liveness(_) => "the kernel did not say how the mailbox is: receive again";
    Self::Forked =>
        "the receiver was made by the process that forked this one: make another one here";
    Self::Interrupted =>
        "the wait was interrupted, and there is no message: clear the interrupt to wait again";
} source {
    Self::Liveness(error) => error;
} same_source {
    Self::Lane(fault) => &**fault;
});

error!(RecvTimeoutError {
    Self::Timeout => "no message came in that time";
    Self::Recv(error) => "{error}";
} same_source {
    Self::Recv(error) => error;
});
