//! Consumers that tasks await.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

use super::held::{Held, HeldBatch, HeldBytes};
use super::take::{HOLDING, RELEASING, WAITING};
use super::{Consumer, Kind, Subscriber};
use crate::error::{LivenessError, RecvError};
use crate::future::{Async, sealed};
use crate::message::{ByteMessage, Message, Plain};
#[cfg(feature = "alloc")]
use crate::protocol::wake::Side;
use ringway_shm::wait::Wait;

impl<K: Kind, T: Message + ?Sized, W: Wait> sealed::Sealed for Consumer<K, T, W> {
    type Wait = W;

    fn wait(&mut self) -> &mut W {
        &mut self.reader.wait
    }

    #[cfg(feature = "alloc")]
    fn sleeps_on(&self) -> sealed::SleepsOn<'_> {
        let (storage, fences) = (&self.reader.storage, self.reader.fences);
        sealed::SleepsOn::Ring(sealed::InRing { storage, fences, side: Side::Consumer })
    }

    fn is_mortal(&self) -> bool {
        self.reader.storage.can_die()
    }

    fn pace(&self) -> Option<core::time::Duration> {
        None
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> sealed::Receiving for Consumer<K, T, W> {
    fn was_at_an_end(&mut self) -> bool {
        self.reader.begins_to_wait()
    }

    fn can_get_more(&mut self) -> bool {
        self.reader.has_producer()
    }

    fn look_around(&mut self) -> Result<(), LivenessError> {
        Ok(())
    }

    fn death(&mut self) -> RecvError {
        self.reader.death_while_waiting()
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// The same consumer, to be awaited.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// producer.send(&7).unwrap();
    /// assert_eq!(futures_executor::block_on(subscriber.recv()), Ok(7));
    /// # }
    /// ```
    pub fn into_async(self) -> Async<Self> {
        Async::new(self)
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Async<Consumer<K, T, W>> {
    /// Waits until a receiving call has something to return, and takes nothing:
    /// [`Consumer::ready`]. Cancel safe.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// producer.send(&7).unwrap();
    /// assert_eq!(futures_executor::block_on(subscriber.ready()), Ok(()));
    /// assert_eq!(subscriber.get_mut().try_recv(), Ok(7));
    /// # }
    /// ```
    pub async fn ready(&mut self) -> Result<(), RecvError> {
        poll_fn(|context| self.poll_ready(context)).await
    }

    /// As [`ready`](Self::ready), for a future of the caller's.
    pub fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.poll_take(context, Consumer::find_next::<WAITING, false>)
    }
}

impl<K: Kind, T: Plain, W: Wait> Async<Consumer<K, T, W>> {
    /// Receives the next message. Cancel safe. Errors are those of [`Consumer::recv`]: a producer
    /// that has died is told within 150 ms.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// let thread = std::thread::spawn(move || {
    ///     futures_executor::block_on(async {
    ///         (subscriber.recv().await, subscriber.recv().await)
    ///     })
    /// });
    /// producer.send(&7).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(thread.join().unwrap(), (Ok(7), Err(RecvError::Closed)));
    /// # }
    /// ```
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// As [`recv`](Self::recv), for a future of the caller's.
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        self.poll_take(context, Consumer::take::<WAITING, RELEASING>)
    }

    /// As [`recv`](Self::recv), to where `message` is: for messages that are large. Cancel safe;
    /// what is in `message` then, and after an error, is unspecified.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// producer.send(&7).unwrap();
    /// let mut message = 0;
    /// futures_executor::block_on(subscriber.recv_to(&mut message)).unwrap();
    /// assert_eq!(message, 7);
    /// # }
    /// ```
    pub async fn recv_to(&mut self, message: &mut T) -> Result<(), RecvError> {
        poll_fn(|context| self.poll_take(context, |consumer| consumer.take_to::<WAITING>(message)))
            .await
    }

    /// Receives as many messages as are there and `buffer` has room for, and waits for the first:
    /// [`Consumer::recv_batch`]. Returns how many. Cancel safe.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// assert_eq!(futures_executor::block_on(subscriber.recv_batch(&mut [0; 4])), Ok(2));
    /// # }
    /// ```
    pub async fn recv_batch(&mut self, buffer: &mut [T]) -> Result<usize, RecvError> {
        poll_fn(|context| {
            self.poll_take(context, |consumer| consumer.take_batch::<WAITING, RELEASING>(buffer))
        })
        .await
    }
}

impl<K: Kind, T: ByteMessage + ?Sized, W: Wait> Async<Consumer<K, T, W>> {
    /// Receives the next message into the start of `buffer`, and returns its length:
    /// [`Consumer::recv_into`]. Cancel safe.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::bytes(8, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// producer.send(b"three").unwrap();
    /// let mut buffer = [0; 16];
    /// assert_eq!(futures_executor::block_on(subscriber.recv_into(&mut buffer)), Ok(5));
    /// # }
    /// ```
    pub async fn recv_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        poll_fn(|context| self.poll_recv_into(context, buffer)).await
    }

    /// As [`recv_into`](Self::recv_into), for a future of the caller's.
    pub fn poll_recv_into(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<usize, RecvError>> {
        self.poll_take(context, |consumer| consumer.take_bytes::<WAITING, RELEASING>(buffer))
    }
}

impl<T: Plain, W: Wait> Async<Subscriber<T, W>> {
    /// Receives a message that counts as received when the program says so:
    /// [`Subscriber::recv_held`]. Cancel safe, and a guard that is dropped has received nothing.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    /// producer.send(&7).unwrap();
    /// futures_executor::block_on(async {
    ///     drop(subscriber.recv_held().await.unwrap());
    ///     subscriber.recv_held().await.unwrap().release();
    /// });
    /// assert!(producer.is_flushed());
    /// # }
    /// ```
    pub async fn recv_held(&mut self) -> Result<Held<'_, T, W>, RecvError> {
        let take = Consumer::take::<WAITING, HOLDING>;
        let message = poll_fn(|context| self.poll_take(context, take)).await?;
        Ok(self.handle.held(message))
    }

    /// The same for as many messages as are there and `buffer` has room for:
    /// [`Subscriber::recv_held_batch`]. Cancel safe.
    pub async fn recv_held_batch(
        &mut self,
        buffer: &mut [T],
    ) -> Result<HeldBatch<'_, T, W>, RecvError> {
        let messages = poll_fn(|context| {
            self.poll_take(context, |subscriber| subscriber.take_batch::<WAITING, HOLDING>(buffer))
        })
        .await?;
        Ok(self.handle.held_batch(messages))
    }
}

impl<T: ByteMessage + ?Sized, W: Wait> Async<Subscriber<T, W>> {
    /// As [`recv_into`](Self::recv_into), and the message counts as received when the program says
    /// so: [`Subscriber::recv_held_into`]. Cancel safe.
    pub async fn recv_held_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<HeldBytes<'a, W, T>, RecvError> {
        let len = poll_fn(|context| {
            self.poll_take(context, |subscriber| subscriber.take_bytes::<WAITING, HOLDING>(buffer))
        })
        .await?;
        Ok(self.handle.held_bytes(buffer, len))
    }
}

/// Messages as they come, each in an `Ok`. An `Err` with [`Lagged`](RecvError::Lagged) is no end:
/// the stream goes on behind what was missed. When the ring is closed the stream ends, without an
/// `Err`. Every other error, that the producer has died say, is given once, and then it ends.
///
/// Having ended it stays so: a stream of [`into_inner`](Async::into_inner) goes on with a successor
/// of the producer's.
///
/// ```
/// # use ringway::{Options, Start};
/// # use std::pin::Pin;
/// # use futures_core::Stream;
/// # #[cfg(feature = "std")] {
/// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
/// producer.send_batch(&[1, 2]).unwrap();
/// producer.close().unwrap();
/// let mut stream = futures_executor::block_on_stream(subscriber);
/// assert_eq!(stream.by_ref().map(Result::unwrap).sum::<u64>(), 3);
/// # }
/// ```
impl<K: Kind, T: Plain, W: Wait> Stream for Async<Consumer<K, T, W>> {
    type Item = Result<T, RecvError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.task.has_ended {
            return Poll::Ready(None);
        }
        this.poll_recv(context).map(|outcome| {
            this.task.has_ended = outcome.as_ref().is_err_and(|error| !error.goes_on());
            if matches!(outcome, Err(RecvError::Closed)) { None } else { Some(outcome) }
        })
    }
}
