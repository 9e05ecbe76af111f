//! Why a message was not sent.

use core::fmt;

use ringway_shm::LivenessError;

use super::said::error;

/// Why a message was not sent by a call that does not block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError {
    /// The slowest subscriber or group still needs the slot, or room in the arena. Nothing was
    /// sent.
    Full,
    /// The message is longer than the ring's messages can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// No consumer has joined, by a call that sends to consumers only
    /// ([`send_to_consumers`](crate::Producer::send_to_consumers)). Nothing was sent.
    NoConsumers,
    /// The room that was asked for is more than the ring has. Nothing was sent.
    TooMany {
        /// Messages that were asked for.
        asked: usize,
        /// The most that the call can have, on this ring.
        max: usize,
    },
    /// All messages of the ring have one length, and this one has another. Nothing was sent. Comes
    /// only from a producer of [`Untyped`](crate::Untyped) messages.
    WrongLength {
        /// Its length in bytes.
        len: usize,
        /// The length that messages of this ring have, in bytes.
        expected: usize,
    },
    /// There is no room, and the kernel did not say which of the consumers in the way are dead. One
    /// of them may be. Nothing was sent. This error comes only where rings are files, in a process
    /// that was forbidden to ask (by a filter of system calls, say) after it had attached to the
    /// ring. A limit ([`max_hold`](crate::Options::max_hold)) goes on counting over calls that end
    /// like this, and evicts the dead too.
    Liveness(LivenessError),
}

error!(TrySendError {
    Self::Full =>
        "the ring is full, because a consumer still needs the oldest message: try again later, or \
         wait by a call that blocks";
    Self::TooLarge { len, max } =>
        "a message of {len} bytes is too long for this ring: send at most {max} bytes";
    Self::NoConsumers => "no consumer has joined: wait for one, or send without asking for any";
    Self::TooMany { asked, max } =>
        "room for {asked} messages is more than there can be here: ask for at most {max}";
    Self::WrongLength { len, expected } =>
        "a message of {len} bytes is none of this ring's: send {expected} bytes";
    Self::Liveness(_) =>
        "there is no room, and the kernel did not say which of the consumers in the way are dead";
} source {
    Self::Liveness(error) => error;
});

/// Why a message was not sent by a call that blocks for as long as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The message is longer than the ring's messages can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// No consumer has joined, by a call that sends to consumers only
    /// ([`send_to_consumers`](crate::Producer::send_to_consumers)). Nothing was sent.
    NoConsumers,
    /// The room that was asked for is more than the ring has. Nothing was sent.
    TooMany {
        /// Messages that were asked for.
        asked: usize,
        /// The most that the call can have, on this ring.
        max: usize,
    },
    /// All messages of the ring have one length, and this one has another. Nothing was sent. Comes
    /// only from a producer of [`Untyped`](crate::Untyped) messages.
    WrongLength {
        /// Its length in bytes.
        len: usize,
        /// The length that messages of this ring have, in bytes.
        expected: usize,
    },
    /// See [`TrySendError::Liveness`].
    Liveness(LivenessError),
    /// There was no room, and the [`Interrupt`](crate::wait::Interrupt) that the producer has was
    /// raised. This message was not sent: send it again once that is cleared.
    Interrupted,
}

error!(SendError {
    Self::TooLarge { len, max } =>
        "a message of {len} bytes is too long for this ring: send at most {max} bytes";
    Self::NoConsumers => "no consumer has joined: wait for one, or send without asking for any";
    Self::TooMany { asked, max } =>
        "room for {asked} messages is more than there can be here: ask for at most {max}";
    Self::WrongLength { len, expected } =>
        "a message of {len} bytes is none of this ring's: send {expected} bytes";
    Self::Liveness(_) =>
        "there is no room, and the kernel did not say which of the consumers in the way are dead";
    Self::Interrupted =>
        "the ring was full until the wait was interrupted: clear the interrupt, and send again";
} source {
    Self::Liveness(error) => error;
});

/// Why a message was not sent by a call that blocks for a limited time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendTimeoutError {
    /// The ring was full for all that time. Nothing was sent.
    Timeout,
    /// The message is longer than the ring's messages can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// No consumer has joined, by a call that sends to consumers only
    /// ([`send_to_consumers`](crate::Producer::send_to_consumers)). Nothing was sent.
    NoConsumers,
    /// The room that was asked for is more than the ring has. Nothing was sent.
    TooMany {
        /// Messages that were asked for.
        asked: usize,
        /// The most that the call can have, on this ring.
        max: usize,
    },
    /// All messages of the ring have one length, and this one has another. Nothing was sent. Comes
    /// only from a producer of [`Untyped`](crate::Untyped) messages.
    WrongLength {
        /// Its length in bytes.
        len: usize,
        /// The length that messages of this ring have, in bytes.
        expected: usize,
    },
    /// See [`TrySendError::Liveness`].
    Liveness(LivenessError),
    /// See [`SendError::Interrupted`].
    Interrupted,
}

error!(SendTimeoutError {
    Self::Timeout => "the ring was full until the time was over: try again, or allow more time";
    Self::TooLarge { len, max } =>
        "a message of {len} bytes is too long for this ring: send at most {max} bytes";
    Self::NoConsumers => "no consumer has joined: wait for one, or send without asking for any";
    Self::TooMany { asked, max } =>
        "room for {asked} messages is more than there can be here: ask for at most {max}";
    Self::WrongLength { len, expected } =>
        "a message of {len} bytes is none of this ring's: send {expected} bytes";
    Self::Liveness(_) =>
        "there is no room, and the kernel did not say which of the consumers in the way are dead";
    Self::Interrupted =>
        "the ring was full until the wait was interrupted: clear the interrupt, and send again";
} source {
    Self::Liveness(error) => error;
});

/// Why a batch was not sent that is sent as a whole or not at all. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendAllError {
    /// There is no room for all of it.
    Full {
        /// How many of its messages, from the first on, there is room for.
        fits: usize,
    },
    /// The batch has more messages than can be sent as a whole on this ring.
    TooMany {
        /// Messages in the batch.
        asked: usize,
        /// The most that can be sent as a whole: an eighth of the capacity, or one.
        max: usize,
    },
    /// A message is longer than the ring's messages can be; or those that are longer than a slot take
    /// together more than half of the arena.
    TooLarge {
        /// The length in bytes; of several messages, with what they take in the arena's cache lines.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// See [`TrySendError::Liveness`].
    Liveness(LivenessError),
}

error!(SendAllError {
    Self::Full { fits } =>
        "there is room for {fits} messages of the batch and not for all: try again later, or wait \
         until there is";
    Self::TooMany { asked, max } =>
        "{asked} messages cannot be sent as a whole on this ring: send at most {max}, or create it \
         with a larger capacity";
    Self::TooLarge { len, max } =>
        "a message of {len} bytes is too long for this ring: send at most {max} bytes";
    Self::Liveness(_) =>
        "there is no room, and the kernel did not say which of the consumers in the way are dead";
} source {
    Self::Liveness(error) => error;
});

/// What a call says that does not wait: instead of `Interrupted`, that there is no room.
impl From<SendError> for TrySendError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::TooLarge { len, max } => Self::TooLarge { len, max },
            SendError::TooMany { asked, max } => Self::TooMany { asked, max },
            SendError::NoConsumers => Self::NoConsumers,
            SendError::WrongLength { len, expected } => Self::WrongLength { len, expected },
            SendError::Liveness(error) => Self::Liveness(error),
            SendError::Interrupted => Self::Full,
        }
    }
}

impl From<SendError> for SendTimeoutError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::TooLarge { len, max } => Self::TooLarge { len, max },
            SendError::TooMany { asked, max } => Self::TooMany { asked, max },
            SendError::NoConsumers => Self::NoConsumers,
            SendError::WrongLength { len, expected } => Self::WrongLength { len, expected },
            SendError::Liveness(error) => Self::Liveness(error),
            SendError::Interrupted => Self::Interrupted,
        }
    }
}

/// A batch that was not sent to its end. `E` is why, as the call for one message tells it:
/// [`SendError`], or [`SendTimeoutError`] where there is a time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchError<E = SendError> {
    /// Messages of the batch that were sent, from its start. The next one failed.
    pub sent: usize,
    /// Why it failed.
    pub error: E,
}

impl<E: core::error::Error + 'static> core::error::Error for BatchError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.error.source()
    }
}

impl<E: core::error::Error + 'static> fmt::Display for BatchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BatchError { sent, error } = self;
        write!(f, "{sent} messages of the batch were sent, and then this failed: {error}")?;
        ringway_shm::said::with_source(self, f)
    }
}

#[cfg(feature = "async")]
impl TrySendError {
    /// What a call that waits returns instead; `None`: it waits.
    pub(crate) fn unless_full(self) -> Option<SendError> {
        Some(match self {
            Self::Full => return None,
            Self::TooLarge { len, max } => SendError::TooLarge { len, max },
            Self::TooMany { asked, max } => SendError::TooMany { asked, max },
            Self::NoConsumers => SendError::NoConsumers,
            Self::WrongLength { len, expected } => SendError::WrongLength { len, expected },
            Self::Liveness(error) => SendError::Liveness(error),
        })
    }
}
