//! Whether there is something for a worker, without taking it.

use super::handle::Worker;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::Message;
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Whether there is a message that no worker has. Claims nothing, and does not block. Else as
    /// [`Consumer::ready`](crate::Consumer::ready): an error is what a receiving call would return.
    ///
    /// Another worker of the group may be faster: the call that follows can find the ring `Empty`.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(worker.ready(), Err(TryRecvError::Empty));
    /// producer.send(&7).unwrap();
    /// assert_eq!(worker.ready(), Ok(()));
    /// assert_eq!(*worker.try_recv().unwrap(), 7);
    /// ```
    pub fn ready(&mut self) -> Result<(), TryRecvError> {
        self.poll(Self::is_any_free)
    }

    /// As [`ready`](Self::ready), waiting for a message as long as it takes. Others that wait for
    /// the same message wake up, too.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(worker.wait_ready(), Ok(()));
    /// worker.recv().unwrap().done().unwrap();
    /// assert_eq!(worker.wait_ready(), Err(RecvError::Closed));
    /// ```
    pub fn wait_ready(&mut self) -> Result<(), RecvError> {
        self.within(Deadline::Never, Self::is_any_free)
    }

    /// As [`ready`](Self::ready), waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let mut worker = Worker::join(&ring, "billing").unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(worker.wait_ready_timeout(timeout), Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn wait_ready_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<(), RecvTimeoutError> {
        self.within(timeout.into(), Self::is_any_free)
    }
}
