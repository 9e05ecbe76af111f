//! Calls that wait until something is there, or the dead have left it.
//!
//! What is waited for says how it is looked at, and which event count tells of it ([`Awaited`]).
//! Here is told in which order: looking, looking again with the flag raised, sleeping for a slice,
//! asking for the dead.
//!
//! # Wake-ups that are for one
//!
//! Where a notifier wakes one waiter ([`EventCount::sound_for_one`]), it has cleared the flag for
//! all. So a waiter that has slept calls [`Awaited::pass_on`] when it has got what it waited for:
//! it raises the flag, and behind a heavy fence looks whether there is more, for which it wakes
//! another. A notifier whose light fence came before that heavy one is seen by that look; one whose
//! fence came after sees the flag. A waiter that gives up looks once more in the same way, and what
//! it finds there it takes.
//!
//! Where all are woken there is nothing to pass on.

use core::time::Duration;

use ringway_shm::LivenessError;
use ringway_shm::event::{EventCount, Token};
use ringway_shm::sync::{NATIVE, spin_loop};
use ringway_shm::wait::{Deadline, Ended, Pause, wait_for};

use crate::alarm::Alarm;
use crate::error::Unmet;
use crate::party::Party;
use crate::slices::Slices;

/// Looks before the first sleep. In a model each is a turn of the others', and one that sleeps has
/// an end.
const SPINS: u32 = if NATIVE { 100 } else { 0 };
/// Rounds in which no clock is looked at.
const QUICK_ROUNDS: u32 = 32;

/// What a call waits for.
pub(crate) trait Awaited {
    /// What the call returns.
    type Got;
    /// It, if it is there. Asks no kernel.
    fn attempt(&mut self) -> Option<Self::Got>;
    /// It, if it is there when the dead are asked for too. After a slice without news of another
    /// kind.
    fn ask(&mut self) -> Result<Option<Self::Got>, LivenessError>;
    /// What tells of it.
    fn count(&self) -> EventCount<'_>;
    /// Announces that the caller is about to sleep. What it waits for is looked at once more after
    /// this.
    fn arm(&self) -> Token;
    /// The caller has slept, and has it. Where one waiter is woken at a time, another may have to
    /// be.
    fn pass_on(&mut self) {}
    /// The caller has slept, and gives up. What woke it may have been for another.
    fn last_attempt(&mut self) -> Option<Self::Got> {
        None
    }
}

/// Waits for it.
pub(crate) fn wait<A: Awaited>(
    awaited: A,
    party: &impl Party,
    bell: &ringway_shm::sync::Futex,
    alarm: &Alarm,
    deadline: Deadline,
) -> Result<A::Got, Unmet> {
    let mut waiter = Waiter {
        awaited,
        party,
        bell,
        slices: Slices::new(),
        // Before the first question: what comes later is told by another number.
        news: party.news(),
        slept: false,
        done: None,
    };
    let ended = wait_for(
        &mut waiter,
        |waiter| waiter.attempt(),
        |_, round| match round < SPINS {
            true => {
                spin_loop();
                Pause::Again
            }
            false => Pause::Sleep,
        },
        |waiter, left| waiter.sleep(alarm, left),
        |_| alarm.is_raised().then_some(Ended::Interrupted),
        deadline,
        QUICK_ROUNDS,
    );
    let unmet = match ended {
        Ok(Ok(got)) => return Ok(got),
        Ok(Err(error)) => Unmet::Liveness(error),
        Err(Ended::Interrupted) => Unmet::Interrupted,
        Err(_) => Unmet::TimedOut,
    };
    match waiter.slept {
        true => waiter.awaited.last_attempt().ok_or(unmet),
        false => Err(unmet),
    }
}

/// A call that waits.
struct Waiter<'a, A: Awaited, P> {
    awaited: A,
    party: &'a P,
    bell: &'a ringway_shm::sync::Futex,
    slices: Slices,
    /// The number of the news that it knows.
    news: u32,
    /// Whether it has slept: then a wake-up may have been for it.
    slept: bool,
    /// What came of the wait, if that was found out elsewhere than in `attempt`.
    done: Option<Result<A::Got, LivenessError>>,
}

impl<A: Awaited, P: Party> Waiter<'_, A, P> {
    fn attempt(&mut self) -> Option<Result<A::Got, LivenessError>> {
        let found = self.done.take().or_else(|| self.awaited.attempt().map(Ok));
        if self.slept && matches!(found, Some(Ok(_))) {
            self.awaited.pass_on();
        }
        found
    }

    fn sleep(&mut self, alarm: &Alarm, left: Duration) {
        if self.done.is_some() {
            return;
        }
        let token = self.awaited.arm();
        if let Some(got) = self.awaited.attempt() {
            self.done = Some(Ok(got));
            return;
        }
        let limit = self.slices.next().min(left);
        self.party.sleep(self.bell, token, self.news, alarm, token.limit(limit));
        self.slept = true;
        let news = self.party.news();
        if news != self.news || !self.awaited.count().has_rung(token) {
            self.news = news;
            self.done = self.awaited.ask().transpose();
        }
    }
}
