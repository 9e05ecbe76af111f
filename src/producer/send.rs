//! Sending one message, and what all that send have in common.

use super::Producer;
use super::failed::Failed;
use super::need::Need;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::memory::layout::ARENAS;
use crate::memory::{Slot, Span};
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::wake;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::{Deadline, Wait};

/// How far ahead of itself a producer that sends messages one by one asks for slots to be brought
/// to its cache. Each message ends with a store to the handle, which keeps the place, and
/// processors that commit stores in order do not fetch the next slot's line before that
/// (docs/bench/method.md has the figures). The slots in between may still be read by a subscriber
/// that lags by almost a whole ring: it fetches such a line once more.
const SLOTS_AHEAD: usize = 12;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Sends a message if there is room for it. Does not block.
    ///
    /// When it returns `Ok`, the message reaches every subscriber that has joined.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TrySendError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.try_send(&1).unwrap();
    /// producer.try_send(&2).unwrap();
    /// assert_eq!(producer.try_send(&3), Err(TrySendError::Full));
    /// assert_eq!(subscriber.try_recv(), Ok(1));
    /// producer.try_send(&3).unwrap();
    /// ```
    #[inline]
    pub fn try_send(&mut self, message: &T) -> Result<(), TrySendError> {
        let bytes = message.bytes();
        if !self.goes_at_once(bytes.len()) {
            return self.try_send_slowly(bytes);
        }
        if !T::VARIABLE && !self.has_room()? {
            return Err(TrySendError::Full);
        }
        // SAFETY: the length was checked, and there is credit.
        unsafe { self.publish(bytes) };
        self.wake();
        Ok(())
    }

    /// Sends a message, waiting for room as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 100).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"three").unwrap();
    /// assert!(producer.send(&[0; 101]).is_err());
    /// ```
    #[inline]
    pub fn send(&mut self, message: &T) -> Result<(), SendError> {
        // Written out here and in `send_timeout`: in a function that both call, the compiler makes
        // seven instructions more of messages with lengths of their own.
        let bytes = message.bytes();
        if !self.goes_at_once(bytes.len()) {
            return self.send_slowly(bytes, || Deadline::Never, || None);
        }
        if !T::VARIABLE {
            self.wait_for_room(|| Deadline::Never)?;
        }
        // SAFETY: the length was checked, and there is credit.
        unsafe { self.publish(bytes) };
        self.wake();
        Ok(())
    }

    /// Sends a message, waiting for room for at most `timeout`: a duration, or the instant until
    /// which to wait ([`Deadline`]). While there is room no clock is looked at.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendTimeoutError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(1).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let timeout = Duration::from_millis(5);
    /// assert_eq!(producer.send_timeout(&1, timeout), Ok(()));
    /// assert_eq!(producer.send_timeout(&2, timeout), Err(SendTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn send_timeout(
        &mut self,
        message: &T,
        timeout: impl Into<Deadline>,
    ) -> Result<(), SendTimeoutError> {
        let bytes = message.bytes();
        if !self.goes_at_once(bytes.len()) {
            let late = || Some(SendTimeoutError::Timeout);
            return self.send_slowly(bytes, || timeout.into(), late);
        }
        if !T::VARIABLE {
            in_time(self.wait_for_room(|| timeout.into()))?;
        }
        // SAFETY: the length was checked, and there is credit.
        unsafe { self.publish(bytes) };
        self.wake();
        Ok(())
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Whether a message of such a length lies in its slot.
    #[inline(always)]
    pub(super) fn fits_slot(&self, len: usize) -> bool {
        let measures = self.storage.measures();
        if T::UNTYPED && !measures.variable() {
            return len == measures.max_len;
        }
        !T::VARIABLE || len <= measures.max_len
    }

    /// Whether a message of such a length, which the ring has, lies in the arena.
    #[inline(always)]
    pub(super) fn spills(&self, len: usize) -> bool {
        ARENAS && !self.fits_slot(len)
    }

    /// Whether a message of such a length fits its slot, and may be published. Always, where all
    /// have one length: there the room is looked for, or waited for, in one step later.
    #[inline(always)]
    pub(super) fn goes_at_once(&mut self, len: usize) -> bool {
        !T::VARIABLE || (self.fits_slot(len) && self.credit.check(&self.storage))
    }

    /// Whether the next message may be published, if it fits its slot.
    #[inline(always)]
    pub(super) fn has_room(&mut self) -> Result<bool, Failed> {
        if self.credit.check(&self.storage) { Ok(true) } else { self.clear_the_way(Need::MESSAGE) }
    }

    /// Waits until the next message may be published, if it fits its slot; `false` if there is no
    /// time left.
    #[inline(always)]
    pub(super) fn wait_for_room(
        &mut self,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<bool, Failed> {
        if self.credit.check(&self.storage) {
            return Ok(true);
        }
        self.wait_for_credit(Need::MESSAGE, deadline())
    }

    /// Writes the next message, and lets all consumers see it. Wakes none.
    ///
    /// # Safety
    ///
    /// There is credit, and `bytes` fits a slot.
    #[inline(always)]
    pub(super) unsafe fn publish(&mut self, bytes: &[u8]) {
        let next = self.credit.next;
        // SAFETY: there is credit, and the bytes fit a slot, by this function's contract.
        unsafe { self.publish_at(next, bytes) };
        self.credit.next = next.plus(1);
        self.storage.slot(next.plus(SLOTS_AHEAD)).expect_write();
    }

    /// Writes the message at a position, every one before it having been written.
    ///
    /// # Safety
    ///
    /// There is credit for the position, and `bytes` fits a slot.
    #[inline(always)]
    pub(super) unsafe fn publish_at(&self, position: Pos, bytes: &[u8]) {
        let slot = self.begin(position);
        if self.storage.measures().has_lengths::<T>() {
            slot.set_span(Span::in_slot(bytes.len()));
        }
        // SAFETY: a ring of messages `T`, and the bytes fit a slot, by this function's contract.
        unsafe { slot.payload::<T>(bytes.len()) }.fill(bytes);
        // SYNC published: a consumer that sees the state sees the message, in `Reader::ready` and
        // the others of its row.
        slot.state().store(position.published(), Ordering::Release);
    }

    /// Marks the slot of a position, for which there is credit, as being written.
    #[inline(always)]
    pub(super) fn begin(&self, position: Pos) -> Slot<'_> {
        let slot = self.storage.slot(position);
        slot.state().store(position.writing(), Ordering::Relaxed);
        // SYNC mark: before any of the payload changes, the slot says so. An observer that copies a
        // word stored after this finds that mark, or a later one, at its second look, in
        // `look_again`.
        fence(Ordering::Release);
        slot.ghost().write();
        slot
    }

    /// Wakes the consumers that sleep, for what was just published.
    #[inline(always)]
    pub(super) fn wake(&mut self) {
        wake::wake_consumers(&self.storage, self.fences);
        self.wait.notify();
    }
}

/// What a call tells that waits for a limited time: `false` is that the time was over.
#[cfg(feature = "std")]
pub(super) fn in_time<E: Into<SendTimeoutError>>(
    outcome: Result<bool, E>,
) -> Result<(), SendTimeoutError> {
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(SendTimeoutError::Timeout),
        Err(error) => Err(error.into()),
    }
}
