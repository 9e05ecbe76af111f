//! Words where they are copied one by one: what the vectors of other processors do, said in Rust.

use super::plain;
use crate::sync::{AtomicWord, WORD};

/// Whether there is a faster way than word by word.
pub(super) const VECTORS: bool = false;

/// There are no instructions for strings of words.
pub(super) const STORE_STRINGS_FROM: usize = usize::MAX;
pub(super) const LOAD_STRINGS_FROM: usize = usize::MAX;
pub(super) use plain::{copy_in as store_string, copy_out as load_string};

/// Stores 16 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store16(to: &[AtomicWord; 16 / WORD], from: &[u8; 16]) {
    plain::copy_in(to, from);
}

/// Stores 32 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store32(to: &[AtomicWord; 32 / WORD], from: &[u8; 32]) {
    plain::copy_in(to, from);
}

/// Stores 64 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store64(to: &[AtomicWord; 64 / WORD], from: &[u8; 64]) {
    plain::copy_in(to, from);
}

/// Loads 16 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load16(from: &[AtomicWord; 16 / WORD], to: &mut [u8; 16]) {
    plain::copy_out(from, to);
}

/// Loads 32 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load32(from: &[AtomicWord; 32 / WORD], to: &mut [u8; 32]) {
    plain::copy_out(from, to);
}

/// Loads 64 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load64(from: &[AtomicWord; 64 / WORD], to: &mut [u8; 64]) {
    plain::copy_out(from, to);
}
