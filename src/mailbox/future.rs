//! Receivers that tasks await.

use core::future::poll_fn;
use core::pin::Pin;
use core::slice;
use core::task::{Context, Poll};
use core::time::Duration;

use futures_core::Stream;

use super::letter::{BytesLetter, Letter, Letters};
use super::receiver::{Held, Receiver, Taken, Taker};
use crate::error::TryRecvError as NotTaken;
use crate::error::mailbox::RecvError;
use crate::future::{Async, sealed};
use crate::group::claims::Fate;
use crate::message::{ByteMessage, Message, Plain};
use ringway_shm::wait::Wait;

/// How often a task looks whether other receivers live.
const PATROLS: Duration = Duration::from_millis(50);
/// How often it looks which lanes there are, where there are no other receivers.
const LISTS: Duration = Duration::from_millis(500);

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Receiver<T, W> {
    type Wait = W;

    fn wait(&mut self) -> &mut W {
        self.wait_mut()
    }

    fn sleeps_on(&self) -> sealed::SleepsOn<'_> {
        sealed::SleepsOn::Other(self.shared().clone())
    }

    fn is_mortal(&self) -> bool {
        self.has_mortal_peers()
    }

    fn pace(&self) -> Option<Duration> {
        let pace = if self.shares() { PATROLS } else { LISTS };
        self.has_mortal_peers().then_some(pace)
    }
}

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// The receiver, to be awaited.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let mut receiver = mailbox.receiver()?.into_async();
    /// let mut sender = mailbox.sender()?;
    /// let thread = std::thread::spawn(move || sender.send(&7));
    /// let message = futures_executor::block_on(async { receiver.recv().await.map(|l| *l) })?;
    /// assert_eq!(message, 7);
    /// # thread.join().unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_async(self) -> Async<Self> {
        Async::new(self)
    }
}

impl<T: Message + ?Sized, W: Wait> Async<Receiver<T, W>> {
    /// Takes something as soon as a lane has it: the one body of all futures that receive.
    fn poll_taken<R>(
        &mut self,
        context: &mut Context<'_>,
        mut take: impl FnMut(&mut Taker<T>) -> Result<(R, Held), NotTaken>,
    ) -> Poll<Result<Taken<R>, RecvError>> {
        if self.task.take_probe() {
            self.handle.look_around();
        }
        let polled = self.poll_for(context, |receiver| match receiver.visit(&mut take) {
            Ok(taken) => Some(Ok(taken)),
            Err(error) => error.unless_empty().map(Err),
        });
        if polled.is_pending() && self.task.is_to_probe() {
            // Found before this had registered, so that no task was woken for it.
            context.waker().wake_by_ref();
        }
        polled
    }
}

impl<T: Plain, W: Wait> Async<Receiver<T, W>> {
    /// Receives a message. Cancel safe: a future that is dropped has taken nothing.
    pub async fn recv(&mut self) -> Result<Letter<'_, T, W>, RecvError> {
        let taken = poll_fn(|context| self.poll_taken(context, Taker::next)).await?;
        Ok(Letter::new(&mut self.handle, taken.lane, taken.held, taken.what))
    }

    /// Receives a message to where `message` is. Cancel safe.
    pub async fn recv_to(&mut self, message: &mut T) -> Result<Letters<'_, T, W>, RecvError> {
        self.recv_batch(slice::from_mut(message)).await
    }

    /// Receives messages of one sender: as many as are there and `buffer` has room for. Cancel
    /// safe.
    pub async fn recv_batch(&mut self, buffer: &mut [T]) -> Result<Letters<'_, T, W>, RecvError> {
        let taken =
            poll_fn(|context| self.poll_taken(context, |taker| taker.batch(buffer))).await?;
        Ok(Letters::new(&mut self.handle, taken.lane, taken.held, taken.what))
    }
}

impl<T: ByteMessage + ?Sized, W: Wait> Async<Receiver<T, W>> {
    /// Receives a message into the start of `buffer`. Cancel safe.
    pub async fn recv_into<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Result<BytesLetter<'a, W, T>, RecvError> {
        let taken =
            poll_fn(|context| self.poll_taken(context, |taker| taker.bytes(buffer))).await?;
        Ok(BytesLetter::new(&mut self.handle, taken.lane, taken.held, buffer, taken.what))
    }
}

/// Messages as they come, each in an `Ok`, and done when it is given. The stream ends when the
/// mailbox is closed. An error about one lane is no end.
impl<T: Plain, W: Wait> Stream for Async<Receiver<T, W>> {
    type Item = Result<T, RecvError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.task.has_ended {
            return Poll::Ready(None);
        }
        this.poll_taken(context, Taker::next).map(|outcome| match outcome {
            Ok(Taken { lane, held, what }) => {
                this.handle.end(lane, held, Fate::Done);
                Some(Ok(what))
            }
            Err(RecvError::Closed) => {
                this.task.has_ended = true;
                None
            }
            Err(error) => {
                this.task.has_ended = matches!(error, RecvError::Forked);
                Some(Err(error))
            }
        })
    }
}
