//! The ways.

use ringway_shm::sync::{AtomicWord, Ordering, copy_in, copy_out};

/// One way to copy. Lengths are multiples of 64, and there are as many words as the bytes fill.
#[derive(Clone, Copy)]
pub struct Form {
    pub name: &'static str,
    pub copy_in: fn(&[AtomicWord], &[u8]),
    pub copy_out: fn(&[AtomicWord], &mut [u8]),
}

const PLAIN: Form = Form {
    name: "plain",
    copy_in: |words, bytes| {
        for (word, bytes) in words.iter().zip(bytes.chunks_exact(8)) {
            let value = bytes.try_into().map_or(0, u64::from_ne_bytes);
            word.store(value, Ordering::Relaxed);
        }
    },
    copy_out: |words, bytes| {
        for (word, bytes) in words.iter().zip(bytes.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
    },
};

/// What the library does.
pub const fn shipped() -> Form {
    Form {
        name: "shipped",
        copy_in: |words, bytes| copy_in(words, bytes, false),
        copy_out: |words, bytes| copy_out(words, bytes, false),
    }
}

/// All that run on this processor, the plain one first.
pub fn all() -> Vec<Form> {
    let mut forms = vec![PLAIN, shipped()];
    #[cfg(target_arch = "x86_64")]
    forms.extend(x86_64::forms());
    forms
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::asm;

    use super::{AtomicWord, Form};

    /// From where to where, and how many bytes.
    type Copy = unsafe fn(to: *mut u8, from: *const u8, len: usize);

    pub(super) fn forms() -> Vec<Form> {
        let mut forms = vec![
            form!("16", sse, sse),
            form!("16 aligned", sse_to_line, sse_from_line),
            form!("movsb", movsb, movsb),
            form!("movsq", movsq, movsq),
            // Out of a ring there is nothing to stream: what is copied is about to be used.
            form!("stream", stream, sse),
        ];
        if is_x86_feature_detected!("avx") {
            forms.push(form!("32", avx, avx));
            forms.push(form!("32 aligned", avx_to_line, avx_from_line));
        }
        if is_x86_feature_detected!("avx512f") {
            forms.push(form!("64 aligned", zmm_to_line, zmm_from_line));
        }
        forms
    }

    macro_rules! form {
        ($name:literal, $copy_in:ident, $copy_out:ident) => {
            Form {
                name: $name,
                copy_in: |words, bytes| into_words($copy_in, words, bytes),
                copy_out: |words, bytes| out_of_words($copy_out, words, bytes),
            }
        };
    }
    use form;

    #[inline(always)]
    fn into_words(copy: Copy, words: &[AtomicWord], bytes: &[u8]) {
        assert!(
            words.len() * 8 == bytes.len() && bytes.len().is_multiple_of(64) && !bytes.is_empty()
        );
        // SAFETY: there are so many words, which may be stored to behind a shared reference, and so
        // many bytes, a multiple of 64. The processor has the instructions: `forms` asked.
        unsafe { copy(words.as_ptr().cast_mut().cast(), bytes.as_ptr(), bytes.len()) };
    }

    #[inline(always)]
    fn out_of_words(copy: Copy, words: &[AtomicWord], bytes: &mut [u8]) {
        assert!(
            words.len() * 8 == bytes.len() && bytes.len().is_multiple_of(64) && !bytes.is_empty()
        );
        // SAFETY: as above.
        unsafe { copy(bytes.as_mut_ptr(), words.as_ptr().cast(), bytes.len()) };
    }

    /// The loop that is common to vectors: 64 bytes at a time.
    macro_rules! vectors {
        ($name:ident, $($line:literal),+) => {
            /// # Safety
            ///
            /// `len` bytes can be read and written, a multiple of 64 and not 0. The processor has
            /// the instructions.
            unsafe fn $name(to: *mut u8, from: *const u8, len: usize) {
                // SAFETY: by the contract.
                unsafe {
                    asm!(
                        "2:",
                        $($line,)+
                        "add {from}, 64",
                        "add {to}, 64",
                        "sub {len}, 64",
                        "jnz 2b",
                        to = inout(reg) to => _,
                        from = inout(reg) from => _,
                        len = inout(reg) len => _,
                        out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                        options(nostack)
                    );
                }
            }
        };
    }

    vectors!(
        sse,
        "movups xmm0, [{from}]",
        "movups xmm1, [{from} + 16]",
        "movups xmm2, [{from} + 32]",
        "movups xmm3, [{from} + 48]",
        "movups [{to}], xmm0",
        "movups [{to} + 16], xmm1",
        "movups [{to} + 32], xmm2",
        "movups [{to} + 48], xmm3"
    );
    vectors!(
        avx_loop,
        "vmovups ymm0, [{from}]",
        "vmovups ymm1, [{from} + 32]",
        "vmovups [{to}], ymm0",
        "vmovups [{to} + 32], ymm1"
    );
    vectors!(zmm_loop, "vmovups zmm0, [{from}]", "vmovups [{to}], zmm0");
    vectors!(
        stream_loop,
        "movups xmm0, [{from}]",
        "movups xmm1, [{from} + 16]",
        "movups xmm2, [{from} + 32]",
        "movups xmm3, [{from} + 48]",
        "movntps [{to}], xmm0",
        "movntps [{to} + 16], xmm1",
        "movntps [{to} + 32], xmm2",
        "movntps [{to} + 48], xmm3"
    );

    /// As the loop, and no upper halves are left in registers, which would slow down what comes
    /// after.
    ///
    /// # Safety
    ///
    /// As of `vectors`.
    unsafe fn avx(to: *mut u8, from: *const u8, len: usize) {
        // SAFETY: by the contract.
        unsafe { avx_loop(to, from, len) };
        // SAFETY: by the contract the processor has AVX.
        unsafe { zero_upper() };
    }

    /// # Safety
    ///
    /// The processor has AVX.
    unsafe fn zero_upper() {
        // SAFETY: by the contract. It changes vector registers alone.
        unsafe {
            asm!("vzeroupper", out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                 options(nomem, nostack, preserves_flags));
        }
    }

    /// # Safety
    ///
    /// None: there is nothing to do.
    unsafe fn nothing() {}

    /// The first line and the last by themselves, and what is between so that `ahead` bytes from
    /// the start on it is aligned to lines.
    ///
    /// # Safety
    ///
    /// As of `vectors`; `ahead` is at most 64.
    #[inline(always)]
    unsafe fn from_line(copy: Copy, to: *mut u8, from: *const u8, len: usize, ahead: usize) {
        // SAFETY: by the contract there are at least 64 bytes.
        unsafe { copy(to, from, 64) };
        let between = (len - ahead) / 64 * 64;
        if between > 0 {
            // SAFETY: so many bytes lie behind the first `ahead`.
            unsafe { copy(to.wrapping_add(ahead), from.wrapping_add(ahead), between) };
        }
        let last = len - 64;
        // SAFETY: by the contract there are at least 64 bytes.
        unsafe { copy(to.wrapping_add(last), from.wrapping_add(last), 64) };
    }

    macro_rules! aligned {
        ($to:ident, $from:ident, $copy:ident, $end:ident) => {
            /// # Safety
            ///
            /// As of `vectors`.
            unsafe fn $to(to: *mut u8, from: *const u8, len: usize) {
                // SAFETY: by the contract.
                unsafe { from_line($copy, to, from, len, to.align_offset(64)) };
                // SAFETY: by the contract.
                unsafe { $end() };
            }
            /// # Safety
            ///
            /// As of `vectors`.
            unsafe fn $from(to: *mut u8, from: *const u8, len: usize) {
                // SAFETY: by the contract.
                unsafe { from_line($copy, to, from, len, from.align_offset(64)) };
                // SAFETY: by the contract.
                unsafe { $end() };
            }
        };
    }
    aligned!(sse_to_line, sse_from_line, sse, nothing);
    aligned!(avx_to_line, avx_from_line, avx_loop, zero_upper);
    aligned!(zmm_to_line, zmm_from_line, zmm_loop, zero_upper);

    /// # Safety
    ///
    /// As of `vectors`.
    unsafe fn movsb(to: *mut u8, from: *const u8, len: usize) {
        // SAFETY: by the contract. The direction is forward, as everywhere in Rust.
        unsafe {
            asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") len => _,
                 options(nostack, preserves_flags));
        }
    }

    /// # Safety
    ///
    /// As of `vectors`.
    unsafe fn movsq(to: *mut u8, from: *const u8, len: usize) {
        // SAFETY: by the contract. The direction is forward, as everywhere in Rust.
        unsafe {
            asm!("rep movsq", inout("rdi") to => _, inout("rsi") from => _,
                 inout("rcx") len / 8 => _, options(nostack, preserves_flags));
        }
    }

    /// Past the caches, but for the lines at both ends.
    ///
    /// # Safety
    ///
    /// As of `vectors`.
    unsafe fn stream(to: *mut u8, from: *const u8, len: usize) {
        let ahead = to.align_offset(64);
        let between = (len - ahead) / 64 * 64;
        // SAFETY: by the contract there are at least 64 bytes.
        unsafe { sse(to, from, 64) };
        if between > 0 {
            // SAFETY: so many bytes lie behind the first `ahead`, from where `to` is aligned.
            unsafe { stream_loop(to.wrapping_add(ahead), from.wrapping_add(ahead), between) };
        }
        let last = len - 64;
        // SAFETY: by the contract there are at least 64 bytes.
        unsafe { sse(to.wrapping_add(last), from.wrapping_add(last), 64) };
        // SAFETY: it only orders what was stored past the caches before what is stored next.
        unsafe { asm!("sfence", options(nostack, preserves_flags)) };
    }
}
