//! Calls that block: looking again and again, until it is there, or too late, or the other side is
//! dead.

use core::time::Duration;

use super::pace::{LONGEST_SLEEP, Pace};
use super::strategy::Pause;
use crate::sync::Word;

/// The most rounds between two looks at the clock.
const ROUNDS_PER_LOOK: u32 = 64;
/// If the rounds between two looks took longer than this, a round is more than a look at a word,
/// and the clock is worth a look after each.
#[cfg(feature = "std")]
const SLOW_ROUNDS: Duration = Duration::from_micros(20);

/// Why a waiter has stopped waiting for what did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The deadline has passed.
    TimeOver,
    /// The other side is dead.
    Dead,
    /// The program has ended the waiting.
    Interrupted,
}

/// Calls `attempt` until it returns something, waiting in between.
///
/// `pause` says what to do after a look in vain (see [`Wait`](super::Wait)), and makes no more than
/// `quick` short pauses first; `sleep` sleeps for at most as long as it is told. `ends` is called
/// whenever the clock is looked at, and asks for the other side if that [is
/// due](DeathCheck::is_due). What it returns ends the waiting, after a last attempt: what the dead
/// had done before is not left behind. So does the deadline.
///
/// Looking at a clock takes longer than looking for a message, and what comes meanwhile is found
/// late. So the first look is after the `quick` rounds, in which most messages come that come soon.
pub fn wait_for<H, R>(
    handle: &mut H,
    mut attempt: impl FnMut(&mut H) -> Option<R>,
    pause: impl Fn(&mut H, u32) -> Pause,
    sleep: impl Fn(&mut H, Duration),
    mut ends: impl FnMut(&mut H) -> Option<Ended>,
    deadline: Deadline,
    quick: u32,
) -> Result<R, Ended> {
    let mut clock = Clock::new(deadline);
    let (mut round, mut next_look, mut between) = (0u32, quick, 1);
    loop {
        if let Some(found) = attempt(handle) {
            return Ok(found);
        }
        let pause = pause(handle, round);
        if pause == Pause::Sleep || round >= next_look {
            let reading = clock.look();
            if let Some(ended) = ends(handle) {
                return attempt(handle).ok_or(ended);
            }
            // What came during the pause is not left behind for a time that is over.
            let Some(left) = reading.left else { return attempt(handle).ok_or(Ended::TimeOver) };
            between = if reading.slow { 1 } else { (between * 2).min(ROUNDS_PER_LOOK) };
            next_look = round.saturating_add(between);
            if pause == Pause::Sleep {
                sleep(handle, left);
            }
        }
        round = round.saturating_add(1);
    }
}

/// When a call that blocks gives up. Calls with a time-out take what can be made one: a `Duration`,
/// which counts from the moment at which the call begins to wait, or an `Instant`.
///
/// Reaching it is noticed within microseconds by a call that looks again and again, and as soon as
/// the kernel lets it run by one that sleeps.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use ringway_shm::wait::Deadline;
/// use std::time::{Duration, Instant};
///
/// let second = Duration::from_secs(1);
/// let deadline = Deadline::from(Instant::now() + second);
/// assert!(deadline.left(Duration::MAX) <= second);
/// // So far ahead that no clock gets there.
/// assert!(matches!(Deadline::from(Duration::MAX), Deadline::Never));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Deadline {
    /// Never.
    Never,
    /// At that time.
    #[cfg(feature = "std")]
    At(std::time::Instant),
}

impl Deadline {
    /// The time that is left, but no more than `most`.
    pub fn left(self, most: Duration) -> Duration {
        match self {
            Deadline::Never => most,
            #[cfg(feature = "std")]
            Deadline::At(end) => end.saturating_duration_since(std::time::Instant::now()).min(most),
        }
    }

    /// So long from now; never, if that is beyond what the clock can represent.
    #[cfg(feature = "std")]
    pub fn after(timeout: Duration) -> Deadline {
        std::time::Instant::now().checked_add(timeout).map_or(Deadline::Never, Deadline::At)
    }
}

/// So long from now: see [`Deadline::after`].
#[cfg(feature = "std")]
impl From<Duration> for Deadline {
    fn from(timeout: Duration) -> Deadline {
        Deadline::after(timeout)
    }
}

#[cfg(feature = "std")]
impl From<std::time::Instant> for Deadline {
    fn from(end: std::time::Instant) -> Deadline {
        Deadline::At(end)
    }
}

/// When a waiter asks whether the other side lives. The waiting may be one call, or many short
/// ones: a waiter keeps its check, and says what it waits for.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeathCheck {
    /// How often.
    pace: Pace,
    /// What is waited for.
    #[cfg(feature = "std")]
    waits_for: Option<Word>,
    /// When this began, and when it was last due.
    #[cfg(feature = "std")]
    times: Option<(std::time::Instant, std::time::Instant)>,
}

impl DeathCheck {
    /// One of that pace.
    pub fn of(pace: Pace) -> DeathCheck {
        DeathCheck {
            pace,
            #[cfg(feature = "std")]
            waits_for: None,
            #[cfg(feature = "std")]
            times: None,
        }
    }

    /// The check while its owner waits for that. It begins anew if that was another until now.
    pub fn for_wait(&mut self, _waits_for: Word) -> &mut DeathCheck {
        #[cfg(feature = "std")]
        if self.waits_for != Some(_waits_for) {
            *self = DeathCheck { waits_for: Some(_waits_for), ..DeathCheck::of(self.pace) };
        }
        self
    }

    /// The longest sleep of the waiter, so that it asks in time.
    pub fn longest_sleep(&self) -> Duration {
        self.pace.sleep()
    }

    /// Whether it is time to ask, and then how long the waiting has been going on. Without a clock
    /// it never is.
    #[cfg(feature = "std")]
    pub fn is_due(&mut self) -> Option<Duration> {
        // In a model no time passes, however long the machine takes for a step.
        if cfg!(ringway_loom) {
            return None;
        }
        let now = std::time::Instant::now();
        let (start, last) = self.times.get_or_insert((now, now));
        let due = now.saturating_duration_since(*last) >= self.pace.look();
        due.then(|| {
            *last = now;
            now.saturating_duration_since(*start)
        })
    }

    /// Whether it is time to ask. Without a clock it never is.
    #[cfg(not(feature = "std"))]
    pub fn is_due(&mut self) -> Option<Duration> {
        None
    }
}

/// What a look at the clock says.
struct Reading {
    /// Time that is left; `None`: it is over.
    left: Option<Duration>,
    /// It is long since the last look.
    slow: bool,
}

/// The clock of a waiter. Without `std` there is none, and it is never late.
#[cfg(not(feature = "std"))]
struct Clock;

#[cfg(not(feature = "std"))]
impl Clock {
    fn new(_deadline: Deadline) -> Clock {
        Clock
    }

    fn look(&mut self) -> Reading {
        Reading { left: Some(LONGEST_SLEEP), slow: false }
    }
}

/// The clock of a waiter.
#[cfg(feature = "std")]
struct Clock {
    deadline: Deadline,
    last: Option<std::time::Instant>,
}

#[cfg(feature = "std")]
impl Clock {
    fn new(deadline: Deadline) -> Clock {
        Clock { deadline, last: None }
    }

    fn look(&mut self) -> Reading {
        let now = std::time::Instant::now();
        let left = match self.deadline {
            Deadline::Never => Some(LONGEST_SLEEP),
            Deadline::At(end) => Some(end.saturating_duration_since(now)).filter(|l| !l.is_zero()),
        };
        let slow = self.last.is_some_and(|last| now.saturating_duration_since(last) > SLOW_ROUNDS);
        self.last = Some(now);
        Reading { left, slow }
    }
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use super::*;
    use crate::wait::{AdaptiveSpin, Spin, SpinThenSleep, SpinThenYield, Wait};

    /// What a wait did whose message was there in that round, or never.
    #[derive(Debug, Default, PartialEq)]
    struct Did {
        attempts: u32,
        pauses: u32,
        looks: u32,
        sleeps: u32,
    }

    fn waits(comes: u32, quick: u32, pause: Pause, deadline: Deadline) -> (Result<(), Ended>, Did) {
        let mut did = Did::default();
        let outcome = wait_for(
            &mut did,
            |did| {
                did.attempts += 1;
                (did.attempts > comes).then_some(())
            },
            |did, round| {
                assert_eq!(round, did.pauses);
                did.pauses += 1;
                pause
            },
            |did, _| did.sleeps += 1,
            |did| {
                did.looks += 1;
                None
            },
            deadline,
            quick,
        );
        (outcome, did)
    }

    #[test]
    fn no_clock_is_looked_at_in_the_first_rounds() {
        for comes in 0..=5 {
            let (outcome, did) = waits(comes, 5, Pause::Again, Deadline::Never);
            assert_eq!(outcome, Ok(()));
            assert_eq!(did, Did { attempts: comes + 1, pauses: comes, ..Did::default() });
        }
        // And is in the round behind them, in the next one but one, and so on.
        let looks = |comes| waits(comes, 5, Pause::Again, Deadline::Never).1.looks;
        assert_eq!([6, 7, 8, 12].map(looks), [1, 1, 2, 3]);
        assert_eq!(waits(1, 0, Pause::Again, Deadline::Never).1.looks, 1);
    }

    #[test]
    fn a_wait_that_sleeps_looks_at_the_clock_first() {
        let (outcome, did) = waits(3, 100, Pause::Sleep, Deadline::Never);
        assert_eq!(outcome, Ok(()));
        assert_eq!(did, Did { attempts: 4, pauses: 3, looks: 3, sleeps: 3 });
    }

    #[test]
    fn time_that_is_over_is_noticed_behind_the_first_rounds_and_what_has_come_is_taken() {
        let past = Deadline::At(std::time::Instant::now());
        let (outcome, did) = waits(u32::MAX, 5, Pause::Again, past);
        assert_eq!(outcome, Err(Ended::TimeOver));
        assert_eq!(did, Did { attempts: 7, pauses: 6, looks: 1, sleeps: 0 });
        assert_eq!(waits(6, 5, Pause::Again, past).0, Ok(()));
    }

    #[test]
    fn what_ends_a_wait_is_told_after_a_last_attempt() {
        for ended in [Ended::Dead, Ended::Interrupted] {
            for (comes, outcome) in [(2, Ok(())), (3, Err(ended))] {
                let found = wait_for(
                    &mut 0,
                    |attempts| {
                        *attempts += 1;
                        (*attempts > comes).then_some(())
                    },
                    |_, _| Pause::Sleep,
                    |_, _| {},
                    // After the second attempt, so that the third is the last one.
                    |attempts| (*attempts == 2).then_some(ended),
                    Deadline::Never,
                    0,
                );
                assert_eq!(found, outcome);
            }
        }
    }

    #[test]
    fn the_first_rounds_of_a_wait_that_is_quick_do_not_sleep() {
        fn is_quick(mut wait: impl Wait) -> u32 {
            let quick = wait.quick_rounds();
            (0..quick).for_each(|round| assert_eq!(wait.pause(round), Pause::Again));
            quick
        }
        let yielding = |spins| SpinThenYield { spins, yield_now: || panic!("gave way") };
        let quick = [
            is_quick(Spin),
            // On one processor alone its first wait sleeps at once.
            AdaptiveSpin::default().quick_rounds(),
            is_quick(SpinThenSleep::DEFAULT),
            is_quick(SpinThenSleep { spins: 3 }),
            is_quick(yielding(100)),
            is_quick(yielding(0)),
        ];
        assert_eq!(quick, [32, 32, 32, 3, 32, 0]);
    }
}
