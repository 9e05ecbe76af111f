//! A block on AArch64: two pairs of vectors of 16 bytes. Why that is sound stands at the head of
//! the module above.

use core::arch::aarch64::uint8x16_t;
use core::arch::asm;

use super::blocks::{BLOCK, WORDS};
use crate::sync::AtomicWord;

/// Whether there is a faster way than word by word.
pub(super) const VECTORS: bool = true;

type Vectors = [uint8x16_t; 4];

const _: () = assert!(size_of::<Vectors>() == BLOCK && size_of::<[AtomicWord; WORDS]>() == BLOCK);

/// Stores a block: each word once, relaxed.
#[inline(always)]
pub(super) fn store(to: &[AtomicWord; WORDS], from: &[u8; BLOCK]) {
    let from = from.as_ptr().cast::<Vectors>();
    // SAFETY: the array has as many bytes as the vectors, of which any bytes are a value.
    let [a, b, c, d] = unsafe { from.read_unaligned() };
    // SAFETY: eight relaxed stores, of the words of the array, which may be stored to behind a
    // shared reference. It uses no stack, and changes no flags.
    unsafe {
        asm!(
            "stp {a:q}, {b:q}, [{to}]",
            "stp {c:q}, {d:q}, [{to}, #32]",
            to = in(reg) to.as_ptr(),
            a = in(vreg) a,
            b = in(vreg) b,
            c = in(vreg) c,
            d = in(vreg) d,
            options(nostack, preserves_flags)
        );
    }
}

/// Loads a block: each word once, relaxed.
#[inline(always)]
pub(super) fn load(from: &[AtomicWord; WORDS], to: &mut [u8; BLOCK]) {
    let (a, b, c, d);
    // SAFETY: eight relaxed loads, of the words of the array. It writes no memory, uses no stack,
    // and changes no flags.
    unsafe {
        asm!(
            "ldp {a:q}, {b:q}, [{from}]",
            "ldp {c:q}, {d:q}, [{from}, #32]",
            from = in(reg) from.as_ptr(),
            a = out(vreg) a,
            b = out(vreg) b,
            c = out(vreg) c,
            d = out(vreg) d,
            options(nostack, preserves_flags, readonly)
        );
    }
    let vectors: Vectors = [a, b, c, d];
    let to = to.as_mut_ptr().cast::<Vectors>();
    // SAFETY: the array has as many bytes as the vectors, and is borrowed here alone.
    unsafe { to.write_unaligned(vectors) };
}
