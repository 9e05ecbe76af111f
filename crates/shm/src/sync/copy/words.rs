//! A block where it is copied word by word: what the others do, said in Rust.

use super::blocks::{BLOCK, WORDS};
use super::plain;
use crate::sync::AtomicWord;

/// Whether there is a faster way than word by word.
pub(super) const VECTORS: bool = false;

/// Stores a block: each word once, relaxed.
#[inline(always)]
pub(super) fn store(to: &[AtomicWord; WORDS], from: &[u8; BLOCK]) {
    plain::copy_in(to, from);
}

/// Loads a block: each word once, relaxed.
#[inline(always)]
pub(super) fn load(from: &[AtomicWord; WORDS], to: &mut [u8; BLOCK]) {
    plain::copy_out(from, to);
}
