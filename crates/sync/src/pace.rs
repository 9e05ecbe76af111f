//! How long a waiter looks before it sleeps.

use ringway_shm::sync::{NATIVE, spin_loop};

/// Pauses before the first sleep: as long as some short sections take. In a model each look is a turn
/// of the others', and one that sleeps has an end.
const PAUSES: u32 = if NATIVE { 100 } else { 0 };
/// The most between two looks. Each look takes the line from the owner, which needs it to unlock.
const MOST: u32 = 16;

/// Looks that become rarer: after 1 pause, 2, 4, 8, and 16 each. One that has slept does not look
/// like that again.
#[derive(Debug)]
pub(crate) struct Pace {
    left: u32,
    next: u32,
}

impl Pace {
    pub(crate) const fn new() -> Pace {
        Pace { left: PAUSES, next: 1 }
    }

    /// Makes a pause, if there is one left to make. `false`: it is time to sleep.
    pub(crate) fn pause(&mut self) -> bool {
        let now = self.next.min(self.left);
        (0..now).for_each(|_| spin_loop());
        self.left -= now;
        self.next = (self.next * 2).min(MOST);
        now > 0
    }
}

#[cfg(all(test, not(ringway_loom)))]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_come_to_an_end() {
        let mut pace = Pace::new();
        let mut looks = 0;
        while pace.pause() {
            looks += 1;
            assert!(pace.next <= MOST);
        }
        // 1, 2, 4, 8, five times 16, and the 5 that are left.
        assert_eq!((looks, pace.left), (10, 0));
        assert!(!pace.pause());
    }
}
