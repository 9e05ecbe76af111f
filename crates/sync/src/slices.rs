//! For how long a waiter sleeps at a time.

use core::time::Duration;

use ringway_shm::sync::NATIVE;

/// The first sleep. In a model the shortest ones end by themselves, and none is to: so a wake-up
/// that is lost is a deadlock there.
const SHORTEST: Duration = Duration::from_millis(if NATIVE { 1 } else { 2 });
/// The longest sleep. A death is noticed at the end of one.
const LONGEST: Duration = Duration::from_millis(20);

/// Sleeps that grow, so that a death is noticed after about the time that was waited already: 1, 2,
/// 4, 8 and 16 milliseconds, and then 20 each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slices {
    next: Duration,
}

impl Slices {
    pub(crate) const fn new() -> Slices {
        Slices { next: SHORTEST }
    }

    /// For how long to sleep now.
    pub(crate) fn next(&mut self) -> Duration {
        let now = self.next;
        self.next = now.saturating_mul(2).min(LONGEST);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_double_up_to_the_longest() {
        let mut slices = Slices::new();
        let all: [u128; 7] = core::array::from_fn(|_| slices.next().as_millis());
        assert_eq!(all, [1, 2, 4, 8, 16, 20, 20]);
    }
}
