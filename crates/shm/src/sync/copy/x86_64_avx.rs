//! Words by vectors of 32 bytes, for programs that are built for x86-64 processors with AVX. Why
//! that is sound stands at the head of the module above.

use core::arch::asm;
use core::arch::x86_64::{__m128i, __m256i};

#[path = "string.rs"]
mod string;

use crate::sync::AtomicWord;
pub(super) use string::{LOAD_STRINGS_FROM, STORE_STRINGS_FROM, load_string, store_string};

/// Whether there is a faster way than word by word.
pub(super) const VECTORS: bool = true;

/// Stores 16 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store16(to: &[AtomicWord; 2], from: &[u8; 16]) {
    store_16_at::<0, 2, 16>(to, from);
}

/// Stores 32 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store32(to: &[AtomicWord; 4], from: &[u8; 32]) {
    store_32_at::<0, 4, 32>(to, from);
}

/// Stores 64 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn store64(to: &[AtomicWord; 8], from: &[u8; 64]) {
    store_32_at::<0, 8, 64>(to, from);
    store_32_at::<32, 8, 64>(to, from);
}

/// Loads 16 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load16(from: &[AtomicWord; 2], to: &mut [u8; 16]) {
    load_16_at::<0, 2, 16>(from, to);
}

/// Loads 32 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load32(from: &[AtomicWord; 4], to: &mut [u8; 32]) {
    load_32_at::<0, 4, 32>(from, to);
}

/// Loads 64 bytes: each word once, relaxed.
#[inline(always)]
pub(super) fn load64(from: &[AtomicWord; 8], to: &mut [u8; 64]) {
    load_32_at::<0, 8, 64>(from, to);
    load_32_at::<32, 8, 64>(from, to);
}

/// Stores the 16 bytes from number `AT` on.
#[inline(always)]
fn store_16_at<const AT: usize, const WORDS: usize, const BYTES: usize>(
    to: &[AtomicWord; WORDS],
    from: &[u8; BYTES],
) {
    const { assert!(AT + 16 <= BYTES && BYTES == size_of::<[AtomicWord; WORDS]>()) };
    let from = from.as_ptr().wrapping_add(AT).cast::<__m128i>();
    // SAFETY: 16 bytes of the array begin there, and any bytes are a vector.
    let vector = unsafe { from.read_unaligned() };
    // SAFETY: two relaxed stores to words of the array, which may be stored to behind a shared
    // reference. It uses no stack, and changes no flags.
    unsafe {
        asm!(
            "vmovups xmmword ptr [{to} + {at}], {vector}",
            to = in(reg) to.as_ptr(),
            at = const AT,
            vector = in(xmm_reg) vector,
            options(nostack, preserves_flags)
        );
    }
}

/// Stores the 32 bytes from number `AT` on.
#[inline(always)]
fn store_32_at<const AT: usize, const WORDS: usize, const BYTES: usize>(
    to: &[AtomicWord; WORDS],
    from: &[u8; BYTES],
) {
    const { assert!(AT + 32 <= BYTES && BYTES == size_of::<[AtomicWord; WORDS]>()) };
    let from = from.as_ptr().wrapping_add(AT).cast::<__m256i>();
    // SAFETY: 32 bytes of the array begin there, and any bytes are a vector.
    let vector = unsafe { from.read_unaligned() };
    // SAFETY: four relaxed stores to words of the array, which may be stored to behind a shared
    // reference. It uses no stack, and changes no flags.
    unsafe {
        asm!(
            "vmovups ymmword ptr [{to} + {at}], {vector}",
            to = in(reg) to.as_ptr(),
            at = const AT,
            vector = in(ymm_reg) vector,
            options(nostack, preserves_flags)
        );
    }
}

/// Loads the 16 bytes from number `AT` on.
#[inline(always)]
fn load_16_at<const AT: usize, const WORDS: usize, const BYTES: usize>(
    from: &[AtomicWord; WORDS],
    to: &mut [u8; BYTES],
) {
    const { assert!(AT + 16 <= BYTES && BYTES == size_of::<[AtomicWord; WORDS]>()) };
    let vector: __m128i;
    // SAFETY: two relaxed loads of words of the array. It writes no memory, uses no stack, and
    // changes no flags.
    unsafe {
        asm!(
            "vmovups {vector}, xmmword ptr [{from} + {at}]",
            from = in(reg) from.as_ptr(),
            at = const AT,
            vector = out(xmm_reg) vector,
            options(nostack, preserves_flags, readonly)
        );
    }
    let to = to.as_mut_ptr().wrapping_add(AT).cast::<__m128i>();
    // SAFETY: 16 bytes of the array begin there, which is borrowed here alone.
    unsafe { to.write_unaligned(vector) };
}

/// Loads the 32 bytes from number `AT` on.
#[inline(always)]
fn load_32_at<const AT: usize, const WORDS: usize, const BYTES: usize>(
    from: &[AtomicWord; WORDS],
    to: &mut [u8; BYTES],
) {
    const { assert!(AT + 32 <= BYTES && BYTES == size_of::<[AtomicWord; WORDS]>()) };
    let vector: __m256i;
    // SAFETY: four relaxed loads of words of the array. It writes no memory, uses no stack, and
    // changes no flags.
    unsafe {
        asm!(
            "vmovups {vector}, ymmword ptr [{from} + {at}]",
            from = in(reg) from.as_ptr(),
            at = const AT,
            vector = out(ymm_reg) vector,
            options(nostack, preserves_flags, readonly)
        );
    }
    let to = to.as_mut_ptr().wrapping_add(AT).cast::<__m256i>();
    // SAFETY: 32 bytes of the array begin there, which is borrowed here alone.
    unsafe { to.write_unaligned(vector) };
}
