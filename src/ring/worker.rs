//! The consumer that shares its messages with others of its group.

mod job;
mod seek;

use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::time::Duration;

use super::group::{self, Desk, Fate, Group, Hired, Outcome};
use super::receive::Reader;
use super::{Ring, head, join};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{JoinError, RecvError, TryRecvError};
use crate::message::{HandleOf, Message, Plain};
use crate::position::Pos;
use crate::storage::Storage;
use crate::wait::{Ended, Limit, Patrol, SpinThenSleep, Wait};
use job::Hold;
pub use job::{Batch, BytesJob, ClaimLost, Job};
use seek::Claim;

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
/// of how many each gets. None starves that keeps asking: one that waits in a call, and has seen four
/// messages for which it waited go to others that were faster, gets the next one that nobody has yet,
/// whoever is faster.
///
/// # Errors
///
/// The receiving calls return what those of a [`Subscriber`](crate::Subscriber) do, where these differ:
///
/// - `Closed`: the producer has closed the ring, and all that it sent is done. As long as another worker has
///   a message, which it may give back, there is no end, and a call that blocks waits for it.
/// - `ProducerDied`: the same of a producer that has died.
/// - `Evicted { missed }`: the group has held the producer back for too long, by
///   [`max_lag`](crate::Options::max_lag), [`max_hold`](crate::Options::max_hold), or, while nobody works in
///   it, [`max_away`](crate::Options::max_away). All its workers are told, with the number of messages that
///   have been sent by now and were not done. Whoever next joins under its name is told as well
///   ([`JoinError::Evicted`]), unless all its workers were told and dropped; then it begins anew.
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
/// producer.close();
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
    /// The position for which this one waits, and how often others were faster.
    awaited: Option<Pos>,
    losses: u32,
    /// When it last looked whether the other workers live.
    patrol: Patrol,
    /// It has been told that its group was evicted.
    told: bool,
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
        let Hired { storage, index, group, generation, first } =
            group::hire(&ring.storage, group.into())?;
        let place = Place {
            index,
            group,
            generation,
            returns: 0,
            held: 0,
            reserved: None,
            awaited: None,
            losses: 0,
            patrol: Patrol::default(),
            told: false,
        };
        let reader = Reader::new(storage, first, SpinThenSleep::DEFAULT);
        Ok(Worker { reader, place, message: PhantomData })
    }
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
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
        let (reader, before) = reader.with_wait(wait);
        let worker = Worker { reader, place: this.place, message: PhantomData };
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
        let Some(gate) = self.desk().and_then(|desk| desk.gate()) else { return 0 };
        // Never negative, unless somebody forged the gate.
        u64::try_from(head::exact(&self.reader.storage).since(gate)).unwrap_or(0)
    }

    /// Whether the producer has closed the ring. There may still be messages to receive.
    pub fn is_closed(&self) -> bool {
        self.reader.is_closed()
    }

    /// Whether the producer lives and has not closed the ring, as far as can be told. Asks the kernel. For
    /// those who only poll: calls that block do this for themselves.
    pub fn is_producer_alive(&self) -> bool {
        !self.reader.is_closed() && self.reader.storage.producer_is_alive()
    }

    /// Takeovers of the ring by a new producer, as far as can be seen
    /// ([`Producer::resume`](crate::Producer::resume)).
    pub fn epoch(&self) -> u32 {
        self.reader.epoch()
    }

    /// Whether calls that block go on waiting when the producer has died, for a successor. By default
    /// they return [`ProducerDied`](crate::RecvError::ProducerDied).
    pub fn wait_for_successor(mut self, yes: bool) -> Self {
        self.reader.patient = yes;
        self
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.reader.storage.geometry().capacity()
    }

    /// The longest message, in bytes.
    pub fn max_len(&self) -> usize {
        self.reader.storage.geometry().longest
    }

    fn storage(&self) -> &Storage {
        &self.reader.storage
    }

    /// The group's claims. They are there: the worker could not have joined without.
    fn desk(&self) -> Option<Desk<'_>> {
        Desk::of(self.storage(), self.place.group)
    }

    /// Ends the claims of so many positions.
    fn settle(&mut self, claim: Claim, fate: Fate) -> Outcome {
        let Claim { first, messages, .. } = claim;
        let mut outcome = Outcome::default();
        if !self.storage().is_here() {
            return outcome;
        }
        if let Some(desk) = self.desk() {
            for ahead in 0..messages {
                desk.settle(first.plus(ahead), self.place.index, fate, &mut outcome);
            }
            desk.finish(outcome, self.reader.fences);
        }
        self.place.held = self.place.held.saturating_sub(messages);
        if outcome.done {
            self.reader.wait.notify();
        }
        outcome
    }

    /// Now and then looks whether the other workers live, gives back what the dead had, and looks at
    /// everything again, whatever was told of it.
    fn patrol(&mut self) {
        group::reap(self.storage());
        let Some(desk) = Desk::of(&self.reader.storage, self.place.group) else { return };
        desk.push();
        if let Some(gate) = desk.gate() {
            self.reader.next = gate;
        }
    }

    /// The same for calls that need not wait, where there is somebody who can die alone.
    fn patrol_if_due(&mut self) {
        if self.storage().can_take_over() && self.place.patrol.is_due().is_some() {
            self.patrol();
        }
    }

    /// Calls `attempt` until it brings something else than `Empty`.
    fn within<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
        limit: Limit,
    ) -> Result<Result<R, RecvError>, Ended> {
        // What a successor did before this is looked at by the first attempt.
        self.reader.epoch = self.reader.epoch();
        let mut patrol = self.place.patrol;
        let outcome = crate::wait::wait_for(
            self,
            |worker| match attempt(worker) {
                Ok(found) => Some(Ok(found)),
                Err(error) => error.unless_empty().map(Err),
            },
            |worker, round| worker.reader.wait.pause(round),
            |worker, limit| worker.sleep(limit),
            |worker| {
                worker.patrol();
                // What others have may come back.
                worker.reader.has_producer() || worker.others_are_at_work()
            },
            limit,
            &mut patrol,
        );
        self.place.patrol = patrol;
        self.give_up_reserved();
        outcome
    }

    /// The same, for as long as it takes.
    fn blocking<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, RecvError> {
        loop {
            match self.within(&mut attempt, Limit::Never) {
                Ok(outcome) => return outcome,
                Err(Ended::Dead) => return Err(RecvError::ProducerDied),
                Err(Ended::TimeOver) => {}
            }
        }
    }

    /// The same, for at most `timeout`.
    #[cfg(feature = "std")]
    fn blocking_timeout<R>(
        &mut self,
        attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
        timeout: Duration,
    ) -> Result<R, RecvTimeoutError> {
        match self.within(attempt, Limit::after(timeout)) {
            Ok(outcome) => outcome.map_err(RecvTimeoutError::from),
            Err(Ended::TimeOver) => Err(RecvTimeoutError::Timeout),
            Err(Ended::Dead) => Err(RecvTimeoutError::ProducerDied),
        }
    }
}

impl<T: Plain, W: Wait> Worker<T, W> {
    /// Receives the oldest message that nobody has, if there is one. Does not block.
    ///
    /// ```
    /// # use ringway::{Options, TryRecvError, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::Empty);
    /// producer.send(&7).unwrap();
    /// assert_eq!(*worker.try_recv().unwrap(), 7);
    /// ```
    pub fn try_recv(&mut self) -> Result<Job<'_, T, W>, TryRecvError> {
        self.patrol_if_due();
        let (message, claim) = self.take(false)?;
        Ok(Job::new(Hold::new(self, claim), message))
    }

    /// Receives the oldest message that nobody has, waiting for one as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, RecvError, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let thread = std::thread::spawn(move || {
    ///     assert_eq!(*worker.recv().unwrap(), 7);
    ///     assert_eq!(worker.recv().unwrap_err(), RecvError::Closed);
    /// });
    /// producer.send(&7).unwrap();
    /// producer.close();
    /// thread.join().unwrap();
    /// ```
    pub fn recv(&mut self) -> Result<Job<'_, T, W>, RecvError> {
        self.patrol_if_due();
        let (message, claim) = self.blocking(|worker| worker.take(true))?;
        Ok(Job::new(Hold::new(self, claim), message))
    }

    /// Receives the oldest message that nobody has, waiting for one for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, RecvTimeoutError, Worker};
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(worker.recv_timeout(timeout).unwrap_err(), RecvTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Job<'_, T, W>, RecvTimeoutError> {
        self.patrol_if_due();
        let (message, claim) = self.blocking_timeout(|worker| worker.take(true), timeout)?;
        Ok(Job::new(Hold::new(self, claim), message))
    }

    /// Receives messages that nobody has, of which each comes right after the one before, into the start
    /// of `buffer`: one at least, and at most as many as it has room for. The guard says how many, and is
    /// for all of them: dropped, they are all done. Does not block.
    ///
    /// ```
    /// # use ringway::{Options, TryRecvError, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.try_send_batch(&[1, 2, 3]);
    /// let mut buffer = [0; 2];
    /// let batch = worker.try_recv_batch(&mut buffer).unwrap();
    /// assert_eq!(buffer[..batch.len()], [1, 2]);
    /// ```
    pub fn try_recv_batch(&mut self, buffer: &mut [T]) -> Result<Batch<'_, T, W>, TryRecvError> {
        self.patrol_if_due();
        let claim = self.take_batch(buffer, false)?;
        Ok(Batch::new(Hold::new(self, claim)))
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.try_send_batch(&[1, 2, 3]);
    /// assert_eq!(worker.recv_batch(&mut [0; 8]).unwrap().len(), 3);
    /// ```
    pub fn recv_batch(&mut self, buffer: &mut [T]) -> Result<Batch<'_, T, W>, RecvError> {
        self.patrol_if_due();
        let claim = self.blocking(|worker| worker.take_batch(buffer, true))?;
        Ok(Batch::new(Hold::new(self, claim)))
    }
}

impl<W: Wait> Worker<[u8], W> {
    /// Receives the oldest message that nobody has into the start of `buffer`, if there is one. Does not
    /// block. If the buffer is too small, the error says how long it has to be, and the message is not
    /// claimed. After an error the buffer's contents are unspecified.
    ///
    /// ```
    /// # use ringway::{Options, TryRecvError, Worker};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send(b"four").unwrap();
    /// let too_small = TryRecvError::BufferTooSmall { needed: 4 };
    /// assert_eq!(worker.try_recv_into(&mut [0; 3]).unwrap_err(), too_small);
    /// assert_eq!(worker.try_recv_into(&mut [0; 32]).unwrap().len(), 4);
    /// ```
    pub fn try_recv_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<BytesJob<'a, W>, TryRecvError> {
        self.patrol_if_due();
        let (len, claim) = self.take_bytes(buffer, false)?;
        Ok(BytesJob::new(Hold::new(self, claim), buffer, len))
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send(b"four").unwrap();
    /// assert_eq!(&*worker.recv_into(&mut [0; 32]).unwrap(), b"four");
    /// ```
    pub fn recv_into<'a>(&'a mut self, buffer: &'a mut [u8]) -> Result<BytesJob<'a, W>, RecvError> {
        self.patrol_if_due();
        let (len, claim) = self.blocking(|worker| worker.take_bytes(buffer, true))?;
        Ok(BytesJob::new(Hold::new(self, claim), buffer, len))
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_into_timeout<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
        timeout: Duration,
    ) -> Result<BytesJob<'a, W>, RecvTimeoutError> {
        self.patrol_if_due();
        let attempt = |worker: &mut Self| worker.take_bytes(buffer, true);
        let (len, claim) = self.blocking_timeout(attempt, timeout)?;
        Ok(BytesJob::new(Hold::new(self, claim), buffer, len))
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Worker<T, W> {
    fn drop(&mut self) {
        if !self.storage().is_here() {
            return;
        }
        self.give_up_reserved();
        if let (Some(desk), true) = (self.desk(), self.place.held > 0) {
            // Guards were leaked.
            desk.take_back(self.place.index);
        }
        // Last, so that no claim names an entry that may be somebody else's.
        join::leave(self.storage(), self.place.index);
        if self.place.told {
            group::forget_evicted(self.storage(), self.place.group, self.place.generation);
        }
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

    /// Clears up after a worker that has died, as whoever finds it does.
    pub fn bury(ring: &Ring<T>, dead: usize) {
        if let Some(entry) = ring.storage.entry(dead) {
            group::bury(&ring.storage, dead, entry);
        }
    }
}
