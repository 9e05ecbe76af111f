//! Bytes as a stream: each write is a message.

use core::fmt;
use std::io;

use super::Producer;
use crate::error::SendError;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// Sends what is written to it ([`std::io::Write`]), on a ring of bytes. By
/// [`Producer::writer`].
///
/// Each `write` is one message, of as many bytes as the ring's messages can have
/// ([`max_len`](Producer::max_len)); what it does not take, `write_all` writes as further messages.
/// A formatted text may come in several pieces: a [`BufWriter`](std::io::BufWriter) around it makes
/// few messages of many pieces. `write` waits for room, as [`send`](Producer::send) does. `flush`
/// does nothing: what was written is sent.
pub struct Writer<'a, W: Wait = AdaptiveSpin> {
    producer: &'a mut Producer<[u8], W>,
}

impl<W: Wait> Producer<[u8], W> {
    /// The producer as something to write to.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// use std::io::{BufWriter, Write};
    ///
    /// let (mut producer, ring) = Options::bytes(64, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut lines = BufWriter::with_capacity(producer.max_len(), producer.writer());
    /// writeln!(lines, "{} and {}", "one", 2).unwrap();
    /// lines.flush().unwrap();
    /// assert_eq!(&*subscriber.recv_ref().unwrap(), b"one and 2\n");
    /// ```
    pub fn writer(&mut self) -> Writer<'_, W> {
        Writer { producer: self }
    }
}

impl<W: Wait> io::Write for Writer<'_, W> {
    /// Sends the first bytes of `bytes`, as one message, and returns how many. An error is
    /// [`SendError::Liveness`] or [`SendError::Interrupted`], as the source of one of
    /// [`io::ErrorKind::Other`]: after the kind `Interrupted` a writer would try again at once.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.producer.max_len());
        // A stream that writes nothing sends nothing.
        if let Some(message) = bytes.get(..len).filter(|message| !message.is_empty()) {
            self.producer.send(message).map_err(failed)?;
        }
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(error: SendError) -> io::Error {
    io::Error::other(error)
}

impl<W: Wait> fmt::Debug for Writer<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("producer", &self.producer).finish()
    }
}
