//! Many messages at a time, which a worker reads where they lie.
//!
//! Each is claimed for itself, as in a batch that is copied. What keeps one message where it is
//! (`in_place.rs`) keeps all of them: the group's gate does not pass the first that is claimed, and
//! one pin in the worker's entry holds for all.

use core::fmt;

use super::claim::Claim;
use super::handle::Worker;
use super::hold::{ClaimLost, Hold};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::group::claims::Fate;
use crate::message::Message;
use crate::position::Position;
use ringway_shm::wait::{AdaptiveSpin, Deadline, Wait};

/// Messages that a [`Worker`] has received at a time, where they lie: of a type, or of bytes. They
/// are the worker's own until this guard is dropped: then they are done. As a
/// [`JobRef`](super::JobRef) for all of them.
///
/// ```
/// use ringway::{Options, Worker};
///
/// let (mut producer, ring) = Options::bytes(8, 1000).groups(1).heap().unwrap();
/// let mut worker = Worker::join(&ring, "billing").unwrap();
/// producer.send_batch(&[b"one", b"three", b"four"]).unwrap();
/// worker.recv_refs(2).unwrap().nack().unwrap();
/// let jobs = worker.recv_refs(2).unwrap();
/// assert!(jobs.iter().eq([&b"one"[..], b"three"]));
/// assert_eq!((jobs.position(), jobs.redelivered(1), jobs.redelivered(2)), (0, true, false));
/// jobs.done().unwrap();
/// assert_eq!(worker.recv_refs(2).unwrap().get(0), Some(&b"four"[..]));
/// ```
#[must_use = "dropped, the messages are done"]
pub struct JobRefs<'a, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    hold: Hold<'a, T, W>,
}

impl<T: Message + Sync + ?Sized, W: Wait> Worker<T, W> {
    /// Receives messages that no worker has, each right behind the one before, where they lie: one
    /// at least, unless `max` is 0, and at most `max`. The guard is for all of them: dropped, they
    /// are all done. Does not block. Else as [`try_recv_ref`](Self::try_recv_ref).
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(worker.try_recv_refs(2).unwrap_err(), TryRecvError::Empty);
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// assert_eq!(worker.try_recv_refs(2).unwrap().iter().sum::<u64>(), 3);
    /// assert_eq!(worker.lag(), 1);
    /// ```
    pub fn try_recv_refs(&mut self, max: usize) -> Result<JobRefs<'_, T, W>, TryRecvError> {
        let claim = self.poll(|worker| worker.take_many_in_place(max, false))?;
        Ok(JobRefs { hold: Hold::new(self, claim) })
    }

    /// As [`try_recv_refs`](Self::try_recv_refs), waiting for the first message as long as it
    /// takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(worker.recv_refs(8).unwrap().len(), 2);
    /// assert_eq!(worker.recv_refs(8).unwrap_err(), RecvError::Closed);
    /// ```
    pub fn recv_refs(&mut self, max: usize) -> Result<JobRefs<'_, T, W>, RecvError> {
        let attempt = |worker: &mut Self| worker.take_many_in_place(max, true);
        let claim = self.within::<_, RecvError>(Deadline::Never, attempt)?;
        Ok(JobRefs { hold: Hold::new(self, claim) })
    }

    /// As [`try_recv_refs`](Self::try_recv_refs), waiting for the first message for at most
    /// `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_refs_timeout(
        &mut self,
        max: usize,
        timeout: impl Into<Deadline>,
    ) -> Result<JobRefs<'_, T, W>, RecvTimeoutError> {
        let attempt = |worker: &mut Self| worker.take_many_in_place(max, true);
        let claim = self.within::<_, RecvTimeoutError>(timeout.into(), attempt)?;
        Ok(JobRefs { hold: Hold::new(self, claim) })
    }

    /// Claims messages, which stay where they are from here on.
    fn take_many_in_place(&mut self, max: usize, waiting: bool) -> Result<Claim, TryRecvError> {
        if !self.reader.reads_in_place::<T>() {
            return Err(TryRecvError::NotInPlace);
        }
        let Some(more) = max.min(self.capacity()).checked_sub(1) else {
            return Ok(Claim { first: self.reader.next(), messages: 0, marked: false });
        };
        loop {
            let (mut claim, _first) = self.seek(self.max_len(), waiting)?;
            let claimed = self.claim_more(claim.first.plus(1), more);
            claim.messages += self.keep_whole(claim, claimed);
            if let Err(evicted) = self.pin() {
                self.settle(claim, Fate::Untouched);
                return Err(evicted);
            }
            // They are overwritten in order, the first one first.
            if self.is_whole(claim)? {
                return Ok(claim);
            }
        }
    }

    /// How many of the messages that were claimed behind the first have lengths that can be. The
    /// others are given back, and are told of when one of them comes first.
    fn keep_whole(&mut self, claim: Claim, claimed: usize) -> usize {
        if !self.reader.storage.measures().has_lengths::<T>() {
            return claimed;
        }
        let first = claim.first.plus(1);
        let is_whole = |ahead: &usize| self.reader.span_at::<T>(first.plus(*ahead)).is_some();
        let whole = (0..claimed).take_while(is_whole).count();
        if whole < claimed {
            let rest = Claim { first: first.plus(whole), messages: claimed - whole, marked: false };
            self.settle(rest, Fate::Untouched);
        }
        whole
    }
}

impl<T: Message + ?Sized, W: Wait> JobRefs<'_, T, W> {
    /// How many messages there are. 0 only if none was asked for.
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

    /// One of the messages, which are counted from 0.
    #[cfg(not(ringway_loom))]
    pub fn get(&self, index: usize) -> Option<&T> {
        let reader = &self.hold.worker.reader;
        let position = self.hold.claim.first.plus(index);
        let span = reader.span_at::<T>(position).filter(|_| index < self.len())?;
        // SAFETY: the ring's messages are `T`, and `span` was checked by `span_of`.
        let place = unsafe { reader.storage.slot(position).place_at::<T>(span) };
        // SAFETY: `take_many_in_place` found the place to be aligned, as all slots are if one is,
        // and to have a message `T` there. The producer does not write it before the guard is
        // dropped, because the claim holds the group's gate and, where the ring evicts, the
        // worker's entry is pinned.
        Some(unsafe { T::at(place, span.len) })
    }

    /// The messages, in order.
    #[cfg(not(ringway_loom))]
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// Whether the message of that number may have been delivered before.
    pub fn redelivered(&self, index: usize) -> bool {
        self.hold.redelivered(index)
    }

    /// The messages are done. As dropping the guard, and says whether all of them were still this
    /// worker's.
    pub fn done(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Done)
    }

    /// Gives all of the messages back to the group, as [`Job::nack`](super::Job::nack) does.
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.hold.end(Fate::Nacked)
    }
}

/// In a model there is no memory to refer to.
#[cfg(ringway_loom)]
impl<T: crate::Plain, W: Wait> JobRefs<'_, T, W> {
    /// What stands where one of the messages lies.
    pub fn read(&self, index: usize) -> T {
        let mut value = T::new_zeroed();
        let span = crate::memory::Span::in_slot(size_of::<T>());
        self.hold.worker.copy(self.hold.claim.first.plus(index), span, value.as_mut_bytes());
        value
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for JobRefs<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobRefs")
            .field("position", &self.position())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
