//! What the creator of a ring chooses, and the bounds of that.

use crate::memory::layout::{ARENAS, SMALL};
use crate::message::Message;
use ringway_shm::envelope;
use ringway_shm::sync::{NATIVE, WORD, Word};

/// What a full ring does. Fixed when the ring is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The producer waits for its slowest subscriber: `try_send` says `Full`, `send` blocks.
    /// Observers never hold it back.
    #[default]
    Wait,
    /// The producer never waits and overwrites the oldest message. Such a ring has observers only.
    Overwrite,
}

/// What the messages of a ring are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    /// Each message has its own length, up to `max_len`; else all have `max_len` bytes.
    pub(crate) variable: bool,
    pub(crate) max_len: usize,
    pub(crate) align: usize,
}

impl Schema {
    /// What a ring of such messages says about them, `max_len` being the creator's choice where
    /// there is one.
    pub(crate) fn of<T: Message + ?Sized>(max_len: usize) -> Schema {
        Schema { variable: T::VARIABLE, max_len: T::max_len(max_len), align: T::ALIGN }
    }

    /// The same with messages that begin on a line if they are [long](LINES_FROM).
    pub(crate) const fn in_lines(self) -> Schema {
        let is_long = !self.variable && self.max_len >= LINES_FROM;
        let align = if is_long && self.align < SLOT_LINE { SLOT_LINE } else { self.align };
        Schema { align, ..self }
    }

    /// The one of these and the same [in lines](Self::in_lines) that a ring has whose messages are
    /// aligned so.
    pub(crate) fn aligned_as(self, align: usize) -> Schema {
        let lined = self.in_lines();
        if align == lined.align { lined } else { self }
    }
}

/// What the creator of a ring chooses. [`Geometry::new`](super::geometry::Geometry::new) checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) schema: Schema,
    pub(crate) capacity: usize,
    /// Single entries, for subscribers.
    pub(crate) entries: usize,
    /// Shared entries, for groups, which come next.
    pub(crate) groups: usize,
    /// Members' entries, for workers, which come last.
    pub(crate) workers: usize,
    pub(crate) overflow: Overflow,
    /// Each slot starts on a cache line of its own.
    pub(crate) line_slots: bool,
    /// There can be consumers that never hold the producer back.
    pub(crate) observers: bool,
    /// A message that is read in place stays, also if its reader is evicted.
    pub(crate) pins: bool,
    /// Bytes of the arena for messages that are longer than a slot; 0: there is none.
    pub(crate) arena: usize,
    /// It is a segment of a chain.
    pub(crate) chain: bool,
    /// Bytes of the creator's text; 0: there is none.
    pub(crate) text: usize,
    pub(crate) tag: u64,
    pub(crate) origin: Word,
}

/// The largest capacity: with 32-bit words it leaves room for signed differences of positions.
pub(crate) const MAX_CAPACITY: usize = if WORD == 8 { 1 << 40 } else { 1 << 28 };
/// The longest message: its length is stored in 32 bits.
pub(crate) const MAX_MESSAGE: usize = if usize::BITS > 32 { 1 << 31 } else { 1 << 28 };
/// The largest arena: a place in it, counted in granules, is stored in 32 bits.
pub(crate) const MAX_ARENA: usize = match (ARENAS, usize::BITS) {
    (false, _) => 0,
    (true, ..=32) => 1 << 29,
    (true, _) => 1 << 37,
};
/// The longest text. On a microcontroller no ring has one: no other program inspects it.
pub(crate) const MAX_TEXT: usize = if SMALL { 0 } else { envelope::MAX_TEXT };
/// The most entries, of all kinds.
pub(crate) const MAX_ENTRIES: usize = 1 << 12;
const _: () = assert!(MAX_ENTRIES <= ringway_shm::MAX_SEATS);
/// The largest alignment of a message: a page, beyond which no mapping helps.
pub(crate) const MAX_ALIGN: usize = 4096;

/// Bytes of the line that a slot can be padded to.
const SLOT_LINE: usize = 64;
/// Messages that all have so many bytes or more begin on a line of their own, unless the ring is a
/// [`Static`](crate::Static), which is laid out by the compiler. So none shares a line with the state
/// of the next slot, which the other side writes or looks at meanwhile; and vectors that copy it do
/// not cross from line to line. It costs up to a line of memory for each: a fifth at this size
/// (docs/bench/method.md has the figures). On a microcontroller memory counts.
const LINES_FROM: usize = if SMALL { usize::MAX } else { 256 };
/// What the first slot's place in the data segment is a multiple of, at least.
pub(crate) const SLOTS_ALIGN: usize = if SMALL { WORD } else { 128 };

/// Bytes in which room in the arena is counted: a cache line, or as little as there can be in a
/// model.
pub(crate) const GRANULE: usize = if NATIVE { 64 } else { WORD };
/// What the size of an arena is a multiple of, and so is its place in the data segment.
pub(crate) const ARENA_UNIT: usize = if NATIVE { 128 } else { WORD };

/// The capacity for `wanted` messages: the next power of two. 0 stays 0, and what cannot be rounded
/// up stays what it is: [`Geometry::new`](super::geometry::Geometry::new) refuses both.
pub(crate) const fn whole_capacity(wanted: usize) -> usize {
    match wanted.checked_next_power_of_two() {
        Some(whole) if wanted > 0 => whole,
        _ => wanted,
    }
}

/// The arena for `wanted` bytes. What cannot be rounded up stays what it is, and is refused.
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
pub(crate) const fn whole_arena(wanted: usize) -> usize {
    match wanted.checked_next_multiple_of(ARENA_UNIT) {
        Some(whole) => whole,
        None => wanted,
    }
}

/// What the place of a group's claims in the control segment is a multiple of.
pub(crate) const CLAIMS_ALIGN: usize = SLOTS_ALIGN;

/// Words that a slot has for the length of its message.
pub(crate) const LENGTH_WORDS: usize = 8 / WORD;

/// Bytes from a slot's start to its payload, and to the next slot. The arguments are those of a
/// [`Schema`] and a [`Shape`] that are in bounds.
pub(crate) const fn slot_layout(
    variable: bool,
    max_len: usize,
    align: usize,
    line_slots: bool,
) -> (usize, usize) {
    let align = if align < WORD { WORD } else { align };
    let before = if variable { WORD + LENGTH_WORDS * WORD } else { WORD };
    let payload = before.next_multiple_of(align);
    let unit = if line_slots && align < SLOT_LINE { SLOT_LINE } else { align };
    (payload, (payload + max_len).next_multiple_of(unit))
}

/// Words from one slot to the next where they lie as close as they can, as they do unless the
/// ring's creator wants them apart: a number that the compiler knows.
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
pub(crate) const fn closest<T: Message + ?Sized>() -> usize {
    let schema = Schema { variable: T::VARIABLE, max_len: T::FIXED_LEN, align: T::ALIGN };
    slot_layout(schema.variable, schema.max_len, schema.in_lines().align, false).1 / WORD
}

/// Words from a slot's start to its payload, where the messages are of this type, if all rings of
/// them [have the same](has_one_layout).
pub(crate) const fn payload_words<T: Message + ?Sized>() -> usize {
    // It depends on neither the longest message nor the slots' alignment to lines.
    slot_layout(T::VARIABLE, 0, T::ALIGN, false).0 / WORD
}

/// Whether in all rings of such messages the payload is as far from the slot's start.
pub(crate) const fn has_one_layout<T: Message + ?Sized>() -> bool {
    !T::UNTYPED && T::FIXED_LEN < LINES_FROM
}
