//! Whether there is a reason for a waiter of a condition to look.

use ringway_shm::LivenessError;
use ringway_shm::event::{EventCount, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, Word};

use super::words::ConditionWords;
use crate::mutex::{MutexWords, commits};
use crate::party::Party;
use crate::region::object::Spot;
use crate::wait::Sign;

/// Whether the bell has rung since a waiter gave the lock back, or there is what it was not rung for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConditionSign<'a, 'c> {
    pub(crate) words: &'c ConditionWords,
    pub(crate) mutex: &'a Spot<MutexWords>,
    /// The bell, and the number of commits, as they were when the lock was given back.
    pub(crate) seen: u32,
    pub(crate) seq: Word,
}

impl Sign for ConditionSign<'_, '_> {
    const IS_FOR_ONE: bool = true;

    fn bell(&self) -> &Futex {
        self.words.bell()
    }

    fn count(&self) -> EventCount<'_> {
        self.words.count()
    }

    fn is_there(&self) -> bool {
        self.count().seen() != self.seen
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        if self.is_there() || commits(self.mutex) != self.seq {
            return Ok(true);
        }
        Ok(self.mutex.head().lock.gone(party)?.is_some())
    }

    fn prepare(&self) -> Token {
        self.count().prepare_since(self.seen)
    }

    fn arm(&self, _fences: Fences) -> Token {
        self.prepare()
    }

    /// The bell stays as it was rung: another waiter that was there then finds it so.
    fn hand_on(&self, _fences: Fences) {
        if self.is_there() {
            self.bell().wake_one();
        }
    }
}
