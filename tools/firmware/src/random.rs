//! Numbers that are the same on every run.

/// Marsaglia's xorshift of 32 bits (Journal of Statistical Software 8(14), 2003).
#[derive(Clone, Copy, Debug)]
pub struct Random(u32);

impl Random {
    /// From a number that is not 0.
    pub const fn new(seed: u32) -> Self {
        Random(seed)
    }

    /// A number below `end`, which is a power of two.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) & (end - 1)
    }
}
