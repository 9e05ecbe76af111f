//! Messages that are copied, and count as received when their program says so.
//!
//! Receiving moves a consumer on and releases the message. Here the message is copied, and both are
//! left for later: until then the consumer's next message is still this one, and its gate says so.
//! So there is nothing to undo when a guard is dropped, leaked, or dies with its process.

use core::fmt;
use core::ops::Deref;

use super::Subscriber;
use super::take::{HOLDING, POLLING, WAITING};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::{ByteMessage, Message, Plain};
use crate::position::Position;
use ringway_shm::wait::{AdaptiveSpin, Deadline, Wait};

/// The next messages of a subscriber, which are copied and not yet received.
struct Hold<'a, T: Message + ?Sized, W: Wait> {
    subscriber: &'a mut Subscriber<T, W>,
    messages: usize,
    /// How many of these, from the first one on, may have been given before.
    again: usize,
}

impl<'a, T: Message + ?Sized, W: Wait> Hold<'a, T, W> {
    fn new(subscriber: &'a mut Subscriber<T, W>, messages: usize) -> Self {
        let again = subscriber.gives(messages);
        Hold { subscriber, messages, again }
    }

    fn release(self, messages: usize) {
        let messages = self.messages.min(messages);
        if messages > 0 {
            self.subscriber.advance(messages);
        }
    }
}

/// A copy of a subscriber's next message, which counts as received when it is
/// [released](Self::release). Dropped without that, also by a panic, it has not been received: the
/// next call gets it again. So it is if the program dies: a
/// [durable](crate::Ring::subscribe_durable) subscriber that comes back begins with it.
///
/// Until then the producer does not reuse its place, and waits if it has come round to it.
#[must_use = "dropped, the message has not been received, and comes again"]
pub struct Held<'a, T: Plain, W: Wait = AdaptiveSpin> {
    hold: Hold<'a, T, W>,
    message: T,
}

/// A subscriber's next message of bytes, copied to a buffer of the caller's. As [`Held`].
#[must_use = "dropped, the message has not been received, and comes again"]
pub struct HeldBytes<'a, W: Wait = AdaptiveSpin, T: ByteMessage + ?Sized = [u8]> {
    hold: Hold<'a, T, W>,
    message: &'a [u8],
}

/// A subscriber's next messages, copied to a buffer of the caller's. As [`Held`], for all of them,
/// or for the [first](Self::release_first) ones.
#[must_use = "dropped, the messages have not been received, and come again"]
pub struct HeldBatch<'a, T: Plain, W: Wait = AdaptiveSpin> {
    hold: Hold<'a, T, W>,
}

impl<T: Plain, W: Wait> Subscriber<T, W> {
    /// Copies the next message, if it is there, and receives it when the guard is released. Does
    /// not block. For programs that must have dealt with a message before it is gone: it is lost
    /// neither by a panic nor, if the subscriber is durable, by their death.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::{TryRecvError, TrySendError};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[7, 8]).unwrap();
    /// let message = subscriber.try_recv_held().unwrap();
    /// assert_eq!((*message, message.position()), (7, 0));
    /// // Its place is not free.
    /// assert_eq!(producer.try_send(&9), Err(TrySendError::Full));
    /// message.release();
    /// assert_eq!(producer.try_send(&9), Ok(()));
    ///
    /// // Dropped, it comes again.
    /// drop(subscriber.try_recv_held().unwrap());
    /// assert_eq!(subscriber.try_recv(), Ok(8));
    /// ```
    pub fn try_recv_held(&mut self) -> Result<Held<'_, T, W>, TryRecvError> {
        let message = self.take::<POLLING, HOLDING>()?;
        Ok(Held { hold: Hold::new(self, 1), message })
    }

    /// As [`try_recv_held`](Self::try_recv_held), waiting for a message as long as it takes.
    ///
    /// A loop that only drops what it gets has the same message again and again: a message is done
    /// with when [`release`](Held::release) is called.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// subscriber.recv_held().unwrap().release();
    /// assert_eq!(subscriber.recv_held().unwrap_err(), RecvError::Closed);
    /// ```
    pub fn recv_held(&mut self) -> Result<Held<'_, T, W>, RecvError> {
        let attempt = Self::take::<WAITING, HOLDING>;
        let message = attempt(self)
            .or_else(|error| self.take_later::<_, RecvError>(error, Deadline::Never, attempt))?;
        Ok(Held { hold: Hold::new(self, 1), message })
    }

    /// As [`try_recv_held`](Self::try_recv_held), waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// let error = subscriber.recv_held_timeout(timeout).unwrap_err();
    /// assert_eq!(error, RecvTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_held_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Held<'_, T, W>, RecvTimeoutError> {
        let attempt = Self::take::<WAITING, HOLDING>;
        let message = attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), attempt)
        })?;
        Ok(Held { hold: Hold::new(self, 1), message })
    }

    /// Copies as many messages as are there and `buffer` has room for, into its start: one at
    /// least, unless it has no room. The guard says how many, and receives them when it is
    /// released. Does not block. A single message that is too large for the stack goes by
    /// [`slice::from_mut`](core::slice::from_mut).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// let mut buffer = [0; 4];
    /// let batch = subscriber.try_recv_held_batch(&mut buffer).unwrap();
    /// assert_eq!((batch.len(), batch.position(), &buffer[..3]), (3, 0, &[1, 2, 3][..]));
    /// // Two of them have been dealt with.
    /// batch.release_first(2);
    /// assert_eq!(subscriber.try_recv(), Ok(3));
    /// ```
    pub fn try_recv_held_batch(
        &mut self,
        buffer: &mut [T],
    ) -> Result<HeldBatch<'_, T, W>, TryRecvError> {
        let messages = self.take_batch::<POLLING, HOLDING>(buffer)?;
        Ok(HeldBatch { hold: Hold::new(self, messages) })
    }

    /// As [`try_recv_held_batch`](Self::try_recv_held_batch), waiting for the first message as long
    /// as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// subscriber.recv_held_batch(&mut [0; 4]).unwrap().release();
    /// assert!(subscriber.is_empty());
    /// ```
    pub fn recv_held_batch(&mut self, buffer: &mut [T]) -> Result<HeldBatch<'_, T, W>, RecvError> {
        let mut attempt = |this: &mut Self| this.take_batch::<WAITING, HOLDING>(buffer);
        let messages = attempt(self)
            .or_else(|error| self.take_later::<_, RecvError>(error, Deadline::Never, attempt))?;
        Ok(HeldBatch { hold: Hold::new(self, messages) })
    }

    /// As [`try_recv_held_batch`](Self::try_recv_held_batch), waiting for the first message for at
    /// most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_held_batch_timeout(
        &mut self,
        buffer: &mut [T],
        timeout: impl Into<Deadline>,
    ) -> Result<HeldBatch<'_, T, W>, RecvTimeoutError> {
        let mut attempt = |this: &mut Self| this.take_batch::<WAITING, HOLDING>(buffer);
        let messages = attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), attempt)
        })?;
        Ok(HeldBatch { hold: Hold::new(self, messages) })
    }
}

#[cfg(feature = "async")]
impl<T: Plain, W: Wait> Subscriber<T, W> {
    /// The next message, which has been copied.
    pub(super) fn held(&mut self, message: T) -> Held<'_, T, W> {
        Held { hold: Hold::new(self, 1), message }
    }

    /// So many messages, which have been copied.
    pub(super) fn held_batch(&mut self, messages: usize) -> HeldBatch<'_, T, W> {
        HeldBatch { hold: Hold::new(self, messages) }
    }
}

impl<T: ByteMessage + ?Sized, W: Wait> Subscriber<T, W> {
    /// Copies the next message into the start of `buffer`, if it is there, and receives it when the
    /// guard is released. Does not block. If the buffer is too small, the error says how long it
    /// has to be. Else as [`try_recv_held`](Self::try_recv_held).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"four").unwrap();
    /// let mut buffer = [0; 32];
    /// let message = subscriber.try_recv_held_into(&mut buffer).unwrap();
    /// assert_eq!(&*message, b"four");
    /// message.release();
    /// assert_eq!(subscriber.try_recv_into(&mut buffer), Err(TryRecvError::Empty));
    /// ```
    pub fn try_recv_held_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<HeldBytes<'a, W, T>, TryRecvError> {
        let len = self.take_bytes::<POLLING, HOLDING>(buffer)?;
        Ok(self.held_bytes(buffer, len))
    }

    /// As [`try_recv_held_into`](Self::try_recv_held_into), waiting for a message as long as it
    /// takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(b"four").unwrap();
    /// assert_eq!(&*subscriber.recv_held_into(&mut [0; 32]).unwrap(), b"four");
    /// assert_eq!(subscriber.len(), 1);
    /// ```
    pub fn recv_held_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<HeldBytes<'a, W, T>, RecvError> {
        let mut attempt = |this: &mut Self| this.take_bytes::<WAITING, HOLDING>(buffer);
        let len = attempt(self).or_else(|error| {
            self.take_later::<_, RecvError>(error, Deadline::Never, &mut attempt)
        })?;
        Ok(self.held_bytes(buffer, len))
    }

    /// As [`try_recv_held_into`](Self::try_recv_held_into), waiting for a message for at most
    /// `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_held_into_timeout<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
        timeout: impl Into<Deadline>,
    ) -> Result<HeldBytes<'a, W, T>, RecvTimeoutError> {
        let mut attempt = |this: &mut Self| this.take_bytes::<WAITING, HOLDING>(buffer);
        let len = attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), &mut attempt)
        })?;
        Ok(self.held_bytes(buffer, len))
    }

    pub(super) fn held_bytes<'a>(
        &'a mut self,
        buffer: &'a [u8],
        len: usize,
    ) -> HeldBytes<'a, W, T> {
        let message = buffer.get(..len).unwrap_or(buffer);
        HeldBytes { hold: Hold::new(self, 1), message }
    }
}

impl<T: Plain, W: Wait> Held<'_, T, W> {
    /// The message's position.
    pub fn position(&self) -> Position {
        self.hold.subscriber.position()
    }

    /// Whether the message may have been given before: held by this handle or, of a durable
    /// subscriber, by the one before it, and not released.
    pub fn redelivered(&self) -> bool {
        self.hold.again > 0
    }

    /// The message is received: its place is the producer's.
    #[doc(alias = "ack")]
    #[doc(alias = "commit")]
    #[doc(alias = "done")]
    pub fn release(self) {
        self.hold.release(1);
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> HeldBytes<'_, W, T> {
    /// The message's position.
    pub fn position(&self) -> Position {
        self.hold.subscriber.position()
    }

    /// Whether the message may have been given before: held by this handle or, of a durable
    /// subscriber, by the one before it, and not released.
    pub fn redelivered(&self) -> bool {
        self.hold.again > 0
    }

    /// The message is received: its place is the producer's.
    pub fn release(self) {
        self.hold.release(1);
    }
}

impl<T: Plain, W: Wait> HeldBatch<'_, T, W> {
    /// How many messages there are: 0 only if there was no room in the buffer.
    pub fn len(&self) -> usize {
        self.hold.messages
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position of the first message. The others' follow.
    pub fn position(&self) -> Position {
        self.hold.subscriber.position()
    }

    /// Whether the message at that index may have been given before. As [`Held::redelivered`].
    pub fn redelivered(&self, index: usize) -> bool {
        index < self.hold.again
    }

    /// The messages are received: their places are the producer's. One store for all.
    pub fn release(self) {
        self.release_first(usize::MAX);
    }

    /// The first `messages` of them are received, and the others come again.
    pub fn release_first(self, messages: usize) {
        self.hold.release(messages);
    }
}

impl<T: Plain, W: Wait> Deref for Held<'_, T, W> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.message
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> Deref for HeldBytes<'_, W, T> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.message
    }
}

impl<T: Plain + fmt::Debug, W: Wait> fmt::Debug for Held<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("position", &self.position())
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> fmt::Debug for HeldBytes<'_, W, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldBytes")
            .field("position", &self.position())
            .field("len", &self.message.len())
            .finish_non_exhaustive()
    }
}

impl<T: Plain, W: Wait> fmt::Debug for HeldBatch<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldBatch")
            .field("position", &self.position())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
