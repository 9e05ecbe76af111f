//! Waiting until something is there, or the dead have left it.
//!
//! Of what is waited for, a [`Sign`] is how it is looked at, and which event count tells of it. It
//! takes nothing: so it serves those that look on behalf of others too ([`behalf`](crate::behalf)).
//! An [`Awaited`] takes it. Here is told in which order: looking, looking again with the flag
//! raised, sleeping for a slice, asking for the dead. [`task`](crate::task) tells the same of tasks.
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
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;
use ringway_shm::wait::{Deadline, Ended, Pause, wait_for};

use super::pace::Pace;
use crate::alarm::Alarm;
use crate::asked::Asked;
use crate::error::Unmet;
use crate::party::{Party, Sleeps};
use crate::slices::Slices;

/// Rounds in which no clock is looked at.
pub(crate) const QUICK_ROUNDS: u32 = 32;

/// By what it is known whether there is what is waited for.
pub(crate) trait Sign {
    /// Whether a notifier wakes one waiter: then that passes the wake-up on.
    const IS_FOR_ONE: bool;

    /// What is slept on.
    fn bell(&self) -> &Futex;

    /// What tells of it.
    fn count(&self) -> EventCount<'_>;

    /// Whether it is there. Asks no kernel.
    fn is_there(&self) -> bool;

    /// Whether it is there when the dead are asked for too.
    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError>;

    /// Announces that the caller is about to sleep. The heavy fence is the caller's, and then
    /// [`Token::confirm`].
    fn prepare(&self) -> Token {
        self.count().prepare()
    }

    /// The same with the fence. What is waited for is looked at once more after this.
    fn arm(&self, fences: Fences) -> Token {
        self.count().arm(fences)
    }

    /// The caller has slept. Where one waiter is woken at a time, another may have to be.
    fn hand_on(&self, fences: Fences) {
        if Self::IS_FOR_ONE {
            let _ = self.arm(fences);
            if self.is_there() {
                self.count().sound_for_one();
            }
        }
    }
}

/// What a call waits for.
pub(crate) trait Awaited {
    /// What the call returns.
    type Got;

    /// By what it is known.
    type Sign: Sign;

    /// The same, as it is now.
    fn sign(&self) -> Self::Sign;

    /// The fences of the caller's side.
    fn fences(&self) -> Fences;

    /// It, if it is there. Asks no kernel.
    fn attempt(&mut self) -> Option<Self::Got>;

    /// It, if it is there when the dead are asked for too. After a slice without news of another
    /// kind.
    fn ask(&mut self) -> Result<Option<Self::Got>, LivenessError>;

    /// The caller has slept, and has it.
    fn pass_on(&mut self) {
        self.sign().hand_on(self.fences());
    }

    /// The caller has slept, and gives up. What woke it may have been for another.
    fn last_attempt(&mut self) -> Option<Self::Got> {
        if !Self::Sign::IS_FOR_ONE {
            return None;
        }
        let _ = self.sign().arm(self.fences());
        let got = self.attempt();
        if got.is_some() {
            self.pass_on();
        }
        got
    }
}

/// Waits for it.
pub(crate) fn wait<A: Awaited>(
    awaited: A,
    party: &impl Sleeps,
    alarm: &Alarm,
    deadline: Deadline,
) -> Result<A::Got, Unmet> {
    let mut waiter = Waiter {
        awaited,
        party,
        slices: Slices::new(),
        // Before the first question: what comes later is told by another number.
        news: party.news(),
        asked: Asked::now(),
        slept: false,
        done: None,
        pace: Pace::new(),
    };
    let ended = wait_for(
        &mut waiter,
        |waiter| waiter.attempt(),
        |waiter, _| match waiter.pace.pause() {
            true => Pause::Again,
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
    slices: Slices,
    /// The number of the news that it knows.
    news: u32,
    /// When it last asked, or began to wait.
    asked: Asked,
    /// Whether it has slept: then a wake-up may have been for it.
    slept: bool,
    /// What came of the wait, if that was found out elsewhere than in `attempt`.
    done: Option<Result<A::Got, LivenessError>>,
    /// How long it looks before it sleeps.
    pace: Pace,
}

impl<A: Awaited, P: Sleeps> Waiter<'_, A, P> {
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
        let sign = self.awaited.sign();
        let token = sign.arm(self.awaited.fences());
        if let Some(got) = self.awaited.attempt() {
            self.done = Some(Ok(got));
            return;
        }
        let limit = self.slices.next().min(left);
        self.party.sleep(sign.bell(), token, self.news, alarm, token.limit(limit));
        self.slept = true;
        let news = self.party.news();
        if news != self.news || !sign.count().has_rung(token) || self.asked.is_due() {
            self.news = news;
            self.done = self.awaited.ask().transpose();
        }
    }
}
