//! Positions, and the two words made of them: a slot's state and a consumer's gate.
//!
//! A message's number is its position. Positions count from the ring's origin and wrap around at
//! half the range of a [`Word`], because a state needs two values for each: 2^63 positions, or 2^31
//! where a word has 32 bits. So they are compared as signed differences, never as numbers.

use ringway_shm::sync::{Signed, Word};

/// A message's number. `u64`; on 32-bit targets `u32`, where it wraps around after 2^31 messages.
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
pub type Position = u64;
/// A message's number. `u64`; on 32-bit targets `u32`, where it wraps around after 2^31 messages.
#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
pub type Position = u32;

/// A position, kept doubled: then the wrap-around of the machine's arithmetic is the wrap-around of
/// positions, and a state or a gate is one addition away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pos(Word);

/// What a slot's state says to a consumer that wants the message at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The message is there.
    Ready,
    /// It has not been published.
    NotYet,
    /// The slot belongs to a later message.
    Passed(Passed),
}

/// A slot's state, known to be past the message that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The position that owns the slot, published or still being written.
    pub(crate) owner: Pos,
    /// Everything before this position has been published; but of a mark see `head::after`.
    pub(crate) head: Pos,
}

impl Passed {
    /// Whether the later message has not been published, as far as the slot says.
    pub(crate) fn is_marked(self) -> bool {
        self.head == self.owner
    }
}

impl Pos {
    #[inline]
    pub(crate) const fn new(position: Word) -> Pos {
        Pos(position << 1)
    }

    #[inline]
    pub(crate) const fn number(self) -> Word {
        self.0 >> 1
    }

    /// As it is kept: the step from a position to the next is 2.
    #[inline(always)]
    pub(crate) const fn doubled(self) -> usize {
        self.0 as usize
    }

    #[inline]
    pub(crate) const fn plus(self, messages: usize) -> Pos {
        Pos(self.0.wrapping_add((messages as Word) << 1))
    }

    #[inline]
    pub(crate) const fn minus(self, messages: usize) -> Pos {
        Pos(self.0.wrapping_sub((messages as Word) << 1))
    }

    /// Messages from `earlier` (included) to `self` (not included); negative if it is the later
    /// one.
    #[inline]
    pub(crate) const fn since(self, earlier: Pos) -> Signed {
        (self.0.wrapping_sub(earlier.0) as Signed) >> 1
    }

    /// The same where `self` is known to be the later one, modulo the number of positions.
    #[inline]
    pub(crate) const fn distance(self, earlier: Pos) -> Word {
        self.0.wrapping_sub(earlier.0) >> 1
    }

    /// The later of two positions.
    #[inline]
    pub(crate) const fn max(self, other: Pos) -> Pos {
        if self.since(other) < 0 { other } else { self }
    }

    /// Which of `mask + 1` slots, a power of two.
    #[inline]
    pub(crate) const fn index(self, mask: usize) -> usize {
        self.number() as usize & mask
    }

    /// The state of a slot while this position's message is being written into it.
    #[inline]
    pub(crate) const fn writing(self) -> Word {
        self.0.wrapping_add(1)
    }

    /// The state of a slot that holds this position's message.
    #[inline]
    pub(crate) const fn published(self) -> Word {
        self.0.wrapping_add(2)
    }

    /// The gate of a consumer that still needs everything from this position on. Never [`FREE`].
    #[inline]
    pub(crate) const fn gate(self) -> Word {
        self.0.wrapping_add(1)
    }

    /// The position that a gate names, or `None` if it holds nothing back.
    #[inline]
    pub(crate) const fn from_gate(gate: Word) -> Option<Pos> {
        if gate == FREE { None } else { Some(Pos(gate & !1)) }
    }

    /// Reads a slot's state for a consumer that wants the message at this position.
    #[inline]
    pub(crate) const fn look(self, state: Word) -> Look {
        let ahead = state.wrapping_sub(self.published()) as Signed;
        if ahead == 0 {
            Look::Ready
        } else if ahead < 0 {
            Look::NotYet
        } else {
            // 2q + 1 is writing(q), 2q + 2 is published(q).
            let owner = Pos(state.wrapping_sub(1) & !1);
            let head = if state & 1 == 1 { owner } else { owner.plus(1) };
            Look::Passed(Passed { owner, head })
        }
    }
}

/// Messages from one position to another, by the low 32 bits of each; negative if the second is the
/// later one. Where words have 32 bits, positions come round after 2^31.
pub(crate) const fn ahead(later: u32, earlier: u32) -> i32 {
    let distance = later.wrapping_sub(earlier);
    if Word::BITS == 32 { ((distance << 1) as i32) >> 1 } else { distance as i32 }
}

/// The gate of an entry that holds nothing back.
pub(crate) const FREE: Word = 0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Around every place where an arithmetic of some width turns over.
    fn interesting() -> impl Iterator<Item = Word> {
        let bits = Word::BITS;
        [0, 1, bits - 2, bits - 1]
            .into_iter()
            .flat_map(|b| {
                (0..8).map(move |d| (1 as Word).rotate_left(b).wrapping_add(d).wrapping_sub(4))
            })
            .chain((0..4).map(|d| Word::MAX - d))
    }

    #[test]
    fn a_slot_goes_from_not_yet_to_ready_to_passed_also_over_a_wrap() {
        for n in interesting() {
            let p = Pos::new(n);
            for capacity in [1, 2, 8, 1024] {
                assert_eq!(p.look(p.minus(capacity).published()), Look::NotYet);
                assert_eq!(p.look(p.writing()), Look::NotYet);
                assert_eq!(p.look(p.published()), Look::Ready);
                let owner = p.plus(capacity);
                assert_eq!(p.look(owner.writing()), Look::Passed(Passed { owner, head: owner }));
                let head = owner.plus(1);
                assert_eq!(p.look(owner.published()), Look::Passed(Passed { owner, head }));
            }
        }
    }

    #[test]
    fn a_gate_is_never_free_and_names_its_position() {
        for n in interesting() {
            let p = Pos::new(n);
            assert_ne!(p.gate(), FREE);
            assert_eq!(Pos::from_gate(p.gate()), Some(p));
        }
        assert_eq!(Pos::from_gate(FREE), None);
    }

    #[test]
    fn distances_are_signed_and_survive_the_wrap() {
        for n in interesting() {
            let p = Pos::new(n);
            for d in [0, 1, 7, 1 << 20] {
                assert_eq!(p.plus(d).since(p), d as Signed);
                assert_eq!(p.since(p.plus(d)), -(d as Signed));
                assert_eq!(p.plus(d).minus(d), p);
                assert_eq!(p.max(p.plus(d)), p.plus(d));
            }
            assert_eq!(Pos::new(p.number()), p);
        }
    }
}
