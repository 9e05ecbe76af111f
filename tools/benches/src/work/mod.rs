//! What the sides do.

pub mod consumers;
pub mod fan_out;
pub mod hop;
pub mod latency;
pub mod mixed;
pub mod setup;
pub mod shared;
pub mod stream;
pub mod turns;
pub mod wake;

use crate::transport::Message;

/// Writes message number `number`: the number, and one more in each further word.
#[inline]
pub fn fill<const W: usize>(message: &mut Message<W>, number: u64) {
    for (word, offset) in message.iter_mut().zip(0..) {
        *word = number.wrapping_add(offset);
    }
}

/// Reads a message: 0 if all of it is what [`fill`] wrote for that number.
#[inline]
pub fn difference<const W: usize>(message: &Message<W>, number: u64) -> u64 {
    let words = W as u64;
    let sum = message.iter().fold(0, |sum: u64, word| sum.wrapping_add(*word));
    let expected = number.wrapping_mul(words).wrapping_add(words * words.saturating_sub(1) / 2);
    sum ^ expected
}
