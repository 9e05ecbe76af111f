//! In which widths the bytes of a struct of atomics are accessed.
//!
//! Two accesses of other sizes to the same bytes, one of which stores, must not be at the same time
//! (`core::sync::atomic`, "Memory model for atomic accesses"). So what is shared by reference is
//! given out only as a type that has atomics of the same sizes at the same places. Which those are
//! stands in the region's directory, as a number that is made of them.

/// A prime.
const MODULUS: u64 = (1 << 61) - 1;
/// What the number is a sum of powers of.
const BASE: u64 = 0x0b5a_d4ec_eda1_ce2a;

/// The sizes and places of atomics, as a number: the sum, modulo 2^61 - 1, of size times `BASE` to
/// the power of the place, over all of them. So it does not matter how they are grouped.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths(u64);

const fn times(a: u64, b: u64) -> u64 {
    (a as u128 * b as u128 % MODULUS as u128) as u64
}

const fn plus(a: u64, b: u64) -> u64 {
    (a + b) % MODULUS
}

impl Widths {
    /// Of no atomics.
    pub const NONE: Widths = Widths(0);

    /// Of one atomic of so many bytes, at the beginning.
    pub const fn of_one(bytes: usize) -> Widths {
        Widths(bytes as u64)
    }

    /// All of them so many bytes further on.
    pub const fn moved(self, mut bytes: usize) -> Widths {
        let (mut sum, mut power) = (self.0, BASE);
        while bytes > 0 {
            if bytes % 2 == 1 {
                sum = times(sum, power);
            }
            power = times(power, power);
            bytes /= 2;
        }
        Widths(sum)
    }

    /// These and the others.
    pub const fn and(self, other: Widths) -> Widths {
        Widths(plus(self.0, other.0))
    }

    /// These so many times, each so many bytes behind the one before.
    pub const fn repeated(self, mut count: usize, bytes: usize) -> Widths {
        let (mut sum, mut behind) = (Widths::NONE, 0);
        // As many as a power of two has, in each round twice as many.
        let (mut some, mut len) = (self, bytes);
        while count > 0 {
            if count % 2 == 1 {
                sum = sum.and(some.moved(behind));
                behind += len;
            }
            some = some.and(some.moved(len));
            (len, count) = (len.saturating_mul(2), count / 2);
        }
        sum
    }

    /// As it stands in the directory.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

    use super::super::AllAtomic;
    use super::*;

    crate::atomics! {
        struct Pair { small: AtomicU8, large: AtomicU32 }
        struct Nested { first: AtomicU16, pairs: [Pair; 3] }
        struct Flat {
            first: AtomicU16,
            a: AtomicU8, b: AtomicU32,
            c: AtomicU8, d: AtomicI32,
            e: AtomicU8, f: AtomicU32,
        }
        struct Other { first: AtomicU32, second: AtomicU32, third: AtomicU64 }
        struct Order { first: AtomicU64, second: AtomicU32, third: AtomicU32 }
    }

    #[test]
    fn the_number_is_that_of_sizes_and_places_and_not_of_groups() {
        // `Flat` has its second field where there is a gap in `Nested`.
        assert_ne!(Nested::WIDTHS, Flat::WIDTHS);
        let flat = Widths::of_one(2)
            .and(Widths::of_one(1).moved(4))
            .and(Widths::of_one(4).moved(8))
            .and(Widths::of_one(1).moved(12))
            .and(Widths::of_one(4).moved(16))
            .and(Widths::of_one(1).moved(20))
            .and(Widths::of_one(4).moved(24));
        assert_eq!(Nested::WIDTHS, flat);
        assert_eq!(<[[AtomicU32; 3]; 5]>::WIDTHS, <[AtomicI32; 15]>::WIDTHS);
    }

    #[test]
    fn other_sizes_places_or_counts_have_other_numbers() {
        assert_ne!(Other::WIDTHS, Order::WIDTHS);
        assert_ne!(<[AtomicU32; 4]>::WIDTHS, Other::WIDTHS);
        assert_ne!(<[AtomicU32; 2]>::WIDTHS, <[AtomicU64; 1]>::WIDTHS);
        for count in 0..40 {
            let one_by_one =
                (0..count).fold(Widths::NONE, |sum, i| sum.and(Widths::of_one(8).moved(8 * i)));
            assert_eq!(Widths::of_one(8).repeated(count, 8), one_by_one, "{count}");
        }
        const LONG: Widths = <[AtomicU8; usize::MAX / 4]>::WIDTHS;
        assert_ne!(LONG, Widths::NONE);
    }
}
