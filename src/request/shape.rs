//! What a service's creator chose, as all its processes have it.

use super::header::HEADER;
use crate::error::ConfigError;
use crate::mailbox;
use crate::memory::geometry::Schema;

/// Reply lanes in a box for each server that there can be: servers die, and others come, before the
/// client has received what the dead have sent.
const LANES_FOR_SERVER: usize = 4;
/// And so many more.
const MORE_LANES: usize = 4;

/// Messages of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) schema: Schema,
    /// Bytes of each lane's arena.
    pub(crate) arena: usize,
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServiceShape {
    /// Calls that a client can have outstanding: a power of two.
    pub(crate) window: usize,
    pub(crate) request: Body,
    pub(crate) reply: Body,
    pub(crate) clients: usize,
    pub(crate) servers: usize,
    pub(crate) tag: u64,
    pub(crate) asymmetric: bool,
}

impl ServiceShape {
    /// The mailbox of requests.
    pub(crate) fn requests(&self) -> mailbox::Options<[u8]> {
        self.options(self.window, self.request).receivers(self.servers).senders(self.clients)
    }

    /// The reply box of a client.
    pub(crate) fn replies(&self) -> mailbox::Options<[u8]> {
        let lanes = self.servers.saturating_mul(LANES_FOR_SERVER).saturating_add(MORE_LANES);
        self.options(self.window.saturating_mul(2), self.reply).senders(lanes)
    }

    fn options(&self, capacity: usize, body: Body) -> mailbox::Options<[u8]> {
        let len = body.schema.max_len.saturating_add(HEADER);
        let options = mailbox::Options::bytes(capacity, len);
        let options = if body.arena > 0 { options.arena(body.arena) } else { options };
        options.tag(self.tag).asymmetric_fences(self.asymmetric)
    }

    /// Whether there can be such a service.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.requests().check()?;
        self.replies().check()
    }
}
