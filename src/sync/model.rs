//! What runs under loom: loom's atomics, and a futex made of loom's mutex and condition variable.

use core::time::Duration;

pub(crate) use loom::sync::atomic::{AtomicU32, Ordering, fence};

#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
pub(crate) use loom::sync::atomic::AtomicU32 as AtomicWord;
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
pub(crate) use loom::sync::atomic::AtomicU64 as AtomicWord;
pub(crate) use {AtomicU32 as CasU32, AtomicWord as CasWord};

/// Yes, to a model that asks for it: see `barrier`.
pub(crate) fn register_barrier(_reach: super::Reach) -> bool {
    true
}

/// There is no kernel in a model that could run a fence on another thread. So a ring has full fences
/// unless its model says that nobody sleeps; then its light fences are nothing, as they are for the
/// processor where the kernel runs them, and the models see the protocol without their help. Who
/// sleeps all the same may be forgotten, and loom reports a deadlock.
pub(crate) fn barrier(_reach: super::Reach) -> bool {
    true
}

/// Models are small.
pub(crate) fn has_memory(_bytes: u64) -> bool {
    true
}

/// Whether an atomic is laid out as the word that it is.
pub(crate) const NATIVE: bool = false;

/// A loop that waits has to let the other threads of the model run.
pub(crate) fn spin_loop() {
    loom::thread::yield_now();
}

/// Looks at a word that the caller is about to exchange. For whatever comes next, loom tries to let a
/// thread be earlier than the last access that another one made to the same word, and the last alone. A plain
/// load here would be that last one, and hide the others: so this is an exchange that fails.
pub(crate) fn peek(word: &CasU32) -> u32 {
    let (never, order) = (u32::MAX, Ordering::Relaxed);
    match word.compare_exchange(never, never, order, order) {
        Ok(value) | Err(value) => value,
    }
}

/// The same for a [`Word`](super::Word).
pub(crate) fn peek_word(word: &CasWord) -> super::Word {
    let (never, order) = (super::Word::MAX, Ordering::Relaxed);
    match word.compare_exchange(never, never, order, order) {
        Ok(value) | Err(value) => value,
    }
}

/// A model has no caches.
pub(crate) fn prefetch_to_write(_word: &AtomicWord) {}

/// The plain memory of a slot: loom reports any two accesses, one of them a write, that are not
/// ordered. It finds what relaxed copies of atomics would hide: a consumer that gives a slot back
/// before it has finished reading, a producer that reuses one too early.
#[derive(Debug, Default)]
pub(crate) struct Ghost(loom::cell::UnsafeCell<()>);

impl Ghost {
    #[track_caller]
    pub(crate) fn read(&self) {
        self.0.with(|_| ());
    }

    #[track_caller]
    pub(crate) fn write(&self) {
        self.0.with_mut(|_| ());
    }
}

/// The futex of a model. As in the kernel, the comparison and going to sleep are one step for
/// everybody who wakes. Unlike there, a sleep has no end of its own: a lost wake-up is then a
/// deadlock, which loom reports, and not a delay.
#[derive(Debug)]
pub(crate) struct Futex {
    word: AtomicU32,
    bucket: loom::sync::Mutex<()>,
    sleepers: loom::sync::Condvar,
}

impl Futex {
    pub(crate) fn new(value: u32) -> Self {
        Futex {
            word: AtomicU32::new(value),
            bucket: loom::sync::Mutex::new(()),
            sleepers: loom::sync::Condvar::new(),
        }
    }

    #[track_caller]
    pub(crate) fn load(&self, order: Ordering) -> u32 {
        self.word.load(order)
    }

    #[track_caller]
    pub(crate) fn store(&self, value: u32, order: Ordering) {
        self.word.store(value, order);
    }

    #[track_caller]
    pub(crate) fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.word.fetch_add(value, order)
    }

    pub(crate) fn wait(&self, expected: u32, _limit: Duration) {
        // loom's locks are never poisoned: a panic ends the execution.
        let Ok(bucket) = self.bucket.lock() else {
            return;
        };
        if self.word.load(Ordering::Relaxed) == expected {
            drop(self.sleepers.wait(bucket));
        }
    }

    pub(crate) fn wake_all(&self) {
        let bucket = self.bucket.lock();
        self.sleepers.notify_all();
        drop(bucket);
    }
}
