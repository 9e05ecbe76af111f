//! Waiting for a lock without going to sleep.

use ringway_shm::LivenessError;
use ringway_shm::sync::spin_loop;
use ringway_shm::wait::{Ended, Pause, wait_for};

use super::words::{How, LockWords, Taken};
use crate::error::WaitError;
use crate::party::Party;
use crate::wait::QUICK_ROUNDS;

/// A waiter that only spins asks whether the owner is gone at every so many looks at the clock,
/// which are 64 rounds apart: about every millisecond.
const LOOKS_PER_QUESTION: u32 = 256;

/// A call that spins.
struct Spinner<'a, P> {
    lock: &'a LockWords,
    party: &'a P,
    /// Looks at the clock so far.
    looks: u32,
    /// What came of a question.
    done: Option<Result<Taken, LivenessError>>,
}

/// Takes the lock, looking for it again and again.
pub(super) fn spin(lock: &LockWords, party: &impl Party, how: How<'_>) -> Result<Taken, WaitError> {
    let mut spinner = Spinner { lock, party, looks: 0, done: None };
    let ended = wait_for(
        &mut spinner,
        |spinner| spinner.attempt(),
        |_, _| {
            spin_loop();
            Pause::Again
        },
        |_, _| {},
        |spinner| {
            spinner.ask_now_and_then();
            how.alarm.is_raised().then_some(Ended::Interrupted)
        },
        how.deadline,
        QUICK_ROUNDS,
    );
    match ended {
        Ok(Ok(taken)) => Ok(taken),
        Ok(Err(error)) => Err(WaitError::Liveness(error)),
        Err(Ended::Interrupted) => Err(WaitError::Interrupted),
        Err(_) => Err(WaitError::TimedOut),
    }
}

impl<P: Party> Spinner<'_, P> {
    fn attempt(&mut self) -> Option<Result<Taken, LivenessError>> {
        self.done.take().or_else(|| self.lock.try_free(self.party.me()).map(Ok))
    }

    fn ask_now_and_then(&mut self) {
        self.looks += 1;
        if self.looks % LOOKS_PER_QUESTION == 0 {
            self.done = self.lock.try_gone(self.party).transpose();
        }
    }
}
