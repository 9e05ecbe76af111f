//! The consumer that gets everything.

mod in_place;
#[cfg(not(ringway_loom))]
mod refs;

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
use crate::protocol::reader::Reader;
use crate::protocol::receive::{self, Consumer, Unchecked};
use crate::protocol::wake;
use crate::protocol::{entry, head, join};
use ringway_shm::sync::{NATIVE, Ordering, RaceCell, fence};
use ringway_shm::wait::{SpinThenSleep, Wait};

/// A consumer that gets every message, in order, and holds the producer back until it has.
///
/// A message is released as soon as it has been received, since receiving copies it; a batch is
/// released as a whole. Dropping the subscriber lets go of everything and frees its entry.
pub struct Subscriber<T: Message + ?Sized, W: Wait = SpinThenSleep> {
    reader: Reader<W>,
    /// Which entry has its gate.
    entry: usize,
    /// Which of the entry's owners this is.
    generation: u32,
    /// Comes back: its entry stays.
    durable: bool,
    message: HandleOf<T>,
}

impl<T: Message + ?Sized> Subscriber<T> {
    /// A subscriber from the first message on. Only for the ring's creator, who has made the producer
    /// and not yet given it away, once for each entry.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    pub(crate) fn preassigned(storage: Storage, entry: usize) -> Self {
        let generation = join::preassign(&storage, entry);
        let next = storage.measures().origin();
        let reader = Reader::new(storage, next, SpinThenSleep::DEFAULT);
        Subscriber::of(reader, entry, generation)
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// The caller has just joined in that entry.
    pub(crate) fn new(joined: join::Joined, next: Pos, wait: W) -> Self {
        let (storage, entry, generation) = joined.keep();
        Subscriber::of(Reader::new(storage, next, wait), entry, generation)
    }

    fn of(reader: Reader<W>, entry: usize, generation: u32) -> Self {
        Subscriber { reader, entry, generation, durable: false, message: PhantomData }
    }

    /// The same for an entry that has a name.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn durable(joined: join::Joined, next: Pos, wait: W) -> Self {
        let mut subscriber = Subscriber::new(joined, next, wait);
        subscriber.durable = true;
        subscriber
    }

    /// Leaves for good: the same as dropping it, but for a [durable](crate::Ring::subscribe_durable)
    /// one, whose name is given up.
    pub fn leave(mut self) {
        self.durable = false;
    }

    #[cfg(all(test, feature = "std"))]
    pub(crate) fn fences(&self) -> ringway_shm::fence::Fences {
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
        let Subscriber { entry, generation, durable, message, .. } = *this;
        let subscriber = Subscriber { reader, entry, generation, durable, message };
        // Last: should it panic, the new subscriber is dropped as the old one would have been.
        drop(before);
        subscriber
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// This one has been evicted, and is told. Apart, so that one that has not been does not pay
    /// for it.
    #[cold]
    #[inline(never)]
    fn end_evicted(&mut self) -> TryRecvError {
        // Its name is free when it is dropped.
        self.durable = false;
        self.forget_pin();
        let missed = head::exact(&self.reader.storage).since(self.reader.next);
        TryRecvError::Evicted { missed: u64::try_from(missed).unwrap_or(0) }
    }
}

impl<T: Message + ?Sized, W: Wait> Consumer for Subscriber<T, W> {
    type Wait = W;

    const HOLDS: bool = true;

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
        if !NATIVE && !self.reader.can_be_evicted() {
            slot.ghost().read();
            if let Some(span) = self.reader.span_of::<T>(slot) {
                self.reader.storage.spilled_ghosts(span).for_each(RaceCell::read);
            }
        }
        receive::copy_unchecked::<T, W>(&self.reader, slot, buffer)
    }

    /// The gate holds the producer back. So this one has been evicted, or its gate was forged: then it
    /// holds from here on.
    fn lagged(&mut self, passed: Passed) -> TryRecvError {
        // Pairs with the release in `evict`, by way of the slot's state: the word loaded next is not older
        // than what overwrote the message.
        fence(Ordering::Acquire);
        if let Some(evicted) = self.excluded() {
            return evicted;
        }
        let error = receive::skip(&mut self.reader, passed);
        self.release();
        error
    }

    fn excluded(&mut self) -> Option<TryRecvError> {
        let evicted = self.reader.storage.was_evicted(self.entry, self.generation);
        evicted.then(|| self.end_evicted())
    }

    #[inline(always)]
    fn release(&mut self) {
        if let Some(entry) = self.reader.storage.entry(self.entry) {
            // Pairs with the fence after the producer's scan: the reads are over.
            entry.gate.store(self.reader.next.gate(), Ordering::Release);
        }
        wake::wake_producer(&self.reader.storage, self.reader.fences);
        self.reader.wait.notify();
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Subscriber<T, W> {
    fn drop(&mut self) {
        if !self.reader.storage.is_here() {
            return;
        }
        match self.durable {
            #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
            true => entry::go_away(&self.reader.storage, self.entry),
            _ => entry::leave(&self.reader.storage, self.entry),
        }
        wake::wake_producer(&self.reader.storage, self.reader.fences);
        self.reader.wait.notify();
    }
}

pub use in_place::Ref;
#[cfg(not(ringway_loom))]
pub use refs::{Refs, Run, RunIter};

receiving_calls!(Subscriber, "subscribe");
