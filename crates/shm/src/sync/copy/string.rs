//! Words by a string instruction of x86-64, of which the processor makes what is best for long copies.
//! Why that is sound stands at the head of the module above.

use core::arch::asm;

use crate::sync::{AtomicWord, WORD};

/// So many bytes, or more, are stored so: `tools/benches/copies` measures from where on it wins, and
/// docs/bench/method.md has the figures.
pub(in crate::sync::copy) const STORE_STRINGS_FROM: usize = 4096;
/// The same for loads. None: vectors were never slower.
pub(in crate::sync::copy) const LOAD_STRINGS_FROM: usize = usize::MAX;

/// Stores as many bytes as there are whole words for: each word once, relaxed. Not inlined: the
/// registers that it takes would not be there for shorter copies.
#[inline(never)]
pub(in crate::sync::copy) fn store_string(to: &[AtomicWord], from: &[u8]) {
    let words = to.len().min(from.len() / WORD);
    // SAFETY: so many relaxed stores, to words of the slice, which may be stored to behind a shared
    // reference, of bytes that are there and are borrowed. It uses no stack, and changes no flags;
    // the direction is forward, as the ABI says.
    unsafe {
        asm!(
            "rep movsq",
            inout("rdi") to.as_ptr() => _,
            inout("rsi") from.as_ptr() => _,
            inout("rcx") words => _,
            options(nostack, preserves_flags)
        );
    }
}

/// Loads as many bytes as there are whole words for: each word once, relaxed.
#[inline]
pub(in crate::sync::copy) fn load_string(from: &[AtomicWord], to: &mut [u8]) {
    let words = from.len().min(to.len() / WORD);
    // SAFETY: so many relaxed loads, of words of the slice, into bytes that are there and are
    // borrowed here alone. It uses no stack, and changes no flags; the direction is forward, as the
    // ABI says.
    unsafe {
        asm!(
            "rep movsq",
            inout("rdi") to.as_mut_ptr() => _,
            inout("rsi") from.as_ptr() => _,
            inout("rcx") words => _,
            options(nostack, preserves_flags)
        );
    }
}
