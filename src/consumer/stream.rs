//! Messages of bytes as one stream of bytes.

use std::io::{self, BufRead, Read};
use std::vec::Vec;

use super::{Consumer, Kind};
use crate::error::RecvError;
use crate::message::ByteMessage;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// The messages of a consumer as one stream of bytes, for what reads from [`Read`] or [`BufRead`]:
/// see [`Consumer::into_read`].
#[derive(Debug)]
pub struct ByteStream<K: Kind, W: Wait = AdaptiveSpin, T: ByteMessage + ?Sized = [u8]> {
    consumer: Consumer<K, T, W>,
    /// The last message, of which so many bytes have been read.
    message: Vec<u8>,
    read: usize,
}

impl<K: Kind, T: ByteMessage + ?Sized, W: Wait> Consumer<K, T, W> {
    /// The same consumer as a stream of bytes: the messages one right behind the other, without a
    /// sign of where one ends. It waits for messages, and ends when the ring is closed. A message
    /// counts as received when its first byte is read. The stream has a buffer on the heap that
    /// grows to the longest message.
    ///
    /// What ends or interrupts it otherwise is an error with the [`RecvError`] in it: after
    /// [`Lagged`](RecvError::Lagged), of kind [`InvalidData`](io::ErrorKind::InvalidData), it goes
    /// on behind what was lost; the others come again.
    ///
    /// ```
    /// use std::io::{BufRead, Read};
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut lines = ring.subscribe(Start::Next).unwrap().into_read();
    /// producer.send(b"first line\nsec").unwrap();
    /// producer.send(b"ond line\n").unwrap();
    /// producer.send(b"rest").unwrap();
    /// producer.close().unwrap();
    /// let mut line = String::new();
    /// lines.read_line(&mut line).unwrap();
    /// lines.read_line(&mut line).unwrap();
    /// assert_eq!(line, "first line\nsecond line\n");
    /// let mut rest = String::new();
    /// lines.read_to_string(&mut rest).unwrap();
    /// assert_eq!(rest, "rest");
    /// ```
    #[doc(alias = "Read")]
    #[doc(alias = "BufRead")]
    pub fn into_read(self) -> ByteStream<K, W, T> {
        ByteStream { consumer: self, message: Vec::new(), read: 0 }
    }
}

impl<K: Kind, W: Wait, T: ByteMessage + ?Sized> ByteStream<K, W, T> {
    /// The consumer. What was not yet read of the last message is lost.
    pub fn into_inner(self) -> Consumer<K, T, W> {
        self.consumer
    }
}

impl<K: Kind, W: Wait, T: ByteMessage + ?Sized> BufRead for ByteStream<K, W, T> {
    /// The rest of the last message, or the next one. Empty: the ring was closed.
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read >= self.message.len() {
            self.read = 0;
            // Apart while it is filled: should a caller's `Wait` panic, nothing of it is left here.
            let mut message = core::mem::take(&mut self.message);
            let outcome = self.consumer.recv_to_vec(&mut message);
            if outcome.is_err() {
                message.clear();
            }
            self.message = message;
            match outcome {
                Ok(()) => {}
                Err(RecvError::Closed) => return Ok(&[]),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.message.get(self.read..).unwrap_or(&[]))
    }

    fn consume(&mut self, bytes: usize) {
        self.read = self.read.saturating_add(bytes).min(self.message.len());
    }
}

impl<K: Kind, W: Wait, T: ByteMessage + ?Sized> Read for ByteStream<K, W, T> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        let bytes = self.fill_buf()?.read(to)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

/// The error is in the other one: [`io::Error::get_ref`].
impl From<RecvError> for io::Error {
    fn from(error: RecvError) -> io::Error {
        let kind = match error {
            RecvError::Closed | RecvError::ProducerDied => io::ErrorKind::UnexpectedEof,
            RecvError::Lagged(_) | RecvError::Corrupt => io::ErrorKind::InvalidData,
            RecvError::Evicted { .. } => io::ErrorKind::ConnectionAborted,
            // `RecvError::Interrupted`, too: after the kind `Interrupted` readers try again at once.
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
