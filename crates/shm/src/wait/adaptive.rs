//! The default way to wait: looking for as long as that pays.

use super::experience::Experience;
use super::strategy::{
    PAUSES_FOR_ROOM, Pause, QUICK_ROUNDS, SpinThenSleep, Wait, linger_for_room, pauses_for_room,
};
use crate::sync::spin_loop;

/// Rounds of looking before the first sleep.
const ROUNDS: u32 = SpinThenSleep::DEFAULT.spins;
/// The same when it is room that is waited for.
const ROUNDS_FOR_ROOM: u32 = ROUNDS.div_ceil(PAUSES_FOR_ROOM);

/// Looks for some tens of microseconds and then sleeps until it is woken, as
/// [`SpinThenSleep::DEFAULT`] does. Where looking does not pay, it sleeps at once. The default.
///
/// Looking pays if what is waited for comes meanwhile: that saves two system calls, and the time
/// that waking up takes. It never pays where the other side needs the processor on which this one
/// looks. A handle notices that by itself:
///
/// - A handle made on a thread that may run on one processor alone (`sched_getaffinity`) sleeps at
///   once in its first wait. It looks in the second, and rests if that is in vain.
/// - A handle that has looked in vain in four waits in a row *rests*: waits that begin within the
///   next 64 microseconds sleep at once. The wait after that looks again. If it pays, everything is
///   as in the beginning; if not, the next rest is twice as long, up to 4 milliseconds.
///
/// So looking in vain takes a few hundredths of the time. A handle for which looking would pay, the
/// other side having got a processor of its own, looks again after 4 milliseconds at most. Where
/// waits are longer than that, because messages are rare, each looks first. A call whose time is
/// over before it would sleep counts as one that paid.
///
/// What a handle has noticed is its own, and is copied with the handle. It costs nothing while
/// looking pays; a wait that sleeps reads the clock once more. Quotas of processor time are not
/// looked at. Any other [`Wait`] does what it says, whatever comes of it: [`SpinThenSleep`] with as
/// many rounds as you like, or [`Spin`](super::Spin).
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
    /// One that has not waited yet. Asks the kernel on how many processors this thread may run: one
    /// system call, which needs no file. What the kernel does not say is taken for several.
    pub fn new() -> AdaptiveSpin {
        AdaptiveSpin { experience: Experience::new() }
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

    fn quick_rounds(&self) -> u32 {
        QUICK_ROUNDS
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
