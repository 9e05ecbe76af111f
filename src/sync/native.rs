//! What runs outside a model: core's atomics, and the kernel's futex where there is one.

use core::time::Duration;

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{Ordering, fence};

#[cfg(not(ringway_crash_points))]
use core::sync::atomic as words;
// The same, with places at which to die.
#[cfg(ringway_crash_points)]
use super::crashing as words;

pub(crate) use words::AtomicU32;
#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
pub(crate) use words::AtomicU32 as AtomicWord;
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
pub(crate) use words::AtomicU64 as AtomicWord;

// Words that can be exchanged.
#[cfg(all(feature = "portable-atomic", not(target_has_atomic = "32")))]
pub(crate) use super::provided::{CasU32, CasU32 as CasWord};
#[cfg(not(all(feature = "portable-atomic", not(target_has_atomic = "32"))))]
pub(crate) use {AtomicU32 as CasU32, AtomicWord as CasWord};

#[cfg(feature = "alloc")]
pub(crate) use crate::platform::has_memory;
pub(crate) use crate::platform::{barrier, register_barrier};

use crate::platform;

/// Whether an atomic is laid out as the word that it is.
pub(crate) const NATIVE: bool = true;

/// Hints that the cache line of a word is about to be written. Nothing where there is no such
/// instruction, or no figure that says that it helps.
#[inline(always)]
pub(crate) fn prefetch_to_write(word: &AtomicWord) {
    // Processors that do not know `prefetchw` run it as a no-operation.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint: it never faults, and writes neither memory nor registers nor flags.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) word, options(readonly, nostack, preserves_flags));
    }
    let _ = word;
}

/// Looks at a word that the caller is about to exchange.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[inline(always)]
pub(crate) fn peek(word: &CasU32) -> u32 {
    word.load(Ordering::Relaxed)
}

/// The same for a [`Word`](super::Word).
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[inline(always)]
pub(crate) fn peek_word(word: &CasWord) -> super::Word {
    word.load(Ordering::Relaxed)
}

/// Stands for the plain memory of a slot in a model, where it makes loom look for data races
/// between whoever reads the slot in place and whoever fills it. Here it is nothing.
#[derive(Debug, Default)]
pub(crate) struct Ghost;

impl Ghost {
    /// The caller reads the slot and relies on nobody writing it meanwhile.
    #[inline(always)]
    pub(crate) fn read(&self) {}

    /// The caller writes the slot and relies on nobody (but observers) reading it meanwhile.
    #[inline(always)]
    pub(crate) fn write(&self) {}
}

/// A 32-bit word on which a thread of any process can sleep.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Futex(CasU32);

impl Futex {
    #[cfg(feature = "alloc")]
    pub(crate) fn new(value: u32) -> Self {
        Futex(CasU32::new(value))
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    #[track_caller]
    pub(crate) fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }

    /// Sleeps while the word is `expected`, for at most `limit`. May return at any time.
    pub(crate) fn wait(&self, expected: u32, limit: Duration) {
        platform::futex_wait(&self.0, expected, limit);
    }

    /// Wakes all who sleep on the word.
    pub(crate) fn wake_all(&self) {
        platform::futex_wake_all(&self.0);
    }
}
