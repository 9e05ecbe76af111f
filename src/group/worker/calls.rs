//! The calls by which a worker receives copies.

use super::handle::Worker;
use super::hold::Hold;
use super::job::{Batch, BytesJob, Job};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::group::undone::Rest;
use crate::message::{ByteMessage, Message, Plain};
use core::slice;
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Calls `attempt` once, for a call that does not block. Tells of the producer's death if there
    /// is nothing and nothing can come.
    pub(crate) fn poll<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, TryRecvError> {
        let asked = self.patrol_if_due();
        match (attempt(self), asked) {
            (Err(TryRecvError::Empty), Err(error)) => return Err(TryRecvError::Liveness(error)),
            (Err(TryRecvError::Empty), _) if self.reader.asks() => {}
            (outcome, _) => return outcome,
        }
        if !self.reader.is_orphaned() {
            return Err(TryRecvError::Empty);
        }
        self.poll_orphaned(attempt)
    }

    /// For a wait set, whose look was in vain: asks whether the producer lives. If it does not, the
    /// same.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn poll_if_orphaned<R>(
        &mut self,
        attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, TryRecvError> {
        if !self.reader.storage.can_die() || !self.reader.is_orphaned_if(true) {
            return Err(TryRecvError::Empty);
        }
        self.poll_orphaned(attempt)
    }

    /// The same of a group whose producer is dead.
    fn poll_orphaned<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, TryRecvError> {
        // What other workers have may come back.
        if self.rest() != Rest::Nothing {
            return Err(TryRecvError::Empty);
        }
        // What the dead producer sent until then, or what has come back, is not left behind.
        match attempt(self) {
            Err(TryRecvError::Empty) => Err(self.reader.death()),
            outcome => outcome,
        }
    }
}

impl<T: Plain, W: Wait> Worker<T, W> {
    /// Receives the oldest message that no worker has, if there is one. Does not block. The guard
    /// has the message in it, on the stack: [`try_recv_to`](Self::try_recv_to) is for large ones.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::Empty);
    /// producer.send(&7).unwrap();
    /// assert_eq!(*worker.try_recv().unwrap(), 7);
    /// ```
    pub fn try_recv(&mut self) -> Result<Job<'_, T, W>, TryRecvError> {
        let (message, claim) = self.poll(|worker| worker.take(false))?;
        Ok(Job::new(Hold::new(self, claim), message))
    }

    /// Receives the oldest message that no worker has, waiting for one as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let thread = std::thread::spawn(move || {
    ///     assert_eq!(*worker.recv().unwrap(), 7);
    ///     assert_eq!(worker.recv().unwrap_err(), RecvError::Closed);
    /// });
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// thread.join().unwrap();
    /// ```
    pub fn recv(&mut self) -> Result<Job<'_, T, W>, RecvError> {
        let (message, claim) =
            self.within::<_, RecvError>(Deadline::Never, |worker| worker.take(true))?;
        Ok(Job::new(Hold::new(self, claim), message))
    }

    /// Receives the oldest message that no worker has, waiting for one for at most `timeout`: a
    /// `Duration`, or an `Instant` until which to wait ([`Deadline`]).
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(worker.recv_timeout(timeout).unwrap_err(), RecvTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Job<'_, T, W>, RecvTimeoutError> {
        let (message, claim) =
            self.within::<_, RecvTimeoutError>(timeout.into(), |worker| worker.take(true))?;
        Ok(Job::new(Hold::new(self, claim), message))
    }

    /// As [`try_recv`](Self::try_recv), to where `message` is: for messages that are too large to
    /// be returned, which puts one on the stack. The guard has the message's claim, and no copy of
    /// it. After an error what is there is unspecified.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::TryRecvError;
    /// use zerocopy::FromZeros;
    ///
    /// type Frame = [u8; 1 << 20];
    /// let (mut producer, ring) = Options::<Frame>::new(2).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "encoders").unwrap();
    /// let mut frame = Frame::new_box_zeroed().unwrap();
    /// frame[9] = 7;
    /// producer.send(&*frame).unwrap();
    /// frame[9] = 0;
    /// let job = worker.try_recv_to(&mut *frame).unwrap();
    /// assert_eq!((frame[9], job.len(), job.redelivered(0)), (7, 1, false));
    /// job.done().unwrap();
    /// assert_eq!(worker.try_recv_to(&mut *frame).unwrap_err(), TryRecvError::Empty);
    /// ```
    pub fn try_recv_to(&mut self, message: &mut T) -> Result<Batch<'_, T, W>, TryRecvError> {
        self.try_recv_batch(slice::from_mut(message))
    }

    /// As [`try_recv_to`](Self::try_recv_to), waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send(&7).unwrap();
    /// let mut message = 0;
    /// worker.recv_to(&mut message).unwrap().done().unwrap();
    /// assert_eq!(message, 7);
    /// ```
    pub fn recv_to(&mut self, message: &mut T) -> Result<Batch<'_, T, W>, RecvError> {
        self.recv_batch(slice::from_mut(message))
    }

    /// As [`try_recv_to`](Self::try_recv_to), waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// let refused = worker.recv_to_timeout(&mut 0, timeout).unwrap_err();
    /// assert_eq!(refused, RecvTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_to_timeout(
        &mut self,
        message: &mut T,
        timeout: impl Into<Deadline>,
    ) -> Result<Batch<'_, T, W>, RecvTimeoutError> {
        self.recv_batch_timeout(slice::from_mut(message), timeout)
    }

    /// Receives messages that no worker has, each right behind the one before, into the start of
    /// `buffer`: one at least, and at most as many as it has room for. The guard says how many, and
    /// is for all of them: dropped, they are all done. Does not block.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// let mut buffer = [0; 2];
    /// let batch = worker.try_recv_batch(&mut buffer).unwrap();
    /// assert_eq!(buffer[..batch.len()], [1, 2]);
    /// ```
    pub fn try_recv_batch(&mut self, buffer: &mut [T]) -> Result<Batch<'_, T, W>, TryRecvError> {
        let claim = self.poll(|worker| worker.take_batch(buffer, false))?;
        Ok(Batch::new(Hold::new(self, claim)))
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message as long as it
    /// takes.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// assert_eq!(worker.recv_batch(&mut [0; 8]).unwrap().len(), 3);
    /// ```
    pub fn recv_batch(&mut self, buffer: &mut [T]) -> Result<Batch<'_, T, W>, RecvError> {
        let claim =
            self.within::<_, RecvError>(Deadline::Never, |worker| worker.take_batch(buffer, true))?;
        Ok(Batch::new(Hold::new(self, claim)))
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message for at most
    /// `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// let refused = worker.recv_batch_timeout(&mut [0; 8], timeout).unwrap_err();
    /// assert_eq!(refused, RecvTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_batch_timeout(
        &mut self,
        buffer: &mut [T],
        timeout: impl Into<Deadline>,
    ) -> Result<Batch<'_, T, W>, RecvTimeoutError> {
        let claim = self.within::<_, RecvTimeoutError>(timeout.into(), |worker| {
            worker.take_batch(buffer, true)
        })?;
        Ok(Batch::new(Hold::new(self, claim)))
    }
}

impl<T: ByteMessage + ?Sized, W: Wait> Worker<T, W> {
    /// Receives the oldest message that no worker has into the start of `buffer`, if there is one.
    /// Does not block. If the buffer is too small, the error says how long it has to be, and the
    /// message is not claimed. After an error the buffer's contents are unspecified.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::TryRecvError;
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
    ) -> Result<BytesJob<'a, W, T>, TryRecvError> {
        let (len, claim) = self.poll(|worker| worker.take_bytes(buffer, false))?;
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
    pub fn recv_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<BytesJob<'a, W, T>, RecvError> {
        let (len, claim) =
            self.within::<_, RecvError>(Deadline::Never, |worker| worker.take_bytes(buffer, true))?;
        Ok(BytesJob::new(Hold::new(self, claim), buffer, len))
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_into_timeout<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
        timeout: impl Into<Deadline>,
    ) -> Result<BytesJob<'a, W, T>, RecvTimeoutError> {
        let attempt = |worker: &mut Self| worker.take_bytes(buffer, true);
        let (len, claim) = self.within::<_, RecvTimeoutError>(timeout.into(), attempt)?;
        Ok(BytesJob::new(Hold::new(self, claim), buffer, len))
    }
}
