//! Whether there is something to receive, without taking it.

use super::take::{POLLING, WAITING};
use super::{Consumer, Kind};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::Message;
use ringway_shm::wait::{Deadline, Wait};

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Whether a receiving call has something to return now. Takes nothing, and does not block:
    ///
    /// - `Ok`: there is a message, or messages were lost. A receiving call returns at once, with that
    ///   message or with the count ([`Lagged`](TryRecvError::Lagged)).
    /// - [`Empty`](TryRecvError::Empty): it would wait.
    /// - Any other error is what it would return, and comes again.
    ///
    /// For a program that looks after many things, and for one that receives elsewhere than it
    /// waits.
    ///
    /// ```
    /// use ringway::{Options, Overflow, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let options = Options::<u64>::new(4).overflow(Overflow::Overwrite);
    /// let (mut producer, ring) = options.heap().unwrap();
    /// let mut consumer = ring.observe(Start::Next).unwrap();
    /// assert_eq!(consumer.ready(), Err(TryRecvError::Empty));
    /// producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
    /// assert_eq!(consumer.ready(), Ok(()));
    /// assert_eq!(consumer.try_recv(), Err(TryRecvError::Lagged(2)));
    /// ```
    pub fn ready(&mut self) -> Result<(), TryRecvError> {
        self.find_next::<POLLING, false>()
    }

    /// As [`ready`](Self::ready), waiting for something as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(consumer.wait_ready(), Ok(()));
    /// assert_eq!(consumer.recv(), Ok(7));
    /// assert_eq!(consumer.wait_ready(), Err(RecvError::Closed));
    /// ```
    pub fn wait_ready(&mut self) -> Result<(), RecvError> {
        let attempt = Self::find_next::<WAITING, false>;
        attempt(self).or_else(|error| self.wait_after(error, Deadline::Never, attempt))
    }

    /// As [`ready`](Self::ready), waiting for something for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(consumer.wait_ready_timeout(timeout), Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn wait_ready_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<(), RecvTimeoutError> {
        let attempt = Self::find_next::<WAITING, false>;
        attempt(self).or_else(|error| self.wait_after(error, timeout.into(), attempt))
    }
}
