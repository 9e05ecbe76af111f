//! The calls by which a receiver gets messages.

use super::handle::Receiver;
use super::taker::Taker;
#[cfg(feature = "std")]
use crate::error::mailbox::RecvTimeoutError;
use crate::error::mailbox::{RecvError, TryRecvError};
use crate::mailbox::letter::{BytesLetter, Letter, Letters};
use crate::message::{ByteMessage, Plain};
#[cfg(feature = "std")]
use ringway_shm::wait::Deadline;
use ringway_shm::wait::Wait;

impl<T: Plain, W: Wait> Receiver<T, W> {
    /// Receives a message, if there is one. Does not block.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// # use ringway::error::mailbox::TryRecvError;
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
    /// mailbox.sender()?.send(&7)?;
    /// assert_eq!(receiver.try_recv()?.into_message(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<Letter<'_, T, W>, TryRecvError> {
        let taken = self.visit(&mut Taker::next)?;
        Ok(Letter::new(self, taken.lane, taken.held, taken.what))
    }

    /// Receives a message, waiting for one as long as it takes.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// let mut sender = mailbox.sender()?;
    /// let thread = std::thread::spawn(move || receiver.recv().map(|letter| *letter).unwrap());
    /// sender.send(&7)?;
    /// assert_eq!(thread.join().unwrap(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn recv(&mut self) -> Result<Letter<'_, T, W>, RecvError> {
        let taken = self.take_at_last(Taker::next)?;
        Ok(Letter::new(self, taken.lane, taken.held, taken.what))
    }

    /// Receives a message, waiting for one for at most `timeout`: a `Duration`, or an `Instant`
    /// until which to wait.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// # use ringway::error::mailbox::RecvTimeoutError;
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert!(matches!(receiver.recv_timeout(timeout), Err(RecvTimeoutError::Timeout)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Letter<'_, T, W>, RecvTimeoutError> {
        let taken = self.take_within(timeout.into(), Taker::next)?;
        Ok(Letter::new(self, taken.lane, taken.held, taken.what))
    }

    /// Receives messages of one sender into the start of `buffer`: one at least, and at most as
    /// many as it has room for. The guard says how many, and is for all of them. Does not block.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// mailbox.sender()?.send_batch(&[1, 2, 3])?;
    /// let mut buffer = [0; 2];
    /// let letters = receiver.try_recv_batch(&mut buffer)?;
    /// assert_eq!(buffer[..letters.len()], [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_batch(&mut self, buffer: &mut [T]) -> Result<Letters<'_, T, W>, TryRecvError> {
        let taken = self.visit(&mut |taker: &mut Taker<T>| taker.batch(buffer))?;
        Ok(Letters::new(self, taken.lane, taken.held, taken.what))
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message as long as it
    /// takes.
    pub fn recv_batch(&mut self, buffer: &mut [T]) -> Result<Letters<'_, T, W>, RecvError> {
        let taken = self.take_at_last(|taker| taker.batch(buffer))?;
        Ok(Letters::new(self, taken.lane, taken.held, taken.what))
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message for at most
    /// `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_batch_timeout(
        &mut self,
        buffer: &mut [T],
        timeout: impl Into<Deadline>,
    ) -> Result<Letters<'_, T, W>, RecvTimeoutError> {
        let taken = self.take_within(timeout.into(), |taker| taker.batch(buffer))?;
        Ok(Letters::new(self, taken.lane, taken.held, taken.what))
    }
}

impl<T: ByteMessage + ?Sized, W: Wait> Receiver<T, W> {
    /// Receives a message into the start of `buffer`, if there is one. Does not block. If the
    /// buffer is too small, the error says how long it has to be, and the message stays.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// # use ringway::error::mailbox::TryRecvError;
    /// let mailbox = Options::bytes(64, 32).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// mailbox.sender()?.send(b"four")?;
    /// let refused = receiver.try_recv_into(&mut [0; 3]).unwrap_err();
    /// assert!(matches!(refused, TryRecvError::BufferTooSmall { needed: 4 }));
    /// assert_eq!(&*receiver.try_recv_into(&mut [0; 32])?, b"four");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<BytesLetter<'a, W, T>, TryRecvError> {
        let taken = self.visit(&mut |taker: &mut Taker<T>| taker.bytes(buffer))?;
        Ok(BytesLetter::new(self, taken.lane, taken.held, buffer, taken.what))
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message as long as it takes.
    pub fn recv_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<BytesLetter<'a, W, T>, RecvError> {
        let taken = self.take_at_last(|taker| taker.bytes(buffer))?;
        Ok(BytesLetter::new(self, taken.lane, taken.held, buffer, taken.what))
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_into_timeout<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
        timeout: impl Into<Deadline>,
    ) -> Result<BytesLetter<'a, W, T>, RecvTimeoutError> {
        let taken = self.take_within(timeout.into(), |taker| taker.bytes(buffer))?;
        Ok(BytesLetter::new(self, taken.lane, taken.held, buffer, taken.what))
    }
}
