//! A ring's words, found by pointers. No other file follows the protocol's pointers.

use core::ptr::NonNull;
use core::slice;

use super::ghosts::{Ghosts, ghost};
use super::kind::EntryKind;
use super::measures::Measures;
use super::payload::{Payload, Span};
use super::shape::GRANULE;
#[cfg(any(feature = "std", ringway_loom))]
use crate::memory::layout::CHAIN_WORDS;
use crate::memory::layout::{ARENAS, EVICTS, Entry, ProducerLine, SleepFlags};
use crate::position::Pos;
use ringway_shm::sync::{AtomicU32, AtomicWord, CasWord, NATIVE, Ordering, RaceCell, WORD, Word};

/// Where everything is. Copied into every handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    measures: Measures,
    producer: NonNull<ProducerLine>,
    /// Where consumers can be evicted.
    evictions: [NonNull<AtomicU32>; EVICTS as usize],
    pub(super) slots: NonNull<AtomicWord>,
    ghosts: Ghosts,
    control: Option<Control>,
}

/// The part that consumers write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) flags: NonNull<SleepFlags>,
    pub(crate) entries: NonNull<Entry>,
    /// The claim words of all shared entries.
    pub(crate) claim_words: NonNull<CasWord>,
}

impl View {
    /// # Safety
    ///
    /// For as long as the view or a copy of it is used, the following is valid for reads, and
    /// aligned as its types want it:
    ///
    /// - `producer`;
    /// - from `evictions` a word for each entry that has a gate, and, where the measures say that it
    ///   is a segment of a chain, [`CHAIN_WORDS`](crate::memory::layout::CHAIN_WORDS) more;
    /// - from `slots` `capacity * stride` words, and behind these, where the measures say, the
    ///   words of the arena;
    /// - from `ghosts` one for each slot and each granule;
    /// - of `control`, if there is one, its flags, and as many entries and claim words as the
    ///   measures say.
    ///
    /// Where a caller writes through the view, what it writes to is valid for writes too. All
    /// accesses to any of it are atomic operations of the same widths.
    pub(crate) unsafe fn new(
        measures: Measures,
        producer: NonNull<ProducerLine>,
        evictions: NonNull<AtomicU32>,
        slots: NonNull<AtomicWord>,
        ghosts: NonNull<RaceCell>,
        control: Option<Control>,
    ) -> View {
        let evictions = [evictions; EVICTS as usize];
        let ghosts = [ghosts; !NATIVE as usize];
        View { measures, producer, evictions, slots, ghosts, control }
    }

    #[inline(always)]
    pub(crate) fn measures(&self) -> &Measures {
        &self.measures
    }

    /// The first of the ghosts, where there are any.
    #[inline(always)]
    pub(super) fn ghosts(&self) -> &Ghosts {
        &self.ghosts
    }

    #[inline(always)]
    pub(crate) fn producer(&self) -> &ProducerLine {
        // SAFETY: the producer's line is valid for reads while the view is used, by the contract of
        // `new`.
        unsafe { self.producer.as_ref() }
    }

    /// The last generation of an entry's owners that was evicted; 0: none was. The producer's word.
    pub(crate) fn evicted(&self, entry: usize) -> Option<&AtomicU32> {
        if entry >= self.measures.gates() {
            return None;
        }
        let evictions = self.evictions.first()?;
        // SAFETY: `entry` is below the number of gates, for each of which a word lies there, by the
        // contract of `new`.
        let word = unsafe { evictions.add(entry) };
        // SAFETY: that word is valid for reads while the view is used, by the contract of `new`.
        Some(unsafe { word.as_ref() })
    }

    /// The words that a chain's segment has behind the evictions.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(crate) fn chain_words(&self) -> Option<&[AtomicU32; CHAIN_WORDS]> {
        let evictions = self.evictions.first().filter(|_| self.measures.is_chain())?;
        // SAFETY: a word for each gate lies there, and then those of the chain, by the contract of
        // `new`.
        let first = unsafe { evictions.add(self.measures.gates()) };
        // SAFETY: so many words are valid for reads while the view is used, by the contract of
        // `new`.
        Some(unsafe { first.cast::<[AtomicU32; CHAIN_WORDS]>().as_ref() })
    }

    /// Whether that owner of an entry was the last one there to be evicted. Orders nothing.
    #[inline]
    pub(crate) fn was_evicted(&self, entry: usize, generation: u32) -> bool {
        EVICTS && self.evicted(entry).is_some_and(|word| word.load(Ordering::Relaxed) == generation)
    }

    /// The two sleep flags, if this process may write them.
    #[inline(always)]
    pub(crate) fn flags(&self) -> Option<&SleepFlags> {
        // SAFETY: the flags are valid for reads while the view is used, by the contract of `new`.
        self.control.as_ref().map(|control| unsafe { control.flags.as_ref() })
    }

    /// The tasks that wait in the memory of a ring on the heap.
    #[cfg(all(feature = "async", feature = "alloc"))]
    #[inline]
    pub(crate) fn tasks(&self) -> Option<&super::Tasks> {
        let control = self.control.as_ref().filter(|_| self.measures.are_on_heap())?;
        let waiting = control.flags.cast::<super::boxed::Waiting>();
        // SAFETY: a ring on the heap has all of it there, where the flags are, and it is valid for
        // reads while the view is used.
        Some(&unsafe { waiting.as_ref() }.tasks)
    }

    /// One of the entries, if there are so many and this process may write them.
    #[inline(always)]
    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        let control = self.control.as_ref().filter(|_| index < self.measures.entries())?;
        // SAFETY: `index` is below the number of entries, all of which lie there, by the contract
        // of `new`.
        let entry = unsafe { control.entries.add(index) };
        // SAFETY: that entry is valid for reads while the view is used, by the contract of `new`.
        Some(unsafe { entry.as_ref() })
    }

    /// All entries; none where the control segment is out of reach.
    pub(crate) fn all_entries(&self) -> &[Entry] {
        self.first_entries(self.measures.entries())
    }

    /// The entries that have gates: single and shared ones.
    pub(crate) fn entries(&self) -> &[Entry] {
        self.first_entries(self.measures.gates())
    }

    /// So many entries, which is not more than there are; none where the control segment is out of
    /// reach.
    #[inline(always)]
    fn first_entries(&self, count: usize) -> &[Entry] {
        debug_assert!(count <= self.measures.entries());
        match &self.control {
            // SAFETY: as many entries as the measures say lie there, which is `count` or more,
            // valid for reads while the view is used, by the contract of `new`.
            Some(control) => unsafe { slice::from_raw_parts(control.entries.as_ptr(), count) },
            None => &[],
        }
    }

    /// The shared entries. The number of one is counted from 0 among them.
    pub(crate) fn shared_entries(&self) -> &[Entry] {
        let shared = self.measures.entries_of(EntryKind::Shared);
        self.all_entries().get(shared).unwrap_or(&[])
    }

    /// The members' entries, with their numbers among all entries.
    pub(crate) fn member_entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.all_entries().iter().enumerate().skip(self.measures.gates())
    }

    /// The shared entry of that number, if this process may write it.
    #[inline]
    pub(crate) fn shared_entry(&self, shared: usize) -> Option<&Entry> {
        let control = self.control.as_ref().filter(|_| self.measures.has_shared(shared))?;
        // SAFETY: the entry is a shared one, and all of these lie there, by the contract of `new`.
        let entry = unsafe { control.entries.add(self.measures.subscribers() + shared) };
        // SAFETY: that entry is valid for reads while the view is used, by the contract of `new`.
        Some(unsafe { entry.as_ref() })
    }

    /// The claim words of the shared entry of that number, if this process may write them.
    #[inline]
    pub(crate) fn claim_words(&self, shared: usize) -> Option<ClaimWords<'_>> {
        let control = self.control.as_ref().filter(|_| self.measures.has_shared(shared))?;
        let first = shared * self.measures.claims_stride();
        // SAFETY: `shared` is below the number of shared entries, for each of which
        // `claims_stride` words lie there, by the contract of `new`. `Geometry::new` checked that
        // the product fits.
        let words = unsafe { control.claim_words.add(first) };
        Some(ClaimWords { words, view: self })
    }
}

/// The arena: what is longer than a slot lies there.
impl View {
    /// What a slot's length says that is no length of a message in the slot, if it can be so.
    #[cold]
    pub(crate) fn spilled(&self, length: u64) -> Option<Span> {
        if !ARENAS {
            return None;
        }
        let (granule, len) = Span::decode(length)?;
        self.span(granule as usize, len)
    }

    /// So many bytes in the arena, from that granule on, if it has them and a message can be so
    /// long.
    pub(crate) fn span(&self, granule: usize, len: usize) -> Option<Span> {
        let end = granule.checked_mul(GRANULE)?.checked_add(len)?;
        // The span of no bytes at the end of the arena is refused too: no producer makes it.
        if granule >= self.granules()
            || end > self.measures.arena()
            || len > self.measures.longest()
        {
            return None;
        }
        Span::in_arena(u32::try_from(granule).ok()?, len)
    }

    /// Granules that the arena has.
    pub(crate) fn granules(&self) -> usize {
        self.measures.arena() / GRANULE
    }

    /// The first word of a message in the arena.
    ///
    /// # Safety
    ///
    /// The span is one of this ring's, in the arena.
    pub(super) unsafe fn spilled_words(&self, span: Span) -> NonNull<AtomicWord> {
        let first = self.measures.arena_start() + span.granule().unwrap_or(0) * (GRANULE / WORD);
        // SAFETY: the arena lies `arena_start` words behind the first slot, by the contract of
        // `new`. `span` made the span, and checked that it lies in the arena.
        unsafe { self.slots.add(first) }
    }

    /// The words of a message in the arena.
    ///
    /// # Safety
    ///
    /// As for `spilled_words`.
    pub(super) unsafe fn spilled_payload(&self, span: Span) -> Payload<'_> {
        // SAFETY: this function's caller promises that the span is one of this ring's, in the
        // arena.
        let first = unsafe { self.spilled_words(span) };
        // SAFETY: the span's bytes lie in the arena, which ends with a whole word.
        let words = unsafe { slice::from_raw_parts(first.as_ptr(), span.len.div_ceil(WORD)) };
        Payload { words, known: false }
    }

    /// What a model has in place of a message's memory in the arena. The arena's follow the slots'.
    pub(crate) fn spilled_ghosts(&self, span: Span) -> impl Iterator<Item = &RaceCell> {
        let granules = span.granule().filter(|_| !NATIVE).map_or(0..0, |granule| {
            let first = self.measures.capacity() + granule;
            first..first + span.len.div_ceil(GRANULE)
        });
        granules.map(|index| {
            // SAFETY: there are as many as slots and granules together, by the contract of `new`.
            unsafe { ghost(&self.ghosts, index) }
        })
    }
}

impl View {
    /// Whether slots that are zeros need no other first state: a chain's segments are of memory
    /// that comes zeroed, and 0 is the state of a position so far ahead that it is earlier than all
    /// that come.
    pub(crate) fn begins_as_zeros(&self) -> bool {
        let origin = self.measures.origin().number();
        self.measures.is_chain() && NATIVE && WORD == 8 && origin < 1 << (Word::BITS - 3)
    }

    /// Gives every slot its first state, as if the ring had been full one lap before the origin. So
    /// "never written" is not a value of its own, which a state could run into after a wrap. Only
    /// by the ring's creator, before another process can see it.
    pub(crate) fn reset(&self) {
        let (origin, capacity) = (self.measures.origin(), self.measures.capacity());
        self.producer().head.store(origin.number(), Ordering::Relaxed);
        if let Some(word) = self.producer().reclaimed() {
            word.store(origin.number(), Ordering::Relaxed);
        }
        for entry in 0..self.measures.gates() {
            if let Some(word) = self.evicted(entry) {
                word.store(0, Ordering::Relaxed);
            }
        }
        if self.begins_as_zeros() {
            return;
        }
        for ahead in 0..capacity {
            let position = origin.plus(ahead);
            let before = position.minus(capacity).published();
            self.slot(position).state().store(before, Ordering::Relaxed);
            if self.measures.variable() {
                // What stood there before would look like a message in the arena.
                self.slot(position).set_span(Span::in_slot(0));
            }
        }
    }
}

/// For each slot a word of one shared entry, which says what has become of the slot's message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimWords<'a> {
    words: NonNull<CasWord>,
    view: &'a View,
}

impl<'a> ClaimWords<'a> {
    /// The word of a position's slot.
    #[inline]
    pub(crate) fn word(self, position: Pos) -> &'a CasWord {
        // SAFETY: the index is below the capacity, and a shared entry has at least that many words.
        let word = unsafe { self.words.add(position.index(self.view.measures.mask)) };
        // SAFETY: claim words are valid for reads while the view is used, by the contract of
        // `View::new`.
        unsafe { word.as_ref() }
    }
}
