//! The consumer that gets everything.

use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::time::Duration;

use super::calls::{self, receiving_calls};
use super::receive::{self, Consumer, NotCopied, Reader};
use super::{head, join};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::{HandleOf, Message, Plain};
use crate::position::{Look, Passed, Pos, Position};
use crate::storage::{Slot, Storage};
use crate::sync::Ordering;
use crate::wait::{self, SpinThenSleep, Wait};

/// A consumer that gets every message, in order, and holds the producer back until it has.
///
/// A message is released as soon as it has been received, since receiving copies it; a batch is
/// released as a whole. Dropping the subscriber lets go of everything and frees its entry.
pub struct Subscriber<T: Message + ?Sized, W: Wait = SpinThenSleep> {
    reader: Reader<W>,
    /// Which entry has its gate.
    entry: usize,
    message: HandleOf<T>,
}

impl<T: Message + ?Sized> Subscriber<T> {
    /// A subscriber from the first message on. Only for the ring's creator, who has made the producer
    /// and not yet given it away, once for each entry.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    pub(crate) fn preassigned(storage: Storage, entry: usize) -> Self {
        join::preassign(&storage, entry);
        let next = storage.geometry().origin();
        let reader = Reader::new(storage, next, SpinThenSleep::DEFAULT);
        Subscriber { reader, entry, message: PhantomData }
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// The caller has just joined in that entry.
    #[cfg(target_has_atomic = "32")]
    pub(crate) fn new(storage: Storage, entry: usize, next: Pos, wait: W) -> Self {
        Subscriber { reader: Reader::new(storage, next, wait), entry, message: PhantomData }
    }

    #[cfg(all(test, feature = "std"))]
    pub(crate) fn fences(&self) -> crate::fence::Fences {
        self.reader.fences
    }

    /// The same subscriber, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Subscriber<T, V> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        let reader = unsafe { core::ptr::read(&this.reader) };
        let (reader, before) = reader.with_wait(wait);
        let subscriber = Subscriber { reader, entry: this.entry, message: PhantomData };
        // Last: should it panic, the new subscriber is dropped as the old one would have been.
        drop(before);
        subscriber
    }
}

impl<T: Message + ?Sized, W: Wait> Consumer for Subscriber<T, W> {
    type Wait = W;

    #[inline(always)]
    fn reader(&self) -> &Reader<W> {
        &self.reader
    }

    #[inline(always)]
    fn reader_mut(&mut self) -> &mut Reader<W> {
        &mut self.reader
    }

    #[inline(always)]
    fn copy(&self, _: Pos, slot: Slot<'_>, buffer: &mut [u8]) -> Result<usize, NotCopied> {
        let needed = self.reader.len_of::<T>(slot).ok_or(NotCopied::Corrupt)?;
        let to = buffer.get_mut(..needed).ok_or(NotCopied::TooSmall { needed })?;
        slot.ghost().read();
        // SAFETY: a ring of messages `T`, and `len_of` returns no more than its longest has.
        unsafe { slot.copy_to::<T>(to) };
        Ok(needed)
    }

    /// The gate held the producer back: no producer writes that.
    fn lagged(&mut self, _: Passed) -> TryRecvError {
        TryRecvError::Corrupt
    }

    #[inline(always)]
    fn release(&mut self) {
        if let Some(entry) = self.reader.storage.entry(self.entry) {
            // Pairs with the fence after the producer's scan: the reads are over.
            entry.gate.store(self.reader.next.gate(), Ordering::Release);
        }
        wait::wake_producer(&self.reader.storage, self.reader.fences);
        self.reader.wait.notify();
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Subscriber<T, W> {
    fn drop(&mut self) {
        if !self.reader.storage.is_here() {
            return;
        }
        join::leave(&self.reader.storage, self.entry);
        wait::wake_producer(&self.reader.storage, self.reader.fences);
        self.reader.wait.notify();
    }
}

receiving_calls!(Subscriber, "subscribe");
