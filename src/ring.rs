//! Where consumers join a ring.

use core::fmt;
use core::marker::PhantomData;

use crate::consumer::{Observer, Subscriber};
#[cfg(not(ringway_loom))]
use crate::error::HeaderError;
use crate::error::JoinError;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::group;
use crate::memory::Storage;
#[cfg(not(ringway_loom))]
use crate::memory::geometry::Schema;
use crate::message::Message;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::protocol::durable;
use crate::protocol::join::{self, Start};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use ringway_shm::wait::SpinThenSleep;
use ringway_shm::wait::Wait;

/// Where consumers join a ring. Cheap to clone; it keeps the ring's memory, but nothing else: it
/// does not hold the producer back, and does not keep the ring open.
pub struct Ring<T: Message + ?Sized> {
    pub(crate) storage: Storage,
    /// It goes to other threads if messages do: a thread that has it can get messages.
    message: PhantomData<T>,
}

// SAFETY: the storage is `Sync`. Through a shared `Ring` another thread gets handles of its own,
// and through these messages by value, which takes no more than that they are `Send`. A subscriber
// or a worker may also refer to a message that others refer to, but only where messages are `Sync`:
// the calls that read in place ask for it.
unsafe impl<T: Message + Send + ?Sized> Sync for Ring<T> {}

impl<T: Message + ?Sized> Ring<T> {
    pub(crate) fn new(storage: Storage) -> Self {
        Ring { storage, message: PhantomData }
    }

    /// Joins as a consumer that gets every message from `start` on, in order, and holds the producer
    /// back until it has. Waits for nothing. Joining loses nothing from the start point on, also
    /// while the producer runs at full speed.
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
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub fn subscribe(&self, start: Start) -> Result<Subscriber<T>, JoinError> {
        self.subscribe_with(start, SpinThenSleep::DEFAULT)
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
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub fn subscribe_with<W: Wait>(
        &self,
        start: Start,
        mut wait: W,
    ) -> Result<Subscriber<T, W>, JoinError> {
        let joined = join::subscribe(&self.storage, start);
        // Should this panic, whoever has joined leaves again.
        wait.notify();
        let (joined, next) = joined?;
        Ok(Subscriber::joined(joined, next, wait))
    }

    /// Joins in that one of the ring's entries for subscribers, counted from 0: where cores share memory of which
    /// one has no compare-and-swap, or one of its own image's making (`portable-atomic`), which excludes no other
    /// image. The sides agree on who has which entry. Otherwise as [`subscribe_with`](Self::subscribe_with).
    ///
    /// [`JoinError::EntryInUse`]: somebody has it, or there is no such entry.
    ///
    /// # Safety
    ///
    /// Whoever else joins the ring as a subscriber, in whatever way, has done so before this is called, in the order of
    /// [happens-before](core::sync::atomic), or does so after it has returned: two could get the same entry, and one
    /// be told that a message stays while the other lets go of it.
    ///
    /// ```
    /// use ringway::{Options, Spin, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).subscribers(2).heap().unwrap();
    /// // SAFETY: nobody else joins.
    /// let mut second = unsafe { ring.subscribe_in(1, Start::Next, Spin) }.unwrap();
    /// // SAFETY: as above.
    /// let again = unsafe { ring.subscribe_in(1, Start::Next, Spin) };
    /// assert_eq!(again.unwrap_err(), JoinError::EntryInUse { entry: 1, entries: 2 });
    /// producer.try_send(&1).unwrap();
    /// assert_eq!(second.try_recv(), Ok(1));
    /// ```
    pub unsafe fn subscribe_in<W: Wait>(
        &self,
        entry: usize,
        start: Start,
        mut wait: W,
    ) -> Result<Subscriber<T, W>, JoinError> {
        // SAFETY: the caller's promise.
        let joined = unsafe { join::subscribe_in(&self.storage, entry, start) };
        // Should this panic, whoever has joined leaves again.
        wait.notify();
        let (joined, next) = joined?;
        Ok(Subscriber::joined(joined, next, wait))
    }

    /// As [`subscribe`](Self::subscribe), for a subscriber that can go away and come back. The first one
    /// of that name begins at `start`. Dropping it, or its death, keeps its place: the ring holds back what it
    /// has not received, up to the limits that were chosen at creation ([`Options::max_lag`],
    /// [`Options::max_away`]), and whoever next joins under the name, in this process or another, goes on
    /// exactly behind the last message that it received, with `start` meaning nothing. If it was evicted
    /// meanwhile, it is told so once ([`JoinError::Evicted`]). There is one of a name at a time.
    ///
    /// A message counts as received when the call that received it has returned. Whoever dies between that
    /// and having done what the message asks for does not get it again. Where several processes share the
    /// ring, this may wait for others who look for a name, for a second at most.
    ///
    /// To give the name up, call [`leave`](Subscriber::leave) or [`forget`](Self::forget).
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
    /// producer.try_send_batch(&[1, 2, 3]);
    /// assert_eq!(keeper.try_recv(), Ok(1));
    /// drop(keeper);
    ///
    /// let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// assert_eq!(keeper.try_recv(), Ok(2));
    /// keeper.leave();
    /// assert_eq!(ring.forget("keeper"), Ok(false));
    /// ```
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub fn subscribe_durable(&self, name: &str, start: Start) -> Result<Subscriber<T>, JoinError> {
        let (joined, next) = durable::subscribe(&self.storage, name.as_bytes(), start)?;
        Ok(Subscriber::durable(joined, next, SpinThenSleep::DEFAULT))
    }

    /// Frees the entry of a durable subscriber that is away. `Ok(false)`: there is none of that name;
    /// [`JoinError::InUse`]: it is not away.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub fn forget(&self, name: &str) -> Result<bool, JoinError> {
        durable::forget(&self.storage, name.as_bytes())
    }

    /// Frees the entry of a [`Group`](crate::Group) in which no worker is, with all that it has not done.
    /// `Ok(false)`: there is none of that name; [`JoinError::InUse`]: there are workers in it.
    /// Those of a group that was evicted are not in the way, but for one that reads a message in
    /// place.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(2).groups(1).heap().unwrap();
    /// let worker = Worker::join(&ring, "billing").unwrap();
    /// assert!(matches!(ring.forget_group("billing"), Err(JoinError::InUse { .. })));
    /// drop(worker);
    /// assert_eq!(producer.try_send_batch(&[1, 2, 3]), 2);
    /// assert_eq!(ring.forget_group("billing"), Ok(true));
    /// assert_eq!(producer.try_send_batch(&[3]), 1);
    /// ```
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub fn forget_group(&self, name: &str) -> Result<bool, JoinError> {
        group::forget(&self.storage, name.as_bytes())
    }

    /// Joins as a consumer that never holds the producer back, writes nothing that others rely on,
    /// and is told exactly how many messages it missed. Waits for nothing.
    ///
    /// ```
    /// use ringway::{Options, Overflow, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) =
    ///     Options::<u32>::new(4).overflow(Overflow::Overwrite).heap().unwrap();
    /// let mut observer = ring.observe(Start::Next).unwrap();
    /// for n in 0..10 {
    ///     producer.try_send(&n).unwrap();
    /// }
    /// assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(6)));
    /// assert_eq!(observer.try_recv(), Ok(6));
    /// ```
    pub fn observe(&self, start: Start) -> Result<Observer<T>, JoinError> {
        let next = join::observe(&self.storage, start)?;
        Ok(Observer::observing(self.storage.clone(), next))
    }

    /// Attaches to a ring in memory that the caller knows of. Its messages have to be `T`, and its
    /// tag as given: see [`Options::tag`](crate::Options::tag).
    ///
    /// # Safety
    ///
    /// For as long as this `Ring` or any handle made from it lives, the memory stays valid: data for
    /// reads, control for reads and writes. It has been initialised, and nobody accesses it but by
    /// atomic operations, of the widths that handles use at the same places. Whoever joins, or forgets a name, does so
    /// as [`Options::create_raw`](crate::Options::create_raw) says.
    #[cfg(not(ringway_loom))]
    pub unsafe fn open_raw(parts: crate::raw::RawParts, tag: u64) -> Result<Self, HeaderError> {
        // SAFETY: the caller's promise.
        let (view, _) = unsafe { crate::memory::raw::attach(parts, Schema::of::<T>(0), tag) }?;
        // SAFETY: the caller's promise.
        Ok(Ring::new(unsafe { Storage::new(view, crate::memory::Owner::Caller) }))
    }

    /// Whether the handle can be used here: not in a child that was forked, to which its parent's
    /// mapping is not handed down. There dropping it does nothing, and a call that reaches the
    /// ring's memory ends the child by a fault (`SIGSEGV`). The child can open the ring by itself.
    pub fn is_usable(&self) -> bool {
        self.storage.is_here()
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.storage.measures().capacity()
    }

    /// The longest message, in bytes: what a slot has room for, or half of the
    /// [arena](crate::Options::arena) if that is more.
    pub fn max_len(&self) -> usize {
        self.storage.measures().longest()
    }
}

impl<T: Message + ?Sized> Clone for Ring<T> {
    fn clone(&self) -> Self {
        Ring::new(self.storage.clone())
    }
}

impl<T: Message + ?Sized> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
