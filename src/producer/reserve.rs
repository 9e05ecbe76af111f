//! Asking for the places of many messages at a time.

use super::Producer;
use super::failed::Stopped;
use super::loans::Loans;
use super::need::Need;
#[cfg(feature = "std")]
use super::send::in_time;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::message::Message;
use crate::protocol::limits::Limits;
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The most messages whose places are lent at a time ([`reserve_batch`](Self::reserve_batch)):
    /// an eighth of the capacity, or one. So no consumer that joins meanwhile is in the way.
    ///
    /// ```
    /// # use ringway::Options;
    /// assert_eq!(Options::<u64>::new(64).heap().unwrap().0.max_reserved(), 8);
    /// assert_eq!(Options::<u64>::new(4).heap().unwrap().0.max_reserved(), 1);
    /// ```
    pub fn max_reserved(&self) -> usize {
        self.storage.measures().credit()
    }

    /// The places of the next `messages` messages, to be written there, if there is room for all of
    /// them. Does not block.
    ///
    /// Messages of bytes have room for as many as a slot has; longer ones, which lie in the
    /// [arena](crate::Options::arena), are sent one at a time, by [`reserve`](Producer::reserve).
    ///
    /// [`Full`](TrySendError::Full): there is no room for so many; for fewer there may be
    /// ([`try_reserve_up_to`](Self::try_reserve_up_to)).
    /// [`TooMany`](TrySendError::TooMany): they are more than
    /// [`max_reserved`](Self::max_reserved).
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TrySendError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(32).observers(false).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut places = producer.try_reserve_batch(3).unwrap();
    /// for (number, place) in places.iter_mut().unwrap().enumerate() {
    ///     *place = 10 + number as u64;
    /// }
    /// assert_eq!(places.commit(), 0);
    /// assert_eq!(subscriber.recv_refs(8).unwrap().iter().copied().collect::<Vec<_>>(), [10, 11, 12]);
    /// let too_many = TrySendError::TooMany { asked: 5, max: 4 };
    /// assert_eq!(producer.try_reserve_batch(5).unwrap_err(), too_many);
    /// ```
    pub fn try_reserve_batch(&mut self, messages: usize) -> Result<Loans<'_, T, W>, TrySendError> {
        self.check_reserved(messages)?;
        if self.credit.left() >= messages || self.has_room_of(Need::messages(messages))? {
            Ok(Loans::of(self, messages))
        } else {
            Err(TrySendError::Full)
        }
    }

    /// The places of as many messages as there is room for, at most `max` and at most
    /// [`max_reserved`](Self::max_reserved): of one at least, unless `max` is 0. Does not block.
    /// Else as [`try_reserve_batch`](Self::try_reserve_batch).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TrySendError;
    /// let (mut producer, ring) = Options::<u64>::new(32).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[0; 29]).unwrap();
    /// assert_eq!(producer.try_reserve_batch(4).unwrap_err(), TrySendError::Full);
    /// let mut places = producer.try_reserve_up_to(usize::MAX).unwrap();
    /// assert_eq!((places.len(), places.write_iter(30..)), (3, 3));
    /// places.commit();
    /// assert_eq!(producer.try_reserve_up_to(1).unwrap_err(), TrySendError::Full);
    /// ```
    pub fn try_reserve_up_to(&mut self, max: usize) -> Result<Loans<'_, T, W>, TrySendError> {
        let most = max.min(self.max_reserved());
        // More than is left of the credit, if there is more.
        if self.credit.left() < most
            && !self.credit.refill(&self.storage)
            && !self.clear_the_way(Need::MESSAGE)?
        {
            return Err(TrySendError::Full);
        }
        let messages = most.min(self.credit.left());
        Ok(Loans::of(self, messages))
    }

    /// As [`try_reserve_batch`](Self::try_reserve_batch), waiting for room for all of them as long
    /// as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(32).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// drop(producer.reserve_batch(4).unwrap());
    /// let mut places = producer.reserve_batch(4).unwrap();
    /// places.write_iter([1, 2, 3]);
    /// // The first three, and the fourth place is free.
    /// places.commit_first(3);
    /// assert_eq!(producer.head(), 3);
    /// assert_eq!(subscriber.try_recv_batch(&mut [0; 8]), Ok(3));
    /// ```
    pub fn reserve_batch(&mut self, messages: usize) -> Result<Loans<'_, T, W>, SendError> {
        self.check_reserved(messages)?;
        self.wait_for_all(messages, || Deadline::Never)?;
        Ok(Loans::of(self, messages))
    }

    /// As [`try_reserve_batch`](Self::try_reserve_batch), waiting for room for all of them for at
    /// most `timeout`: a duration, or the instant until which to wait ([`Deadline`]).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendTimeoutError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::bytes(16, 100).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let timeout = Duration::from_millis(5);
    /// for _ in 0..8 {
    ///     let mut places = producer.reserve_batch_timeout(2, timeout).unwrap();
    ///     places.write(0, b"one").unwrap();
    ///     places.write(1, b"three").unwrap();
    ///     places.commit();
    /// }
    /// let late = producer.reserve_batch_timeout(2, timeout).unwrap_err();
    /// assert_eq!(late, SendTimeoutError::Timeout);
    /// assert_eq!(&*subscriber.recv_vec().unwrap(), b"one");
    /// ```
    #[cfg(feature = "std")]
    pub fn reserve_batch_timeout(
        &mut self,
        messages: usize,
        timeout: impl Into<Deadline>,
    ) -> Result<Loans<'_, T, W>, SendTimeoutError> {
        self.check_reserved(messages)?;
        in_time(self.wait_for_all(messages, || timeout.into()))?;
        Ok(Loans::of(self, messages))
    }

    fn check_reserved(&self, asked: usize) -> Result<(), SendError> {
        let max = self.max_reserved();
        if asked > max { Err(SendError::TooMany { asked, max }) } else { Ok(()) }
    }

    fn wait_for_all(
        &mut self,
        messages: usize,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<bool, Stopped> {
        if self.credit.left() >= messages {
            return Ok(true);
        }
        self.wait_for_room_of(Need::messages(messages), deadline)
    }

    /// Whether a slot that is being written has to say so: a consumer may look there that does not
    /// hold the producer back, or whose gate another process has forged; or an early word of a
    /// message may be taken for an older message's, by a worker that comes late, or by a successor
    /// that looks at what lies in the arena.
    pub(super) fn is_looked_at(&self) -> bool {
        let measures = self.storage.measures();
        self.may_be_read()
            || !self.storage.is_private()
            || measures.has_arena()
            || measures.has_shared(0)
    }

    /// Whether the payload of a slot that is being written may be read meanwhile.
    pub(super) fn may_be_read(&self) -> bool {
        let evicts = |limits: Limits| limits.evict(&self.storage);
        self.storage.measures().observers() || self.credit.limits().is_some_and(evicts)
    }
}
