//! Taking a copy and letting go of the message in two calls, with no guard between them.
//!
//! For what has many subscribers, and a guard of its own that says which of them a message is from.
//! Until a message is let go of, it stays the next one, and the gate says so.

use super::Subscriber;
use super::handle::sealed::Sealed;
use super::subscriber::Subscribing;
use super::take::{HOLDING, WAITING};
use crate::error::TryRecvError;
use crate::memory::Storage;
use crate::message::{Message, Plain};
use crate::position::{Look, Pos};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// A copy of the next message's bytes, if it is there. Does not ask for the producer.
    #[inline(always)]
    pub(crate) fn copy_next_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, TryRecvError> {
        self.take_bytes::<WAITING, HOLDING>(buffer)
    }

    /// Lets go of so many messages that were copied.
    #[inline(always)]
    pub(crate) fn let_go_of(&mut self, messages: usize) {
        if messages == 1 && self.reader.knows_next() && !self.reader.is_followed() {
            // What is known of those behind it stays known.
            self.reader.step::<false>(self.reader.next().plus(1));
            Subscribing::release::<_, _, false>(self);
        } else if messages > 0 {
            self.advance(messages);
        }
    }

    /// The position of the next message.
    #[inline(always)]
    pub(crate) fn place(&self) -> Pos {
        self.reader.next()
    }

    /// Whether the next call finds something: a message, or that the ring is closed. Asks no
    /// kernel.
    pub(crate) fn has_something(&self) -> bool {
        self.reader.look() != Look::NotYet || self.reader.is_closed()
    }

    /// The number of its entry.
    pub(crate) fn entry_number(&self) -> usize {
        self.kind.entry()
    }

    /// The ring's memory.
    pub(crate) fn memory(&self) -> &Storage {
        &self.reader.storage
    }
}

impl<T: Plain, W: Wait> Subscriber<T, W> {
    /// A copy of the next message, if it is there.
    #[inline(always)]
    pub(crate) fn copy_next(&mut self) -> Result<T, TryRecvError> {
        self.take::<WAITING, HOLDING>()
    }

    /// Copies of the messages that are there, as many as the buffer has room for.
    pub(crate) fn copy_batch(&mut self, buffer: &mut [T]) -> Result<usize, TryRecvError> {
        self.take_batch::<WAITING, HOLDING>(buffer)
    }
}
