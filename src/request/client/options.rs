//! What a client says of a call, and by what it knows it.

use crate::position::Position;
use ringway_shm::wait::Deadline;

/// How a request is to be handled: until when, and whether it may be run again.
///
/// ```
/// use ringway::request::{Call, Options};
/// use std::time::Duration;
///
/// let service = Options::<u64, u64>::new(8).heap()?;
/// let mut client = service.client()?;
/// let call = Call::new().retry(true).timeout(Duration::from_millis(5));
/// assert!(client.call_with(&7, call).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it says how a request is to be handled, to the call that sends one"]
pub struct Call {
    pub(super) until: Deadline,
    pub(super) retry: bool,
}

impl Call {
    /// A request that waits for its reply for as long as it takes, and is run once.
    pub const fn new() -> Call {
        Call { until: Deadline::Never, retry: false }
    }

    /// How long the call may take: a `Duration` from now on, or the `Instant` until which to wait.
    /// Servers are told: they do not run a request whose time is over, and see how much is left
    /// ([`Request::deadline`](crate::request::Request::deadline)).
    #[cfg(feature = "std")]
    pub fn timeout(mut self, timeout: impl Into<Deadline>) -> Call {
        self.until = timeout.into();
        self
    }

    /// Whether the request may be run again after a server has died with it, or has given it back.
    /// Then it goes to the next server, marked
    /// ([`Request::redelivered`](crate::request::Request::redelivered)), as often as that happens.
    /// By default it may not, and the call fails.
    pub const fn retry(mut self, yes: bool) -> Call {
        self.retry = yes;
        self
    }
}

impl Default for Call {
    fn default() -> Call {
        Call::new()
    }
}

/// A call that was [sent](crate::request::Client::send). It is good for the client that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    pub(crate) position: Position,
}

impl Ticket {
    /// The request's position in its client's lane.
    pub fn position(self) -> Position {
        self.position
    }
}
