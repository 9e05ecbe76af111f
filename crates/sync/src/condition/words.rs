//! The words of a condition, and why no notification is lost.
//!
//! Both words are the lock owner's: one side at a time looks at them and changes them, and the lock
//! orders what it does.
//!
//! ```text
//! waiter                                notifier
//! W1  lock; the value is not so         N1  lock; the value is so
//! W2  e = bell; sleepers + 1            N2  if sleepers == 0: done
//! W3  commit; s = seq; unlock           N3  bell + 1; futex_wake(bell, one or all)
//! W4  futex_wait(bell, e)               N4  sleepers - 1, or 0
//! W5  lock, and look again              N5  commit; unlock
//! ```
//!
//! Either the notifier's section comes before W1, and the waiter finds the value; or it comes after
//! W3, and the notifier finds `sleepers` and changes the bell after `e` was loaded. The kernel
//! compares and goes to sleep in one step: W4 returns, or N3 wakes. No fence is needed beside the
//! lock's.
//!
//! `sleepers` is never less than the waiters that nothing has told yet: a waiter adds itself, and who
//! takes one away has changed the bell for all, and woken one if one slept. A waiter that did not
//! sleep yet finds the other bell. So the number may be too high, when a waiter has left by itself
//! or was killed: that costs a later notifier a system call, which makes it less by one.
//!
//! # What the dead did not do
//!
//! A sleep is a slice. After it the waiter looks, without the lock, at more than the bell:
//!
//! - The bell has changed: then it was rung for another waiter, which may have been killed, or for
//!   all by a notifier that was killed before it woke them. The waiter locks and looks, as in W5.
//! - `seq` has changed: a value was committed, and who committed it may have been killed before it
//!   notified. The waiter reads the value as it was committed, and goes on sleeping if it is not as
//!   wanted: it takes no lock for that.
//! - The lock's owner is gone: the waiter takes the lock, and is told.
//!
//! So a notification that is not made, or not passed on, because a process was killed, is made up
//! for within a slice, and a killed waiter hangs nothing.
//!
//! Models: `loom-tests/tests/sync_condition.rs`.

use ringway_shm::event::EventCount;
use ringway_shm::sync::{AtomicU32, Futex, Ordering};

use crate::region::object::Words;

/// A condition's words, as they lie in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ConditionWords {
    /// What waiters sleep on. Notifiers add to it.
    bell: Futex,
    /// At least as many as wait and were not told. The lock's owner stores it.
    sleepers: AtomicU32,
}

// SAFETY: `repr(C)`, two atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for ConditionWords {
    fn new() -> ConditionWords {
        ConditionWords { bell: Futex::new(0), sleepers: AtomicU32::new(0) }
    }
}

impl ConditionWords {
    pub(crate) fn bell(&self) -> &Futex {
        &self.bell
    }

    /// The bell alone: who has to be woken is not told by a flag.
    pub(super) fn count(&self) -> EventCount<'_> {
        EventCount::new(&self.bell)
    }

    /// The lock's owner is about to unlock and sleep. What the bell is.
    pub(super) fn enter(&self) -> u32 {
        let sleepers = self.sleepers.load(Ordering::Relaxed);
        self.sleepers.store(sleepers.saturating_add(1), Ordering::Relaxed);
        self.count().seen()
    }

    /// The lock's owner wakes one waiter.
    pub(super) fn notify_one(&self) {
        let sleepers = self.sleepers.load(Ordering::Relaxed);
        if sleepers != 0 {
            self.wake_one();
            self.sleepers.store(sleepers - 1, Ordering::Relaxed);
        }
    }

    /// The lock's owner wakes all waiters.
    pub(super) fn notify_all(&self) {
        if self.sleepers.load(Ordering::Relaxed) != 0 {
            self.wake_all();
            self.sleepers.store(0, Ordering::Relaxed);
        }
    }

    #[cold]
    fn wake_one(&self) {
        self.count().sound_for_one();
    }

    /// Wakes all waiters, by any side.
    #[cold]
    pub(super) fn wake_all(&self) {
        self.count().sound();
    }
}
