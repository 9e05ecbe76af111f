//! Messages that are read where they lie.
//!
//! A subscriber's gate keeps its next message where it is. So a reference to it is as good as one
//! to any other memory, if two things hold. All others that may write that memory follow the
//! protocol: in one process they do, and elsewhere the program has to promise it. And the
//! subscriber is not evicted meanwhile: where a ring evicts, it pins the message first.
//!
//! ```text
//! subscriber                              producer, at its limit
//! S1  pinned = 1                          P1  evicted = generation
//! S2  fence(SeqCst)                       P2  fence(SeqCst)
//! S3  look at evicted: not us             P3  look at pinned: 1? then its gate counts
//! S4  read in place
//! S5  pinned = 0 (Release)
//! ```
//!
//! By the two fences at least one sees the other: a subscriber that reads in place had not been
//! evicted at S3, so that every eviction after that sees the pin, and later scans see it for as
//! long as it stands. A subscriber that pins again, having been evicted over an earlier pin, sees
//! that it was: else P3 had seen the later pin.

use super::Subscriber;
use super::take::{POLLING, WAITING};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::memory::Span;
use crate::message::Message;
use crate::position::Position;
use crate::protocol::entry;
use crate::protocol::wake;
use core::fmt;
#[cfg(not(ringway_loom))]
use core::ops::Deref;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::{AdaptiveSpin, Deadline, Wait};

/// The next message of a subscriber, where it lies. Dropped, it is released, and the producer may
/// reuse its place; [`keep`](Self::keep) it, and it comes again. Leaked, it comes again as well,
/// and nothing else happens, but on a ring that evicts: there it holds the producer back, until the
/// subscriber reads the next message in place, is told that it was evicted, or is dropped.
///
/// While it lives the message does not change: see [`recv_ref`](Subscriber::recv_ref).
pub struct Ref<'a, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    subscriber: &'a mut Subscriber<T, W>,
    span: Span,
    release: bool,
}

impl<T: Message + Sync + ?Sized, W: Wait> Subscriber<T, W> {
    /// The same subscriber, which may read messages in place. Needed where the ring is not this
    /// process's own: in files and in memory of the caller's.
    ///
    /// # Safety
    ///
    /// For as long as this subscriber lives, all processes that may write the ring's memory follow
    /// its protocol: the producer and its successors, and those that may write the control segment,
    /// are programs that use this library or one that does the same. Else a message could change
    /// while there is a reference to it.
    #[must_use = "the handle that may read in place is what this returns"]
    pub unsafe fn assume_protocol(mut self) -> Self {
        self.reader.trusts = true;
        self
    }

    /// Receives the next message where it lies, if it is there. Does not block.
    ///
    /// The reference is to the ring's memory; nothing is copied. The message stays until the
    /// returned [`Ref`] is dropped, and the producer waits for that if it has come round to it.
    /// That is so also on rings that evict: a subscriber that is evicted meanwhile finishes this
    /// message, and is told when it next reads in place, or comes to what was overwritten.
    ///
    /// [`NotInPlace`](TryRecvError::NotInPlace): others may write the memory, and the program has
    /// not [promised](Self::assume_protocol) that they follow the protocol; or the ring evicts, and
    /// was created without [`hold_in_place`](crate::Options::hold_in_place).
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) = Options::<[u8]>::bytes(4, 100).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(subscriber.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    /// producer.send(b"a message").unwrap();
    /// let message = subscriber.try_recv_ref().unwrap();
    /// assert_eq!((&*message, message.position()), (&b"a message"[..], 0));
    /// ```
    #[inline]
    pub fn try_recv_ref(&mut self) -> Result<Ref<'_, T, W>, TryRecvError> {
        let span = self.find_in_place::<POLLING>()?;
        Ok(self.given_in_place(span))
    }

    /// The same, waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<[u64; 512]>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&[7; 512]).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(subscriber.recv_ref().unwrap()[511], 7);
    /// assert_eq!(subscriber.recv_ref().unwrap_err(), RecvError::Closed);
    /// ```
    #[inline]
    pub fn recv_ref(&mut self) -> Result<Ref<'_, T, W>, RecvError> {
        let attempt = Self::find_in_place::<WAITING>;
        let span = attempt(self)
            .or_else(|error| self.take_later::<_, RecvError>(error, Deadline::Never, attempt))?;
        Ok(self.given_in_place(span))
    }

    /// The same, waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_ref_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Ref<'_, T, W>, RecvTimeoutError> {
        let attempt = Self::find_in_place::<WAITING>;
        let span = attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), attempt)
        })?;
        Ok(self.given_in_place(span))
    }

    /// Looks at the next message where it lies, if it is there, without receiving it: it comes
    /// again. Else as [`try_recv_ref`](Self::try_recv_ref).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&7).unwrap();
    /// assert_eq!(*subscriber.peek().unwrap(), 7);
    /// assert_eq!(subscriber.recv(), Ok(7));
    /// ```
    pub fn peek(&mut self) -> Result<Ref<'_, T, W>, TryRecvError> {
        let span = self.find_in_place::<POLLING>()?;
        Ok(Ref { subscriber: self, span, release: false })
    }

    /// The next message, which was found to lie there.
    #[inline(always)]
    fn given_in_place(&mut self, span: Span) -> Ref<'_, T, W> {
        self.gives_in_place(1);
        Ref { subscriber: self, span, release: true }
    }

    /// Where the next message lies, which stays there from here on, and all behind it.
    #[inline]
    pub(super) fn find_in_place<const ASKS: bool>(&mut self) -> Result<Span, TryRecvError> {
        if !self.reader.reads_in_place::<T>() {
            return Err(TryRecvError::NotInPlace);
        }
        self.find_next::<ASKS, true>()?;
        self.pin()?;
        let slot = self.reader.storage.slot(self.reader.next());
        self.reader.span_of::<T>(slot).ok_or_else(|| {
            self.finish_in_place(0);
            TryRecvError::Corrupt
        })
    }

    /// Keeps the next message, which is there, where it is, also if this subscriber is evicted from
    /// here on. The error if it has been.
    #[inline]
    fn pin(&mut self) -> Result<(), TryRecvError> {
        if !self.reader.can_be_evicted() {
            return Ok(());
        }
        if let Some(entry) = self.reader.storage.entry(self.kind.entry()) {
            entry.pinned.store(1, Ordering::Relaxed);
        }
        // SYNC pin: either this subscriber sees that it was evicted, and reads nothing in place, or
        // the producer sees the pin after its fence in `credit::note_evicted`.
        fence(Ordering::SeqCst);
        // It also unpins, and wakes the producer, which may have seen the pin.
        self.excluded().map_or(Ok(()), Err)
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// Ends what `find_in_place` began, and releases so many messages.
    #[inline(always)]
    pub(super) fn finish_in_place(&mut self, messages: usize) {
        if !self.reader.storage.is_here() {
            return;
        }
        self.unpin();
        if messages > 0 {
            self.reader.go_to(self.reader.next().plus(messages));
            self.release();
        } else if self.reader.can_be_evicted() {
            // The producer may have waited for the pin.
            wake::wake_producer(&self.reader.storage, self.reader.fences);
            self.reader.wait.notify();
        }
    }

    /// Unpins what an evicted subscriber had pinned: nothing refers to it now, or it was leaked.
    #[cold]
    pub(super) fn forget_pin(&mut self) {
        let entry = self.reader.storage.entry(self.kind.entry());
        if entry.is_some_and(|entry| entry.pinned.load(Ordering::Relaxed) != 0) {
            self.finish_in_place(0);
        }
    }

    /// From here on the producer may overwrite what an evicted subscriber has not received.
    #[inline]
    fn unpin(&mut self) {
        if !self.reader.can_be_evicted() {
            return;
        }
        if let Some(entry) = self.reader.storage.entry(self.kind.entry()) {
            entry::unpin(entry);
        }
    }
}

impl<T: Message + ?Sized, W: Wait> Ref<'_, T, W> {
    /// The message's position.
    pub fn position(&self) -> Position {
        self.subscriber.position()
    }

    /// Does not receive the message: it comes again.
    pub fn keep(mut self) {
        self.release = false;
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized, W: Wait> Deref for Ref<'_, T, W> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        let reader = &self.subscriber.reader;
        // SAFETY: a ring of messages `T`, one of which was found by `find_in_place` to lie there.
        let place = unsafe { reader.storage.slot(reader.next()).place_at::<T>(self.span) };
        // SAFETY: found by `find_in_place`: aligned, a message of the ring's, which holds messages
        // `T`; and no process writes it before this is dropped, as the file's head says.
        unsafe { T::at(place, self.span.len) }
    }
}

/// In a model there is no memory to refer to.
#[cfg(ringway_loom)]
impl<T: crate::Plain, W: Wait> Ref<'_, T, W> {
    /// What stands in the message's place.
    pub fn read(&self) -> T {
        let mut value = T::new_zeroed();
        self.copy_to(value.as_mut_bytes());
        value
    }
}

/// In a model there is no memory to refer to.
#[cfg(ringway_loom)]
impl<T: Message + ?Sized, W: Wait> Ref<'_, T, W> {
    /// Copies what stands in the message's place to the start of a buffer that is long enough, and
    /// returns how many bytes there are.
    pub fn copy_to(&self, buffer: &mut [u8]) -> usize {
        let reader = &self.subscriber.reader;
        let slot = reader.storage.slot(reader.next());
        slot.ghost().read();
        reader.storage.spilled_ghosts(self.span).for_each(ringway_shm::sync::RaceCell::read);
        // SAFETY: the ring's messages are `T`, one of which was found by `find_in_place` to lie
        // there.
        unsafe { slot.payload_at::<T>(self.span) }.copy_to(&mut buffer[..self.span.len]);
        self.span.len
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Ref<'_, T, W> {
    #[inline]
    fn drop(&mut self) {
        self.subscriber.finish_in_place(usize::from(self.release));
    }
}

impl<T: Message + ?Sized + fmt::Debug, W: Wait> fmt::Debug for Ref<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref")
            .field("position", &self.position())
            .field("len", &self.span.len)
            .finish()
    }
}
