//! Receiving messages of bytes on the heap.

use alloc::vec::Vec;

use super::take::{POLLING, RELEASING, WAITING};
use super::{Consumer, Kind};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::ByteMessage;
use ringway_shm::wait::{Deadline, Wait};

impl<K: Kind, T: ByteMessage + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Receives the next message, if it is there, as a `Vec` of its own. Does not block. Each
    /// message costs an allocation of its length, and so a few tens of nanoseconds more than
    /// [`try_recv_into`](Self::try_recv_into), which has none. A message can be as long as
    /// [`max_len`](Self::max_len).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"four").unwrap();
    /// assert_eq!(consumer.try_recv_vec().unwrap(), b"four");
    /// assert_eq!(consumer.try_recv_vec(), Err(TryRecvError::Empty));
    /// ```
    pub fn try_recv_vec(&mut self) -> Result<Vec<u8>, TryRecvError> {
        let mut message = Vec::new();
        self.take_vec::<POLLING>(&mut message)?;
        Ok(message)
    }

    /// As [`try_recv_vec`](Self::try_recv_vec), waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"four").unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(consumer.recv_vec().unwrap(), b"four");
    /// assert_eq!(consumer.recv_vec(), Err(RecvError::Closed));
    /// ```
    #[doc(alias = "recv")]
    pub fn recv_vec(&mut self) -> Result<Vec<u8>, RecvError> {
        let mut message = Vec::new();
        self.recv_to_vec(&mut message)?;
        Ok(message)
    }

    /// As [`try_recv_vec`](Self::try_recv_vec), waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(consumer.recv_vec_timeout(timeout), Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_vec_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Vec<u8>, RecvTimeoutError> {
        let mut message = Vec::new();
        let mut attempt = |this: &mut Self| this.take_vec::<WAITING>(&mut message);
        attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), &mut attempt)
        })?;
        Ok(message)
    }

    /// Receives the next message in place of what is in `message`, whose memory is used again.
    pub(super) fn recv_to_vec(&mut self, message: &mut Vec<u8>) -> Result<(), RecvError> {
        let mut attempt = |this: &mut Self| this.take_vec::<WAITING>(message);
        attempt(self).or_else(|error| self.take_later(error, Deadline::Never, attempt))
    }

    /// Takes the next message in place of what is in `message`. After an error that is unspecified.
    fn take_vec<const ASKS: bool>(&mut self, message: &mut Vec<u8>) -> Result<(), TryRecvError> {
        let mut outcome = self.take_bytes::<ASKS, RELEASING>(message);
        if let Err(TryRecvError::BufferTooSmall { needed }) = outcome {
            message.resize(needed, 0);
            outcome = self.take_bytes::<ASKS, RELEASING>(message);
        }
        if matches!(outcome, Err(TryRecvError::BufferTooSmall { .. })) {
            // It is an observer, and a longer message has taken the place of that one.
            message.resize(self.max_len(), 0);
            outcome = self.take_bytes::<ASKS, RELEASING>(message);
        }
        message.truncate(outcome?);
        Ok(())
    }
}
