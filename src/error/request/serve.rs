//! Why a server has no request, or could not reply.

use alloc::boxed::Box;
use core::fmt;

use super::super::said::error;
use crate::error::LivenessError;
#[cfg(not(ringway_loom))]
use crate::error::mailbox::OpenError;
use crate::error::mailbox::{LaneFault, RecvError, RecvTimeoutError, SenderError, TryRecvError};

/// Why a server has no request, by a call that does not block.
#[derive(Debug)]
#[non_exhaustive]
pub enum TryServeError {
    /// There is none.
    Empty,
    /// The service was removed or, on the heap, all handles of it and all clients have gone; and
    /// every request was taken.
    Closed,
    /// A client's lane cannot be received from. The next call goes on with the others.
    Lane(Box<LaneFault>),
    /// The kernel did not say who lives, or which clients there are.
    Liveness(LivenessError),
    /// The server was made by the process that forked this one.
    Forked,
}

/// Why a server has no request, by a call that waits.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// As [`TryServeError::Closed`].
    Closed,
    /// As [`TryServeError::Lane`].
    Lane(Box<LaneFault>),
    /// As [`TryServeError::Liveness`].
    Liveness(LivenessError),
    /// As [`TryServeError::Forked`].
    Forked,
    /// The interrupt that the server was given has been raised, and there is no request.
    Interrupted,
}

/// Why a server has no request, by a call that waits for some time.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeTimeoutError {
    /// None came in that time.
    Timeout,
    /// Something else.
    Serve(ServeError),
}

/// Why a reply does not reach its client. The request is done.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplyError {
    /// The reply is longer than replies of this service can be. The client is told that it gets
    /// none.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest.
        max: usize,
    },
    /// There is no room for a reply of this length, because the client has not received others. It
    /// is told that it gets none.
    NoRoom,
    /// There is no room for any reply: the client does not follow the protocol.
    Full,
    /// The client has gone, with its reply box.
    Gone,
    /// The lane in the client's reply box could not be made.
    Lane(Box<SenderError>),
    /// The client's reply box is not one to write to: it belongs to another user than the client's
    /// lane, say.
    #[cfg(not(ringway_loom))]
    Box(Box<OpenError>),
    /// The request had been taken away from this server, which was held for dead, or the service's
    /// memory was forged.
    Taken,
}

error!(TryServeError {
    Self::Empty => "there is no request: try again later, or wait by a call that blocks";
    Self::Closed =>
        "the service is closed, and every request was taken: open or create it again to go on";
    Self::Lane(fault) => "{fault}";
    Self::Liveness(_) => "the kernel did not say how the service is: call again";
    Self::Forked =>
        "the server was made by the process that forked this one: make another one here";
} source {
    Self::Liveness(error) => error;
} same_source {
    Self::Lane(fault) => &**fault;
});

error!(ServeError {
    Self::Closed =>
        "the service is closed, and every request was taken: open or create it again to go on";
    Self::Lane(fault) => "{fault}";
    Self::Liveness(_) => "the kernel did not say how the service is: call again";
    Self::Forked =>
        "the server was made by the process that forked this one: make another one here";
    Self::Interrupted =>
        "the wait was interrupted, and there is no request: clear the interrupt to wait again";
} source {
    Self::Liveness(error) => error;
} same_source {
    Self::Lane(fault) => &**fault;
});

error!(ServeTimeoutError {
    Self::Timeout => "no request came in that time";
    Self::Serve(error) => "{error}";
} same_source {
    Self::Serve(error) => error;
});

error!(ReplyError {
    Self::TooLarge { len, max } =>
        "a reply of {len} bytes is too long for this service: reply with at most {max} bytes";
    Self::NoRoom =>
        "there is no room for the reply, because the client has not received others: reply with \
         less, or create the service with a larger reply_arena";
    Self::Full =>
        "the reply was dropped, because the client leaves no room: go on with the next request";
    Self::Gone => "the client has gone: go on with the next request";
    Self::Lane(error) => "{error}";
    #[cfg(not(ringway_loom))]
    Self::Box(error) => "{error}";
    Self::Taken =>
        "the request had been taken away from this server, and the reply may be the second one: go \
         on with the next request";
} same_source {
    Self::Lane(error) => &**error;
    #[cfg(not(ringway_loom))]
    Self::Box(error) => &**error;
});

impl From<RecvError> for ServeError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lane(fault) => Self::Lane(fault),
            RecvError::Liveness(error) => Self::Liveness(error),
            RecvError::Forked => Self::Forked,
            RecvError::Interrupted => Self::Interrupted,
            // A server's buffer has room for every request.
            RecvError::Closed | RecvError::BufferTooSmall { .. } => Self::Closed,
        }
    }
}

impl From<RecvTimeoutError> for ServeTimeoutError {
    fn from(error: RecvTimeoutError) -> Self {
        match error {
            RecvTimeoutError::Timeout => Self::Timeout,
            RecvTimeoutError::Recv(error) => Self::Serve(error.into()),
        }
    }
}

impl From<TryRecvError> for TryServeError {
    fn from(error: TryRecvError) -> Self {
        match error {
            TryRecvError::Empty => Self::Empty,
            TryRecvError::Lane(fault) => Self::Lane(fault),
            TryRecvError::Liveness(error) => Self::Liveness(error),
            TryRecvError::Forked => Self::Forked,
            TryRecvError::Closed | TryRecvError::BufferTooSmall { .. } => Self::Closed,
        }
    }
}
