//! Words by vectors of 16 bytes and pairs of them, on AArch64. Why that is sound stands at the head
//! of the module above.

use core::arch::aarch64::uint8x16_t;
use core::arch::asm;

use crate::sync::AtomicWord;

/// Whether there is a faster way than word by word.
pub(super) const VECTORS: bool = true;

/// There are no instructions for strings of words that every processor has.
pub(super) const STORE_STRINGS_FROM: usize = usize::MAX;
pub(super) const LOAD_STRINGS_FROM: usize = usize::MAX;
pub(super) use super::plain::{copy_in as store_string, copy_out as load_string};

/// Stores 16 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store16(to: &[AtomicWord; 2], from: &[u8; 16]) {
    store_one(to, from);
}

/// Stores 32 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store32(to: &[AtomicWord; 4], from: &[u8; 32]) {
    store_pair_at::<0, 4, 32>(to, from);
}

/// Stores 64 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store64(to: &[AtomicWord; 8], from: &[u8; 64]) {
    store_pair_at::<0, 8, 64>(to, from);
    store_pair_at::<32, 8, 64>(to, from);
}

/// Loads 16 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load16(from: &[AtomicWord; 2], to: &mut [u8; 16]) {
    load_one(from, to);
}

/// Loads 32 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load32(from: &[AtomicWord; 4], to: &mut [u8; 32]) {
    load_pair_at::<0, 4, 32>(from, to);
}

/// Loads 64 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load64(from: &[AtomicWord; 8], to: &mut [u8; 64]) {
    load_pair_at::<0, 8, 64>(from, to);
    load_pair_at::<32, 8, 64>(from, to);
}

/// Stores one vector.
#[inline(always)]
fn store_one(to: &[AtomicWord; 2], from: &[u8; 16]) {
    // SAFETY: the array has as many bytes as a vector, and any bytes are one.
    let vector = unsafe { from.as_ptr().cast::<uint8x16_t>().read_unaligned() };
    // SAFETY: two relaxed stores to the words of the array, which may be stored to behind a shared
    // reference. It uses no stack, and changes no flags.
    unsafe {
        asm!(
            "str {vector:q}, [{to}]",
            to = in(reg) to.as_ptr(),
            vector = in(vreg) vector,
            options(nostack, preserves_flags)
        );
    }
}

/// Stores the 32 bytes from number `AT` on, by a pair of vectors.
#[inline(always)]
fn store_pair_at<const AT: usize, const WORDS: usize, const BYTES: usize>(
    to: &[AtomicWord; WORDS],
    from: &[u8; BYTES],
) {
    const { assert!(AT + 32 <= BYTES && BYTES == size_of::<[AtomicWord; WORDS]>()) };
    let from = from.as_ptr().wrapping_add(AT).cast::<[uint8x16_t; 2]>();
    // SAFETY: 32 bytes of the array begin there, and any bytes are a pair of vectors.
    let [first, second] = unsafe { from.read_unaligned() };
    // SAFETY: four relaxed stores to words of the array, which may be stored to behind a shared
    // reference. It uses no stack, and changes no flags.
    unsafe {
        asm!(
            "stp {first:q}, {second:q}, [{to}, #{at}]",
            to = in(reg) to.as_ptr(),
            at = const AT,
            first = in(vreg) first,
            second = in(vreg) second,
            options(nostack, preserves_flags)
        );
    }
}

/// Loads one vector.
#[inline(always)]
fn load_one(from: &[AtomicWord; 2], to: &mut [u8; 16]) {
    let vector: uint8x16_t;
    // SAFETY: two relaxed loads of the words of the array. It writes no memory, uses no stack, and
    // changes no flags.
    unsafe {
        asm!(
            "ldr {vector:q}, [{from}]",
            from = in(reg) from.as_ptr(),
            vector = out(vreg) vector,
            options(nostack, preserves_flags, readonly)
        );
    }
    // SAFETY: the array has as many bytes as a vector, and is borrowed here alone.
    unsafe { to.as_mut_ptr().cast::<uint8x16_t>().write_unaligned(vector) };
}

/// Loads the 32 bytes from number `AT` on, by a pair of vectors.
#[inline(always)]
fn load_pair_at<const AT: usize, const WORDS: usize, const BYTES: usize>(
    from: &[AtomicWord; WORDS],
    to: &mut [u8; BYTES],
) {
    const { assert!(AT + 32 <= BYTES && BYTES == size_of::<[AtomicWord; WORDS]>()) };
    let (first, second): (uint8x16_t, uint8x16_t);
    // SAFETY: four relaxed loads of words of the array. It writes no memory, uses no stack, and
    // changes no flags.
    unsafe {
        asm!(
            "ldp {first:q}, {second:q}, [{from}, #{at}]",
            from = in(reg) from.as_ptr(),
            at = const AT,
            first = out(vreg) first,
            second = out(vreg) second,
            options(nostack, preserves_flags, readonly)
        );
    }
    let to = to.as_mut_ptr().wrapping_add(AT).cast::<[uint8x16_t; 2]>();
    // SAFETY: 32 bytes of the array begin there, which is borrowed here alone.
    unsafe { to.write_unaligned([first, second]) };
}
