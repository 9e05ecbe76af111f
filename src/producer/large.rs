//! Sending bytes that are longer than a slot, or for which there is no room at a first look.
//!
//! Apart and out of line, so that all others have nothing of it in their way.

use super::Producer;
use super::failed::{Failed, Stopped};
use super::need::Need;
use crate::error::{SendError, TrySendError};
use crate::memory::Span;
use crate::message::Message;
use ringway_shm::sync::{Ordering, RaceCell};
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// What the next message needs, if it has that length, which the ring has.
    pub(super) fn need(&self, len: usize) -> Need {
        let granules = if self.spills(len) { self.arena.taken(&self.storage, [len]) } else { 0 };
        Need { messages: 1, granules }
    }

    /// Whether the ring has messages of such a length.
    pub(crate) fn check_len(&self, len: usize) -> Result<(), SendError> {
        let max = self.max_len();
        if T::UNTYPED && !self.storage.measures().variable() && len != max {
            return Err(SendError::WrongLength { len, expected: max });
        }
        if len > max { Err(SendError::TooLarge { len, max }) } else { Ok(()) }
    }

    /// Whether the next message may be published, if it has such a length, which the ring has.
    pub(crate) fn has_place(&mut self, len: usize) -> Result<bool, Failed> {
        let need = self.need(len);
        self.has_room_of(need)
    }

    /// Whether there is such room.
    pub(super) fn has_room_of(&mut self, need: Need) -> Result<bool, Failed> {
        if self.has_room_for(need, |_, _| false) { Ok(true) } else { self.clear_the_way(need) }
    }

    /// Waits until it may; `false` if there is no time left.
    pub(crate) fn wait_for_place(
        &mut self,
        len: usize,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<bool, Stopped> {
        let need = self.need(len);
        self.wait_for_room_of(need, deadline)
    }

    /// Waits until there is such room; `false` if there is no time left.
    pub(super) fn wait_for_room_of(
        &mut self,
        need: Need,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<bool, Stopped> {
        if self.has_room_for(need, |_, _| false) {
            return Ok(true);
        }
        self.wait_for_credit(need, deadline())
    }

    /// The same after a first look, which says nothing of a message that does not fit its slot.
    fn wait_longer(&mut self, len: usize, limit: Deadline) -> Result<bool, Stopped> {
        if self.spills(len) {
            self.wait_for_place(len, || limit)
        } else {
            self.wait_for_credit(Need::MESSAGE, limit)
        }
    }

    /// A message that does not fit a slot, or for which there was no room at a first look, if there
    /// is now.
    #[cold]
    #[inline(never)]
    pub(crate) fn try_send_slowly(&mut self, bytes: &[u8]) -> Result<(), TrySendError> {
        self.check_len(bytes.len())?;
        let len = bytes.len();
        // Where it fits its slot, there was that first look already.
        if !(if self.spills(len) {
            self.has_place(len)
        } else {
            self.clear_the_way(Need::MESSAGE)
        })? {
            return Err(TrySendError::Full);
        }
        self.publish_anywhere(bytes);
        Ok(())
    }

    /// The same, waiting for room. `late` gives the error if there is no time left; `None`: there
    /// is always some.
    #[cold]
    #[inline(never)]
    pub(crate) fn send_slowly<E: From<SendError> + From<Stopped>>(
        &mut self,
        bytes: &[u8],
        deadline: impl FnOnce() -> Deadline,
        late: impl FnOnce() -> Option<E>,
    ) -> Result<(), E> {
        self.check_len(bytes.len())?;
        if !self.wait_longer(bytes.len(), deadline())? {
            if let Some(late) = late() {
                return Err(late);
            }
        }
        self.publish_anywhere(bytes);
        Ok(())
    }

    /// Publishes a message and wakes no consumer, if there is room for it now, and the ring has
    /// such messages.
    pub(crate) fn try_place(&mut self, bytes: &[u8]) -> bool {
        let has_place =
            self.check_len(bytes.len()).is_ok() && self.has_place(bytes.len()).unwrap_or(false);
        if has_place {
            self.place(bytes);
        }
        has_place
    }

    /// Publishes a message, for which there is room, and wakes the consumers that wait for it.
    fn publish_anywhere(&mut self, bytes: &[u8]) {
        self.place(bytes);
        self.wake();
    }

    /// Publishes a message, for which there is room.
    pub(crate) fn place(&mut self, bytes: &[u8]) {
        let span = self.begin_message(bytes.len());
        let next = self.credit.next();
        let slot = self.storage.slot(next);
        if self.storage.measures().has_lengths::<T>() {
            slot.set_span(span);
        }
        // SAFETY: a ring of messages `T`, and the place was just made for this one.
        unsafe { slot.payload_at::<T>(span) }.fill(bytes);
        // SYNC published: a consumer that sees the state sees the message, in `Reader::ready` and
        // the others of its row.
        slot.state().store(next.published(), Ordering::Release);
        self.credit.go_to(next.plus(1));
        self.arena.publish(span);
    }

    /// Begins the next message, for which there is room: of `len` bytes, in its slot or in the
    /// arena. What was in its way there loses its place: A1 to A4 of
    /// [`arena`](crate::producer::arena).
    pub(crate) fn begin_message(&mut self, len: usize) -> Span {
        let next = self.credit.next();
        if !self.spills(len) {
            self.begin(next);
            return Span::in_slot(len);
        }
        let taken = self.arena.taken(&self.storage, [len]);
        if let Some(end) = self.arena.in_the_way(&self.storage, next, taken) {
            self.credit.publish_head(&self.storage);
            self.arena.clear(&self.storage, end);
        }
        // Its fence comes after the marks, too, and before the arena's bytes.
        self.begin(next);
        // There is always one for a message that the ring has.
        let span = self.arena.place(&self.storage, len).unwrap_or(Span::in_slot(0));
        self.storage.spilled_ghosts(span).for_each(RaceCell::write);
        span
    }
}
