//! The words of a signal, and how tokens are posted, taken and slept for.
//!
//! Tokens are a number, changed by compare-exchange alone. It does not say who took one.
//!
//! # Why no wake-up is lost
//!
//! Flag and bell are an event count, and X is "there is a token". One waiter is woken at a time, and
//! passes on: see [`wait`](crate::wait). A waiter or poster that is killed in between leaves waiters
//! to the end of their slices.
//!
//! Models: `loom-tests/tests/sync_signal.rs`.

use ringway_shm::LivenessError;
use ringway_shm::event::{EventCount, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, Futex, Ordering, peek};

use crate::region::object::Words;
use crate::wait::Awaited;

/// A signal's words, as they lie in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SignalWords {
    /// Tokens that are there.
    tokens: CasU32,
    /// 1: a waiter may sleep. Waiters store 1, posters 0.
    waiting: AtomicU32,
    /// What waiters sleep on. Posters add to it.
    bell: Futex,
    /// 0.
    spare: AtomicU32,
}

// SAFETY: `repr(C)`, four atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for SignalWords {
    fn new() -> SignalWords {
        SignalWords {
            tokens: CasU32::new(0),
            waiting: AtomicU32::new(0),
            bell: Futex::new(0),
            spare: AtomicU32::new(0),
        }
    }
}

impl SignalWords {
    pub(super) fn bell(&self) -> &Futex {
        &self.bell
    }

    fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.waiting)
    }

    pub(super) fn tokens(&self) -> u32 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// Changes the number of tokens. `false`: it cannot be changed so.
    fn change(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        let mut found = peek(&self.tokens);
        while let Some(changed) = change(found) {
            // SYNC token: what a poster did before it posted is seen by the one that takes the
            // token. One number is all of them, and so each acquires what the others released.
            let (done, order) = (Ordering::AcqRel, Ordering::Relaxed);
            match self.tokens.compare_exchange(found, changed, done, order) {
                Ok(_) => return true,
                Err(other) => found = other,
            }
        }
        false
    }

    /// Takes a token, if there is one.
    #[inline]
    pub(super) fn try_take(&self) -> bool {
        self.change(|tokens| tokens.checked_sub(1))
    }

    /// Posts a token. `false`: there are as many as can be counted.
    #[inline]
    pub(super) fn post(&self, fences: Fences) -> bool {
        let posted = self.change(|tokens| tokens.checked_add(1));
        if posted && self.count().is_awaited(fences) {
            self.wake_one();
        }
        posted
    }

    #[cold]
    fn wake_one(&self) {
        self.count().sound_for_one();
    }
}

/// A call that waits for a token.
pub(super) struct ForToken<'a> {
    pub(super) words: &'a SignalWords,
    pub(super) fences: Fences,
}

impl Awaited for ForToken<'_> {
    type Got = ();

    fn attempt(&mut self) -> Option<()> {
        self.words.try_take().then_some(())
    }

    fn ask(&mut self) -> Result<Option<()>, LivenessError> {
        // The dead have none that could be taken from them.
        Ok(self.attempt())
    }

    fn count(&self) -> EventCount<'_> {
        self.words.count()
    }

    fn arm(&self) -> Token {
        self.words.count().arm(self.fences)
    }

    fn pass_on(&mut self) {
        let _ = self.arm();
        if peek(&self.words.tokens) != 0 {
            self.words.wake_one();
        }
    }

    fn last_attempt(&mut self) -> Option<()> {
        let _ = self.arm();
        let taken = self.attempt();
        if taken.is_some() {
            self.pass_on();
        }
        taken
    }
}
