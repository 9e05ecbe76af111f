//! What all consumers have in common: looking at the next slot, and waiting for it.

use core::time::Duration;

#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::fence::Fences;
use crate::message::{Message, Plain};
use crate::position::{Look, Passed, Pos};
use crate::storage::{Slot, Storage};
use crate::sync::{Ordering, fence};
use crate::wait::{self, Wait};

/// A place in a ring, and the way to wait there.
#[derive(Debug)]
pub(crate) struct Reader<W> {
    pub(crate) storage: Storage,
    /// The position of the next message.
    pub(crate) next: Pos,
    pub(crate) fences: Fences,
    pub(crate) wait: W,
}

impl<W> Reader<W> {
    pub(crate) fn new(storage: Storage, next: Pos, wait: W) -> Self {
        let fences = Fences::for_consumer(storage.producer().mode.load(Ordering::Relaxed));
        Reader { storage, next, fences, wait }
    }

    /// The same place with another way to wait, and the one that it had.
    pub(crate) fn with_wait<V>(self, wait: V) -> (Reader<V>, W) {
        let reader = Reader { storage: self.storage, next: self.next, fences: self.fences, wait };
        (reader, self.wait)
    }

    /// What the next slot says.
    #[inline(always)]
    pub(crate) fn look(&self) -> Look {
        self.next.look(self.slot().state().load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(crate) fn slot(&self) -> Slot<'_> {
        self.storage.slot(self.next)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.storage.producer().closed.load(Ordering::Relaxed) != 0
    }

    /// Looks for the next message. `Ok`: it is there, and may be copied.
    #[inline(always)]
    pub(crate) fn find(&self) -> Result<(), NotFound> {
        let mut seen = self.look();
        if seen == Look::NotYet {
            if !self.is_closed() {
                return Err(NotFound::Empty);
            }
            // Closed: and only now is it worth something that the slot is empty. Looking at the two
            // in the other order would lose what was sent in between. Pairs with the release of
            // `closed`.
            fence(Ordering::Acquire);
            seen = self.look();
        }
        match seen {
            Look::Ready => {
                // Pairs with the release of the state by the producer: what is copied from here on
                // is the message, or newer.
                fence(Ordering::Acquire);
                Ok(())
            }
            Look::NotYet => Err(NotFound::Closed),
            Look::Passed(passed) => Err(NotFound::Passed(passed)),
        }
    }

    /// The length of the message in the slot, if it can be one.
    #[inline(always)]
    pub(crate) fn len_of<T: Message + ?Sized>(&self) -> Option<usize> {
        let max = self.storage.geometry().shape.schema.max_len;
        if T::VARIABLE { Some(self.slot().len()).filter(|&len| len <= max) } else { Some(max) }
    }

    fn sleep(&self, limit: Duration) {
        let ready = || self.look() != Look::NotYet || self.is_closed();
        wait::sleep_as_consumer(&self.storage, self.fences, ready, limit);
    }
}

/// Why there is no message at the next position.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotFound {
    Empty,
    Closed,
    Passed(Passed),
}

/// One kind of consumer. What is behind it is a [`Reader`].
pub(crate) trait Consumer {
    type Wait: Wait;

    fn reader(&mut self) -> &mut Reader<Self::Wait>;

    /// Looks for the next message, and goes on behind what was lost if it was.
    fn find(&mut self) -> Result<(), TryRecvError>;

    /// Copies the message that `find` found to the start of `buffer`, and returns its length. The
    /// next message is then the next one. Everything before may be overwritten only after `release`.
    fn take(&mut self, buffer: &mut [u8]) -> Result<usize, TryRecvError>;

    /// Lets go of everything that was taken.
    fn release(&mut self);
}

/// Takes one message of a type, without releasing it.
#[inline(always)]
pub(crate) fn take_value<C: Consumer, T: Plain>(consumer: &mut C) -> Result<T, TryRecvError> {
    consumer.find()?;
    let mut value = T::new_zeroed();
    // As bytes it is of the ring's message size, which was checked when the ring was opened.
    consumer.take(T::as_mut_bytes(&mut value))?;
    Ok(value)
}

/// Calls `attempt` until it brings something else than `Empty`; `None` if there is no time left.
pub(crate) fn within<C: Consumer, R>(
    consumer: &mut C,
    mut attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
    remaining: impl FnMut() -> Option<Duration>,
) -> Option<Result<R, RecvError>> {
    wait::wait_for(
        consumer,
        |consumer| match attempt(consumer) {
            Ok(found) => Some(Ok(found)),
            Err(error) => error.unless_empty().map(Err),
        },
        |consumer, round| consumer.reader().wait.pause(round),
        |consumer, limit| consumer.reader().sleep(limit),
        remaining,
    )
}

/// Calls `attempt` until it brings something else than `Empty`.
pub(crate) fn blocking<C: Consumer, R>(
    consumer: &mut C,
    mut attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
) -> Result<R, RecvError> {
    loop {
        if let Some(outcome) = within(consumer, &mut attempt, wait::for_ever) {
            return outcome;
        }
    }
}

/// The same after a first attempt that failed. Apart, so that one that succeeds is all that a caller
/// has in its loop.
#[cold]
pub(crate) fn blocking_after<C: Consumer, R>(
    consumer: &mut C,
    error: TryRecvError,
    attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
) -> Result<R, RecvError> {
    match error.unless_empty() {
        Some(error) => Err(error),
        None => blocking(consumer, attempt),
    }
}

/// Calls `attempt` until it brings something else than `Empty`, for at most `timeout`.
#[cfg(feature = "std")]
pub(crate) fn blocking_timeout<C: Consumer, R>(
    consumer: &mut C,
    attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
    timeout: Duration,
) -> Result<R, RecvTimeoutError> {
    let deadline = std::time::Instant::now().checked_add(timeout);
    match within(consumer, attempt, wait::until(deadline)) {
        None => Err(RecvTimeoutError::Timeout),
        Some(outcome) => outcome.map_err(RecvTimeoutError::from),
    }
}
