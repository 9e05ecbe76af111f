//! Words with a compare-and-swap that the program provides, by the crate `portable-atomic`, on
//! targets that have none.
//!
//! It does everything with such a word, loads and stores too, and with nothing else: where it takes
//! critical sections, it takes one for each. What orders a section, or interrupts that are off, is
//! meant for those who do the same; here others see what comes before and after by core's atomics,
//! and perhaps from another core. So the orderings are fences.

use core::sync::atomic::{Ordering, fence};

use portable_atomic::AtomicU32;

/// A word that can be exchanged.
#[derive(Debug)]
#[repr(transparent)]
pub struct CasU32(AtomicU32);

/// Does something to a word between the fences that make `order` of it.
#[inline(always)]
fn ordered<R>(order: Ordering, access: impl FnOnce() -> R) -> R {
    // SYNC none: the label is where the word is exchanged.
    if !matches!(order, Ordering::Relaxed | Ordering::Acquire) {
        // SYNC none: the label is where the word is exchanged.
        fence(Ordering::Release);
    }
    let result = access();
    // SYNC none: the label is where the word is exchanged.
    if !matches!(order, Ordering::Relaxed | Ordering::Release) {
        // SYNC none: the label is where the word is exchanged.
        fence(Ordering::Acquire);
    }
    result
}

impl CasU32 {
    /// A word of that value.
    pub const fn new(value: u32) -> Self {
        CasU32(AtomicU32::new(value))
    }

    /// What the word is.
    #[inline(always)]
    pub fn load(&self, order: Ordering) -> u32 {
        ordered(order, || self.0.load(Ordering::Relaxed))
    }

    /// Stores the word.
    #[inline(always)]
    pub fn store(&self, value: u32, order: Ordering) {
        ordered(order, || self.0.store(value, Ordering::Relaxed));
    }

    /// Stores the word, and returns what it was.
    #[inline(always)]
    pub fn swap(&self, value: u32, order: Ordering) -> u32 {
        ordered(order, || self.0.swap(value, order))
    }

    /// Adds to the word, and returns what it was.
    #[inline(always)]
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        ordered(order, || self.0.fetch_add(value, order))
    }

    /// Stores `new` if the word is `old`. `Err`: what it is instead. The ordering of a failure is
    /// no stronger than that of a success.
    #[inline(always)]
    pub fn compare_exchange(
        &self,
        old: u32,
        new: u32,
        order: Ordering,
        failed: Ordering,
    ) -> Result<u32, u32> {
        ordered(order, || self.0.compare_exchange(old, new, order, failed))
    }
}
