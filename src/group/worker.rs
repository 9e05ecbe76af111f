//! The consumer that shares its messages with others of its group.

mod calls;
mod in_place;
mod job;
mod ready;
mod reserve;
mod seek;
mod take;
mod tally;
mod watch;

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use crate::error::{JoinError, LivenessError, TryRecvError};
use crate::group::{self, Desk, Fate, Group, Hired, Others, Outcome, Rest};
use crate::memory::{Entries, Storage};
use crate::message::{HandleOf, Message};
use crate::position::Pos;
use crate::protocol::reader::Reader;
use crate::protocol::receive::{self, Over, Receives};
use crate::protocol::wake::wake_producer;
use crate::protocol::{head, join};
use crate::ring::Ring;
pub use job::{Batch, BytesJob, ClaimLost, Job, JobRef};
use ringway_shm::wait::{Deadline, DeathCheck, SpinThenSleep, Wait};
use seek::Claim;
use watch::Watch;

/// A consumer that shares its messages with the other workers of its [`Group`]: each message goes to one
/// of them. The group as a whole holds the producer back as a [`Subscriber`](crate::Subscriber) does, until
/// the message is done.
///
/// What a worker receives is a guard, a [`Job`], which has a copy of the message: dropping it says that the
/// message is done, [`nack`](Job::nack) gives it back to the group, and so does a panic while it lives
/// (with the feature `std`). What a worker that dies had claimed goes to another one, within 150 ms of the
/// kernel closing its files if there is one that asks, and says so ([`Job::redelivered`]). So without crashes and
/// `nack` every message is delivered exactly once, with them at least once, and never twice without
/// the mark. [`Group::at_most_once`] has it the other way round.
///
/// Workers get messages in the order in which they ask, each the oldest that nobody has, without any promise
/// of how many each gets. None starves that keeps asking in calls that block: one for which others were
/// faster four times gets the newest message that nobody has, or, where there is none, the next one that is
/// sent, whoever is faster.
///
/// # Errors
///
/// The receiving calls return what those of a [`Subscriber`](crate::Subscriber) do, where these differ:
///
/// - `Closed`: the producer has closed the ring, and all that it sent is done. As long as another worker has
///   a message, which it may give back, there is no end, and a call that blocks waits for it.
/// - `ProducerDied`: the same of a producer that has died.
/// - `Evicted { missed }`: the group has held the producer back for too long, by
///   [`max_lag`](crate::Options::max_lag), [`max_hold`](crate::Options::max_hold), or, while no
///   worker is in it, [`max_away`](crate::Options::max_away). All its workers are told, with the number
///   of messages that have been sent by now and were not done. The worker that next joins under its name is
///   told as well ([`JoinError::Evicted`]), unless all its workers were told and dropped; then it
///   begins anew. It does so whatever its workers do, of which some may be stopped; each is told
///   when it next asks, and if that is after the group has begun anew, with the number of messages
///   that were sent since the last one at which this worker had looked. What it still has is no
///   longer its own ([`ClaimLost`]).
/// - `Lagged(n)`, `Corrupt`: somebody has forged the group's words in the control segment; `n` messages are
///   lost to the group.
///
/// ```
/// use ringway::{Options, RecvError, Worker};
///
/// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
/// let mut first = Worker::join(&ring, "billing").unwrap();
/// let mut second = Worker::join(&ring, "billing").unwrap();
/// producer.try_send_batch(&[1, 2]);
/// producer.close().unwrap();
///
/// let job = first.recv().unwrap();
/// assert_eq!(*second.recv().unwrap(), 2);
/// assert_eq!((*job, job.redelivered()), (1, false));
/// job.nack().unwrap();
/// {
///     let job = second.recv().unwrap();
///     assert_eq!((*job, job.redelivered()), (1, true));
/// }
/// assert_eq!(first.recv().unwrap_err(), RecvError::Closed);
/// ```
pub struct Worker<T: Message + ?Sized, W: Wait = SpinThenSleep> {
    /// Its `next` is the first position at which this one has not looked.
    reader: Reader<W>,
    place: Place,
    watch: Watch,
    message: HandleOf<T>,
}

/// Where a worker works, and what it knows of it.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Its own entry, whose number stands in its claims.
    index: usize,
    /// Which group, counted from 0, and which of its entry's owners that is.
    group: usize,
    generation: u32,
    /// The messages that had been given back when this one last looked from the gate on.
    returns: u32,
    /// Claims that have not been ended, of guards that live or were leaked, and the reserved one.
    held: usize,
    /// A position that was claimed before there was a message.
    reserved: Option<Pos>,
    /// What others had besides which nothing was free, and how many messages had been given back
    /// then.
    others: Option<(u32, Others)>,
    /// The position for which this one waits, and how often others were faster.
    awaited: Option<Pos>,
    losses: u32,
    /// When it last looked around: see `watch.rs`.
    patrol: DeathCheck,
    /// A position was given back in a panic, and those who wait for events have not been told.
    owes_notice: bool,
    /// It has been told that its group was evicted.
    told: bool,
    /// What it has claimed stays, also if its group is evicted.
    pinned: bool,
    /// The most that others were faster for one message.
    #[cfg(ringway_loom)]
    beaten: u32,
}

impl Place {
    /// Somebody else was faster.
    fn lose(&mut self) {
        self.losses = self.losses.saturating_add(1);
        #[cfg(ringway_loom)]
        {
            self.beaten = self.beaten.max(self.losses);
        }
    }
}

impl<T: Message + ?Sized> Worker<T> {
    /// Joins a group, and makes it if there is none of that name. The group stays when all its workers have
    /// gone, and holds back what is not done, up to the limits that were chosen at creation, until it
    /// is [forgotten](Ring::forget_group). Where several processes share the ring, this may wait
    /// for others who look for a name, for a second at most.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    ///
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 100).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send(b"seven").unwrap();
    /// let mut buffer = [0; 100];
    /// assert_eq!(&*worker.recv_into(&mut buffer).unwrap(), b"seven");
    /// ```
    pub fn join<'a>(ring: &Ring<T>, group: impl Into<Group<'a>>) -> Result<Self, JoinError> {
        Worker::join_with(ring, group, SpinThenSleep::DEFAULT)
    }
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// As [`join`](Worker::join), with another way to wait, which is notified at once: a producer may be
    /// waiting for an event, over what a group held back while it was made.
    ///
    /// ```
    /// # use ringway::{Options, Spin, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join_with(&ring, "billing", Spin).unwrap();
    /// producer.send(&1).unwrap();
    /// assert_eq!(*worker.recv().unwrap(), 1);
    /// ```
    pub fn join_with<'a>(
        ring: &Ring<T>,
        group: impl Into<Group<'a>>,
        mut wait: W,
    ) -> Result<Self, JoinError> {
        let hired = group::hire(&ring.storage, group.into()).inspect_err(|_| wait.notify());
        let Hired { storage, index, group, generation, first } = hired?;
        let place = Place {
            index,
            group,
            generation,
            returns: 0,
            held: 0,
            reserved: None,
            others: None,
            awaited: None,
            losses: 0,
            patrol: DeathCheck::default(),
            owes_notice: false,
            told: false,
            pinned: false,
            #[cfg(ringway_loom)]
            beaten: 0,
        };
        let watch = Watch::new(&storage);
        let reader = Reader::new(storage, first, wait);
        let mut worker = Worker { reader, place, watch, message: PhantomData };
        // Should this panic, whoever was hired leaves again.
        worker.reader.wait.notify();
        Ok(worker)
    }

    /// The same worker, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap().with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// assert_eq!(*worker.recv().unwrap(), 1);
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Worker<T, V> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        let reader = unsafe { core::ptr::read(&this.reader) };
        // SAFETY: a move as well, of another field: `this` is not dropped.
        let watch = unsafe { core::ptr::read(&this.watch) };
        let (reader, before) = reader.with_wait(wait);
        let worker = Worker { reader, place: this.place, watch, message: PhantomData };
        // Last: should it panic, the new worker is dropped as the old one would have been.
        drop(before);
        worker
    }

    /// Messages that have been sent and that the group has not done, as far as can be seen: when it
    /// returns they may be more or fewer.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.try_send_batch(&[1, 2, 3]);
    /// worker.try_recv().unwrap();
    /// assert_eq!(worker.lag(), 2);
    /// ```
    pub fn lag(&self) -> u64 {
        let head = head::exact(&self.reader.storage);
        self.desk().map_or(0, |desk| desk.undone(head))
    }

    /// Whether the producer has closed the ring. There may still be messages to receive.
    pub fn is_closed(&self) -> bool {
        self.reader.is_closed()
    }

    /// Whether the producer lives and has not closed the ring, by the kernel's word. As
    /// [`Subscriber::is_producer_alive`](crate::Consumer::is_producer_alive).
    pub fn is_producer_alive(&self) -> Result<bool, LivenessError> {
        self.reader.is_producer_alive()
    }

    /// Whether the handle can be used here, and not in a child that was forked. As
    /// [`Subscriber::is_usable`](crate::Consumer::is_usable).
    pub fn is_usable(&self) -> bool {
        self.reader.storage.is_here()
    }

    /// Takeovers of the ring by a new producer, as far as can be seen
    /// ([`Producer::resume`](crate::Producer::resume)).
    pub fn epoch(&self) -> u32 {
        self.reader.epoch()
    }

    /// Whether calls go on when the producer has died and everything was done. As
    /// [`Subscriber::wait_for_successor`](crate::Consumer::wait_for_successor).
    pub fn wait_for_successor(mut self, yes: bool) -> Self {
        self.reader.patient = yes;
        self
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.reader.storage.measures().capacity()
    }

    /// The longest message, in bytes.
    pub fn max_len(&self) -> usize {
        self.reader.storage.measures().longest()
    }

    fn storage(&self) -> &Storage {
        &self.reader.storage
    }

    /// The group's claims. They are there: the worker could not have joined without.
    fn desk(&self) -> Option<Desk<'_>> {
        Desk::of(self.storage(), self.place.group)
    }

    /// Ends the claims of so many positions, and tells those who wait for events.
    fn settle(&mut self, claim: Claim, fate: Fate) -> Outcome {
        let outcome = self.settle_quietly(claim, fate);
        if outcome.done || outcome.back {
            self.reader.wait.notify();
        }
        outcome
    }

    /// The same, and leaves telling them to the caller.
    fn settle_quietly(&mut self, claim: Claim, fate: Fate) -> Outcome {
        let Claim { first, messages, .. } = claim;
        let mut outcome = Outcome::default();
        if !self.storage().is_here() {
            // The claim is the parent's.
            outcome.lost = true;
            return outcome;
        }
        if let Some(desk) = self.desk() {
            for ahead in 0..messages {
                desk.settle(first.plus(ahead), self.place.index, fate, &mut outcome);
            }
            desk.finish(outcome, self.reader.fences);
        }
        self.place.held = self.place.held.saturating_sub(messages);
        self.unpin();
        outcome
    }

    /// Calls `attempt` until it brings something else than `Empty`, at most until `deadline`.
    fn within<R, E: Over>(
        &mut self,
        deadline: Deadline,
        attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, E> {
        self.patrol_before_waiting();
        if cfg!(feature = "std") && core::mem::take(&mut self.place.owes_notice) {
            self.reader.wait.notify();
        }
        let call = Call { worker: self };
        let outcome = receive::wait(&mut *call.worker, deadline, attempt);
        if call.worker.give_up_reserved_quietly() {
            call.worker.reader.wait.notify();
        }
        outcome
    }
}

impl<T: Message + ?Sized, W: Wait> Receives for Worker<T, W> {
    type Wait = W;

    fn reader(&mut self) -> &mut Reader<W> {
        &mut self.reader
    }

    fn death_check(&mut self, _waits_for: Pos) -> &mut DeathCheck {
        &mut self.place.patrol
    }

    fn has_producer(&mut self) -> bool {
        self.look_around()
    }

    fn is_still_at_an_end(&mut self) -> bool {
        self.reader.is_still_dead() && self.rest() == Rest::Nothing
    }

    fn sleep(&mut self, slice: Duration, deadline: Deadline) {
        self.sleep_within(slice, deadline);
    }
}

/// A call that waits. However it ends, also by a panic of the caller's [`Wait`], the worker keeps
/// no position and no post.
struct Call<'a, T: Message + ?Sized, W: Wait> {
    worker: &'a mut Worker<T, W>,
}

impl<T: Message + ?Sized, W: Wait> Drop for Call<'_, T, W> {
    fn drop(&mut self) {
        // After a panic nothing of the caller's runs: those who wait for events learn of it by the
        // next one.
        self.worker.place.owes_notice |= self.worker.give_up_reserved_quietly();
        self.worker.end_watch();
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Worker<T, W> {
    fn drop(&mut self) {
        if !self.storage().is_here() {
            return;
        }
        self.give_up_reserved_quietly();
        if let (Some(desk), true) = (self.desk(), self.place.held > 0) {
            // Guards were leaked.
            desk.take_back(&Entries::only(self.place.index));
        }
        // Last, so that no claim names an entry that may be somebody else's.
        join::leave(self.storage(), self.place.index);
        // It may have slept over a pin.
        wake_producer(self.storage(), self.reader.fences);
        if self.place.told {
            group::forget_evicted(self.storage(), self.place.group, self.place.generation);
        }
        self.reader.wait.notify();
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Worker<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("group", &self.place.group)
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// What happens to workers in a model, where no process can be killed.
#[cfg(ringway_loom)]
impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Ends without giving anything back. What it did is seen by whoever learns of it, as the kernel sees
    /// to where a process dies. Returns what [`bury`](Self::bury) wants.
    pub fn die(self) -> usize {
        let index = self.place.index;
        core::mem::forget(self);
        index
    }

    /// How often others were faster than this one, at most, before it got a message.
    pub fn beaten(&self) -> u32 {
        self.place.beaten
    }

    /// Clears up after a worker that has died, as whoever finds it does.
    pub fn bury(ring: &Ring<T>, dead: usize) {
        group::bury(&ring.storage, &Entries::only(dead));
    }
}

#[cfg(all(test, not(ringway_loom)))]
mod tests;
