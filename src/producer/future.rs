//! Producers that tasks await.

use core::future::poll_fn;
use core::task::{Context, Poll};

#[cfg(feature = "std")]
use super::clean_up::ASKED_AT_A_TIME;
use super::failed::Failed;
use super::need::Need;
use super::{Producer, Room};
#[cfg(feature = "std")]
use crate::error::FlushError;
use crate::error::{SendError, TrySendError};
use crate::future::{Async, sealed};
use crate::message::{Message, Plain};
#[cfg(feature = "alloc")]
use crate::protocol::wake::Side;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Producer<T, W> {
    type Wait = W;

    fn wait(&mut self) -> &mut W {
        &mut self.wait
    }

    #[cfg(feature = "alloc")]
    fn sleeps_on(&self) -> sealed::SleepsOn<'_> {
        sealed::SleepsOn::Ring(sealed::InRing {
            storage: &self.storage,
            fences: self.fences,
            side: Side::Producer,
        })
    }

    fn is_mortal(&self) -> bool {
        self.storage.can_die()
    }

    /// `None`: no consumer of its own process dies, or can hold it back for too long.
    fn pace(&self) -> Option<core::time::Duration> {
        let limits = self.credit.limits().filter(|_| cfg!(feature = "std"));
        let has_limits = limits.is_some_and(|limits| limits.are_of_time());
        (self.storage.can_die() || has_limits).then(|| self.pace().sleep())
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The same producer, to be awaited.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut producer = producer.into_async();
    /// futures_executor::block_on(producer.send(&7)).unwrap();
    /// assert_eq!(subscriber.try_recv(), Ok(7));
    /// # }
    /// ```
    pub fn into_async(self) -> Async<Self> {
        Async::new(self)
    }

    /// Whether there is room. Looks for consumers that are dead or too slow, if it is time to.
    fn finds_room(&mut self, need: Need) -> Option<Result<(), Failed>> {
        if self.has_room_for(need, |_, _| false) {
            return Some(Ok(()));
        }
        match self.look_if_due(need)? {
            Ok(has_room) => has_room.then_some(Ok(())),
            Err(failed) => Some(Err(failed)),
        }
    }
}

/// A future that may wait for room. The time until it is dropped is counted. Only a future knows
/// when its wait ends: polls of the caller's own may be given up, which nothing tells.
struct Blocked<'a, T: Message + ?Sized, W: Wait> {
    producer: &'a mut Async<Producer<T, W>>,
    /// It waits, and the time is counted.
    waits: bool,
}

impl<'a, T: Message + ?Sized, W: Wait> Blocked<'a, T, W> {
    fn new(producer: &'a mut Async<Producer<T, W>>) -> Self {
        Blocked { producer, waits: false }
    }

    /// Polls, and counts the time since the last poll that was pending.
    fn poll<R>(&mut self, poll: impl FnOnce(&mut Async<Producer<T, W>>) -> Poll<R>) -> Poll<R> {
        let found = poll(self.producer);
        let waited = core::mem::replace(&mut self.waits, found.is_pending());
        if waited {
            self.count();
        } else if found.is_pending() {
            self.producer.handle.stuck.clock.start();
        }
        found
    }

    fn count(&mut self) {
        let Producer { stuck, storage, .. } = &mut self.producer.handle;
        stuck.clock.count(storage);
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Blocked<'_, T, W> {
    fn drop(&mut self) {
        if self.waits {
            self.count();
        }
    }
}

impl<T: Message + ?Sized, W: Wait> Async<Producer<T, W>> {
    fn poll_room(&mut self, context: &mut Context<'_>, need: Need) -> Poll<Result<(), Failed>> {
        self.poll_for(context, |producer| producer.finds_room(need))
    }

    /// Sends a message, waiting for room: [`Producer::send`]. Cancel safe: the message is sent in
    /// the poll that says so, and a future that is dropped before has sent nothing.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (producer, ring) = Options::<u64>::new(1).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut producer = producer.into_async();
    /// let thread = std::thread::spawn(move || (subscriber.recv(), subscriber.recv()));
    /// futures_executor::block_on(async {
    ///     producer.send(&1).await?;
    ///     producer.send(&2).await
    /// }).unwrap();
    /// assert_eq!(thread.join().unwrap(), (Ok(1), Ok(2)));
    /// # }
    /// ```
    pub async fn send(&mut self, message: &T) -> Result<(), SendError> {
        let mut wait = Blocked::new(self);
        poll_fn(|context| wait.poll(|producer| producer.poll_send(context, message))).await
    }

    /// As [`send`](Self::send), for a future of the caller's. Its time does not count as
    /// [`blocked`](crate::stats::Stats::blocked): whether the caller still waits is not known.
    pub fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        message: &T,
    ) -> Poll<Result<(), SendError>> {
        let len = message.bytes().len();
        self.handle.check_len(len)?;
        let need = self.handle.need(len);
        loop {
            match self.poll_room(context, need) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(room) => room?,
            }
            // There is room, which no consumer takes again.
            match self.handle.try_send(message).map_err(TrySendError::unless_full) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(Some(error)) => return Poll::Ready(Err(error)),
                Err(None) => {}
            }
        }
    }

    /// Waits for such room, and sends nothing: [`Producer::ready`]. Cancel safe.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut producer = producer.into_async();
    /// futures_executor::block_on(producer.ready(8)).unwrap();
    /// assert_eq!(producer.get_mut().try_send_batch(&[0; 8]), 8);
    /// # }
    /// ```
    pub async fn ready(&mut self, room: impl Into<Room>) -> Result<(), SendError> {
        let (room, mut wait) = (room.into(), Blocked::new(self));
        poll_fn(|context| wait.poll(|producer| producer.poll_ready(context, room))).await
    }

    /// As [`ready`](Self::ready), for a future of the caller's. Its time does not count, as that of
    /// [`poll_send`](Self::poll_send) does not.
    pub fn poll_ready(
        &mut self,
        context: &mut Context<'_>,
        room: impl Into<Room>,
    ) -> Poll<Result<(), SendError>> {
        let need = self.handle.need_of(room.into())?;
        self.poll_room(context, need).map_err(SendError::from)
    }

    /// Waits until every subscriber and group has released everything that was sent, for as long as
    /// it takes: [`Producer::flush`]. Cancel safe.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// let thread = std::thread::spawn(move || (subscriber.recv(), subscriber));
    /// futures_executor::block_on(producer.into_async().flush()).unwrap();
    /// assert_eq!(thread.join().unwrap().0, Ok(1));
    /// # }
    /// ```
    #[cfg(feature = "std")]
    pub async fn flush(&mut self) -> Result<(), FlushError> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    /// As [`flush`](Self::flush), for a future of the caller's.
    #[cfg(feature = "std")]
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), FlushError>> {
        if self.handle.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        if self.task.take_probe() {
            let groups = self.handle.reap_groups(super::flush::LAGGARD);
            let subscribers = self.handle.reap(super::flush::LAGGARD, ASKED_AT_A_TIME);
            subscribers.and(groups)?;
        }
        self.poll_for(context, |producer| producer.is_flushed().then_some(Ok(())))
    }
}

impl<T: Plain, W: Wait> Async<Producer<T, W>> {
    /// Sends messages one after the other, as many at a time as there is room for, and takes those
    /// that are sent off the front of `messages`. Cancel safe by that: what is left there when the
    /// future is dropped, or after an error, has not been sent.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let thread = std::thread::spawn(move || subscriber.iter().map(Result::unwrap).sum::<u64>());
    /// let mut messages = &[1, 2, 3, 4, 5, 6][..];
    /// let mut producer = producer.into_async();
    /// futures_executor::block_on(producer.send_batch(&mut messages)).unwrap();
    /// assert!(messages.is_empty());
    /// drop(producer);
    /// assert_eq!(thread.join().unwrap(), 21);
    /// # }
    /// ```
    pub async fn send_batch(&mut self, messages: &mut &[T]) -> Result<(), SendError> {
        while !messages.is_empty() {
            self.ready(1).await?;
            let sent = self.handle.try_send_batch(messages);
            *messages = messages.get(sent..).unwrap_or_default();
        }
        Ok(())
    }
}

/// A sink of messages. What it was given is sent when `start_send` returns, so that flushing it
/// waits for nothing, and closing it does nothing: the ring is closed when it is dropped.
///
/// Time that it waits for room does not count as [`blocked`](crate::stats::Stats::blocked).
///
/// [`Full`](TrySendError::Full) is what `start_send` says that follows no `poll_ready`.
#[cfg(feature = "sink")]
impl<T: Plain, W: Wait> futures_sink::Sink<T> for Async<Producer<T, W>> {
    type Error = TrySendError;

    fn poll_ready(
        self: core::pin::Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), TrySendError>> {
        self.get_mut().poll_room(context, Need::MESSAGE).map_err(TrySendError::from)
    }

    fn start_send(self: core::pin::Pin<&mut Self>, message: T) -> Result<(), TrySendError> {
        self.get_mut().handle.try_send(&message)
    }

    fn poll_flush(
        self: core::pin::Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), TrySendError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(
        self: core::pin::Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), TrySendError>> {
        Poll::Ready(Ok(()))
    }
}
