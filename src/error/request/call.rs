//! Why a call has no reply.

use core::fmt;

use super::super::said::error;
use crate::error::LivenessError;
use crate::position::Position;
use crate::request::Ticket;

/// Why a call has no reply, or no request was sent.
///
/// Where a variant has a position, it is that of a request that was sent, and its call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The time that the call was given is over. A reply that still comes is dropped. `position`:
    /// that of the request; `None`: it was not even sent, because there was no room in the lane.
    Timeout {
        /// The request's position.
        position: Option<Position>,
    },
    /// A server died with the request, or gave it back, and the call did not say that it may be
    /// [run again](crate::request::Call::retry). It may have been run, in part or in whole.
    ServerDied {
        /// The request's position.
        position: Position,
    },
    /// The server [declined](crate::request::Request::decline) the request.
    Declined {
        /// The request's position.
        position: Position,
    },
    /// The server's program dropped the request without a reply, by a panic, say.
    Unanswered {
        /// The request's position.
        position: Position,
    },
    /// The server had a reply, and there was no room for it: too much of the
    /// [room for long replies](crate::request::Options::reply_arena) was taken by replies that the
    /// client has not received.
    NoRoom {
        /// The request's position.
        position: Position,
    },
    /// A server is done with the request, and its reply did not arrive: it could not reach this
    /// client's reply box.
    Lost {
        /// The request's position.
        position: Position,
    },
    /// What came is no reply to a request of this type. The server is another program than this one
    /// takes it for, or does not follow the protocol.
    Malformed {
        /// The request's position.
        position: Position,
    },
    /// As many calls are outstanding as the service was created for, or one is that was sent as
    /// many requests ago as the lane holds. Nothing was sent: receive a reply first.
    Full {
        /// How many that is.
        window: usize,
    },
    /// The request is longer than requests of this service can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest.
        max: usize,
    },
    /// The reply is longer than the buffer. It is kept: wait for the ticket again, with a buffer of
    /// `needed` bytes.
    BufferTooSmall {
        /// The call.
        ticket: Ticket,
        /// The reply's length in bytes.
        needed: usize,
    },
    /// There is no reply yet. Only from calls that do not block.
    Pending,
    /// No call is outstanding, or not that of the ticket: it has ended.
    NotOutstanding,
    /// The wait was interrupted by the [`Interrupt`](crate::wait::Interrupt) that the client has.
    /// [`call`](crate::request::Client::call) has given the call up; a call that was
    /// [sent](crate::request::Client::send) is still outstanding.
    Interrupted,
    /// The service was removed, and no reply can come.
    Closed,
    /// The kernel did not say whether the server lives, or refused what sending takes. A call that
    /// was sent is still outstanding, but for [`call`](crate::request::Client::call).
    Liveness(LivenessError),
    /// The client was made by the process that forked this one.
    Forked,
}

error!(CallError {
    Self::Timeout { position: Some(position) } =>
        "no reply to request {position} came in time: call again, or allow more time";
    Self::Timeout { position: None } =>
        "the request could not be sent in time, because earlier ones wait for a server: start one, \
         or allow more time";
    Self::ServerDied { position } =>
        "a server died with request {position}, which may have been run: call again if it may be \
         run twice, or allow that by Call::retry";
    Self::Declined { position } => "the server declined request {position}";
    Self::Unanswered { position } =>
        "the server let go of request {position} without a reply: see what it reports";
    Self::NoRoom { position } =>
        "there was no room for the reply to request {position}: receive replies sooner, or create \
         the service with a larger reply_arena";
    Self::Lost { position } =>
        "the reply to request {position} did not arrive, because the server could not reach this \
         client: see what it reports";
    Self::Malformed { position } =>
        "what came is no reply to request {position}: the server does not follow the protocol";
    Self::Full { window } =>
        "{window} calls are outstanding, or one that is was sent a whole lane ago: receive a reply \
         first";
    Self::TooLarge { len, max } =>
        "a request of {len} bytes is too long for this service: send at most {max} bytes";
    Self::BufferTooSmall { needed, .. } =>
        "the reply is longer than the buffer: wait for the ticket with a buffer of {needed} bytes";
    Self::Pending => "there is no reply yet: try again later, or wait by a call that blocks";
    Self::NotOutstanding => "no such call is outstanding: send a request first";
    Self::Interrupted =>
        "the wait was interrupted, and there is no reply: clear the interrupt to wait again";
    Self::Closed => "the service was removed: open or create it again";
    Self::Liveness(_) => "there is no reply, and the kernel did not say whether the server lives";
    Self::Forked =>
        "the client was made by the process that forked this one: make another one here";
} source {
    Self::Liveness(error) => error;
});
