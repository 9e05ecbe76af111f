//! What a producer needs room for.

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
