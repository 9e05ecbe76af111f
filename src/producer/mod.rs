//! The producer of a ring, and what it sends with.

#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod arena;
#[cfg(all(target_os = "none", target_pointer_width = "32"))]
#[path = "no_arena.rs"]
mod arena;
mod batch;
mod blocked;
mod failed;
mod flush;
mod large;
mod loan;
mod room;
mod stall;

use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::time::Duration;

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
use crate::error::HeaderError;
use crate::error::{CloseError, SendError, TrySendError};
#[cfg(feature = "std")]
use crate::error::{SendTimeoutError, WaitError};
#[cfg(feature = "std")]
use crate::memory::geometry::Overflow;
use crate::memory::layout::ARENAS;
use crate::memory::{Slot, Span, Storage};
use crate::message::{HandleOf, Message};
use crate::position::{Pos, Position};
use crate::protocol::credit::{self, Credit, Limits};
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
use crate::protocol::recover;
use crate::protocol::wake;
use arena::Arena;
use failed::Failed;
use ringway_shm::fence::{Fences, MODE_ASYMMETRIC};
#[cfg(feature = "std")]
use ringway_shm::sync::Signed;
use ringway_shm::sync::{Ordering, fence};
#[cfg(feature = "std")]
use ringway_shm::wait::Pace;
use ringway_shm::wait::{Deadline, SpinThenSleep, Wait};
use room::Stuck;

/// How far ahead of itself a producer that sends messages one by one asks for slots to be brought to
/// its cache. Each message ends with a store to the handle, which keeps the place, and processors that
/// commit stores in order do not fetch the next slot's line before that (docs/bench/method.md has the
/// figures). The slots in between may still be read by a subscriber that lags by almost a whole ring:
/// it fetches such a line once more.
const SLOTS_AHEAD: usize = 12;

/// The one that sends. There is one per ring.
///
/// Dropping it closes the ring: consumers receive what is left and then learn that it was the end.
/// A named ring goes with it ([`close`](Self::close) says what that means for those who are away);
/// [`detach`](Self::detach) leaves it for a successor.
///
/// A ring that waits ([`Overflow::Wait`]) is full when its slowest subscriber
/// has not yet received the message that is a capacity back. Without subscribers it is never full:
/// messages go nowhere, or to observers.
pub struct Producer<T: Message + ?Sized, W: Wait = SpinThenSleep> {
    pub(crate) storage: Storage,
    credit: Credit,
    fences: Fences,
    wait: W,
    stuck: Stuck,
    arena: Arena,
    message: HandleOf<T>,
}

pub use flush::Laggard;
pub use loan::Loan;

impl<T: Message + ?Sized> Producer<T> {
    /// The caller has just created the ring.
    pub(crate) fn new(storage: Storage, asymmetric: bool, limits: Limits) -> Self {
        let fences = Fences::for_owner(asymmetric, storage.reach());
        let origin = storage.measures().origin();
        limits.write(&storage);
        Producer::at(storage, origin, fences, limits)
    }

    /// Takes over from a producer that has died, has left the ring, or has closed and kept it. The
    /// caller has made sure of that, and that no other process takes over.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn successor(storage: Storage, asymmetric: bool) -> Result<Self, HeaderError> {
        let next = recover::place(&storage)?;
        // Before anything is changed: an error leaves the ring as it was.
        let limits = Limits::check(&storage)?;
        recover::reopen(&storage);
        let fences = recover::fences(&storage, asymmetric);
        let mut producer = Producer::at(storage, next, fences, limits);
        producer.credit.publish_head(&producer.storage);
        recover::announce(&producer.storage);
        Ok(producer)
    }

    fn at(storage: Storage, next: Pos, fences: Fences, limits: Limits) -> Self {
        storage.producer().mode.store(fences.mode(), Ordering::Relaxed);
        storage.producer().guarded.store(u32::from(storage.has_seat()), Ordering::Relaxed);
        let credit = Credit::new(&storage, next, limits);
        let arena = Arena::find(&storage, next);
        Producer {
            storage,
            credit,
            fences,
            wait: SpinThenSleep::DEFAULT,
            stuck: Stuck::default(),
            arena,
            message: PhantomData,
        }
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The same producer, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin};
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut producer = producer.with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Producer<T, V> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        let storage = unsafe { core::ptr::read(&this.storage) };
        // SAFETY: as above.
        let before = unsafe { core::ptr::read(&this.wait) };
        let Producer { credit, fences, stuck, arena, message, .. } = *this;
        let producer = Producer { storage, credit, fences, wait, stuck, arena, message };
        // Last: should it panic, the new producer is dropped as the old one would have been.
        drop(before);
        producer
    }

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
        let bytes = message.bytes();
        if !self.goes_at_once(bytes.len()) {
            return self.send_slowly(bytes);
        }
        if !T::VARIABLE {
            self.wait_for_room(Deadline::Never)?;
        }
        // SAFETY: the length was checked, and there is credit.
        unsafe { self.publish(bytes) };
        self.wake();
        Ok(())
    }

    /// Sends a message, waiting for room for at most `timeout`.
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
    pub fn send_timeout(&mut self, message: &T, timeout: Duration) -> Result<(), SendTimeoutError> {
        let bytes = message.bytes();
        if !self.goes_at_once(bytes.len()) {
            return self.send_timeout_slowly(bytes, Deadline::after(timeout));
        }
        if !T::VARIABLE && !self.wait_for_room(Deadline::after(timeout))? {
            return Err(SendTimeoutError::Timeout);
        }
        // SAFETY: the length was checked, and there is credit.
        unsafe { self.publish(bytes) };
        self.wake();
        Ok(())
    }

    #[cfg(all(test, feature = "std"))]
    pub(crate) fn fences(&self) -> Fences {
        self.fences
    }

    /// Whether a message of such a length lies in its slot.
    #[inline(always)]
    fn fits_slot(&self, len: usize) -> bool {
        !T::VARIABLE || len <= self.storage.measures().max_len
    }

    /// Whether a message of such a length, which the ring has, lies in the arena.
    #[inline(always)]
    fn spills(&self, len: usize) -> bool {
        ARENAS && !self.fits_slot(len)
    }

    /// Whether a message of such a length fits its slot, and may be published. Of no account where all have one
    /// length: there the compiler makes less of one way out than of looking for room, and then waiting.
    #[inline(always)]
    fn goes_at_once(&mut self, len: usize) -> bool {
        !T::VARIABLE || (self.fits_slot(len) && self.credit.check(&self.storage))
    }

    /// Whether the next message may be published, if it fits its slot.
    #[inline(always)]
    fn has_room(&mut self) -> Result<bool, Failed> {
        if self.credit.check(&self.storage) { Ok(true) } else { self.clear_the_way(0) }
    }

    /// Waits until the next message may be published, if it fits its slot; `false` if there is no time left.
    #[inline(always)]
    fn wait_for_room(&mut self, limit: Deadline) -> Result<bool, Failed> {
        if self.credit.check(&self.storage) { Ok(true) } else { self.wait_for_credit(0, limit) }
    }

    /// Writes the next message, and lets everybody see it. Wakes nobody.
    ///
    /// # Safety
    ///
    /// There is credit, and `bytes` fits a slot.
    #[inline(always)]
    unsafe fn publish(&mut self, bytes: &[u8]) {
        let next = self.credit.next;
        // SAFETY: the caller's promise.
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
    unsafe fn publish_at(&self, position: Pos, bytes: &[u8]) {
        let slot = self.begin(position);
        if T::VARIABLE {
            slot.set_span(Span::in_slot(bytes.len()));
        }
        // SAFETY: the caller's promise, of a ring of messages `T`.
        unsafe { slot.payload::<T>(bytes.len()) }.fill(bytes);
        // Pairs with the fence after a consumer's first look at the state.
        slot.state().store(position.published(), Ordering::Release);
    }

    /// Marks the slot of a position, for which there is credit, as being written.
    #[inline(always)]
    fn begin(&self, position: Pos) -> Slot<'_> {
        let slot = self.storage.slot(position);
        slot.state().store(position.writing(), Ordering::Relaxed);
        // Before any of the payload changes, the slot says so: an observer that copies a word stored
        // after this finds that mark, or a later one, at its second look. Pairs with its second fence.
        fence(Ordering::Release);
        slot.ghost().write();
        slot
    }

    /// Wakes whoever sleeps for what was just published.
    #[inline(always)]
    fn wake(&mut self) {
        wake::wake_consumers(&self.storage, self.fences);
        self.wait.notify();
    }

    /// Closes the ring: every subscriber receives what was sent, then learns that it was the end,
    /// at once also if it sleeps. The same as dropping the producer, which cannot tell of an error.
    /// Waits for nothing.
    ///
    /// Of a named ring the names are removed (unless it is kept), and with the last consumer that
    /// is attached its memory goes. What a [durable](crate::Ring::subscribe_durable) subscriber
    /// that is away has not received, or a group without workers, is discarded with it: such a
    /// consumer does not find the ring when it comes back. Where it has to get everything, wait for
    /// it first, in one call, or leave the ring for a successor by [`detach`](Self::detach):
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// # use ringway::{Options, Start};
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// # let thread = std::thread::spawn(move || { let mut keeper = keeper; keeper.recv() });
    /// producer.flush(Duration::from_secs(10)).expect("all have received everything");
    /// producer.close().unwrap();
    /// # thread.join().unwrap().unwrap();
    /// # }
    /// ```
    ///
    /// The error says that the ring is closed, and that a name of it is still there: the process
    /// may have lost the right to remove it.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// producer.close().unwrap();
    /// assert!(subscriber.is_closed());
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    /// ```
    pub fn close(self) -> Result<(), CloseError> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if self.storage.is_here() {
            let mut this = self;
            this.shut();
            let outcome = this.storage.remove_names();
            this.part();
            return outcome.map_err(|(path, source)| CloseError::Name { path, source });
        }
        #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
        drop(self);
        Ok(())
    }

    /// Leaves the ring, not closed and with its names, for a successor: [`Producer::resume`] or
    /// [`create_or_resume`](crate::Options::create_or_resume) goes on exactly behind the last
    /// message that was sent. So a producer is restarted without loss: durable subscribers that are
    /// away, and groups, keep what they have not received. [`Segment::keep`](crate::Segment::keep)
    /// makes no difference. Waits for nothing.
    ///
    /// Until then it is for consumers as if the producer had died: those that wait are told so
    /// within 150 ms ([`ProducerDied`](crate::error::RecvError::ProducerDied)), or wait for the successor
    /// ([`wait_for_successor`](crate::Subscriber::wait_for_successor)). What no successor comes for
    /// is removed by [`unlink`](crate::segment::unlink) or [`prune`](crate::segment::prune).
    ///
    /// A ring without a name, or whose name has been removed, cannot have a successor: it is
    /// closed.
    ///
    /// ```
    /// use ringway::{Options, Producer, Ring, Start};
    /// use ringway::error::RecvError;
    ///
    /// let name = format!("doc-detach-{}", std::process::id());
    /// let mut producer = Options::<u64>::new(64).create(&name)?;
    /// let mut subscriber = Ring::<u64>::open(&name)?.subscribe(Start::Next)?;
    /// producer.send(&1)?;
    /// producer.detach();
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// assert_eq!(subscriber.recv(), Err(RecvError::ProducerDied));
    ///
    /// let mut successor = Producer::<u64>::resume(&name)?;
    /// successor.send(&2)?;
    /// assert_eq!(subscriber.recv(), Ok(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub fn detach(mut self) {
        if !self.storage.is_here() || !self.storage.can_be_found() {
            return;
        }
        // As exact as when it is closed: all that was sent is before it.
        self.credit.publish_head(&self.storage);
        self.storage.keep_names();
        // It gives the lock up, by which those who wait learn that it is gone.
        self.part();
    }

    /// Gives up what it has, without closing the ring.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    fn part(self) {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        let storage = unsafe { core::ptr::read(&this.storage) };
        // SAFETY: a move as well, of another field: `this` is not dropped.
        let wait = unsafe { core::ptr::read(&this.wait) };
        // The names and the lock, in that order, before anything of the caller's that could panic.
        drop(storage);
        drop(wait);
    }

    /// Closes the ring, and lets all see it.
    fn shut(&mut self) {
        self.credit.publish_head(&self.storage);
        // After everything that was sent: pairs with the fence that follows its load in `Reader`.
        self.storage.producer().closed.store(1, Ordering::Release);
        self.wake();
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.storage.measures().capacity()
    }

    /// The longest message, in bytes: what a slot has room for, or half of the
    /// [arena](crate::Options::arena) if that is more.
    #[inline]
    pub fn max_len(&self) -> usize {
        self.storage.measures().longest()
    }

    /// Whether publishing costs no memory fence of its own, because whoever goes to sleep has the
    /// kernel run it here ([`Options::asymmetric_fences`](crate::Options::asymmetric_fences)). `false`:
    /// the kernel does not offer it, or it was switched off, and every publication, or batch of them,
    /// has a full fence after it.
    ///
    /// ```
    /// # use ringway::Options;
    /// let options = Options::<u64>::new(8).asymmetric_fences(false);
    /// assert!(!options.heap().unwrap().0.has_asymmetric_fences());
    /// ```
    pub fn has_asymmetric_fences(&self) -> bool {
        self.fences.mode() == MODE_ASYMMETRIC
    }

    /// Whether the handle can be used here: not in a child that was forked, to which its parent's
    /// mapping is not handed down. There dropping it does nothing, and nor do
    /// [`close`](Self::close) and [`detach`](Self::detach); a call that reaches the ring's memory
    /// ends the child by a fault (`SIGSEGV`). The child can open the ring by itself.
    pub fn is_usable(&self) -> bool {
        self.storage.is_here()
    }

    /// Takeovers of the ring by a new producer, this one's included
    /// ([`resume`](Self::resume)); 0 for the one that created it.
    pub fn epoch(&self) -> u32 {
        self.storage.producer().epoch.load(Ordering::Relaxed)
    }

    /// The position of the next message, which is also how many were sent if the ring's first
    /// position is 0.
    pub fn head(&self) -> Position {
        self.credit.next.number()
    }

    /// Messages that some subscriber or group has not yet received; of a group, those from the
    /// oldest on that is not done. Every one counts that holds a message back, also a durable
    /// subscriber that is away and a group without workers. Observers hold back none. When this
    /// returns it may be fewer.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.try_send_batch(&[1, 2, 3]);
    /// subscriber.recv().unwrap();
    /// assert_eq!((producer.len(), producer.head(), producer.is_empty()), (2, 3, false));
    /// ```
    pub fn len(&self) -> usize {
        let lags =
            credit::gates(&self.storage).map(|gate| self.credit.next.since(gate).max(0) as usize);
        lags.max().unwrap_or(0).min(self.capacity())
    }

    /// Whether every subscriber and group has received everything, as far as this side can see:
    /// [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Consumers that have joined, and receive all that is sent from now on: subscribers, durable
    /// ones that are away included, and groups in which there is at least one worker. A group
    /// without workers does not count, though it keeps what is sent for those who join it, and nor
    /// do observers, as nothing tells of them.
    ///
    /// This makes no system call: who has died counts until it is found dead, by a send that it
    /// leaves no room, by a joiner that needs its entry, or by
    /// [`wait_for_consumers`](Self::wait_for_consumers).
    ///
    /// ```
    /// # use ringway::{Options, Start, Worker};
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let first = ring.subscribe(Start::Next).unwrap();
    /// let second = ring.subscribe(Start::Next).unwrap();
    /// let worker = Worker::join(&ring, "billing").unwrap();
    /// let observer = ring.observe(Start::Next).unwrap();
    /// drop(first);
    /// assert_eq!(producer.consumers(), 2);
    /// drop(worker);
    /// assert_eq!(producer.consumers(), 1);
    /// ```
    pub fn consumers(&self) -> usize {
        let consumers = credit::consumers(&self.storage);
        // Pairs with the release of `joined`: a subscriber that was counted has chosen where it
        // starts, and what is sent next comes after that.
        fence(Ordering::Acquire);
        consumers
    }

    /// Waits until at least `n` [consumers](Self::consumers) have joined, for at most `timeout`.
    /// Those of which the kernel says that they have died do not count. A producer that must not
    /// run ahead calls this before it sends.
    ///
    /// An error at once: there can never be so many ([`TooMany`](WaitError::TooMany)). When there
    /// seem to be enough, it asks the kernel about each, which takes its time where there are
    /// thousands (docs/limits.md).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::WaitError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).subscribers(2).heap().unwrap();
    /// let thread = std::thread::spawn(move || ring.subscribe(Start::Next).unwrap().recv());
    /// producer.wait_for_consumers(1, Duration::from_secs(10)).unwrap();
    /// let too_many = WaitError::TooMany { asked: 3, max: 2 };
    /// assert_eq!(producer.wait_for_consumers(3, Duration::MAX), Err(too_many));
    /// producer.send(&7).unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok(7));
    /// ```
    #[cfg(feature = "std")]
    pub fn wait_for_consumers(&mut self, n: usize, timeout: Duration) -> Result<(), WaitError> {
        let measures = self.storage.measures();
        let max = if measures.overflow == Overflow::Wait { measures.gates() } else { 0 };
        if n > max {
            return Err(WaitError::TooMany { asked: n, max });
        }
        let limit = Deadline::after(timeout);
        loop {
            let enough = |this: &mut Self| this.consumers() >= n;
            let found = self.wait_until(enough, |_| Ok(()), Pace::default(), limit)?;
            // Whatever was sent would not reach the dead. Only now: as long as there are too few,
            // it makes no difference who of them lives.
            self.reap_all(Signed::MIN)?;
            let joined = self.consumers();
            if joined >= n {
                return Ok(());
            }
            if !found {
                return Err(WaitError::Timeout { joined });
            }
        }
    }
}

/// What happens to producers in a model, where no process can be killed.
#[cfg(ringway_loom)]
impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Ends without closing the ring, while it writes a message, if there is one and room for it. What
    /// it did is seen by whoever learns of it, as the kernel sees to where a process dies.
    pub fn die(mut self, writing: Option<&T>) {
        let len = writing.map_or(0, |message| message.bytes().len());
        if let Some(message) = writing.filter(|_| self.has_room_for(len, |_, _| false)) {
            let span = self.begin_message(len);
            let slot = self.storage.slot(self.credit.next);
            // SAFETY: the ring is one of messages `T`, and the model sends none that is too long.
            unsafe { slot.payload_at::<T>(span) }.fill(message.bytes());
        }
        core::mem::forget(self);
    }
}

#[cfg(ringway_loom)]
impl<T: Message + ?Sized> Producer<T> {
    /// Takes over from a producer that has died.
    pub fn take_over(ring: &crate::ring::Ring<T>) -> Result<Self, HeaderError> {
        Producer::successor(ring.storage.clone(), true)
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Producer<T, W> {
    fn drop(&mut self) {
        if self.storage.is_here() {
            self.shut();
        }
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Producer<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("head", &self.head())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
