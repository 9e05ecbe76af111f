//! What a handle has to know of its ring as it works. Each handle has a copy: it is small, and no
//! process can change what another one goes by.

use core::ops::Range;

use super::kind::{EntryKind, SHARES};
use super::shape::{
    ARENA_UNIT, CLAIMS_ALIGN, MAX_ALIGN, MAX_ENTRIES, MAX_MESSAGE, Overflow, Shape, has_one_layout,
    payload_words,
};
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
use super::shape::{Schema, slot_layout};
use crate::memory::layout::{ARENAS, CHAINS, PLACES};
use crate::message::Message;
use crate::position::Pos;
use ringway_shm::sync::{WORD, Word};

/// What follows from a [`Shape`] that has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measures {
    /// The capacity, a power of two, less 1.
    pub(crate) mask: usize,
    /// Words from one slot to the next.
    pub(crate) stride: usize,
    /// The longest message that lies in its slot.
    pub(crate) max_len: usize,
    /// Bytes of the arena, where there can be one; 0: there is none.
    arena: [usize; ARENAS as usize],
    origin: Word,
    /// Words from a slot's start to its payload, which are at most a page; and in the upper bits
    /// what is so or not.
    payload: u16,
    // Where each kind's entries end; all together they are at most 4096. The upper bit of the last
    // says whether it is a segment of a chain.
    singles: u16,
    gates: u16,
    entries: u16,
}

/// Bits of `payload` that are none of its number.
const OVERWRITES: u16 = 1 << 15;
const VARIABLE: u16 = 1 << 14;
const OBSERVERS: u16 = 1 << 13;
const PINS: u16 = 1 << 12;
/// Where tasks can lie in a ring's memory: that they do.
const HEAP: u16 = if cfg!(all(feature = "async", feature = "alloc")) { 1 << 11 } else { 0 };
const PAYLOAD: u16 = if HEAP == 0 { PINS } else { HEAP } - 1;
const _: () = assert!(MAX_ALIGN / 4 <= PAYLOAD as usize);
/// A bit of `entries` that is none of its number.
const CHAIN: u16 = 1 << 15;
const _: () = assert!(MAX_ENTRIES < CHAIN as usize);

const fn flag(is_set: bool, bit: u16) -> u16 {
    if is_set { bit } else { 0 }
}

impl Measures {
    /// The shape has been checked, and its slots are so many words long, with the payload there.
    #[inline(always)]
    pub(crate) const fn new(shape: &Shape, stride: usize, payload: usize) -> Measures {
        let flags = flag(matches!(shape.overflow, Overflow::Overwrite), OVERWRITES)
            | flag(shape.schema.variable, VARIABLE)
            | flag(shape.observers, OBSERVERS)
            | flag(shape.pins, PINS);
        Measures {
            mask: shape.capacity - 1,
            stride,
            max_len: shape.schema.max_len,
            arena: [shape.arena; ARENAS as usize],
            origin: shape.origin,
            payload: payload as u16 | flags,
            singles: shape.entries as u16,
            gates: (shape.entries + shape.groups) as u16,
            entries: (shape.entries + shape.groups + shape.workers) as u16
                | flag(CHAINS && shape.chain, CHAIN),
        }
    }

    /// The shape that they follow from, of a ring of such messages and with that tag. It has no text.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    pub(crate) fn shape(&self, schema: Schema, tag: u64) -> Shape {
        // A payload that begins on a line is as far from its slot's start as it is aligned.
        let schema = schema.aligned_as(self.payload() * WORD);
        let closest = slot_layout(self.variable(), self.max_len, schema.align, false).1;
        Shape {
            schema: Schema { max_len: self.max_len, ..schema },
            capacity: self.capacity(),
            entries: self.subscribers(),
            groups: self.groups(),
            workers: self.workers(),
            overflow: if self.overwrites() { Overflow::Overwrite } else { Overflow::Wait },
            line_slots: self.stride * WORD != closest,
            observers: self.observers(),
            pins: self.pins(),
            arena: self.arena(),
            chain: self.is_chain(),
            text: 0,
            tag,
            origin: self.origin,
        }
    }

    /// The same, of a ring that does this when it is full, and begins at that position, which has
    /// been checked.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    pub(crate) fn of_ring(self, overflow: Overflow, origin: Word) -> Measures {
        let overwrites = flag(matches!(overflow, Overflow::Overwrite), OVERWRITES);
        Measures { payload: self.payload & !OVERWRITES | overwrites, origin, ..self }
    }

    /// The same, of a ring on the heap.
    #[cfg(feature = "alloc")]
    pub(super) fn on_heap(self) -> Measures {
        Measures { payload: self.payload | HEAP, ..self }
    }

    /// Whether the ring is on the heap.
    #[cfg(all(feature = "async", feature = "alloc"))]
    pub(super) fn are_on_heap(&self) -> bool {
        self.payload & HEAP != 0
    }

    /// Whether the two are the same, wherever their first positions are.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn is_but_for_origin(&self, other: &Measures) -> bool {
        Measures { origin: other.origin, ..*self } == *other
    }

    /// The same, of a ring of that capacity.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn of_capacity(self, capacity: usize) -> Measures {
        Measures { mask: capacity.saturating_sub(1), ..self }
    }

    /// Whether the two are the same, wherever their first positions are and however large they are.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn is_but_for_size(&self, other: &Measures) -> bool {
        Measures { origin: other.origin, mask: other.mask, ..*self } == *other
    }

    /// Messages that the ring holds.
    #[inline(always)]
    pub(crate) const fn capacity(&self) -> usize {
        self.mask + 1
    }

    /// Messages that the producer may send between two looks at its consumers.
    #[inline]
    pub(crate) fn credit(&self) -> usize {
        (self.capacity() / 8).max(1)
    }

    /// How far a mark can be ahead: a slot that is marked for a message says that all before it
    /// have been published, but for fewer than so many. 1: it says that of all.
    pub(crate) fn early(&self) -> usize {
        match self.has_arena() {
            true => self.capacity(),
            false if PLACES => self.credit(),
            false => 1,
        }
    }

    /// The first position.
    pub(crate) fn origin(&self) -> Pos {
        Pos::new(self.origin)
    }

    /// Whether a slot says how long its message is, in a ring of messages `T`.
    #[inline(always)]
    pub(crate) fn has_lengths<T: Message + ?Sized>(&self) -> bool {
        if T::UNTYPED { self.variable() } else { T::VARIABLE }
    }

    /// Words from a slot's start to its payload, in a ring of messages `T`.
    #[inline(always)]
    pub(crate) fn payload_of<T: Message + ?Sized>(&self) -> usize {
        if has_one_layout::<T>() { payload_words::<T>() } else { self.payload() }
    }

    /// Bytes in every message of type `T`, where they have no lengths of their own.
    #[inline(always)]
    pub(crate) fn fixed_len<T: Message + ?Sized>(&self) -> usize {
        if T::UNTYPED { self.max_len } else { T::max_len(0) }
    }

    /// Words from a slot's start to its payload.
    #[inline(always)]
    pub(crate) fn payload(&self) -> usize {
        (self.payload & PAYLOAD).into()
    }

    /// Whether the producer overwrites the oldest message, and waits for no consumer.
    #[inline(always)]
    pub(crate) fn overwrites(&self) -> bool {
        self.payload & OVERWRITES != 0
    }

    /// Whether each message has a length of its own.
    #[inline(always)]
    pub(crate) fn variable(&self) -> bool {
        self.payload & VARIABLE != 0
    }

    /// Whether there can be consumers that never hold the producer back.
    #[inline(always)]
    pub(crate) fn observers(&self) -> bool {
        self.payload & OBSERVERS != 0
    }

    /// Whether a message that is read in place stays, also if its reader is evicted.
    #[inline(always)]
    pub(crate) fn pins(&self) -> bool {
        self.payload & PINS != 0
    }

    /// Single entries, of subscribers. As [`Options`](crate::Options) name them, and so the next
    /// two.
    #[inline]
    pub(crate) fn subscribers(&self) -> usize {
        self.entries_of(EntryKind::Single).len()
    }

    /// Shared entries, of groups.
    pub(crate) fn groups(&self) -> usize {
        self.entries_of(EntryKind::Shared).len()
    }

    /// Members' entries, of workers.
    pub(crate) fn workers(&self) -> usize {
        self.entries_of(EntryKind::Member).len()
    }

    /// The numbers of the entries of a kind.
    #[inline]
    pub(crate) fn entries_of(&self, kind: EntryKind) -> Range<usize> {
        match kind {
            EntryKind::Single => 0..self.singles.into(),
            EntryKind::Shared => self.singles.into()..self.gates(),
            EntryKind::Member => self.gates()..self.entries(),
        }
    }

    /// Whether there is a shared entry of that number, counted from 0 among them.
    #[inline]
    pub(crate) fn has_shared(&self, number: usize) -> bool {
        SHARES && number < usize::from(self.gates - self.singles)
    }

    /// The number of an entry among the shared ones, counted from 0, if it is one.
    pub(crate) fn shared_number(&self, entry: usize) -> Option<usize> {
        let number = entry.checked_sub(self.singles.into())?;
        (SHARES && entry < self.gates()).then_some(number)
    }

    /// Entries that have gates: single and shared ones.
    #[inline]
    pub(crate) fn gates(&self) -> usize {
        self.gates.into()
    }

    /// Entries of all kinds.
    #[inline]
    pub(crate) fn entries(&self) -> usize {
        if CHAINS { (self.entries & !CHAIN).into() } else { self.entries.into() }
    }

    /// Whether the ring is a segment of a chain.
    #[inline]
    pub(crate) fn is_chain(&self) -> bool {
        CHAINS && self.entries & CHAIN != 0
    }

    /// Bytes of the arena; 0: there is none.
    #[inline(always)]
    pub(crate) fn arena(&self) -> usize {
        self.arena.first().copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn has_arena(&self) -> bool {
        self.arena() > 0
    }

    /// Words from the first slot to the arena, if there is one.
    pub(crate) fn arena_start(&self) -> usize {
        // The first slot's place is a multiple of the unit, too, where there are arenas.
        (self.capacity() * self.stride).next_multiple_of(ARENA_UNIT / WORD)
    }

    /// The longest message, in its slot or in the arena.
    pub(crate) fn longest(&self) -> usize {
        self.max_len.max((self.arena() / 2).min(MAX_MESSAGE))
    }

    /// Words from one group's claims to the next.
    pub(crate) const fn claims_stride(&self) -> usize {
        self.capacity().next_multiple_of(CLAIMS_ALIGN / WORD)
    }
}
