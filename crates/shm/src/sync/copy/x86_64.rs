//! A block on x86-64: four vectors of 16 bytes, or two of 32 bytes where the program is built for
//! processors with AVX. Why that is sound stands at the head of the module above.

use core::arch::asm;

use super::blocks::{BLOCK, WORDS};
use crate::sync::AtomicWord;

/// Whether there is a faster way than word by word.
pub(super) const VECTORS: bool = true;

#[cfg(not(target_feature = "avx"))]
type Vectors = [core::arch::x86_64::__m128i; 4];
#[cfg(target_feature = "avx")]
type Vectors = [core::arch::x86_64::__m256i; 2];

const _: () = assert!(size_of::<Vectors>() == BLOCK && size_of::<[AtomicWord; WORDS]>() == BLOCK);

/// Stores a block: each word once, relaxed.
#[inline(always)]
pub(super) fn store(to: &[AtomicWord; WORDS], from: &[u8; BLOCK]) {
    let from = from.as_ptr().cast::<Vectors>();
    // SAFETY: the array has as many bytes as the vectors, of which any bytes are a value.
    let from = unsafe { from.read_unaligned() };
    #[cfg(not(target_feature = "avx"))]
    // SAFETY: eight relaxed stores, of the words of the array, which may be stored to behind a
    // shared reference. It uses no stack, and changes no flags.
    unsafe {
        let [a, b, c, d] = from;
        asm!(
            "movups xmmword ptr [{to}], {a}",
            "movups xmmword ptr [{to} + 16], {b}",
            "movups xmmword ptr [{to} + 32], {c}",
            "movups xmmword ptr [{to} + 48], {d}",
            to = in(reg) to.as_ptr(),
            a = in(xmm_reg) a,
            b = in(xmm_reg) b,
            c = in(xmm_reg) c,
            d = in(xmm_reg) d,
            options(nostack, preserves_flags)
        );
    }
    #[cfg(target_feature = "avx")]
    // SAFETY: as without AVX.
    unsafe {
        let [a, b] = from;
        asm!(
            "vmovups ymmword ptr [{to}], {a}",
            "vmovups ymmword ptr [{to} + 32], {b}",
            to = in(reg) to.as_ptr(),
            a = in(ymm_reg) a,
            b = in(ymm_reg) b,
            options(nostack, preserves_flags)
        );
    }
}

/// Loads a block: each word once, relaxed.
#[inline(always)]
pub(super) fn load(from: &[AtomicWord; WORDS], to: &mut [u8; BLOCK]) {
    #[cfg(not(target_feature = "avx"))]
    let (a, b, c, d);
    #[cfg(not(target_feature = "avx"))]
    // SAFETY: eight relaxed loads, of the words of the array. It writes no memory, uses no stack,
    // and changes no flags.
    unsafe {
        asm!(
            "movups {a}, xmmword ptr [{from}]",
            "movups {b}, xmmword ptr [{from} + 16]",
            "movups {c}, xmmword ptr [{from} + 32]",
            "movups {d}, xmmword ptr [{from} + 48]",
            from = in(reg) from.as_ptr(),
            a = out(xmm_reg) a,
            b = out(xmm_reg) b,
            c = out(xmm_reg) c,
            d = out(xmm_reg) d,
            options(nostack, preserves_flags, readonly)
        );
    }
    #[cfg(target_feature = "avx")]
    let (a, b);
    #[cfg(target_feature = "avx")]
    // SAFETY: as without AVX.
    unsafe {
        asm!(
            "vmovups {a}, ymmword ptr [{from}]",
            "vmovups {b}, ymmword ptr [{from} + 32]",
            from = in(reg) from.as_ptr(),
            a = out(ymm_reg) a,
            b = out(ymm_reg) b,
            options(nostack, preserves_flags, readonly)
        );
    }
    #[cfg(not(target_feature = "avx"))]
    let vectors: Vectors = [a, b, c, d];
    #[cfg(target_feature = "avx")]
    let vectors: Vectors = [a, b];
    let to = to.as_mut_ptr().cast::<Vectors>();
    // SAFETY: the array has as many bytes as the vectors, and is borrowed here alone.
    unsafe { to.write_unaligned(vectors) };
}
