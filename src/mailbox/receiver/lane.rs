//! A lane, as a receiver has it.

use super::taker::Taker;
use crate::error::LivenessError;
use crate::mailbox::door::{Door, Removal};
use crate::mailbox::sender_id::SenderId;
use crate::message::Message;

/// A lane.
#[derive(Debug)]
pub(crate) struct Lane<T: Message + ?Sized> {
    pub(crate) taker: Taker<T>,
    pub(crate) id: SenderId,
    /// Which of all lanes of its name it is.
    pub(crate) number: u64,
    /// It was found at its end, and is still there: it is another user's, say. It is looked at as
    /// before, and not removed before lanes have come or gone.
    pub(crate) has_ended: bool,
}

impl<T: Message + ?Sized> Lane<T> {
    /// Whether there is something to do for a receiver that is about to sleep.
    pub(crate) fn is_ready(&mut self) -> bool {
        if self.has_ended { self.taker.has_message() } else { self.taker.has_something() }
    }

    /// Whether the sender is gone, and nothing is left. Asks the kernel.
    pub(crate) fn is_orphaned(&mut self) -> Result<bool, LivenessError> {
        let memory = self.taker.memory();
        if self.has_ended || !memory.can_die() || memory.producer_is_alive()? {
            return Ok(false);
        }
        // What the dead had sent until then is not left behind.
        Ok(self.taker.is_drained())
    }

    /// Removes the lane, whose sender seems to be gone. If it stays, it has a sender again, or may not
    /// be removed.
    pub(crate) fn remove(&mut self, door: &Door) -> Removal {
        let Lane { taker, id, number, has_ended } = self;
        let removal = door.remove(id.lane(), *number, || taker.is_drained());
        *has_ended = !matches!(removal, Removal::Removed | Removal::Gone);
        removal
    }
}
