//! Why no message was received.

use core::fmt;

use ringway_shm::LivenessError;

use super::said::error;

/// Why a call that does not block brought no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// Nothing more has been published yet.
    Empty,
    /// The producer has closed the ring, and everything before that has been received. Comes again
    /// with every call, unless the ring was kept and a successor goes on with it
    /// ([`Producer::resume`](crate::Producer::resume)); then messages go on where they ended.
    Closed,
    /// Exactly this many messages were overwritten before this observer got to them. The next call
    /// goes on at the oldest message that is left. A subscriber is told this only where another
    /// process has forged what it wrote to the control segment.
    Lagged(u64),
    /// This subscriber has been evicted: it was too slow, by the ring's
    /// [`max_lag`](crate::Options::max_lag) or [`max_hold`](crate::Options::max_hold), or what it
    /// wrote to the control segment was forged. It gets nothing more; drop it and join again.
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// The buffer is shorter than the message, which has not been consumed: try again with `needed`
    /// bytes. Only where messages have lengths of their own.
    BufferTooSmall {
        /// The message's length in bytes.
        needed: usize,
    },
    /// The slot holds what no producer writes there. A process that may write the segment does not
    /// follow the protocol, so that nothing in it can be relied on.
    Corrupt,
    /// Messages cannot be read in place here. Either other processes may write the memory, and the
    /// program has not promised that they follow the protocol
    /// ([`Subscriber::assume_protocol`](crate::Subscriber::assume_protocol)); or the ring evicts,
    /// and does not hold messages in place
    /// ([`Options::hold_in_place`](crate::Options::hold_in_place)). Receive a copy.
    NotInPlace,
    /// So many messages have been received from the oldest one on that is not released, and no more
    /// can be noted. Only from a [`Holding`](crate::consumer::Holding): release its
    /// [oldest](crate::consumer::Holding::oldest) message.
    TooManyHeld {
        /// How many that is.
        max: usize,
    },
    /// The producer has died without closing the ring, or has [left it](crate::Producer::detach)
    /// for a successor, and everything that it sent has been received. Comes again with every call,
    /// until a successor takes the ring over ([`Producer::resume`](crate::Producer::resume)); then
    /// messages go on where they ended.
    ///
    /// The kernel is asked every 20 ms at most, by calls that find nothing, and not before 20 ms
    /// have passed since the first of them that found nothing at this position: until then they say
    /// [`Empty`](Self::Empty).
    ProducerDied,
    /// See [`RecvError::Liveness`].
    Liveness(LivenessError),
    /// The ring is [unbounded](crate::Options::unbounded) and goes on in another segment, which
    /// could not be opened: there are too many open files, say, or this process has lost the right
    /// to. Nothing is lost; comes again with every call, until it can be opened.
    Successor {
        /// The operating system's number for what went wrong.
        os_error: i32,
    },
}

error!(TryRecvError {
    Self::Empty => "no message yet: try again later, or wait by a call that blocks";
    Self::Closed => "the producer has closed the ring, and every message has been received";
    Self::Lagged(n) =>
        "{n} messages were overwritten before they were received: call again, to go on at the \
         oldest message that is left";
    Self::Evicted { missed } =>
        "evicted for being too slow, with {missed} messages missed: drop this consumer and join \
         again";
    Self::BufferTooSmall { needed } =>
        "the buffer is too small for the message: call again with {needed} bytes";
    Self::Corrupt => "the ring is corrupt, because a slot holds what no producer writes";
    Self::NotInPlace =>
        "messages cannot be read in place here: promise that every process that may write the \
         ring follows the protocol (assume_protocol), create a ring that evicts with \
         hold_in_place, or receive copies";
    Self::TooManyHeld { max } =>
        "{max} messages have come since the oldest one that is held: release that one first";
    Self::ProducerDied =>
        "the producer has died without closing the ring, or has detached, and every message has \
         been received: call again when a successor has resumed the ring";
    Self::Liveness(_) => "no message, and the kernel did not say whether the producer lives";
    Self::Successor { os_error } =>
        "the ring goes on in another segment, which could not be opened (error {os_error}): make \
         that possible, and call again";
} source {
    Self::Liveness(error) => error;
});

/// Why a call that blocks for as long as it takes brought no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// See [`TryRecvError::Closed`].
    Closed,
    /// See [`TryRecvError::Lagged`].
    Lagged(u64),
    /// See [`TryRecvError::Evicted`].
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// See [`TryRecvError::BufferTooSmall`].
    BufferTooSmall {
        /// The message's length in bytes.
        needed: usize,
    },
    /// See [`TryRecvError::Corrupt`].
    Corrupt,
    /// See [`TryRecvError::NotInPlace`].
    NotInPlace,
    /// See [`TryRecvError::TooManyHeld`].
    TooManyHeld {
        /// How many that is.
        max: usize,
    },
    /// The producer has died without closing the ring, or has [left it](crate::Producer::detach)
    /// for a successor, and everything that it sent has been received. Comes again with every call,
    /// until a successor takes the ring over ([`Producer::resume`](crate::Producer::resume)); then
    /// messages go on where they ended.
    ProducerDied,
    /// There is no message, and the operating system did not say whether the producer lives. It
    /// may: the next call waits for it, and asks again.
    Liveness(LivenessError),
    /// There was no message, and the [`Interrupt`](crate::wait::Interrupt) that the handle has was
    /// raised. Nothing was taken: calls go on once it is cleared.
    Interrupted,
    /// See [`TryRecvError::Successor`].
    Successor {
        /// The operating system's number for what went wrong.
        os_error: i32,
    },
}

/// Why a call that blocks for a limited time brought no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvTimeoutError {
    /// Nothing was published in that time.
    Timeout,
    /// See [`TryRecvError::Closed`].
    Closed,
    /// See [`TryRecvError::Lagged`].
    Lagged(u64),
    /// See [`TryRecvError::Evicted`].
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// See [`TryRecvError::BufferTooSmall`].
    BufferTooSmall {
        /// The message's length in bytes.
        needed: usize,
    },
    /// See [`TryRecvError::Corrupt`].
    Corrupt,
    /// See [`TryRecvError::NotInPlace`].
    NotInPlace,
    /// See [`TryRecvError::TooManyHeld`].
    TooManyHeld {
        /// How many that is.
        max: usize,
    },
    /// The producer has died without closing the ring, or has [left it](crate::Producer::detach)
    /// for a successor, and everything that it sent has been received. Comes again with every call,
    /// until a successor takes the ring over ([`Producer::resume`](crate::Producer::resume)); then
    /// messages go on where they ended.
    ProducerDied,
    /// See [`RecvError::Liveness`].
    Liveness(LivenessError),
    /// See [`RecvError::Interrupted`].
    Interrupted,
    /// See [`TryRecvError::Successor`].
    Successor {
        /// The operating system's number for what went wrong.
        os_error: i32,
    },
}

error!(RecvError {
    other => "{}", RecvTimeoutError::from(*other);
} source {
    Self::Liveness(error) => error;
});

error!(RecvTimeoutError {
    Self::Timeout => "no message came before the time was over: try again, or allow more time";
    Self::Interrupted =>
        "no message came before the wait was interrupted: clear the interrupt, and call again";
    other => "{}", other.as_try();
} source {
    Self::Liveness(error) => error;
});

impl TryRecvError {
    /// What a call that blocks says, if this is the end of its waiting.
    pub(crate) fn unless_empty(self) -> Option<RecvError> {
        match self {
            Self::Empty => None,
            Self::Closed => Some(RecvError::Closed),
            Self::Lagged(n) => Some(RecvError::Lagged(n)),
            Self::Evicted { missed } => Some(RecvError::Evicted { missed }),
            Self::BufferTooSmall { needed } => Some(RecvError::BufferTooSmall { needed }),
            Self::Corrupt => Some(RecvError::Corrupt),
            Self::NotInPlace => Some(RecvError::NotInPlace),
            Self::TooManyHeld { max } => Some(RecvError::TooManyHeld { max }),
            Self::ProducerDied => Some(RecvError::ProducerDied),
            Self::Liveness(error) => Some(RecvError::Liveness(error)),
            Self::Successor { os_error } => Some(RecvError::Successor { os_error }),
        }
    }
}

/// What a call says that does not wait: instead of `Interrupted`, that there is no message.
impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> Self {
        RecvTimeoutError::from(error).as_try()
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Closed => Self::Closed,
            RecvError::Lagged(n) => Self::Lagged(n),
            RecvError::Evicted { missed } => Self::Evicted { missed },
            RecvError::BufferTooSmall { needed } => Self::BufferTooSmall { needed },
            RecvError::Corrupt => Self::Corrupt,
            RecvError::NotInPlace => Self::NotInPlace,
            RecvError::TooManyHeld { max } => Self::TooManyHeld { max },
            RecvError::ProducerDied => Self::ProducerDied,
            RecvError::Liveness(error) => Self::Liveness(error),
            RecvError::Successor { os_error } => Self::Successor { os_error },
            RecvError::Interrupted => Self::Interrupted,
        }
    }
}

impl RecvError {
    /// Whether the next call can bring a message: what was lost has been told, and messages go on.
    /// All other errors are final states of a consumer whose program does nothing about them.
    pub(crate) fn goes_on(self) -> bool {
        match self {
            Self::Lagged(_) => true,
            Self::Closed
            | Self::Evicted { .. }
            | Self::BufferTooSmall { .. }
            | Self::Corrupt
            | Self::NotInPlace
            | Self::TooManyHeld { .. }
            | Self::ProducerDied
            | Self::Liveness(_)
            | Self::Successor { .. }
            | Self::Interrupted => false,
        }
    }
}

impl RecvTimeoutError {
    /// The same, as a call that does not block says it: for its text.
    fn as_try(&self) -> TryRecvError {
        match *self {
            Self::Timeout | Self::Interrupted => TryRecvError::Empty,
            Self::Closed => TryRecvError::Closed,
            Self::Lagged(n) => TryRecvError::Lagged(n),
            Self::Evicted { missed } => TryRecvError::Evicted { missed },
            Self::BufferTooSmall { needed } => TryRecvError::BufferTooSmall { needed },
            Self::Corrupt => TryRecvError::Corrupt,
            Self::NotInPlace => TryRecvError::NotInPlace,
            Self::TooManyHeld { max } => TryRecvError::TooManyHeld { max },
            Self::ProducerDied => TryRecvError::ProducerDied,
            Self::Liveness(error) => TryRecvError::Liveness(error),
            Self::Successor { os_error } => TryRecvError::Successor { os_error },
        }
    }
}
