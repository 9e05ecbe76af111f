//! Subscribing, in whichever entry is free: that takes compare-and-swap.

use super::Subscriber;
use crate::error::JoinError;
use crate::memory::layout::Entry;
use crate::message::Message;
use crate::protocol::{Start, durable, join, take};
use crate::ring::Ring;
use ringway_shm::wait::{AdaptiveSpin, Wait};

impl<T: Message + ?Sized> Ring<T> {
    /// Joins as a consumer that gets every message from `start` on, in order, and holds the
    /// producer back until it has. Waits for nothing. Joining loses nothing from the start point
    /// on, also while the producer runs at full speed.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u32>::new(8).subscribers(1).heap().unwrap();
    /// producer.try_send(&1).unwrap();
    /// let mut late = ring.subscribe(Start::Next).unwrap();
    /// producer.try_send(&2).unwrap();
    /// assert_eq!(late.try_recv(), Ok(2));
    /// assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::NoFreeEntry { entries: 1 });
    /// ```
    pub fn subscribe(&self, start: Start) -> Result<Subscriber<T>, JoinError> {
        self.subscribe_with(start, AdaptiveSpin::new())
    }

    /// As [`subscribe`](Self::subscribe), with another way to wait, which is notified at once: a
    /// producer may be waiting for an event, over what the joiner held back while it joined.
    ///
    /// ```
    /// use ringway::{Options, Spin, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe_with(Start::Next, Spin).unwrap();
    /// producer.send(&1).unwrap();
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// ```
    pub fn subscribe_with<W: Wait>(
        &self,
        start: Start,
        mut wait: W,
    ) -> Result<Subscriber<T, W>, JoinError> {
        let take = take::take_any;
        let joined = join::join(&self.storage, start, take, |entry, _| entry.set_unnamed());
        // Should this panic, the one that has joined leaves again.
        wait.notify();
        let (joined, next) = joined?;
        Ok(Subscriber::joined(joined, next, wait))
    }

    /// As [`subscribe`](Self::subscribe), under a name by which others can tell this subscriber
    /// from the rest: in [`consumer_stats`](Self::consumer_stats), and to the producer
    /// ([`laggards`](crate::Producer::laggards)). It has 1 to 80 bytes; on a microcontroller, 1 to
    /// 4. Several subscribers may have one name, and when one leaves, its place is gone: to come
    /// back to it, [`subscribe_durable`](Self::subscribe_durable).
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut screen = ring.subscribe_named("screen", Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// assert_eq!(producer.laggards().next().unwrap().name(), Some("screen"));
    /// assert_eq!(screen.recv(), Ok(1));
    /// ```
    pub fn subscribe_named(&self, name: &str, start: Start) -> Result<Subscriber<T>, JoinError> {
        durable::check(&self.storage, name.as_bytes())?;
        let take = take::take_any;
        let write_name = |entry: &Entry, _| entry.set_name(name.as_bytes());
        let (joined, next) = join::join(&self.storage, start, take, write_name)?;
        Ok(Subscriber::joined(joined, next, AdaptiveSpin::new()))
    }

    /// As [`subscribe`](Self::subscribe), for a subscriber that can go away and come back. The
    /// first one of that name begins at `start`. Dropping it, or its death, keeps its place: the
    /// ring holds back what it has not received, up to the limits that were chosen at creation
    /// ([`Options::max_lag`], [`Options::max_away`]). The next one that joins under the name, in
    /// this process or another, goes on exactly behind the last message that was received, and
    /// `start` means nothing. If it was evicted meanwhile, it is told so once
    /// ([`JoinError::Evicted`]). There is one of a name at a time.
    ///
    /// A message counts as received when the call that received it has returned: a process that
    /// dies before it has dealt with the message does not get it again. If it must, receive by
    /// [`recv_held`](Subscriber::recv_held), or by [`holding`](Subscriber::holding) where many are
    /// dealt with at a time. Where several processes share the ring, this may wait for others that
    /// look for a name, for a second at most.
    ///
    /// To give the name up, call [`leave`](Subscriber::leave) or
    /// [`remove_durable`](Self::remove_durable).
    ///
    /// [`Options::max_lag`]: crate::Options::max_lag
    /// [`Options::max_away`]: crate::Options::max_away
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// let second = ring.subscribe_durable("keeper", Start::Next);
    /// assert!(matches!(second, Err(JoinError::InUse { .. })));
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// assert_eq!(keeper.try_recv(), Ok(1));
    /// drop(keeper);
    ///
    /// let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// assert_eq!(keeper.try_recv(), Ok(2));
    /// keeper.leave();
    /// assert_eq!(ring.remove_durable("keeper"), Ok(false));
    /// ```
    pub fn subscribe_durable(&self, name: &str, start: Start) -> Result<Subscriber<T>, JoinError> {
        let (joined, next) = durable::subscribe(&self.storage, name.as_bytes(), start)?;
        let mut subscriber = Subscriber::joined(joined, next, AdaptiveSpin::new());
        subscriber.inherit();
        Ok(subscriber)
    }

    /// Frees the entry of a durable subscriber that is away. `Ok(false)`: there is none of that
    /// name; [`JoinError::InUse`]: it is not away.
    pub fn remove_durable(&self, name: &str) -> Result<bool, JoinError> {
        durable::forget(&self.storage, name.as_bytes())
    }
}

impl<T: Message + ?Sized, W: Wait + Clone> Subscriber<T, W> {
    /// Another subscriber at this one's place: the next message of both is the same. It is an
    /// ordinary one, also if this one is [durable](Ring::subscribe_durable), and has to [assume the
    /// protocol](Self::assume_protocol) anew. Waits for nothing.
    ///
    /// [`TooOld`](JoinError::TooOld): this one lags behind by more than all of the ring but an
    /// eighth, at least one message, so that what it is to receive next cannot be promised to
    /// another. On a ring with a limit or an arena it is less: as far back as [`Start::Oldest`] goes
    /// there.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).subscribers(2).heap().unwrap();
    /// let mut first = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// first.recv().unwrap();
    /// let mut second = first.try_clone().unwrap();
    /// assert_eq!((first.recv(), second.recv()), (Ok(2), Ok(2)));
    /// assert_eq!(first.try_clone().unwrap_err(), JoinError::NoFreeEntry { entries: 2 });
    /// ```
    pub fn try_clone(&self) -> Result<Self, JoinError> {
        let ring = Ring::new(self.reader.storage.clone());
        let start = Start::At(self.position());
        let mut subscriber = ring.subscribe_with(start, self.reader.wait.clone())?;
        subscriber.reader.patient = self.reader.patient;
        subscriber.reader.alarms = self.reader.alarms.clone();
        Ok(subscriber)
    }
}
