//! The consumer that gets everything.

use super::Consumer;
#[cfg(any(feature = "std", ringway_loom))]
use super::handle::sealed::Behind;
use super::handle::sealed::Sealed;
use crate::error::TryRecvError;
use crate::memory::layout::EVICTS;
use crate::memory::shape::MAX_ENTRIES;
use crate::memory::{GateWords, Storage};
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::reader::Reader;
use crate::protocol::wake;
use crate::protocol::{entry, head, join};
use ringway_shm::sync::Ordering;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A consumer that gets every message, in order, and holds the producer back until it has.
///
/// A message is released as soon as it has been received, since receiving copies it; a batch is
/// released as a whole. Dropping the subscriber lets go of everything and frees its entry.
#[doc(alias = "broadcast")]
#[doc(alias = "pub/sub")]
#[doc(alias = "pubsub")]
#[doc(alias = "queue")]
#[doc(alias = "reader")]
#[doc(alias = "receiver")]
#[doc(alias = "spmc")]
pub type Subscriber<T, W = AdaptiveSpin> = Consumer<Subscribing, T, W>;

/// Gets every message and holds the producer back: the kind of a [`Subscriber`](crate::Subscriber).
#[derive(Clone, Copy, Debug)]
pub struct Subscribing {
    /// Which of the owners of its entry this is, where that can be evicted.
    generation: [u32; EVICTS as usize],
    /// Where it has its gate.
    pub(super) words: GateWords,
    /// Which entry that is in.
    entry: u16,
    /// Comes back: its entry stays.
    pub(super) durable: bool,
    /// The first position that the program has not been given, or an earlier one: see `given`.
    pub(super) given: Pos,
}

impl Subscribing {
    /// There are fewer entries than `u16` can count.
    fn of(words: GateWords, entry: usize, generation: u32, next: Pos) -> Self {
        let generation = [generation; EVICTS as usize];
        Subscribing { generation, words, entry: entry as u16, durable: false, given: next }
    }

    /// Which entry has its gate.
    #[inline(always)]
    pub(super) fn entry(self) -> usize {
        self.entry.into()
    }
}

const _: () = assert!(MAX_ENTRIES <= u16::MAX as usize);

impl<T: Message + ?Sized> Subscriber<T> {
    /// A subscriber from the first message on. Only for the ring's creator, which has made the
    /// producer and not yet given it away, once for each entry.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    pub(crate) fn preassigned(storage: Storage, entry: usize) -> Self {
        let generation = join::preassign(&storage, entry);
        let next = storage.measures().origin();
        // SAFETY: the creator, which has made as many entries as it assigns, may write them.
        let words = unsafe { GateWords::of_entry(&storage, entry) };
        let reader = Reader::new(storage, next, AdaptiveSpin::new());
        Consumer::of(reader, Subscribing::of(words, entry, generation, next))
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// The caller has just joined in that entry.
    pub(crate) fn joined(joined: join::Joined, next: Pos, wait: W) -> Self {
        let (storage, entry, generation) = joined.keep();
        // SAFETY: the caller has joined in the entry, and has stored its gate.
        let words = unsafe { GateWords::of_entry(&storage, entry) };
        let reader = Reader::new(storage, next, wait);
        Consumer::of(reader, Subscribing::of(words, entry, generation, next))
    }

    /// Leaves for good: the same as dropping it, but for a
    /// [durable](crate::Ring::subscribe_durable) one, whose name is given up.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// ring.subscribe_durable("keeper", Start::Next).unwrap().leave();
    /// assert_eq!(ring.remove_durable("keeper"), Ok(false));
    /// ```
    pub fn leave(mut self) {
        self.kind.durable = false;
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// Lets go of every message before that one.
    #[inline(always)]
    pub(super) fn release_before(&mut self, first: Pos) {
        #[cfg(any(feature = "std", ringway_loom))]
        if self.reader.behind.is_some() {
            return self.release_behind(first);
        }
        self.let_go::<false>(first);
    }

    /// Lets go of every message before that one, in its own segment.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(super) fn release_in_newest(&mut self, first: Pos) {
        self.let_go::<false>(first);
    }

    /// The same. `PLAIN`: the light fence [is free](Reader::is_plain).
    #[inline(always)]
    fn let_go<const PLAIN: bool>(&mut self, first: Pos) {
        let reader = &mut self.reader;
        // SAFETY: they were found in that storage, for that entry.
        let words = unsafe { self.kind.words.get(&reader.storage, self.kind.entry()) };
        if let Some((gate, waiting)) = words {
            // SYNC gate: the reads are over before the slots are written again: see
            // `Credit::refill_evicting`.
            gate.store(first.gate(), Ordering::Release);
            let fences = reader.fences;
            let fences = if PLAIN { fences.known_to_be_free() } else { fences };
            wake::wake_producer_by(waiting, &reader.storage, fences);
        }
        reader.wait.notify();
    }

    /// This one has been evicted, and is told. Apart, so that one that has not been does not pay
    /// for it.
    #[cold]
    #[inline(never)]
    fn end_evicted(&mut self) -> TryRecvError {
        // Its name is free when it is dropped.
        self.kind.durable = false;
        self.forget_pin();
        let missed = head::exact(&self.reader.storage).since(self.reader.next());
        TryRecvError::Evicted { missed: u64::try_from(missed).unwrap_or(0) }
    }
}

impl Sealed for Subscribing {
    const NAME: &'static str = "Subscriber";

    const HOLDS: bool = true;

    #[inline]
    fn is_excluded<T: Message + ?Sized, W: Wait>(subscriber: &Subscriber<T, W>) -> bool {
        let entry = subscriber.kind.entry();
        EVICTS
            && subscriber.reader.storage.evicted(entry).is_some_and(|word| {
                // Compared where they lie: copied, the two fields are one word, and taken apart
                // again.
                let last = word.load(Ordering::Relaxed);
                subscriber.kind.generation.contains(&last)
            })
    }

    fn excluded<T: Message + ?Sized, W: Wait>(
        subscriber: &mut Subscriber<T, W>,
    ) -> Option<TryRecvError> {
        Self::is_excluded(subscriber).then(|| subscriber.end_evicted())
    }

    #[cfg(any(feature = "std", ringway_loom))]
    fn go_over<T: Message + ?Sized, W: Wait>(
        subscriber: &mut Subscriber<T, W>,
        Behind(new): Behind,
    ) -> Result<(), TryRecvError> {
        let generation = subscriber.kind.generation.first().copied();
        subscriber.subscribe_in(new, generation)
    }

    #[inline(always)]
    fn release<T: Message + ?Sized, W: Wait, const PLAIN: bool>(subscriber: &mut Subscriber<T, W>) {
        subscriber.let_go::<PLAIN>(subscriber.reader.next());
    }

    fn owner<T: Message + ?Sized, W: Wait>(subscriber: &Subscriber<T, W>) -> Option<(usize, u32)> {
        let generation = subscriber.kind.generation.first().copied()?;
        Some((subscriber.kind.entry(), generation))
    }

    fn leave<T: Message + ?Sized, W: Wait>(subscriber: &mut Subscriber<T, W>) {
        #[cfg(any(feature = "std", ringway_loom))]
        subscriber.leave_behind();
        let (reader, entry) = (&mut subscriber.reader, subscriber.kind.entry());
        match subscriber.kind.durable {
            true => entry::go_away(&reader.storage, entry),
            false => entry::leave(&reader.storage, entry),
        }
        wake::wake_producer(&reader.storage, reader.fences);
        reader.wait.notify();
        #[cfg(any(feature = "std", ringway_loom))]
        if reader.storage.goes_on() {
            crate::protocol::chain::remove_if_over(&reader.storage);
        }
    }
}
