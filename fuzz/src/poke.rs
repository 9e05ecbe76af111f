//! Changes of single words, as somebody makes them who can write a segment and follows no protocol:
//! atomically, and as wide as `docs/layout.md` says.

use arbitrary::Arbitrary;
use ringway::Position;

use crate::memory::{Memory, WORD};
use crate::shape::{Teams, after};

/// Words of 32 bits in a header.
const HEADER: usize = 32;
/// What lies behind the data segment's header and means something: words, and places of 32 bits.
const LINE_WORDS: [usize; 6] = [128, 160, 184, 192, 200, 208];
const LINE_HALVES: [usize; 9] = [136, 140, 144, 148, 152, 156, 168, 172, 176];
/// Where evictions start, of which each entry has one, before the slots and the arena.
const EVICTIONS: usize = 256;
const EVICTION: usize = 4;
const SLOTS_ALIGN: usize = 128;
/// The control segment's two flags, and where its entries start.
const FLAGS: [usize; 2] = [128, 256];
const ENTRIES: usize = 384;
const ENTRY: usize = 256;
/// What an entry has: places of 32 bits, among them the start of its name, and words, the first of them its gate.
const FIELDS: [usize; 7] = [0, 4, 8, 12, 24, 28, 144];
const GATE: usize = 16;
const WORDS: [usize; 3] = [GATE, 128, 136];
/// What groups and workers have beside: `pinned`, `at_most_once`, `returns` and `bell`.
const MORE: [usize; 4] = [108, 112, 116, 120];
/// What the claims of each group start at a multiple of, and where in a claim word its worker and its lap are.
const CLAIMS_ALIGN: usize = 128;
const CLAIMANT: u32 = 3;
const LAP: u32 = 15;

/// One change.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Poke {
    segment: Part,
    /// Which of the segment's words, modulo their number: first those that a running ring reads.
    place: u16,
    change: Change,
}

/// A change of a header.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct HeaderPoke {
    segment: Part,
    word: u8,
    change: Change,
}

impl HeaderPoke {
    pub(crate) fn apply(self, memory: &Memory, place: Place) {
        let segment = match self.segment {
            Part::Data => &memory.data,
            Part::Control => &memory.control,
        };
        let at = 4 * (usize::from(self.word) % HEADER);
        segment.change_half(at, |old| self.change.of(old, place));
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Part {
    Data,
    Control,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Change {
    To(u64),
    By(i8),
    Flip(u8),
    Zero,
    One,
    Ones,
    /// Some laps ahead, as a slot's state.
    Laps(i8),
    /// Some eighths of all positions ahead: from slot to slot they can go round in a circle.
    Eighths(u8),
    /// Twice a position near the head, and a little more.
    NearHead(i8, u8),
}

/// A change of the claim word of a position that is so far from the head.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct ClaimPoke {
    group: u8,
    ahead: i8,
    to: Claim,
}

/// What a claim word is made to say, of a lap that is so far from the right one.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Claim {
    Any(Change),
    Done(i8),
    Claimed { lap: i8, worker: u8, marked: bool },
    Returned(i8),
}

/// Where a ring is: what makes a forged word plausible.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) head: Position,
    pub(crate) capacity: usize,
    pub(crate) entries: usize,
    pub(crate) teams: Teams,
}

impl Place {
    /// All entries, of which those with a gate come first.
    pub(crate) fn all_entries(&self) -> usize {
        self.gates() + self.teams.workers
    }

    pub(crate) fn gates(&self) -> usize {
        self.entries + self.teams.groups
    }
}

impl ClaimPoke {
    /// Makes the change. Returns the entry of the group, if there is one.
    pub(crate) fn apply(self, memory: &Memory, place: Place) -> Option<usize> {
        let group = usize::from(self.group).checked_rem(place.teams.groups)?;
        let position = after(place.head, self.ahead.into());
        let each = (place.capacity * WORD).next_multiple_of(CLAIMS_ALIGN);
        let claims = (ENTRIES + place.all_entries() * ENTRY).next_multiple_of(CLAIMS_ALIGN);
        let at = claims + group * each + position as usize % place.capacity * WORD;
        memory.control.change_word(at, |old| self.to.of(old, position, place));
        Some(place.entries + group)
    }
}

impl Claim {
    fn of(self, old: u64, position: Position, place: Place) -> u64 {
        #[allow(clippy::unnecessary_cast)] // A position is a `u64` already where a word is.
        let lap = |off: i8| {
            (position as u64 / place.capacity as u64).wrapping_add_signed(off.into()) << LAP
        };
        match self {
            Claim::Any(change) => change.of(old, place),
            Claim::Done(off) => lap(off),
            Claim::Claimed { lap: off, worker, marked } => {
                // Now and then somebody's who is no worker.
                let worker = place.all_entries().saturating_sub(usize::from(worker % 8));
                lap(off) | (worker as u64) << CLAIMANT | u64::from(marked) << 2 | 1
            }
            Claim::Returned(off) => lap(off) | 2,
        }
    }
}

impl Change {
    fn of(self, old: u64, place: Place) -> u64 {
        match self {
            Change::To(value) => value,
            Change::By(n) => old.wrapping_add_signed(n.into()),
            Change::Flip(bit) => old ^ 1 << (bit % 64),
            Change::Zero => 0,
            Change::One => 1,
            Change::Ones => u64::MAX,
            Change::Laps(n) => {
                old.wrapping_add_signed(i64::from(n).wrapping_mul(2 * place.capacity as i64))
            }
            Change::Eighths(n) => old.wrapping_add(u64::from(n) << (8 * WORD - 3)),
            #[allow(clippy::unnecessary_cast)] // A position is a `u64` already where a word is.
            Change::NearHead(ahead, more) => (place.head as u64)
                .wrapping_add_signed(ahead.into())
                .wrapping_mul(2)
                .wrapping_add(more.into()),
        }
    }
}

impl Poke {
    /// Of the control segment, whatever the input says.
    pub(crate) fn of_control(self) -> Poke {
        Poke { segment: Part::Control, ..self }
    }

    /// Makes the change. Returns the entry that it was in, if it was one.
    pub(crate) fn apply(self, memory: &Memory, place: Place) -> Option<usize> {
        match self.segment {
            Part::Data => {
                self.apply_to_data(memory, place);
                None
            }
            Part::Control => self.apply_to_control(memory, place),
        }
    }

    fn apply_to_data(self, memory: &Memory, place: Place) {
        let change = |old| self.change.of(old, place);
        let halves = LINE_HALVES.len() + place.gates();
        let half = |n: usize| match n.checked_sub(LINE_HALVES.len()) {
            None => LINE_HALVES[n],
            Some(entry) => EVICTIONS + entry * EVICTION,
        };
        let start = (EVICTIONS + place.gates() * EVICTION).next_multiple_of(SLOTS_ALIGN);
        let words = LINE_WORDS.len() + memory.data.len().saturating_sub(start) / WORD;
        let word = |n: usize| match n.checked_sub(LINE_WORDS.len()) {
            None => LINE_WORDS[n],
            Some(n) => start + n * WORD,
        };
        match usize::from(self.place) % (halves + words + HEADER) {
            n if n < halves => memory.data.change_half(half(n), change),
            n if n < halves + words => memory.data.change_word(word(n - halves), change),
            n => memory.data.change_half(4 * (n - halves - words), change),
        }
    }

    fn apply_to_control(self, memory: &Memory, place: Place) -> Option<usize> {
        let change = |old| self.change.of(old, place);
        let each = FIELDS.len() + WORDS.len();
        let (own, more) = (place.entries * each, place.teams.groups + place.teams.workers);
        let fields = own + more * (each + MORE.len());
        let n = usize::from(self.place) % (fields + FLAGS.len() + HEADER);
        if n >= fields {
            let n = n - fields;
            let at = FLAGS.get(n).copied().unwrap_or_else(|| 4 * (n - FLAGS.len()));
            memory.control.change_half(at, change);
            return None;
        }
        let (entry, n) = match n.checked_sub(own) {
            None => (n / each, n % each),
            Some(n) => (place.entries + n / (each + MORE.len()), n % (each + MORE.len())),
        };
        let at = ENTRIES + entry * ENTRY;
        match (FIELDS.get(n), n.checked_sub(each)) {
            (Some(field), _) => memory.control.change_half(at + field, change),
            (None, Some(n)) => memory.control.change_half(at + MORE[n], change),
            (None, None) => memory.control.change_word(at + WORDS[n - FIELDS.len()], change),
        }
        Some(entry)
    }
}

/// What an entry says: its owner and its gate, 0 if there is none.
pub(crate) fn entry(memory: &Memory, index: usize) -> Option<(u32, Position)> {
    use std::sync::atomic::Ordering::Relaxed;
    let at = ENTRIES + index * ENTRY;
    let owner = memory.control.half(at)?.load(Relaxed);
    Some((owner, memory.control.word(at + GATE)?.load(Relaxed)))
}

/// The entry that the next subscriber gets.
pub(crate) fn free_entry(memory: &Memory, place: Place) -> Option<usize> {
    let mut entries = (0..place.entries).map_while(|index| entry(memory, index));
    entries.position(|(owner, _)| owner == 0)
}

/// The gates that hold something back, as positions.
pub(crate) fn gates(memory: &Memory, place: Place) -> impl Iterator<Item = Position> {
    let gates = (0..place.gates()).map_while(|index| entry(memory, index)).map(|(_, gate)| gate);
    gates.filter(|&gate| gate != 0).map(|gate| gate >> 1)
}
