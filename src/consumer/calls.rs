//! Receiving messages of a type.

use super::take::{POLLING, RELEASING, WAITING};
use super::{Consumer, Kind};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::Plain;
use ringway_shm::wait::{Deadline, Wait};

impl<K: Kind, T: Plain, W: Wait> Consumer<K, T, W> {
    /// Receives the next message, if it is there. Does not block. The message is returned by value,
    /// on the stack, which copies it once or twice more: from about a hundred bytes on
    /// [`try_recv_to`](Self::try_recv_to) is faster.
    ///
    /// A producer that has died is told from a ring that is empty:
    /// [`ProducerDied`](TryRecvError::ProducerDied), once all that it sent was received. Calls that
    /// find nothing ask the kernel every 20 ms, and so say `Empty` for the first 20 ms.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(consumer.try_recv(), Err(TryRecvError::Empty));
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(consumer.try_recv(), Ok(7));
    /// assert_eq!(consumer.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.take::<POLLING, RELEASING>()
    }

    /// Receives the next message, waiting for it as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// let thread = std::thread::spawn(move || (consumer.recv(), consumer.recv()));
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(thread.join().unwrap(), (Ok(7), Err(RecvError::Closed)));
    /// ```
    #[inline]
    pub fn recv(&mut self) -> Result<T, RecvError> {
        self.take::<WAITING, RELEASING>().or_else(|error| {
            self.take_later(error, Deadline::Never, Self::take::<WAITING, RELEASING>)
        })
    }

    /// Receives the next message, waiting for it for at most `timeout`: a `Duration`, or an
    /// `Instant` until which to wait ([`Deadline`]). What is there when the time is over is
    /// received.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// use std::time::{Duration, Instant};
    ///
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// let timeout = Duration::from_millis(5);
    /// assert_eq!(consumer.recv_timeout(timeout), Err(RecvTimeoutError::Timeout));
    ///
    /// // One deadline for many calls.
    /// let deadline = Instant::now() + timeout;
    /// while consumer.recv_timeout(deadline).is_ok() {}
    /// assert!(Instant::now() >= deadline);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(&mut self, timeout: impl Into<Deadline>) -> Result<T, RecvTimeoutError> {
        self.take::<WAITING, RELEASING>().or_else(|error| {
            self.take_later(error, timeout.into(), Self::take::<WAITING, RELEASING>)
        })
    }

    /// As [`try_recv`](Self::try_recv), to where `message` is: for messages that are too large to
    /// be returned, which puts one on the stack. After an error what is there is unspecified.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// use zerocopy::FromZeros;
    ///
    /// type Frame = [u8; 1 << 20];
    /// let (mut producer, ring) = Options::<Frame>::new(2).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// // Made where it is to stay. `Box::new([0; 1 << 20])` may make it on the stack first.
    /// let mut frame = Frame::new_box_zeroed().unwrap();
    /// frame[9] = 7;
    /// producer.send(&*frame).unwrap();
    /// frame[9] = 0;
    /// assert_eq!(consumer.try_recv_to(&mut *frame), Ok(()));
    /// assert_eq!(frame[9], 7);
    /// assert_eq!(consumer.try_recv_to(&mut *frame), Err(TryRecvError::Empty));
    /// ```
    #[inline]
    pub fn try_recv_to(&mut self, message: &mut T) -> Result<(), TryRecvError> {
        self.take_to::<POLLING>(message)
    }

    /// As [`try_recv_to`](Self::try_recv_to), waiting for a message as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&7).unwrap();
    /// producer.close();
    /// let mut message = 0;
    /// assert_eq!((consumer.recv_to(&mut message), message), (Ok(()), 7));
    /// assert_eq!(consumer.recv_to(&mut message), Err(RecvError::Closed));
    /// ```
    #[inline]
    pub fn recv_to(&mut self, message: &mut T) -> Result<(), RecvError> {
        self.take_to::<WAITING>(message).or_else(|error| {
            self.take_later(error, Deadline::Never, |this| this.take_to::<WAITING>(message))
        })
    }

    /// As [`try_recv_to`](Self::try_recv_to), waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// let outcome = consumer.recv_to_timeout(&mut 0, timeout);
    /// assert_eq!(outcome, Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_to_timeout(
        &mut self,
        message: &mut T,
        timeout: impl Into<Deadline>,
    ) -> Result<(), RecvTimeoutError> {
        self.take_to::<WAITING>(message).or_else(|error| {
            self.take_later(error, timeout.into(), |this| this.take_to::<WAITING>(message))
        })
    }

    /// Receives as many messages as are there and `buffer` has room for, into its start, and
    /// returns how many: 1 at least, unless the buffer has no room. Does not block. Each message is
    /// copied to its place in the buffer, and large ones by no way of the stack. What ends a batch
    /// early, a lag say, is told by the next call. What is behind those messages in the buffer
    /// afterwards means nothing.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3, 4, 5]).unwrap();
    /// let mut buffer = [0; 4];
    /// assert_eq!(consumer.try_recv_batch(&mut buffer), Ok(4));
    /// assert_eq!(consumer.try_recv_batch(&mut buffer), Ok(1));
    /// assert_eq!(consumer.try_recv_batch(&mut buffer), Err(TryRecvError::Empty));
    /// ```
    pub fn try_recv_batch(&mut self, buffer: &mut [T]) -> Result<usize, TryRecvError> {
        self.take_batch::<POLLING, RELEASING>(buffer)
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message as long as it
    /// takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// assert_eq!(consumer.recv_batch(&mut [0; 4]), Ok(2));
    /// ```
    pub fn recv_batch(&mut self, buffer: &mut [T]) -> Result<usize, RecvError> {
        self.take_batch::<WAITING, RELEASING>(buffer).or_else(|error| {
            self.take_later(error, Deadline::Never, |this| {
                this.take_batch::<WAITING, RELEASING>(buffer)
            })
        })
    }

    /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message for at most
    /// `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(consumer.recv_batch_timeout(&mut [0; 4], timeout), Ok(2));
    /// let outcome = consumer.recv_batch_timeout(&mut [0; 4], timeout);
    /// assert_eq!(outcome, Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_batch_timeout(
        &mut self,
        buffer: &mut [T],
        timeout: impl Into<Deadline>,
    ) -> Result<usize, RecvTimeoutError> {
        self.take_batch::<WAITING, RELEASING>(buffer).or_else(|error| {
            self.take_later(error, timeout.into(), |this| {
                this.take_batch::<WAITING, RELEASING>(buffer)
            })
        })
    }
}
