//! What runs under loom: loom's atomics, and a futex made of loom's mutex and condition variable.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

pub use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
pub use loom::sync::{Mutex, MutexGuard};

#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
pub use loom::sync::atomic::AtomicU32 as AtomicWord;
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
pub use loom::sync::atomic::AtomicU64 as AtomicWord;
pub use {AtomicU32 as CasU32, AtomicWord as CasWord};

/// Yes, to a model that asks for it: see `barrier`.
pub fn register_barrier(_reach: crate::reach::Reach) -> bool {
    true
}

/// There is no kernel in a model that could run a fence on another thread. So fences are full
/// unless the model says that no thread sleeps. Then light fences are nothing, as they are for the
/// processor where the kernel runs them, and the models see the protocol without their help. A
/// thread that sleeps all the same may be forgotten, and loom reports a deadlock.
pub fn barrier(_reach: crate::reach::Reach) -> bool {
    true
}

/// Models are small.
pub fn has_memory(_bytes: u64) -> bool {
    true
}

/// Whether an atomic is laid out as the word that it is.
pub const NATIVE: bool = false;

/// A loop that waits has to let the other threads of the model run.
pub fn spin_loop() {
    loom::thread::yield_now();
}

/// What a word is, for the only side that stores it. A load that loom does not count as an access:
/// it would be the last one before the store that follows, and hide the loads of the others (see
/// [`peek`]).
pub fn own(word: &AtomicU32) -> u32 {
    // SAFETY: no other thread stores the word, and loom reports one that does.
    unsafe { word.unsync_load() }
}

/// Looks at a word that the caller is about to exchange. For whatever comes next, loom tries to let
/// a thread be earlier than the last access that another one made to the same word, and the last
/// alone. A plain load here would be that last one, and hide the others: so this is an exchange
/// that fails.
pub fn peek(word: &CasU32) -> u32 {
    let (never, order) = (u32::MAX, Ordering::Relaxed);
    match word.compare_exchange(never, never, order, order) {
        Ok(value) | Err(value) => value,
    }
}

/// The same for a [`Word`](super::Word).
pub fn peek_word(word: &CasWord) -> super::Word {
    let (never, order) = (super::Word::MAX, Ordering::Relaxed);
    match word.compare_exchange(never, never, order, order) {
        Ok(value) | Err(value) => value,
    }
}

/// Starts a thread of the model.
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    loom::thread::Builder::new().name(String::from(name)).spawn(run).map(drop)
}

/// A time. In a model none passes.
#[derive(Clone, Copy, Debug)]
pub struct Instant(());

impl Instant {
    /// That of all that happens in a model.
    pub fn now() -> Self {
        Instant(())
    }

    /// It has not come any closer.
    pub fn checked_add(&self, _time: Duration) -> Option<Self> {
        Some(*self)
    }

    /// None has passed.
    pub fn saturating_duration_since(&self, _earlier: Instant) -> Duration {
        Duration::ZERO
    }
}

/// A model has no caches.
pub fn prefetch_to_write(_word: *const AtomicWord) {}

/// Plain memory: loom reports any two accesses, one of them a write, that are not ordered. It finds
/// what relaxed copies of atomics would hide: a reader that gives memory back before it has
/// finished reading, a writer that reuses it too early.
#[derive(Debug, Default)]
pub struct RaceCell(loom::cell::UnsafeCell<()>);

impl RaceCell {
    /// The caller reads the plain memory, and relies on no writer meanwhile.
    #[track_caller]
    pub fn read(&self) {
        self.0.with(|_| ());
    }

    /// The caller writes the plain memory, and relies on no other reader or writer meanwhile.
    #[track_caller]
    pub fn write(&self) {
        self.0.with_mut(|_| ());
    }
}

/// A sleep of so long at most is one after which the thread looks again by itself.
const SHORT: Duration = Duration::from_millis(1);

/// The futex of a model. As in the kernel, the comparison and going to sleep are one step for
/// everybody who wakes. Unlike there, a sleep has no end of its own, but for the shortest: a lost
/// wake-up is then a deadlock, which loom reports, and not a delay.
#[derive(Debug)]
pub struct Futex {
    word: AtomicU32,
    /// Those that sleep on other words, too.
    bucket: Mutex<Vec<Arc<Sleeper>>>,
    sleepers: loom::sync::Condvar,
}

/// One that sleeps on many words.
#[derive(Debug, Default)]
struct Sleeper {
    woken: Mutex<bool>,
    alarm: loom::sync::Condvar,
    /// It sleeps no longer. No word of the model: what is scheduled is the sleeper's return.
    returned: core::sync::atomic::AtomicBool,
}

impl Futex {
    /// A word of that value.
    pub fn new(value: u32) -> Self {
        Futex {
            word: AtomicU32::new(value),
            bucket: Mutex::new(Vec::new()),
            sleepers: loom::sync::Condvar::new(),
        }
    }

    /// What the word is.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> u32 {
        self.word.load(order)
    }

    /// Stores the word. Wakes no thread.
    #[track_caller]
    pub fn store(&self, value: u32, order: Ordering) {
        self.word.store(value, order);
    }

    /// Adds to the word, and returns what it was. Wakes no thread.
    #[track_caller]
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.word.fetch_add(value, order)
    }

    /// Sleeps while the word is `expected`, for at most `limit`. May return at any time.
    pub fn wait(&self, expected: u32, limit: Duration) {
        if limit <= SHORT {
            return spin_loop();
        }
        // loom's locks are never poisoned: a panic ends the execution.
        let Ok(bucket) = self.bucket.lock() else {
            return;
        };
        if self.word.load(Ordering::Relaxed) == expected {
            drop(self.sleepers.wait(bucket));
        }
    }

    /// Sleeps while each of the words is what is expected of it. As in the kernel, they are
    /// compared one after the other, and a thread that finds one to be something else may have been
    /// woken by those before.
    pub fn wait_any<'a>(
        words: impl IntoIterator<Item = (&'a Futex, u32)>,
        _limit: Duration,
    ) -> bool {
        if crate::kernel::refuses_many_words() {
            return false;
        }
        let sleeper = Arc::new(Sleeper::default());
        // All are known before the kernel is called.
        let words: Vec<(&Futex, u32)> = words.into_iter().collect();
        if words.into_iter().all(|(futex, expected)| futex.lets_sleep(expected, &sleeper)) {
            sleeper.sleep();
        }
        // What still knows the sleeper forgets it when it wakes others.
        sleeper.returned.store(true, Ordering::Relaxed);
        true
    }

    /// Remembers one that is about to sleep, if the word is what it expects.
    fn lets_sleep(&self, expected: u32, sleeper: &Arc<Sleeper>) -> bool {
        let Ok(mut bucket) = self.bucket.lock() else { return false };
        let sleeps = self.word.load(Ordering::Relaxed) == expected;
        if sleeps {
            bucket.push(sleeper.clone());
        }
        sleeps
    }

    /// Wakes all who sleep on the word.
    pub fn wake_all(&self) {
        let Ok(mut bucket) = self.bucket.lock() else { return };
        self.sleepers.notify_all();
        for sleeper in bucket.drain(..) {
            sleeper.wake();
        }
    }

    /// Wakes one of those who sleep on the word. One that sleeps on others, too, comes first, also if
    /// another word has woken it and it has not returned yet: as in the kernel it takes the wake-up
    /// then, for which it cannot know.
    pub fn wake_one(&self) {
        let Ok(mut bucket) = self.bucket.lock() else { return };
        bucket.retain(|sleeper| !sleeper.returned.load(Ordering::Relaxed));
        match bucket.is_empty() {
            true => self.sleepers.notify_one(),
            false => bucket.remove(0).wake(),
        }
    }
}

impl Sleeper {
    fn sleep(&self) {
        let Ok(mut woken) = self.woken.lock() else { return };
        while !*woken {
            match self.alarm.wait(woken) {
                Ok(again) => woken = again,
                Err(_) => return,
            }
        }
    }

    fn wake(&self) {
        if let Ok(mut woken) = self.woken.lock() {
            *woken = true;
            self.alarm.notify_all();
        }
    }
}
