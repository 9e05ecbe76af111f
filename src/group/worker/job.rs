//! What a worker has received, and has to end.

use core::fmt;
#[cfg(ringway_loom)]
use core::mem::ManuallyDrop;
use core::ops::Deref;

#[cfg(doc)]
use super::handle::Worker;
use super::hold::{ClaimLost, Hold};
use crate::group::claims::Fate;
#[cfg(ringway_loom)]
use crate::group::claims::Outcome;
use crate::memory::{Slot, Span};
use crate::message::{ByteMessage, Message, Plain};
use crate::position::Position;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A message that a [`Worker`] has received. It is the worker's own until this guard is dropped:
/// then it is done.
///
/// A panic while the guard lives, with the feature `std`, gives the message back, as
/// [`nack`](Self::nack) does. If the guard is leaked, the message stays claimed, and holds the
/// producer back, until the worker is dropped. That gives it back.
///
/// ```
/// use ringway::{Options, Worker};
///
/// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
/// let mut worker = Worker::join(&ring, "billing").unwrap();
/// producer.send(&7).unwrap();
/// worker.recv().unwrap().nack().unwrap();
/// let job = worker.recv().unwrap();
/// assert_eq!((*job, job.position(), job.redelivered()), (7, 0, true));
/// job.done().unwrap();
/// ```
#[must_use = "dropped, the message is done"]
pub struct Job<'a, T: Plain, W: Wait = AdaptiveSpin> {
    hold: Hold<'a, T, W>,
    message: T,
}

impl<'a, T: Plain, W: Wait> Job<'a, T, W> {
    pub(crate) fn new(hold: Hold<'a, T, W>, message: T) -> Self {
        Job { hold, message }
    }
}

impl<T: Plain, W: Wait> Deref for Job<'_, T, W> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.message
    }
}

impl<T: Plain, W: Wait> Job<'_, T, W> {
    /// The message's position.
    pub fn position(&self) -> Position {
        self.hold.position()
    }

    /// Whether the message may have been delivered before: a worker has given it back, or has died
    /// with it.
    pub fn redelivered(&self) -> bool {
        self.hold.claim.marked
    }

    /// The message is done. As dropping the guard, and says whether the message was still this
    /// worker's.
    pub fn done(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Done)
    }

    /// Gives the message back to the group. It is delivered again, marked, to the worker that asks
    /// first, which may be this one. A group that delivers at most once skips it instead.
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Nacked)
    }
}

/// A message of bytes that a [`Worker`] has received. As a [`Job`].
#[must_use = "dropped, the message is done"]
pub struct BytesJob<'a, W: Wait = AdaptiveSpin, T: ByteMessage + ?Sized = [u8]> {
    hold: Hold<'a, T, W>,
    message: &'a [u8],
}

impl<'a, W: Wait, T: ByteMessage + ?Sized> BytesJob<'a, W, T> {
    pub(crate) fn new(hold: Hold<'a, T, W>, buffer: &'a [u8], len: usize) -> Self {
        BytesJob { hold, message: buffer.get(..len).unwrap_or(buffer) }
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> Deref for BytesJob<'_, W, T> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.message
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> BytesJob<'_, W, T> {
    /// The message's position.
    pub fn position(&self) -> Position {
        self.hold.position()
    }

    /// As [`Job::redelivered`].
    pub fn redelivered(&self) -> bool {
        self.hold.claim.marked
    }

    /// As [`Job::done`].
    pub fn done(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Done)
    }

    /// As [`Job::nack`].
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Nacked)
    }
}

/// A message that a [`Worker`] has received, where it lies. As a [`Job`], which has a copy.
///
/// While the guard lives the message does not change: see [`recv_ref`](Worker::recv_ref). A leaked
/// guard holds the producer back until the worker is dropped. That gives the message back.
///
/// ```
/// use ringway::{Options, Worker};
///
/// let (mut producer, ring) = Options::<[u8]>::bytes(4, 1000).groups(1).heap().unwrap();
/// let mut worker = Worker::join(&ring, "billing").unwrap();
/// producer.send(b"large").unwrap();
/// worker.recv_ref().unwrap().nack().unwrap();
/// let job = worker.recv_ref().unwrap();
/// assert_eq!((&*job, job.position(), job.redelivered()), (&b"large"[..], 0, true));
/// job.done().unwrap();
/// ```
#[must_use = "dropped, the message is done"]
pub struct JobRef<'a, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    hold: Hold<'a, T, W>,
    span: Span,
}

impl<'a, T: Message + ?Sized, W: Wait> JobRef<'a, T, W> {
    pub(crate) fn new(hold: Hold<'a, T, W>, span: Span) -> Self {
        JobRef { hold, span }
    }

    fn slot(&self) -> Slot<'_> {
        self.hold.worker.storage().slot(self.hold.claim.first)
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized, W: Wait> Deref for JobRef<'_, T, W> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the ring's messages are `T`, and `take_in_place` found that one lies at `span`.
        let place = unsafe { self.slot().place_at::<T>(self.span) };
        // SAFETY: `take_in_place` found the place to be aligned and to have a message `T` there.
        // The producer does not write it before the guard is dropped, because the claim holds the
        // group's gate and, where the ring evicts, the worker's entry is pinned.
        unsafe { T::at(place, self.span.len) }
    }
}

/// In a model there is no memory to refer to.
#[cfg(ringway_loom)]
impl<T: Plain, W: Wait> JobRef<'_, T, W> {
    /// What stands where the message lies.
    pub fn read(&self) -> T {
        let slot = self.slot();
        slot.ghost().read();
        let mut value = T::new_zeroed();
        // SAFETY: the ring's messages are `T`, and `take_in_place` found that one lies at `span`.
        unsafe { slot.payload_at::<T>(self.span) }.copy_to(value.as_mut_bytes());
        value
    }
}

impl<T: Message + ?Sized, W: Wait> JobRef<'_, T, W> {
    /// The message's position.
    pub fn position(&self) -> Position {
        self.hold.position()
    }

    /// As [`Job::redelivered`].
    pub fn redelivered(&self) -> bool {
        self.hold.claim.marked
    }

    /// As [`Job::done`].
    pub fn done(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Done)
    }

    /// As [`Job::nack`].
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Nacked)
    }
}

/// Messages that a [`Worker`] has received at a time, into a buffer of the caller's. They are the
/// worker's own until this guard is dropped: then they are done. As a [`Job`] for all of them.
///
/// ```
/// use ringway::{Options, Worker};
///
/// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
/// let mut worker = Worker::join(&ring, "billing").unwrap();
/// producer.send_batch(&[1, 2, 3]).unwrap();
/// let mut buffer = [0; 2];
/// worker.recv_batch(&mut buffer).unwrap().nack().unwrap();
/// let batch = worker.recv_batch(&mut buffer).unwrap();
/// assert_eq!((batch.len(), batch.redelivered(0), batch.redelivered(1)), (2, true, true));
/// assert_eq!(buffer, [1, 2]);
/// ```
#[must_use = "dropped, the messages are done"]
pub struct Batch<'a, T: Plain, W: Wait = AdaptiveSpin> {
    hold: Hold<'a, T, W>,
}

impl<'a, T: Plain, W: Wait> Batch<'a, T, W> {
    pub(crate) fn new(hold: Hold<'a, T, W>) -> Self {
        Batch { hold }
    }

    /// How many messages there are. 0 only if there was no room in the buffer.
    pub fn len(&self) -> usize {
        self.hold.claim.messages
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position of the first message. The others' follow.
    pub fn position(&self) -> Position {
        self.hold.position()
    }

    /// Whether the message at that index in the buffer may have been delivered before.
    pub fn redelivered(&self, index: usize) -> bool {
        self.hold.redelivered(index)
    }

    /// The messages are done. As dropping the guard, and says whether all of them were still this
    /// worker's.
    pub fn done(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Done)
    }

    /// Gives all of the messages back to the group, as [`Job::nack`] does.
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Nacked)
    }
}

impl<T: Plain + fmt::Debug, W: Wait> fmt::Debug for Job<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("position", &self.position())
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> fmt::Debug for BytesJob<'_, W, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesJob")
            .field("position", &self.position())
            .field("len", &self.message.len())
            .finish_non_exhaustive()
    }
}

impl<T: Plain, W: Wait> fmt::Debug for Batch<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("position", &self.position())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for JobRef<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobRef")
            .field("position", &self.position())
            .field("len", &self.span.len)
            .finish_non_exhaustive()
    }
}

/// What happens to workers in a model.
#[cfg(ringway_loom)]
impl<T: Plain, W: Wait> Job<'_, T, W> {
    /// The message is done, and the worker dies before it can say so or move the gate.
    pub fn die_done(self) {
        let this = ManuallyDrop::new(self);
        let Hold { worker, claim, .. } = &this.hold;
        if let Some(claims) = worker.claims() {
            claims.settle(claim.first, worker.member.index, Fate::Done, &mut Outcome::default());
        }
    }
}
