//! Messages that are written where they will be read.

use super::Producer;
#[cfg(feature = "std")]
use super::send::in_time;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::memory::{Slot, Span};
use crate::message::{Message, Plain};
use crate::position::Position;
use core::fmt;
use ringway_shm::sync::Ordering;
use ringway_shm::wait::{AdaptiveSpin, Deadline, Wait};

/// The place of the next message, which is sent when it is [committed](Self::commit). What stands
/// there before it is written is what an earlier message left, or zeros.
///
/// Dropped, nothing is sent, and the next message gets the place. The same if it is leaked. The
/// message that had the place before, a capacity ago, is gone in both cases: observers that had not
/// got to it are told that they lag.
///
/// # Writing
///
/// Observers may look at a place that is being written, and find out afterwards that it was. So it
/// is written word by word, by [`write`](Self::write) and [`write_at`](Self::write_at); and only on
/// a ring where no consumer looks there is a plain reference to it ([`get_mut`](Self::get_mut)).
#[must_use = "dropped, it sends nothing"]
pub struct Loan<'a, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    producer: &'a mut Producer<T, W>,
    /// Where the message lies, and the bytes that it has.
    span: Span,
}

impl<T: Plain, W: Wait> Producer<T, W> {
    /// The place of the next message, to be written there, if there is room for it. Does not block.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TrySendError;
    ///
    /// let (mut producer, ring) = Options::<[u64; 4]>::new(1).observers(false).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut loan = producer.try_reserve().unwrap();
    /// *loan.get_mut().unwrap() = [1, 2, 3, 4];
    /// loan.commit();
    /// assert_eq!(producer.try_reserve().unwrap_err(), TrySendError::Full);
    /// assert_eq!(*subscriber.recv_ref().unwrap(), [1, 2, 3, 4]);
    /// ```
    pub fn try_reserve(&mut self) -> Result<Loan<'_, T, W>, TrySendError> {
        if self.has_room()? { Ok(Loan::of(self, size_of::<T>())) } else { Err(TrySendError::Full) }
    }

    /// The same, waiting for room as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// drop(producer.reserve().unwrap());
    /// let mut loan = producer.reserve().unwrap();
    /// loan.write(&7);
    /// assert_eq!(loan.commit(), 0);
    /// assert_eq!(subscriber.recv(), Ok(7));
    /// ```
    pub fn reserve(&mut self) -> Result<Loan<'_, T, W>, SendError> {
        self.wait_for_room(|| Deadline::Never)?;
        Ok(Loan::of(self, size_of::<T>()))
    }

    /// The same, waiting for room for at most `timeout`: a duration, or the instant until which to
    /// wait ([`Deadline`]).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendTimeoutError;
    /// # use std::time::{Duration, Instant};
    /// let (mut producer, ring) = Options::<u64>::new(1).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.reserve_timeout(Duration::from_secs(1)).unwrap().commit();
    /// let late = producer.reserve_timeout(Instant::now()).unwrap_err();
    /// assert_eq!(late, SendTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn reserve_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Loan<'_, T, W>, SendTimeoutError> {
        in_time(self.wait_for_room(|| timeout.into()))?;
        Ok(Loan::of(self, size_of::<T>()))
    }
}

impl<W: Wait> Producer<[u8], W> {
    /// The place of the next message, which will have `len` bytes (or [fewer](Loan::truncate)), to
    /// be written there, if there is room for it. Does not block.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TrySendError;
    ///
    /// let (mut producer, ring) = Options::bytes(4, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut loan = producer.try_reserve(5).unwrap();
    /// loan.write_at(0, b"place").unwrap();
    /// loan.write_at(1, b"e").unwrap();
    /// loan.commit();
    /// assert_eq!(&*subscriber.recv_ref().unwrap(), b"peace");
    /// let too_large = TrySendError::TooLarge { len: 17, max: 16 };
    /// assert_eq!(producer.try_reserve(17).unwrap_err(), too_large);
    /// ```
    pub fn try_reserve(&mut self, len: usize) -> Result<Loan<'_, [u8], W>, TrySendError> {
        self.check_len(len)?;
        if self.has_place(len)? { Ok(Loan::of(self, len)) } else { Err(TrySendError::Full) }
    }

    /// The same, waiting for room as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendError;
    /// let (mut producer, ring) = Options::bytes(4, 16).heap().unwrap();
    /// assert_eq!(producer.reserve(16).unwrap().len(), 16);
    /// let too_large = SendError::TooLarge { len: 17, max: 16 };
    /// assert_eq!(producer.reserve(17).unwrap_err(), too_large);
    /// ```
    pub fn reserve(&mut self, len: usize) -> Result<Loan<'_, [u8], W>, SendError> {
        self.check_len(len)?;
        self.wait_for_place(len, || Deadline::Never)?;
        Ok(Loan::of(self, len))
    }

    /// The same, waiting for room for at most `timeout`: a duration, or the instant until which to
    /// wait ([`Deadline`]).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendTimeoutError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::bytes(1, 16).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.reserve_timeout(16, Duration::from_secs(1)).unwrap().commit();
    /// let late = producer.reserve_timeout(16, Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(late, SendTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn reserve_timeout(
        &mut self,
        len: usize,
        timeout: impl Into<Deadline>,
    ) -> Result<Loan<'_, [u8], W>, SendTimeoutError> {
        self.check_len(len)?;
        in_time(self.wait_for_place(len, || timeout.into()))?;
        Ok(Loan::of(self, len))
    }
}

impl<'a, T: Message + ?Sized, W: Wait> Loan<'a, T, W> {
    /// There is room for a message, which may have that length.
    fn of(producer: &'a mut Producer<T, W>, len: usize) -> Self {
        let span = producer.begin_message(len);
        Loan { producer, span }
    }

    fn slot(&self) -> Slot<'_> {
        self.producer.storage.slot(self.producer.credit.next())
    }

    /// Copies bytes to the place's byte number `at` and those that follow it.
    pub fn write_at(&mut self, at: usize, bytes: &[u8]) -> Result<(), SendError> {
        let len = at.saturating_add(bytes.len());
        if len > self.span.len {
            return Err(SendError::TooLarge { len, max: self.span.len });
        }
        // SAFETY: the ring's messages are `T`, and this is the place of one.
        unsafe { self.slot().payload_at::<T>(self.span) }.write_at(at, bytes);
        Ok(())
    }

    /// The place itself, where no consumer can look at it: on a ring that was created without
    /// [`observers`](crate::Options::observers) and that never evicts. Else `None`.
    #[cfg(not(ringway_loom))]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        let producer = &self.producer;
        if producer.storage.measures().observers()
            || producer.credit.limits().is_some_and(|limits| limits.evict(&producer.storage))
        {
            return None;
        }
        if !self.slot().is_aligned::<T>() {
            return None;
        }
        // SAFETY: the ring's messages are `T`, and this is the place of one.
        let place = unsafe { self.slot().place_at::<T>(self.span) };
        // SAFETY: aligned; as long as the ring's messages can be; and written by the producer
        // alone, which this borrows. A consumer reads what has been sent, no later than its gate
        // says: there are no observers, which might look sooner, and none is evicted, which might
        // look later. A gate that was forged takes memory that others can write, and of that no
        // consumer shares this mapping: the creator of a ring there gets a producer and nothing
        // else.
        Some(unsafe { T::at_mut(place, self.span.len) })
    }

    /// Bytes that the message will have.
    pub fn len(&self) -> usize {
        self.span.len
    }

    /// Whether the message will have no bytes.
    pub fn is_empty(&self) -> bool {
        self.span.len == 0
    }

    /// The position that the message will have.
    pub fn position(&self) -> Position {
        self.producer.head()
    }

    /// Sends the message as it stands there, and returns its position.
    pub fn commit(self) -> Position {
        let next = self.producer.credit.next();
        let slot = self.slot();
        if self.producer.storage.measures().has_lengths::<T>() {
            slot.set_span(self.span);
            // SAFETY: the ring's messages are `T`, and this is the place of one.
            unsafe { slot.payload_at::<T>(self.span) }.pad(self.span.len);
        }
        // SYNC published: a consumer that sees the state sees the message, in `Reader::ready` and
        // the others of its row.
        slot.state().store(next.published(), Ordering::Release);
        self.producer.credit.go_to(next.plus(1));
        self.producer.arena.publish(self.span);
        self.producer.wake();
        next.number()
    }
}

impl<T: Plain, W: Wait> Loan<'_, T, W> {
    /// Writes the message.
    pub fn write(&mut self, message: &T) {
        // SAFETY: the ring's messages are `T`.
        unsafe { self.slot().payload::<T>(size_of::<T>()) }.fill(message.as_bytes());
    }
}

impl<W: Wait> Loan<'_, [u8], W> {
    /// Makes the message shorter, if it is longer.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(4, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut loan = producer.reserve(16).unwrap();
    /// loan.write_at(0, b"as read").unwrap();
    /// loan.truncate(7);
    /// loan.commit();
    /// assert_eq!(&*subscriber.recv_ref().unwrap(), b"as read");
    /// ```
    pub fn truncate(&mut self, len: usize) {
        self.span.len = self.span.len.min(len);
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Loan<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan")
            .field("position", &self.position())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
