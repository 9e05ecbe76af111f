//! Words between those that mean something.

use core::cell::UnsafeCell;

use ringway_shm::sync::WORD;

/// Whether this is a microcontroller, which has no cache lines to keep apart, and little memory.
pub(crate) const SMALL: bool = cfg!(all(target_os = "none", target_pointer_width = "32"));

/// Words that mean nothing. In a cell, because nothing keeps another process from writing there.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Unused<const WORDS: usize>(UnsafeCell<[u32; WORDS]>);

#[cfg(feature = "alloc")]
impl<const WORDS: usize> Unused<WORDS> {
    pub(crate) fn new() -> Self {
        Unused(UnsafeCell::new([0; WORDS]))
    }
}

// SAFETY: no code reads or writes them through it.
unsafe impl<const WORDS: usize> Sync for Unused<WORDS> {}

/// Words of 32 bits that keep the place of 8 bytes beside so many words.
pub(super) const fn beside(words: usize) -> usize {
    words * (8 - WORD) / 4
}

/// Words that fill up a line of which so many bytes are used.
pub(super) const fn rest(used: usize) -> usize {
    if SMALL { 0 } else { (128 - used) / 4 }
}
