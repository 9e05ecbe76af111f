//! Workers that tasks await.

use core::future::poll_fn;
use core::slice;
use core::task::{Context, Poll};
use core::time::Duration;

use super::handle::Worker;
use super::hold::Hold;
use super::job::{Batch, BytesJob, Job};
use crate::error::{LivenessError, RecvError};
use crate::future::{Async, sealed};
use crate::group::undone::Rest;
use crate::message::{ByteMessage, Message, Plain};
#[cfg(feature = "alloc")]
use crate::protocol::wake::Side;
use ringway_shm::wait::Wait;

/// How often a worker's task looks whether others live: as often as one that has a deputy's post.
const PATROLS: Duration = Duration::from_millis(50);

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Worker<T, W> {
    type Wait = W;

    fn wait(&mut self) -> &mut W {
        &mut self.reader.wait
    }

    #[cfg(feature = "alloc")]
    fn sleeps_on(&self) -> sealed::SleepsOn<'_> {
        let (storage, fences) = (self.storage(), self.reader.fences);
        sealed::SleepsOn::Ring(sealed::InRing {
            storage,
            fences,
            side: Side::Worker(self.member.group),
        })
    }

    fn is_mortal(&self) -> bool {
        self.storage().can_die()
    }

    fn pace(&self) -> Option<Duration> {
        self.storage().can_die().then_some(PATROLS)
    }
}

/// A task's worker looks after others as one that only polls does. It reserves nothing: a future
/// that is dropped has nothing to give back.
impl<T: Message + ?Sized, W: Wait> sealed::Receiving for Worker<T, W> {
    fn was_at_an_end(&mut self) -> bool {
        self.reader.begins_to_wait()
    }

    fn can_get_more(&mut self) -> bool {
        // What others have may come back.
        self.reader.has_producer() || self.rest() != Rest::Nothing
    }

    fn look_around(&mut self) -> Result<(), LivenessError> {
        self.patrol_if_due()
    }

    fn death(&mut self) -> RecvError {
        self.reader.death_while_waiting()
    }
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// The same worker, to be awaited.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap().into_async();
    /// producer.send(&7).unwrap();
    /// let job = futures_executor::block_on(worker.recv()).unwrap();
    /// assert_eq!(*job, 7);
    /// job.done().unwrap();
    /// # }
    /// ```
    pub fn into_async(self) -> Async<Self> {
        Async::new(self)
    }
}

impl<T: Message + ?Sized, W: Wait> Async<Worker<T, W>> {
    /// Waits until there is a message that no worker has, and claims nothing: [`Worker::ready`].
    /// Another worker may be faster. Cancel safe.
    pub async fn ready(&mut self) -> Result<(), RecvError> {
        poll_fn(|context| self.poll_ready(context)).await
    }

    /// As [`ready`](Self::ready), for a future of the caller's.
    pub fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.poll_take(context, Worker::is_any_free)
    }
}

impl<T: Plain, W: Wait> Async<Worker<T, W>> {
    /// Receives the next message that no worker has: [`Worker::recv`]. Cancel safe: a message is
    /// claimed in the poll that returns its job, and ends with that.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap().into_async();
    /// producer.send(&7).unwrap();
    /// futures_executor::block_on(async {
    ///     worker.recv().await.unwrap().nack().unwrap();
    ///     assert!(worker.recv().await.unwrap().redelivered());
    /// });
    /// # }
    /// ```
    pub async fn recv(&mut self) -> Result<Job<'_, T, W>, RecvError> {
        let take = |worker: &mut Worker<T, W>| worker.take(false);
        let (message, claim) = poll_fn(|context| self.poll_take(context, take)).await?;
        Ok(Job::new(Hold::new(&mut self.handle, claim), message))
    }

    /// As [`recv`](Self::recv), to where `message` is. Cancel safe; what is in `message` then, and
    /// after an error, is unspecified.
    pub async fn recv_to(&mut self, message: &mut T) -> Result<Batch<'_, T, W>, RecvError> {
        self.recv_batch(slice::from_mut(message)).await
    }

    /// Receives as many messages as no worker has and `buffer` has room for, and waits for the
    /// first: [`Worker::recv_batch`]. Cancel safe.
    pub async fn recv_batch(&mut self, buffer: &mut [T]) -> Result<Batch<'_, T, W>, RecvError> {
        let claim =
            poll_fn(|context| self.poll_take(context, |worker| worker.take_batch(buffer, false)))
                .await?;
        Ok(Batch::new(Hold::new(&mut self.handle, claim)))
    }
}

impl<T: ByteMessage + ?Sized, W: Wait> Async<Worker<T, W>> {
    /// Receives the next message that no worker has into `buffer`: [`Worker::recv_into`]. Cancel
    /// safe.
    pub async fn recv_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<BytesJob<'a, W, T>, RecvError> {
        let (len, claim) =
            poll_fn(|context| self.poll_take(context, |worker| worker.take_bytes(buffer, false)))
                .await?;
        Ok(BytesJob::new(Hold::new(&mut self.handle, claim), buffer, len))
    }
}
