//! The values that regions are tried with.

use std::fmt::Debug;

use ringway_sync::Plain;

/// A value's type.
pub(super) trait Value: Plain + Copy + Debug + PartialEq {
    /// One of its values, in which each byte depends on the seed.
    fn of(seed: u8) -> Self {
        let byte = |n: usize| seed.wrapping_mul(31).wrapping_add(n as u8);
        let bytes: Vec<u8> = (0..size_of::<Self>()).map(byte).collect();
        Self::read_from_bytes(&bytes).expect("as long as the type")
    }
}

/// Not of whole words, of which there are two copies.
pub(super) type Small = [u32; 5];
/// Of which a cell has four copies.
pub(super) type Large = [u64; 9];
/// Aligned to a byte.
pub(super) type Odd = [u8; 13];

impl Value for Small {}
impl Value for Large {}
impl Value for Odd {}
impl Value for () {}

/// The keys of tables.
pub(super) type Key = [u8; 3];
/// Other ones.
pub(super) type WideKey = [u64; 2];

impl Value for Key {}
impl Value for WideKey {}
