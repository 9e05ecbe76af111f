//! Calls that block: looking again and again, until it is there, or too late, or nobody is left to wait for.

use core::time::Duration;

use super::Pause;
use super::stall::Pace;
use crate::position::Pos;

/// The longest that a waiter sleeps without looking again, whatever else holds.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// How often a waiter asks whether the other side lives. With a slice of sleep before it, a death
/// is noticed well within 150 ms.
#[cfg(feature = "std")]
pub(super) const PATROL: Duration = Duration::from_millis(20);
/// The most rounds between two looks at the clock.
const ROUNDS_PER_LOOK: u32 = 64;
/// If the rounds between two looks took longer than this, a round is no mere look at the ring, and
/// the clock is worth a look after each.
#[cfg(feature = "std")]
const SLOW_ROUNDS: Duration = Duration::from_micros(20);

/// Why somebody has stopped waiting for what did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    TimeOver,
    /// The other side is dead.
    Dead,
}

/// Calls `attempt` until it returns something, waiting in between. `sleep` sleeps for at most as long
/// as it is told. `alive` is asked now and then, and `false` ends the waiting, after a last attempt:
/// what the dead had done before is not left behind.
pub(crate) fn wait_for<H, R>(
    handle: &mut H,
    mut attempt: impl FnMut(&mut H) -> Option<R>,
    pause: impl Fn(&mut H, u32) -> Pause,
    sleep: impl Fn(&mut H, Duration),
    alive: impl Fn(&mut H) -> bool,
    limit: Limit,
    patrol: &mut Patrol,
) -> Result<R, Ended> {
    let mut watch = Watch::new(limit);
    let (mut round, mut next_look, mut between) = (0u32, 0u32, 1);
    loop {
        if let Some(found) = attempt(handle) {
            return Ok(found);
        }
        let pause = pause(handle, round);
        if pause == Pause::Sleep || round >= next_look {
            let glance = watch.look();
            if patrol.is_due().is_some() && !alive(handle) {
                return attempt(handle).ok_or(Ended::Dead);
            }
            // What came during the pause is not left behind for a time that is over.
            let Some(left) = glance.left else { return attempt(handle).ok_or(Ended::TimeOver) };
            between = if glance.slow { 1 } else { (between * 2).min(ROUNDS_PER_LOOK) };
            next_look = round.saturating_add(between);
            if pause == Pause::Sleep {
                sleep(handle, left.min(patrol.pace.sleep()));
            }
        }
        round = round.saturating_add(1);
    }
}

/// When a call that blocks gives up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Never,
    #[cfg(feature = "std")]
    At(std::time::Instant),
}

impl Limit {
    /// What is left of it, but no more than so long.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn left(self, most: Duration) -> Duration {
        match self {
            Limit::Never => most,
            Limit::At(end) => end.saturating_duration_since(std::time::Instant::now()).min(most),
        }
    }

    /// So long from now; never, if that is beyond what the clock can represent.
    #[cfg(feature = "std")]
    pub(crate) fn after(timeout: Duration) -> Limit {
        std::time::Instant::now().checked_add(timeout).map_or(Limit::Never, Limit::At)
    }
}

/// What a look at the clock says.
struct Glance {
    /// Time that is left; `None`: it is over.
    left: Option<Duration>,
    /// It is long since the last look.
    slow: bool,
}

/// When somebody who waits, in one call or in many short ones, asks whether the other side lives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patrol {
    /// How often.
    pace: Pace,
    /// When this began, and when it was last due.
    #[cfg(feature = "std")]
    times: Option<(std::time::Instant, std::time::Instant)>,
}

impl Patrol {
    /// One of that pace.
    pub(crate) fn of(pace: Pace) -> Patrol {
        Patrol {
            pace,
            #[cfg(feature = "std")]
            times: None,
        }
    }

    /// Whether it is time to, and then how long it has been going on. Without a clock it never is.
    #[cfg(feature = "std")]
    pub(crate) fn is_due(&mut self) -> Option<Duration> {
        let now = std::time::Instant::now();
        let (start, last) = self.times.get_or_insert((now, now));
        let due = now.saturating_duration_since(*last) >= self.pace.look();
        due.then(|| {
            *last = now;
            now.saturating_duration_since(*start)
        })
    }

    /// Whether it is time to. Without a clock it never is.
    #[cfg(not(feature = "std"))]
    pub(crate) fn is_due(&mut self) -> Option<Duration> {
        None
    }
}

/// The patrol of somebody who may wait for the same message in many short calls, and is as much in need of one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Vigil {
    #[cfg(feature = "std")]
    waits_for: Option<Pos>,
    patrol: Patrol,
}

impl Vigil {
    /// The patrol while one waits for that position: a new one, if it was another one until now.
    pub(crate) fn patrol(&mut self, _waits_for: Pos) -> &mut Patrol {
        #[cfg(feature = "std")]
        if self.waits_for.replace(_waits_for) != Some(_waits_for) {
            self.patrol = Patrol::default();
        }
        &mut self.patrol
    }
}

/// Somebody's clock while he waits. Without one, nobody is ever too late or dead.
#[cfg(not(feature = "std"))]
struct Watch;

#[cfg(not(feature = "std"))]
impl Watch {
    fn new(_limit: Limit) -> Watch {
        Watch
    }

    fn look(&mut self) -> Glance {
        Glance { left: Some(SLICE), slow: false }
    }
}

/// Somebody's clock while he waits.
#[cfg(feature = "std")]
struct Watch {
    limit: Limit,
    last: Option<std::time::Instant>,
}

#[cfg(feature = "std")]
impl Watch {
    fn new(limit: Limit) -> Watch {
        Watch { limit, last: None }
    }

    fn look(&mut self) -> Glance {
        let now = std::time::Instant::now();
        let left = match self.limit {
            Limit::Never => Some(SLICE),
            Limit::At(end) => Some(end.saturating_duration_since(now)).filter(|l| !l.is_zero()),
        };
        let slow = self.last.is_some_and(|last| now.saturating_duration_since(last) > SLOW_ROUNDS);
        self.last = Some(now);
        Glance { left, slow }
    }
}
