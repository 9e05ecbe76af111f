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
