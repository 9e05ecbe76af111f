//! Sending one message, and what all that send have in common.

use super::Producer;
use super::failed::{Failed, Stopped};
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
        if self.goes_in_lane(bytes.len()) {
            self.send_in_lane(bytes);
            return Ok(());
        }
        self.try_send_anyhow(bytes)
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
        let bytes = message.bytes();
        if self.goes_in_lane(bytes.len()) {
            self.send_in_lane(bytes);
            return Ok(());
        }
        self.send_anyhow(bytes)
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
        if self.goes_in_lane(bytes.len()) {
            self.send_in_lane(bytes);
            return Ok(());
        }
        if !self.goes_at_once(bytes.len()) {
            let late = || Some(SendTimeoutError::Timeout);
            return self.send_slowly(bytes, || timeout.into(), late);
        }
        if !T::VARIABLE {
            in_time(self.wait_for_room(|| timeout.into()))?;
        }
        self.send_here(bytes);
        Ok(())
    }
}

/// What is not done for most messages is out of line, so that what is done for each is all that a
/// caller has in its loop. Not so on a microcontroller, where there are no lanes, and flash counts.
impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Whether the next message, of such a length, may be published in its slot, as was made sure
    /// of before.
    #[inline(always)]
    fn goes_in_lane(&self, len: usize) -> bool {
        self.credit.is_in_lane() && self.fits_slot(len)
    }

    /// Sends a message that [may go](Self::goes_in_lane).
    #[inline(always)]
    fn send_in_lane(&mut self, bytes: &[u8]) {
        // SAFETY: the caller has found the next message to be in the lane.
        let slot = unsafe { self.credit.slot_in_lane(&self.storage) };
        // SAFETY: the caller has found that there is credit, and that the bytes fit a slot.
        unsafe { self.publish_in(slot, self.credit.next(), bytes) };
        self.credit.step();
        // The lane is open.
        self.wake_in_lane();
    }

    /// `try_send`, in general.
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(always))]
    fn try_send_anyhow(&mut self, bytes: &[u8]) -> Result<(), TrySendError> {
        if !self.goes_at_once(bytes.len()) {
            return self.try_send_slowly(bytes);
        }
        if !T::VARIABLE && !self.has_room()? {
            return Err(TrySendError::Full);
        }
        self.send_here(bytes);
        Ok(())
    }

    /// `send`, in general.
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(always))]
    fn send_anyhow(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        if !self.goes_at_once(bytes.len()) {
            return self.send_slowly(bytes, || Deadline::Never, || None);
        }
        if !T::VARIABLE {
            self.wait_for_room(|| Deadline::Never)?;
        }
        self.send_here(bytes);
        Ok(())
    }

    /// Sends a message, for which there is credit, and which fits its slot; and makes sure of those
    /// that follow.
    #[inline(always)]
    fn send_here(&mut self, bytes: &[u8]) {
        // SAFETY: the caller has found that there is credit, and that the bytes fit a slot.
        unsafe { self.publish(bytes) };
        if self.fences.light_is_free() && self.storage.flags().is_some() {
            self.credit.open_lane(&self.storage, SLOTS_AHEAD);
        }
        self.wake();
    }

    /// [`wake`](Self::wake) after a message that was published in the lane. `send_here` opens it
    /// only where there are flags, and where the light fence is free.
    #[inline(always)]
    fn wake_in_lane(&mut self) {
        let flags = self.storage.flags();
        debug_assert!(flags.is_some());
        // SAFETY: the lane was opened where there are flags, of the same storage.
        let flags = unsafe { flags.unwrap_unchecked() };
        let view = &self.storage;
        wake::wake_consumers_by(flags, view, self.fences.known_to_be_free());
        self.wait.notify();
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
    ) -> Result<bool, Stopped> {
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
        let next = self.credit.next();
        let slot = self.storage.slot(next);
        // SAFETY: there is credit, and the bytes fit a slot, by this function's contract.
        unsafe { self.publish_in(slot, next, bytes) };
        self.credit.go_to(next.plus(1));
        slot.expect_write_ahead(SLOTS_AHEAD);
    }

    /// Writes the message at a position, whose slot that is, every one before it having been
    /// written.
    ///
    /// # Safety
    ///
    /// There is credit for the position, and `bytes` fits a slot.
    #[inline(always)]
    pub(super) unsafe fn publish_in(&self, slot: Slot<'_>, position: Pos, bytes: &[u8]) {
        Self::mark(slot, position);
        // SAFETY: there is credit, and the bytes fit a slot, by this function's contract.
        unsafe { self.publish_marked(slot, position, bytes) };
    }

    /// The same for a slot that is marked, or that no consumer looks at before it is published.
    ///
    /// # Safety
    ///
    /// As for [`publish_in`](Self::publish_in).
    #[inline(always)]
    pub(super) unsafe fn publish_marked(&self, slot: Slot<'_>, position: Pos, bytes: &[u8]) {
        slot.ghost().write();
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
        Self::mark(slot, position);
        slot.ghost().write();
        slot
    }

    #[inline(always)]
    fn mark(slot: Slot<'_>, position: Pos) {
        slot.state().store(position.writing(), Ordering::Relaxed);
        // SYNC mark: before any of the payload changes, the slot says so. An observer that copies a
        // word stored after this finds that mark, or a later one, at its second look, in
        // `look_again`.
        fence(Ordering::Release);
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
