//! What runs outside a model: core's atomics, and the kernel's futex where there is one.

use core::time::Duration;

pub use core::hint::spin_loop;
#[cfg(feature = "std")]
pub use core::sync::atomic::AtomicBool;
pub use core::sync::atomic::{Ordering, fence};
#[cfg(feature = "std")]
pub use std::sync::{Mutex, MutexGuard};
#[cfg(feature = "std")]
pub use std::time::Instant;

#[cfg(feature = "alloc")]
pub use core::sync::atomic::AtomicPtr;

#[cfg(not(ringway_crash_points))]
use core::sync::atomic as words;
// The same, with places at which to die.
#[cfg(ringway_crash_points)]
use super::crashing as words;

pub use words::AtomicU32;
#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
pub use words::AtomicU32 as AtomicWord;
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
pub use words::AtomicU64 as AtomicWord;

// Words that can be exchanged.
#[cfg(all(feature = "portable-atomic", not(target_has_atomic = "32")))]
pub use super::provided::{CasU32, CasU32 as CasWord};
#[cfg(not(all(feature = "portable-atomic", not(target_has_atomic = "32"))))]
pub use {AtomicU32 as CasU32, AtomicWord as CasWord};

#[cfg(feature = "alloc")]
pub use crate::kernel::has_memory;
pub use crate::kernel::{barrier, register_barrier};

use crate::kernel;

/// Whether an atomic is laid out as the word that it is.
pub const NATIVE: bool = true;

/// Starts a thread of the library's, which takes no signals: a program's handlers run on the
/// program's threads.
#[cfg(all(feature = "std", target_os = "linux"))]
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let named = std::thread::Builder::new().name(name.into());
    crate::signals::without_signals(|| named.spawn(run)).map(drop)
}

/// Hints that the cache line of a word, which need not be there, is about to be written. Nothing where there is no such
/// instruction, or no figure that says that it helps.
#[inline(always)]
pub fn prefetch_to_write(word: *const AtomicWord) {
    // Processors that do not know `prefetchw` run it as a no-operation.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint: it never faults, and writes neither memory nor registers nor flags.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) word, options(readonly, nostack, preserves_flags));
    }
    let _ = word;
}

/// What a word is, for the only side that stores it.
#[inline(always)]
pub fn own(word: &AtomicU32) -> u32 {
    word.load(Ordering::Relaxed)
}

/// Looks at a word that the caller is about to exchange.
#[inline(always)]
pub fn peek(word: &CasU32) -> u32 {
    word.load(Ordering::Relaxed)
}

/// The same for a [`Word`](super::Word).
#[inline(always)]
pub fn peek_word(word: &CasWord) -> super::Word {
    word.load(Ordering::Relaxed)
}

/// Stands for plain memory in a model, where it makes loom look for data races between the thread
/// that reads in place and the one that fills it. Here it is nothing.
#[derive(Debug, Default)]
pub struct RaceCell;

impl RaceCell {
    /// The caller reads the memory, and relies on no writer meanwhile.
    #[inline(always)]
    pub fn read(&self) {}

    /// The caller writes the memory, and relies on no other reader or writer meanwhile.
    #[inline(always)]
    pub fn write(&self) {}
}

/// A 32-bit word on which a thread of any process can sleep.
#[derive(Debug)]
#[repr(transparent)]
pub struct Futex(CasU32);

impl Futex {
    /// A word of that value.
    pub fn new(value: u32) -> Self {
        Futex(CasU32::new(value))
    }

    /// What the word is.
    #[inline]
    pub fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    /// Stores the word. Wakes no thread.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }

    /// Adds to the word, and returns what it was. Wakes no thread.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    #[track_caller]
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }

    /// Sleeps while the word is `expected`, for at most `limit`. May return at any time.
    pub fn wait(&self, expected: u32, limit: Duration) {
        kernel::futex_wait(&self.0, expected, limit);
    }

    /// Sleeps while each of the words is what is expected of it, for at most `limit`. May return at
    /// any time. `false`: the kernel has no such call, or does not allow it, and the thread has not
    /// slept. Of more than [`MOST_WORDS`](kernel::MOST_WORDS) words the rest is left out.
    #[cfg(feature = "std")]
    pub fn wait_any<'a>(
        words: impl IntoIterator<Item = (&'a Futex, u32)>,
        limit: Duration,
    ) -> bool {
        let words = words.into_iter().map(|(word, expected)| {
            // core's word, also where it is wrapped for a test of crashes.
            let word: &core::sync::atomic::AtomicU32 = &word.0;
            (word, expected)
        });
        kernel::futex_wait_any(words, limit)
    }

    /// Wakes all who sleep on the word.
    pub fn wake_all(&self) {
        kernel::futex_wake_all(&self.0);
    }

    /// Wakes one of those who sleep on the word.
    pub fn wake_one(&self) {
        kernel::futex_wake_one(&self.0);
    }
}
