//! Receiving messages of bytes, each of its own length.

use super::take::{POLLING, RELEASING, WAITING};
use super::{Consumer, Kind};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::ByteMessage;
use ringway_shm::wait::{Deadline, Wait};

impl<K: Kind, T: ByteMessage + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Receives the next message into the start of `buffer`, if it is there, and returns its
    /// length. Does not block. If the buffer is too small, the error says how long it has to be and
    /// the message is not consumed. After an error the buffer's contents are unspecified.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"sixteen bytes it").unwrap();
    /// let too_small = TryRecvError::BufferTooSmall { needed: 16 };
    /// assert_eq!(consumer.try_recv_into(&mut [0; 15]), Err(too_small));
    /// assert_eq!(consumer.try_recv_into(&mut [0; 32]), Ok(16));
    /// ```
    #[inline]
    pub fn try_recv_into(&mut self, buffer: &mut [u8]) -> Result<usize, TryRecvError> {
        self.take_bytes::<POLLING, RELEASING>(buffer)
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"four").unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(consumer.recv_into(&mut [0; 32]), Ok(4));
    /// assert_eq!(consumer.recv_into(&mut [0; 32]), Err(RecvError::Closed));
    /// ```
    #[inline]
    pub fn recv_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.take_bytes::<WAITING, RELEASING>(buffer).or_else(|error| {
            self.take_later(error, Deadline::Never, |this| {
                this.take_bytes::<WAITING, RELEASING>(buffer)
            })
        })
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// let outcome = consumer.recv_into_timeout(&mut [0; 32], timeout);
    /// assert_eq!(outcome, Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_into_timeout(
        &mut self,
        buffer: &mut [u8],
        timeout: impl Into<Deadline>,
    ) -> Result<usize, RecvTimeoutError> {
        self.take_bytes::<WAITING, RELEASING>(buffer).or_else(|error| {
            self.take_later(error, timeout.into(), |this| {
                this.take_bytes::<WAITING, RELEASING>(buffer)
            })
        })
    }
}
