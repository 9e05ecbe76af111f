//! The consumer that never holds anybody back.

use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::time::Duration;

use super::calls::{self, receiving_calls};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::memory::{Slot, Storage};
use crate::message::{HandleOf, Message, Plain};
use crate::position::{Look, Passed, Pos, Position};
use crate::protocol::head;
use crate::protocol::reader::Reader;
use crate::protocol::receive::{self, Consumer, Unchecked};
use ringway_shm::wait::{SpinThenSleep, Wait};

/// A consumer that gets the newest messages and never holds the producer back.
///
/// # Lagging
///
/// If the producer laps it, the next receiving call returns
/// [`Lagged(n)`](crate::TryRecvError::Lagged) and the one after goes on with the oldest message that
/// is left. The count is exact: it is the number of messages between the last one received and the
/// next one to be received, so that received + lagged = sent, always. With 32-bit positions it is
/// exact for an observer that is never away for 2^30 messages.
///
/// No message is ever returned torn, however fast the producer: a copy that was overwritten while it
/// was made is thrown away, and counts as lagged.
pub struct Observer<T: Message + ?Sized, W: Wait = SpinThenSleep> {
    reader: Reader<W>,
    message: HandleOf<T>,
}

impl<T: Message + ?Sized> Observer<T> {
    pub(crate) fn new(storage: Storage, next: Pos) -> Self {
        let reader = Reader::new(storage, next, SpinThenSleep::DEFAULT);
        Observer { reader, message: PhantomData }
    }
}

impl<T: Message + ?Sized, W: Wait> Observer<T, W> {
    /// The same observer, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut observer = ring.observe(Start::Next).unwrap().with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// assert_eq!(observer.recv(), Ok(1));
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Observer<T, V> {
        Observer { reader: self.reader.with_wait(wait).0, message: PhantomData }
    }
}

impl<T: Message + ?Sized, W: Wait> Consumer for Observer<T, W> {
    type Wait = W;

    const HOLDS: bool = false;

    #[inline(always)]
    fn reader(&self) -> &Reader<W> {
        &self.reader
    }

    #[inline(always)]
    fn reader_mut(&mut self) -> &mut Reader<W> {
        &mut self.reader
    }

    #[inline(always)]
    fn copy_unchecked(&self, slot: Slot<'_>, buffer: &mut [u8]) -> Unchecked {
        receive::copy_unchecked::<T, W>(&self.reader, slot, buffer)
    }

    fn lagged(&mut self, passed: Passed) -> TryRecvError {
        receive::skip(&mut self.reader, passed)
    }

    fn release(&mut self) {}
}

receiving_calls!(Observer, "observe");
