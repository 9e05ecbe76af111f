//! Words that are only counted, or noted for those who look: nothing goes by them.

use super::padding::{SMALL, Unused, beside, rest};
use crate::position::Pos;
use ringway_shm::sync::{AtomicU32, AtomicWord, CasU32, Ordering, Word};

/// Words for each number that is only counted: see [`Stats`](crate::stats::Stats).
pub(super) const COUNTS: usize = if SMALL { 0 } else { 1 };

/// A number that grows, of one writer's. Wraps. 0, and no word, where nothing is counted.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Count([AtomicWord; COUNTS]);

impl Count {
    #[cfg(feature = "alloc")]
    pub(super) fn new() -> Self {
        Count(core::array::from_fn(|_| AtomicWord::new(0)))
    }

    /// Only by its writer.
    pub(crate) fn add(&self, more: Word) {
        self.set(self.get().wrapping_add(more));
    }

    pub(crate) fn get(&self) -> Word {
        self.0.first().map_or(0, |word| word.load(Ordering::Relaxed))
    }

    /// Only by its writer.
    pub(crate) fn set(&self, value: Word) {
        if let Some(word) = self.0.first() {
            // Nothing goes by what is counted, so that neither this nor a look orders anything.
            word.store(value, Ordering::Relaxed);
        }
    }
}

/// A word of 32 bits that says something of the past, of one writer's. 0, and no word, where
/// nothing is counted.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Count32([AtomicU32; COUNTS]);

impl Count32 {
    #[cfg(feature = "alloc")]
    pub(super) fn new() -> Self {
        Count32(core::array::from_fn(|_| AtomicU32::new(0)))
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.first().map_or(0, |word| word.load(Ordering::Relaxed))
    }

    /// Only by its writer.
    pub(crate) fn set(&self, value: u32) {
        if let Some(word) = self.0.first() {
            word.store(value, Ordering::Relaxed);
        }
    }
}

/// What a consumer has got. On a line of its own: a worker counts each message, and would take the
/// first line away from those that look there whether it lives, or what it is.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct Counters {
    /// The first position of a subscriber or a group. Stored before the entry is `joined`.
    pub(crate) start: Count,
    _unused: Unused<{ beside(COUNTS) }>,
    /// Messages that a worker was given.
    pub(crate) received: Count,
    _unused_received: Unused<{ beside(COUNTS) }>,
    /// Messages that a worker was given again, or the workers of a group together; which its
    /// workers add to.
    pub(super) redelivered: [CasU32; COUNTS],
    /// The number of the process that has joined here, in its own pid namespace; 0: not known.
    pub(crate) process: Count32,
    _rest: Unused<{ rest(24) }>,
}

impl Counters {
    #[cfg(feature = "alloc")]
    pub(super) fn new() -> Self {
        Counters {
            start: Count::new(),
            _unused: Unused::new(),
            received: Count::new(),
            _unused_received: Unused::new(),
            redelivered: core::array::from_fn(|_| CasU32::new(0)),
            process: Count32::new(),
            _rest: Unused::new(),
        }
    }

    /// Counts anew, from a position on. Only by the owner of an entry, before it has joined.
    pub(crate) fn begin(&self, start: Pos) {
        self.start.set(start.number());
        self.received.set(0);
        if let Some(word) = self.redelivered() {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// Says which process has joined. By the entry's owner, for others to read: nothing goes by it.
    pub(crate) fn note_process(&self) {
        #[cfg(feature = "std")]
        self.process.set(std::process::id());
    }

    /// Where messages are counted that a worker was given again, or the workers of a group; `None`:
    /// they are not.
    pub(crate) fn redelivered(&self) -> Option<&CasU32> {
        self.redelivered.first()
    }
}
