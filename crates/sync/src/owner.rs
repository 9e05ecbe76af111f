//! Who has something: a seat, and which of its owners, in a word.

/// The bit of a word that says that an owner died with it, and what it had was not made consistent
/// since.
pub(crate) const DIED: u32 = 1 << 30;
/// The most seats that a region can have.
pub(crate) const MAX_SEATS: usize = (1 << SEAT_BITS) - 1;

const SEAT_BITS: u32 = 12;
const SEAT_MASK: u32 = (1 << SEAT_BITS) - 1;
/// The bits of a generation.
const GENERATION_MASK: u32 = (1 << 18) - 1;

/// An owner: a seat, and a generation of it. As a word it is neither 0 nor `u32::MAX`, and has no
/// [`DIED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner(u32);

impl Owner {
    /// The owner of a seat below [`MAX_SEATS`], in its generation, of which only the low bits
    /// count.
    pub(crate) const fn new(seat: usize, generation: u32) -> Owner {
        let seat = (seat as u32 + 1) & SEAT_MASK;
        Owner((generation & GENERATION_MASK) << SEAT_BITS | seat)
    }

    /// The owner that a word names. What names none has seat number `None`, and is gone.
    #[inline(always)]
    pub(crate) const fn of_word(word: u32) -> Owner {
        Owner(word & (GENERATION_MASK << SEAT_BITS | SEAT_MASK))
    }

    /// As it stands in a word.
    #[inline(always)]
    pub(crate) const fn word(self) -> u32 {
        self.0
    }

    /// The seat's number; `None`: no creator writes such a word.
    pub(crate) const fn seat(self) -> Option<usize> {
        match self.0 & SEAT_MASK {
            0 => None,
            seat => Some(seat as usize - 1),
        }
    }

    /// Whether it is of that generation of its seat.
    pub(crate) const fn is_of(self, generation: u32) -> bool {
        self.0 >> SEAT_BITS == generation & GENERATION_MASK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seat_and_generation_come_back_from_a_word() {
        for seat in [0, 1, 77, MAX_SEATS - 1] {
            for generation in [0, 1, 2, GENERATION_MASK, GENERATION_MASK + 1] {
                let owner = Owner::new(seat, generation);
                assert_eq!(owner.seat(), Some(seat));
                assert!(owner.is_of(generation) && !owner.is_of(generation + 1));
                assert!(owner.word() != 0 && owner.word() & DIED == 0);
                assert_eq!(Owner::of_word(owner.word() | DIED), owner);
            }
        }
        assert_eq!(Owner::of_word(DIED).seat(), None);
        assert_eq!(Owner::of_word(1 << 13).seat(), None);
    }
}
