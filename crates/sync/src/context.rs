//! The contexts of one program: threads, cores, tasks, interrupt handlers. What is in a `static` is
//! theirs.
//!
//! None of them dies, and so they are not told apart: one owner stands in words for them all
//! ([`ME`]). What is in a `static` goes by the words of the region's kinds, with this party.
//!
//! How a context waits is told by a [`Wait`] that lies in the `static`, of which each call makes a
//! copy of its own. Where threads can sleep ([`SLEEPS`]) a [`Pause::Sleep`] is a sleep on the bell of
//! the words, as in a region; else it is a hint to the processor.

use core::time::Duration;

use ringway_shm::LivenessError;
use ringway_shm::event::{SLEEPS, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, NATIVE, spin_loop};
use ringway_shm::wait::{Pause, SpinThenSleep, Wait};

use crate::alarm::Alarm;
use crate::owner::Owner;
use crate::party::{Party, Sleeps};

/// The owner that all contexts are.
pub(crate) const ME: Owner = Owner::new(0, 0);

/// How contexts wait that were not told how. In a model each look is a turn of the others', and one
/// that sleeps has an end.
pub(crate) const DEFAULT_WAIT: SpinThenSleep = match NATIVE {
    true => SpinThenSleep::DEFAULT,
    false => SpinThenSleep { spins: 0 },
};

/// A context of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context;

impl Party for Context {
    #[inline(always)]
    fn me(&self) -> Owner {
        ME
    }

    fn is_gone(&self, _owner: Owner) -> Result<bool, LivenessError> {
        Ok(false)
    }

    #[inline(always)]
    fn fences(&self) -> Fences {
        Fences::FULL
    }
}

impl Sleeps for Context {
    fn news(&self) -> u32 {
        0
    }

    fn sleep(&self, bell: &Futex, token: Token, _news: u32, _alarm: &Alarm, limit: Duration) {
        bell.wait(token.expected(), token.limit(limit));
    }
}

/// Calls `attempt` until it returns something, and in between waits as `wait` says. `sleep` waits by
/// itself, where threads can sleep, and returns what came of it.
pub(crate) fn wait_until<R>(
    mut wait: impl Wait,
    attempt: impl Fn() -> Option<R>,
    sleep: impl Fn() -> Option<R>,
) -> R {
    let mut round = 0u32;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        if wait.pause(round) == Pause::Sleep {
            match SLEEPS {
                true => {
                    if let Some(found) = sleep() {
                        return found;
                    }
                }
                false => spin_loop(),
            }
        }
        round = round.saturating_add(1);
    }
}
