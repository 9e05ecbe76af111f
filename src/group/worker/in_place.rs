//! Messages that a worker reads where they lie.
//!
//! A claim keeps its message where it is: the group's gate does not pass it. So what is said of
//! subscribers in [`crate::consumer`] (`in_place.rs`) holds for workers too. The pin is in the
//! worker's own entry. It keeps a producer that has evicted the group from passing the group's
//! gate.

use super::claim::Claim;
use super::handle::Worker;
use super::hold::Hold;
use super::job::JobRef;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::group::claims::Fate;
use crate::memory::Span;
use crate::message::Message;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + Sync + ?Sized, W: Wait> Worker<T, W> {
    /// The same worker, which may read messages in place. Needed where the ring is not this
    /// process's own: in files, and in memory of the caller's.
    ///
    /// # Safety
    ///
    /// As for [`Subscriber::assume_protocol`](crate::Subscriber::assume_protocol).
    #[must_use = "the handle that may read in place is what this returns"]
    pub unsafe fn assume_protocol(mut self) -> Self {
        self.reader.trusts = true;
        self
    }

    /// Receives the oldest message that no worker has, where it lies, if there is one. Does not
    /// block.
    ///
    /// The reference is to the ring's memory, and nothing is copied. The message stays until the
    /// returned [`JobRef`] is dropped, also if the group is evicted meanwhile.
    ///
    /// [`NotInPlace`](TryRecvError::NotInPlace): others may write the memory, and the caller has
    /// not [promised](Self::assume_protocol) that they follow the protocol. Or the ring evicts, and
    /// was created without [`hold_in_place`](crate::Options::hold_in_place).
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) = Options::<[u64; 512]>::new(4).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(worker.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    /// producer.send(&[7; 512]).unwrap();
    /// assert_eq!(worker.try_recv_ref().unwrap()[511], 7);
    /// ```
    pub fn try_recv_ref(&mut self) -> Result<JobRef<'_, T, W>, TryRecvError> {
        let (claim, span) = self.poll(|worker| worker.take_in_place(false))?;
        Ok(JobRef::new(Hold::new(self, claim), span))
    }

    /// As [`try_recv_ref`](Self::try_recv_ref), waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(4).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(*worker.recv_ref().unwrap(), 7);
    /// assert_eq!(worker.recv_ref().unwrap_err(), RecvError::Closed);
    /// ```
    pub fn recv_ref(&mut self) -> Result<JobRef<'_, T, W>, RecvError> {
        let (claim, span) =
            self.within::<_, RecvError>(Deadline::Never, |worker| worker.take_in_place(true))?;
        Ok(JobRef::new(Hold::new(self, claim), span))
    }

    /// As [`try_recv_ref`](Self::try_recv_ref), waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_ref_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<JobRef<'_, T, W>, RecvTimeoutError> {
        let (claim, span) = self
            .within::<_, RecvTimeoutError>(timeout.into(), |worker| worker.take_in_place(true))?;
        Ok(JobRef::new(Hold::new(self, claim), span))
    }

    /// Claims a message, which stays where it is from here on.
    fn take_in_place(&mut self, waiting: bool) -> Result<(Claim, Span), TryRecvError> {
        if !self.reader.reads_in_place::<T>() {
            return Err(TryRecvError::NotInPlace);
        }
        loop {
            let (claim, span) = self.seek(self.max_len(), waiting)?;
            if let Err(evicted) = self.pin() {
                self.settle(claim, Fate::Untouched);
                return Err(evicted);
            }
            if self.is_whole(claim)? {
                return Ok((claim, span));
            }
        }
    }

    /// Keeps what this worker has claimed where it is, also if its group is evicted from here on.
    /// The error says that it has been evicted.
    pub(super) fn pin(&mut self) -> Result<(), TryRecvError> {
        if !self.reader.can_be_evicted() {
            return Ok(());
        }
        if let Some(entry) = self.storage().entry(self.member.index) {
            entry.pinned.store(1, Ordering::Relaxed);
        }
        self.member.pinned = true;
        // SYNC pin, group-pin: either this worker sees that its group was evicted, or the producer
        // sees the pin after its fence in `credit::evict`. So does a process that gives up the
        // group's entry, after its fence in `close`.
        fence(Ordering::SeqCst);
        self.excluded().map_or(Ok(()), Err)
    }
}
