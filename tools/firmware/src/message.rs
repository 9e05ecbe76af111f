//! Messages that show whether they are whole, and which they are.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A typed one: everything in it follows from its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Sample {
    /// Which one.
    pub number: u32,
    values: [u32; 5],
}

impl Sample {
    /// The one of number 0.
    pub const FIRST: Sample = Sample { number: 0, values: [1, 2, 3, 4, 5] };

    /// The one of that number.
    pub fn new(number: u32) -> Sample {
        let values = Sample::FIRST.values.map(|n: u32| number.wrapping_mul(0x9e37_79b1) ^ n);
        Sample { number, values }
    }

    /// Whether all of it belongs together.
    pub fn is_whole(&self) -> bool {
        *self == Sample::new(self.number)
    }

    /// All of it belongs together, and it is the one of that number.
    #[track_caller]
    pub fn expect(&self, number: u32) {
        assert!(self.is_whole(), "torn: {self:?}");
        assert_eq!(self.number, number);
    }
}

/// The longest of those that vary in length.
pub const MAX_LEN: usize = 23;

/// One of those: its length and its bytes follow from its number.
pub fn bytes_of(number: u32, buffer: &mut [u8; MAX_LEN]) -> &[u8] {
    let len = 4 + number.wrapping_mul(0x9e37_79b1) as usize % (MAX_LEN - 3);
    for (i, byte) in buffer.iter_mut().enumerate() {
        *byte = number.rotate_left(8 * (i as u32 & 3)).wrapping_add(i as u32) as u8;
    }
    &buffer[..len]
}
