//! How often a waiter looks up from what it waits for.

use core::time::Duration;

/// The longest that a waiter sleeps without looking again, whatever else holds.
pub const LONGEST_SLEEP: Duration = Duration::from_millis(50);
/// How often a waiter asks whether the other side lives. With a sleep of the longest before it, a
/// death is noticed well within 150 ms.
pub const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// The most that one look counts.
#[cfg(feature = "std")]
const MOST: Duration = Duration::from_millis(100);
/// The least between two looks, as far as limits say.
#[cfg(feature = "std")]
const LEAST_STEP: Duration = Duration::from_millis(1);

/// How often a waiter looks at more than what it waits for, and for how long it sleeps at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The smallest limit that it has to keep, if there is one.
    #[cfg(feature = "std")]
    limit: Option<Duration>,
}

impl Pace {
    /// That of a waiter that has to keep such limits, in milliseconds; `u32::MAX`: none.
    pub fn within(_limits: [u32; 2]) -> Pace {
        #[cfg(feature = "std")]
        {
            let set = _limits.into_iter().filter(|&limit| limit != u32::MAX).min();
            Pace { limit: set.map(|limit| Duration::from_millis(limit.into())) }
        }
        #[cfg(not(feature = "std"))]
        Pace {}
    }

    /// The longest sleep.
    pub fn sleep(self) -> Duration {
        #[cfg(feature = "std")]
        if let Some(step) = self.step() {
            return step.min(LONGEST_SLEEP);
        }
        LONGEST_SLEEP
    }

    /// The time between two looks.
    pub fn look(self) -> Duration {
        #[cfg(feature = "std")]
        if let Some(step) = self.step() {
            return step.min(CHECK_INTERVAL);
        }
        CHECK_INTERVAL
    }
}

#[cfg(feature = "std")]
impl Pace {
    /// So that a limit is over after a few looks.
    fn step(self) -> Option<Duration> {
        self.limit.map(|limit| (limit / 4).max(LEAST_STEP))
    }

    /// The most time that passed between two looks and counts towards a limit: what is longer was
    /// a pause of the waiter itself.
    pub fn most(self) -> Duration {
        self.limit.map_or(MOST, |limit| (limit / 2).max(LEAST_STEP).min(MOST))
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    const NONE: u32 = u32::MAX;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn sleeps_and_looks_follow_the_smallest_limit() {
        let pace = |limits| {
            let pace = Pace::within(limits);
            (pace.look(), pace.sleep(), pace.most())
        };
        assert_eq!(pace([NONE, NONE]), (CHECK_INTERVAL, LONGEST_SLEEP, MOST));
        assert_eq!(pace([NONE, 100_000]), (CHECK_INTERVAL, LONGEST_SLEEP, MOST));
        assert_eq!(pace([100, NONE]), (ms(20), ms(25), ms(50)));
        assert_eq!(pace([5, 100]), (ms(5) / 4, ms(5) / 4, ms(5) / 2));
        assert_eq!(pace([100, 1]), (ms(1), ms(1), ms(1)));
        assert_eq!(pace([0, 0]), (ms(1), ms(1), ms(1)));
    }
}
