//! The default way to wait: looking for as long as that pays.

use super::experience::Experience;
use super::strategy::{
    PAUSES_FOR_ROOM, Pause, SpinThenSleep, Wait, linger_for_room, pauses_for_room,
};
use crate::kernel;
use crate::sync::spin_loop;

/// Rounds of looking before the first sleep.
const ROUNDS: u32 = SpinThenSleep::DEFAULT.spins;
/// The same when it is room that is waited for.
const ROUNDS_FOR_ROOM: u32 = ROUNDS.div_ceil(PAUSES_FOR_ROOM);

/// Looks for some tens of microseconds and then sleeps until it is woken, like
/// [`SpinThenSleep::DEFAULT`]; where looking does not pay, sleeps at once. The default.
///
/// Looking pays if what is waited for comes meanwhile: it saves two system calls, and the time that
/// waking up takes. It never pays where the other side needs the processor that this one keeps by
/// looking. A handle finds that out by itself, in two ways:
///
/// - Made on a thread that may run on one processor alone (`sched_getaffinity`), it does not look in
///   its first wait, and has little faith from then on: the next time that it looks in vain, it
///   rests.
/// - When it has looked in vain four times in a row, it *rests*: waits that begin within 64
///   microseconds sleep at once, without a look. Then the next wait looks again. If that is in vain
///   too, the next rest is twice as long, up to 4 ms; if it pays, all is as in the beginning.
///
/// So looking in vain takes a few hundredths of the time. And where the other side gets a processor
/// of its own, the handle looks again after 4 ms at most. Waits that begin more than 4 ms after the
/// last one in vain look as [`SpinThenSleep`] does, whatever came of it before. A call whose time is
/// over before it would sleep counts as one that paid.
///
/// What it has found out is the handle's own. It costs nothing while looking pays; a wait that
/// sleeps reads the clock once. A quota of processor time is not looked at: see "One processor" in
/// `docs/operations.md`. To have it otherwise give a handle another [`Wait`], which does just what
/// it says: [`SpinThenSleep`] with as many rounds as you like, or [`Spin`](super::Spin).
///
/// Without `std` there is no clock, and every wait looks.
///
/// ```
/// use ringway_shm::wait::{AdaptiveSpin, Pause, Wait};
///
/// let mut wait = AdaptiveSpin::new();
/// // One wait after another, for what comes only when this side sleeps.
/// for _ in 0..10 {
///     let mut round = 0;
///     while wait.pause(round) == Pause::Again {
///         round += 1;
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveSpin {
    experience: Experience,
}

impl AdaptiveSpin {
    /// One that has not waited yet, for a handle that is used on this thread or on others. Asks the
    /// kernel on how many processors the thread may run, which takes less than a microsecond; what
    /// the kernel does not say is taken for several.
    pub fn new() -> AdaptiveSpin {
        AdaptiveSpin { experience: Experience::new(kernel::has_one_processor()) }
    }

    /// Whether a wait looks in this round, of so many at most. It sleeps if not.
    #[inline]
    fn looks(&mut self, round: u32, rounds: u32) -> bool {
        if round == 0 {
            self.experience.begins();
        }
        let looks = self.experience.looks() && round < rounds;
        if !looks {
            self.experience.sleeps();
        }
        looks
    }
}

/// The same as [`AdaptiveSpin::new`].
impl Default for AdaptiveSpin {
    fn default() -> Self {
        AdaptiveSpin::new()
    }
}

impl Wait for AdaptiveSpin {
    #[inline]
    fn pause(&mut self, round: u32) -> Pause {
        if self.looks(round, ROUNDS) {
            spin_loop();
            Pause::Again
        } else {
            Pause::Sleep
        }
    }

    fn pause_for_room(&mut self, round: u32) -> Pause {
        if self.looks(round, ROUNDS_FOR_ROOM) {
            pauses_for_room();
            Pause::Again
        } else {
            Pause::Sleep
        }
    }

    /// Not where looking does not pay: then room comes while this side sleeps.
    fn linger(&mut self, round: u32) -> bool {
        !self.experience.rests() && linger_for_room(round)
    }
}
