//! What a producer needs room for.

use super::Producer;
use crate::message::Message;
use ringway_shm::wait::Wait;

/// Room for the next messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// Messages, one after the other; one at least.
    pub(super) messages: usize,
    /// Granules of the arena that they take, from its cursor on; 0: they fit their slots.
    pub(super) granules: usize,
}

impl Need {
    /// One message, which fits its slot.
    pub(super) const MESSAGE: Need = Need::messages(1);

    /// So many messages that fit their slots.
    pub(super) const fn messages(messages: usize) -> Need {
        Need { messages, granules: 0 }
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// What the next message needs, if it has that length, which the ring has.
    pub(super) fn need(&self, len: usize) -> Need {
        let granules = if self.spills(len) { self.arena.taken(&self.storage, [len]) } else { 0 };
        Need { messages: 1, granules }
    }
}
