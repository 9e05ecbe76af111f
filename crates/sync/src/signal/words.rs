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
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, Futex, Ordering, peek};

use crate::party::Party;
use crate::region::object::Words;
use crate::wait::{Awaited, Sign};

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
    /// What waiters sleep on.
    pub(crate) fn bell(&self) -> &Futex {
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

/// Whether there is a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignalSign<'a>(pub(crate) &'a SignalWords);

impl Sign for SignalSign<'_> {
    const IS_FOR_ONE: bool = true;

    fn bell(&self) -> &Futex {
        self.0.bell()
    }

    fn count(&self) -> EventCount<'_> {
        self.0.count()
    }

    fn is_there(&self) -> bool {
        peek(&self.0.tokens) != 0
    }

    fn is_there_when_asked(&self, _party: &impl Party) -> Result<bool, LivenessError> {
        // The dead have none that could be taken from them.
        Ok(self.is_there())
    }
}

/// A call that waits for a token.
pub(crate) struct ForToken<'a> {
    pub(crate) words: &'a SignalWords,
    pub(crate) fences: Fences,
}

impl<'a> Awaited for ForToken<'a> {
    type Got = ();
    type Sign = SignalSign<'a>;

    fn sign(&self) -> SignalSign<'a> {
        SignalSign(self.words)
    }

    fn fences(&self) -> Fences {
        self.fences
    }

    fn attempt(&mut self) -> Option<()> {
        self.words.try_take().then_some(())
    }

    fn ask(&mut self) -> Result<Option<()>, LivenessError> {
        Ok(self.attempt())
    }
}
