//! Receiving many messages of bytes at a time.

use core::fmt;
use core::iter::FusedIterator;

use super::take::{HOLDING, POLLING, WAITING};
use super::{Consumer, Kind};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::ByteMessage;
use ringway_shm::wait::{Deadline, Wait};

/// Messages of bytes, received at a time into a buffer of the caller's, one right behind the other.
#[derive(Clone, Copy)]
pub struct BytesBatch<'a> {
    bytes: &'a [u8],
    /// Where each message ends in `bytes`.
    ends: &'a [usize],
}

/// The messages of a [`BytesBatch`], in order.
#[derive(Clone, Debug)]
pub struct BytesBatchIter<'a> {
    batch: BytesBatch<'a>,
    next: usize,
}

impl<K: Kind, T: ByteMessage + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Receives as many messages as are there and there is room for, one right behind the other
    /// from the start of `buffer` on: one at least, and at most as many as `ends` has elements, or
    /// the ring holds. They are released as a whole, by one store. Does not block.
    ///
    /// Where each message ends is written to `ends`, for the returned [`BytesBatch`], which has the
    /// messages. If the buffer is too small for the first one, the error says how long that is.
    /// What ends a batch early, a lag say, is told by the next call. What else is in `buffer` and
    /// `ends` afterwards means nothing.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// for message in [&b"one"[..], b"", b"three", b"four"] {
    ///     producer.send(message).unwrap();
    /// }
    /// let (mut buffer, mut ends) = ([0; 10], [0; 16]);
    /// let batch = consumer.try_recv_batch_into(&mut buffer, &mut ends).unwrap();
    /// assert_eq!(batch.iter().collect::<Vec<_>>(), [&b"one"[..], b"", b"three"]);
    /// // There was no room for it.
    /// assert_eq!(consumer.try_recv_into(&mut buffer), Ok(4));
    /// ```
    pub fn try_recv_batch_into<'a>(
        &mut self,
        buffer: &'a mut [u8],
        ends: &'a mut [usize],
    ) -> Result<BytesBatch<'a>, TryRecvError> {
        let messages = self.take_bytes_batch::<POLLING>(buffer, ends)?;
        Ok(BytesBatch::new(buffer, ends, messages))
    }

    /// As [`try_recv_batch_into`](Self::try_recv_batch_into), waiting for the first message as long
    /// as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"four").unwrap();
    /// producer.close().unwrap();
    /// let (mut buffer, mut ends) = ([0; 64], [0; 16]);
    /// assert_eq!(consumer.recv_batch_into(&mut buffer, &mut ends).unwrap().len(), 1);
    /// let error = consumer.recv_batch_into(&mut buffer, &mut ends).unwrap_err();
    /// assert_eq!(error, RecvError::Closed);
    /// ```
    pub fn recv_batch_into<'a>(
        &mut self,
        buffer: &'a mut [u8],
        ends: &'a mut [usize],
    ) -> Result<BytesBatch<'a>, RecvError> {
        let mut attempt = |this: &mut Self| this.take_bytes_batch::<WAITING>(buffer, ends);
        let messages = attempt(self).or_else(|error| {
            self.take_later::<_, RecvError>(error, Deadline::Never, &mut attempt)
        })?;
        Ok(BytesBatch::new(buffer, ends, messages))
    }

    /// As [`try_recv_batch_into`](Self::try_recv_batch_into), waiting for the first message for at
    /// most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_batch_into_timeout<'a>(
        &mut self,
        buffer: &'a mut [u8],
        ends: &'a mut [usize],
        timeout: impl Into<Deadline>,
    ) -> Result<BytesBatch<'a>, RecvTimeoutError> {
        let mut attempt = |this: &mut Self| this.take_bytes_batch::<WAITING>(buffer, ends);
        let messages = attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), &mut attempt)
        })?;
        Ok(BytesBatch::new(buffer, ends, messages))
    }

    /// Takes as many messages as are there and there is room for, and returns how many.
    fn take_bytes_batch<const ASKS: bool>(
        &mut self,
        buffer: &mut [u8],
        ends: &mut [usize],
    ) -> Result<usize, TryRecvError> {
        let Some((first, others)) = ends.split_first_mut() else { return Ok(0) };
        let mut filled = self.take_bytes::<ASKS, HOLDING>(buffer)?;
        *first = filled;
        let mut messages = 1;
        for end in others.iter_mut().take(self.capacity() - 1) {
            let position = self.reader.next().plus(messages);
            let Some(room) = buffer.get_mut(filled..) else { break };
            let Some(len) = self.copy_at(position, room) else { break };
            filled += len;
            *end = filled;
            messages += 1;
        }
        self.advance(messages);
        Ok(messages)
    }
}

impl<'a> BytesBatch<'a> {
    fn new(bytes: &'a [u8], ends: &'a [usize], messages: usize) -> Self {
        BytesBatch { bytes, ends: ends.get(..messages).unwrap_or(ends) }
    }

    /// How many messages there are: 0 only if there was no room for their ends.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of the messages.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..end)
    }

    /// The messages, in order.
    pub fn iter(&self) -> BytesBatchIter<'a> {
        BytesBatchIter { batch: *self, next: 0 }
    }
}

impl<'a> IntoIterator for BytesBatch<'a> {
    type Item = &'a [u8];
    type IntoIter = BytesBatchIter<'a>;

    fn into_iter(self) -> BytesBatchIter<'a> {
        self.iter()
    }
}

impl<'a> Iterator for BytesBatchIter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let message = self.batch.get(self.next)?;
        self.next += 1;
        Some(message)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batch.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for BytesBatchIter<'_> {}
impl FusedIterator for BytesBatchIter<'_> {}

impl fmt::Debug for BytesBatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesBatch").field("len", &self.len()).finish_non_exhaustive()
    }
}
