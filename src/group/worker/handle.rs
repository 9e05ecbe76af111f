//! A worker's handle: how it joins, and what it says of itself.

use core::fmt;
use core::marker::PhantomData;

use super::member::Member;
use super::watch::Watch;
use crate::error::{JoinError, LivenessError};
use crate::group::claims::Claims;
use crate::group::join::{self, Membership};
use crate::group::named::Group;
use crate::memory::Storage;
use crate::message::{HandleOf, Message};
use crate::protocol::head;
use crate::protocol::reader::Reader;
use crate::ring::Ring;
use ringway_shm::wait::{AdaptiveSpin, DeathCheck, Wait};

/// A consumer that shares its messages with the other workers of its [`Group`]: each message goes
/// to one of them. The group as a whole holds the producer back as a
/// [`Subscriber`](crate::Subscriber) does, until the message is done.
///
/// What a worker receives is a guard, a [`Job`](crate::group::Job), which has a copy of the message.
/// Dropping it says that the message is done. [`nack`](crate::group::Job::nack) gives the message back to
/// the group, and so does a panic while the guard lives (with the feature `std`).
///
/// What a worker had claimed when it died goes to another one, and says so
/// ([`Job::redelivered`](crate::group::Job::redelivered)): within 150 ms of the kernel closing the dead
/// process's files, if a worker asks for messages. So without crashes and `nack` every message is
/// delivered exactly once. With them it is delivered at least once, and never twice without the
/// mark. A group that is [`at_most_once`](Group::at_most_once) skips it instead.
///
/// Workers get messages in the order in which they ask, each the oldest that no worker has, without
/// any promise of how many each gets. No worker starves that keeps asking in calls that block. When
/// others were faster four times, it gets the newest message that no worker has. Where there is
/// none, it gets the next one that is sent, however fast the others are.
///
/// # Errors
///
/// The receiving calls return what those of a [`Subscriber`](crate::Subscriber) do, where these
/// differ:
///
/// - `Closed`: the producer has closed the ring, and all that it sent is done. As long as another
///   worker has a message, which it may give back, there is no end, and a call that blocks waits
///   for it.
/// - `ProducerDied`: the same of a producer that has died.
/// - `Evicted { missed }`: the group has held the producer back for too long, by
///   [`max_lag`](crate::Options::max_lag), [`max_hold`](crate::Options::max_hold), or, while no
///   worker is in it, [`max_away`](crate::Options::max_away). All its workers are told, with the
///   number of messages that have been sent by now and were not done. The worker that next joins
///   under its name is told as well ([`JoinError::Evicted`]), unless all its workers were told and
///   dropped. Then the group begins anew.
///
///   It does so whatever its workers do, because some may be stopped. Each is told when it next
///   asks. If that is after the group has begun anew, `missed` counts the messages that were sent
///   since the last one at which this worker had looked. What it still has is no longer its own
///   ([`ClaimLost`](crate::group::ClaimLost)).
/// - `Lagged(n)`, `Corrupt`: the group's words in the control segment were forged. `n` messages are
///   lost to the group.
///
/// ```
/// use ringway::{Options, Worker};
/// use ringway::error::RecvError;
///
/// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
/// let mut first = Worker::join(&ring, "billing").unwrap();
/// let mut second = Worker::join(&ring, "billing").unwrap();
/// producer.send_batch(&[1, 2]).unwrap();
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
#[doc(alias = "channel")]
#[doc(alias = "competing consumers")]
#[doc(alias = "consumer group")]
#[doc(alias = "mpmc")]
#[doc(alias = "queue")]
#[doc(alias = "receiver")]
#[doc(alias = "work queue")]
pub struct Worker<T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    /// Its `next` is the first position at which this one has not looked.
    pub(super) reader: Reader<W>,
    pub(super) member: Member,
    pub(super) watch: Watch,
    pub(super) message: HandleOf<T>,
}

impl<T: Message + ?Sized> Worker<T> {
    /// Joins a group, and makes it if there is none of that name.
    ///
    /// The group stays when all its workers have gone, until it is
    /// [forgotten](Ring::remove_group). It holds back what is not done, up to the limits that were
    /// chosen at creation. Where several processes share the ring, this may wait for others that
    /// look for a name, for a second at most.
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
        Worker::join_with(ring, group, AdaptiveSpin::new())
    }
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// As [`join`](Worker::join), with another way to wait. That is notified at once: a producer
    /// may be waiting for an event, over what the group held back while it was made.
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
        let joined = join::join_group(&ring.storage, group.into()).inspect_err(|_| wait.notify());
        let Membership { storage, index, group, generation, first } = joined?;
        let member = Member {
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
        let mut worker = Worker { reader, member, watch, message: PhantomData };
        // Should this panic, `worker` is dropped, and leaves again.
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
        // SAFETY: `this` is not dropped, and its `reader` is not used again: this is a move.
        let reader = unsafe { core::ptr::read(&this.reader) };
        // SAFETY: `this` is not dropped, and its `watch` is not used again: this is a move.
        let watch = unsafe { core::ptr::read(&this.watch) };
        let (reader, before) = reader.with_wait(wait);
        let worker = Worker { reader, member: this.member, watch, message: PhantomData };
        // Last: should it panic, the new worker is dropped as the old one would have been.
        drop(before);
        worker
    }

    /// Messages that have been sent and that the group has not done, as far as can be seen. When it
    /// returns they may be more or fewer.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// worker.try_recv().unwrap();
    /// assert_eq!(worker.lag(), 2);
    /// ```
    pub fn lag(&self) -> u64 {
        let head = head::exact(&self.reader.storage);
        self.claims().map_or(0, |claims| claims.undone(head))
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
        self.reader.set_patient(yes);
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

    pub(super) fn storage(&self) -> &Storage {
        &self.reader.storage
    }

    /// The group's claims. They are there: the worker could not have joined without.
    pub(super) fn claims(&self) -> Option<Claims<'_>> {
        Claims::of(self.storage(), self.member.group)
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Worker<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("group", &self.member.group)
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
