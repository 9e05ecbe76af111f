//! Whether looking has paid lately: what a handle with the default [`Wait`](super::Wait) goes by.
//!
//! A wait looks for a while and then sleeps. Its looking *pays* if what it waits for comes
//! meanwhile, so that it does not sleep. Where the other side shares the processor, looking never
//! pays: the other side goes on when this one sleeps. So a handle that has looked in vain again and
//! again *rests*: its waits sleep at once. A rest is short, and the wait after it looks again, so
//! that a handle notices when looking would pay.
//!
//! That bounds both mistakes. Looking in vain takes no more time than one look in each rest of the
//! longest kind. Sleeping where looking would pay is over after one such rest.

#[cfg(all(feature = "std", not(ringway_loom)))]
pub(super) use kept::Experience;

#[cfg(not(all(feature = "std", not(ringway_loom))))]
pub(super) use none::Experience;

#[cfg(all(feature = "std", not(ringway_loom)))]
mod kept {
    use std::time::{Duration, Instant};

    use crate::kernel;

    /// Waits in a row that have looked in vain, after which the handle still looks in the next one:
    /// a pause in a stream of messages is no reason to look no more.
    pub(super) const ALLOWED: u8 = 3;
    /// The first rest. Each that follows is twice as long.
    pub(super) const SHORTEST: Duration = Duration::from_micros(64);
    /// How often a rest is doubled. The longest is 4 ms.
    pub(super) const DOUBLINGS: u8 = 6;

    /// When waits sleep at once.
    #[derive(Clone, Copy, Debug)]
    enum Rest {
        /// They do not.
        Over,
        /// The next one does.
        Next,
        /// Those that begin before that do.
        Until(Instant),
    }

    /// What a handle's waits have come to.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Experience {
        rest: Rest,
        /// Waits in a row that looked in vain.
        in_vain: u8,
        /// The last wait to begin looks, or looked and has not slept.
        looks: bool,
    }

    impl Experience {
        /// That of a handle that has not waited yet, and is made on this thread.
        pub(in super::super) fn new() -> Experience {
            Experience::on(kernel::has_one_processor())
        }

        /// The same on a thread that may run on one processor alone, or on several.
        fn on(one_processor: bool) -> Experience {
            let (rest, in_vain) =
                if one_processor { (Rest::Next, ALLOWED) } else { (Rest::Over, 0) };
            Experience { rest, in_vain, looks: false }
        }

        /// A wait begins, and the one before it is over.
        pub(in super::super) fn begins(&mut self) {
            self.begins_at(Instant::now);
        }

        /// The wait that has begun goes to sleep, for the first time or once more.
        pub(in super::super) fn sleeps(&mut self) {
            self.sleeps_at(Instant::now);
        }

        /// Whether the wait that has begun looks. Not if it has slept.
        #[inline]
        pub(in super::super) fn looks(&self) -> bool {
            self.looks
        }

        /// Whether looking has not paid for so long that waits sleep at once now and then.
        pub(in super::super) fn rests(&self) -> bool {
            self.in_vain > ALLOWED || matches!(self.rest, Rest::Next)
        }

        fn begins_at(&mut self, now: impl FnOnce() -> Instant) {
            if self.looks {
                // It has not slept: it paid.
                self.in_vain = 0;
            }
            self.looks = match self.rest {
                Rest::Over => true,
                Rest::Next => false,
                Rest::Until(end) => now() >= end,
            };
            if self.looks || matches!(self.rest, Rest::Next) {
                self.rest = Rest::Over;
            }
        }

        fn sleeps_at(&mut self, now: impl FnOnce() -> Instant) {
            if !self.looks {
                return;
            }
            self.looks = false;
            self.in_vain = (self.in_vain + 1).min(ALLOWED + 1 + DOUBLINGS);
            if let Some(doublings) = self.in_vain.checked_sub(ALLOWED + 1) {
                self.rest = Rest::Until(now() + SHORTEST * (1 << doublings));
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use proptest::prelude::*;
        use std::vec::Vec;

        /// What a wait looks for at most, and what a sleep takes.
        const LOOKING: Duration = Duration::from_micros(60);
        const LONGEST: Duration = Duration::from_micros(64 << DOUBLINGS);

        /// A handle, and a clock that goes on as it is told.
        struct Handle {
            experience: Experience,
            now: Instant,
        }

        /// How a wait ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum End {
            /// While it looked.
            Paid,
            /// Asleep, having looked for nothing.
            InVain,
            /// Asleep, without a look.
            AtOnce,
        }

        impl Handle {
            fn new(one_processor: bool) -> Handle {
                Handle { experience: Experience::on(one_processor), now: Instant::now() }
            }

            /// Waits, what it waits for coming by itself after so long, or `None`: as soon as this
            /// one sleeps.
            fn waits(&mut self, comes_after: Option<Duration>) -> End {
                let now = self.now;
                self.experience.begins_at(|| now);
                if !self.experience.looks() {
                    self.experience.sleeps_at(|| now);
                    self.now += comes_after.unwrap_or_default();
                    return End::AtOnce;
                }
                if let Some(after) = comes_after.filter(|&after| after < LOOKING) {
                    self.now += after;
                    return End::Paid;
                }
                self.now += LOOKING;
                let now = self.now;
                self.experience.sleeps_at(|| now);
                self.now += comes_after.unwrap_or_default().saturating_sub(LOOKING);
                assert!(!self.experience.looks());
                End::InVain
            }

            /// The same so many times, after a time of something else: how many ended like that.
            fn ends(&mut self, times: u32, gap: u64, after: Option<Duration>, end: End) -> u32 {
                (0..times).fold(0, |ends, _| {
                    self.now += Duration::from_micros(gap);
                    ends + u32::from(self.waits(after) == end)
                })
            }
        }

        fn micros(micros: u64) -> Duration {
            Duration::from_micros(micros)
        }

        #[test]
        fn while_looking_pays_every_wait_looks_and_the_clock_is_not_read() {
            let mut experience = Experience::on(false);
            for _ in 0..100 {
                experience.begins_at(|| panic!("the clock"));
                assert!(experience.looks() && !experience.rests());
            }
        }

        #[test]
        fn on_a_shared_processor_almost_every_wait_sleeps_at_once() {
            // 6 microseconds there and back, as measured.
            for one_processor in [false, true] {
                let mut handle = Handle::new(one_processor);
                let begin = handle.now;
                let in_vain = handle.ends(100_000, 6, None, End::InVain);
                let rests = (handle.now - begin).as_micros() / LONGEST.as_micros();
                let most = rests as u32 + u32::from(ALLOWED + 1 + DOUBLINGS) + 1;
                assert!(in_vain <= most, "{in_vain} of {most}");
                // Of the time, a fiftieth.
                assert!(LOOKING * in_vain < (handle.now - begin) / 50);
            }
        }

        #[test]
        fn the_first_wait_on_one_processor_sleeps_at_once_and_the_second_tries() {
            let mut handle = Handle::new(true);
            assert!(handle.experience.rests());
            assert_eq!(handle.waits(None), End::AtOnce);
            // Two sides that are pinned to a processor each look from then on.
            assert_eq!(handle.ends(100, 1, Some(micros(1)), End::Paid), 100);
            assert!(!handle.experience.rests());
            // Two that share one find that out at once.
            let mut handle = Handle::new(true);
            handle.waits(None);
            assert_eq!(handle.waits(None), End::InVain);
            assert_eq!(handle.waits(None), End::AtOnce);
        }

        #[test]
        fn a_few_waits_in_vain_change_nothing() {
            let mut handle = Handle::new(false);
            for _ in 0..100 {
                let long = Some(micros(300));
                assert_eq!(handle.ends(ALLOWED.into(), 0, long, End::InVain), ALLOWED.into());
                assert_eq!(handle.waits(Some(micros(1))), End::Paid);
            }
        }

        #[test]
        fn messages_that_are_rare_are_waited_for_as_ever() {
            let mut handle = Handle::new(false);
            // Each wait looks for a moment, as before, which is nothing beside the pause.
            assert_eq!(handle.ends(1000, 0, Some(micros(10_000)), End::InVain), 1000);
            // And when they come fast again, the first wait that can pays.
            assert_eq!(handle.waits(Some(micros(1))), End::Paid);
        }

        #[test]
        fn after_a_move_to_processors_of_their_own_the_longest_rest_is_the_end_of_it() {
            let mut handle = Handle::new(true);
            handle.ends(10_000, 6, None, End::AtOnce);
            let moved = handle.now;
            while handle.waits(Some(micros(1))) != End::Paid {}
            assert!(handle.now - moved <= LONGEST + micros(1));
            assert_eq!(handle.ends(1000, 1, Some(micros(1)), End::Paid), 1000);
        }

        /// What becomes of one wait after another.
        fn waits() -> impl Strategy<Value = Vec<(u64, Option<u64>)>> {
            let comes_after = prop_oneof![Just(None), (0..200u64).prop_map(Some)];
            prop::collection::vec((prop_oneof![0..10u64, 0..5000u64], comes_after), 1..400)
        }

        proptest! {
            #[test]
            fn both_mistakes_are_bounded(one_processor: bool, waits in waits()) {
                let mut handle = Handle::new(one_processor);
                // Since looking last paid: when that was, and how often it has been in vain.
                let (mut since, mut in_vain) = (handle.now, 0u128);
                // Since it last was in vain.
                let mut last = handle.now;
                for (number, (gap, comes_after)) in waits.into_iter().enumerate() {
                    handle.now += micros(gap);
                    let begin = handle.now;
                    match handle.waits(comes_after.map(micros)) {
                        End::Paid => (since, in_vain) = (handle.now, 0),
                        End::InVain => (last, in_vain) = (begin + LOOKING, in_vain + 1),
                        End::AtOnce if one_processor && number == 0 => {}
                        End::AtOnce => {
                            prop_assert!(begin - last < LONGEST);
                            prop_assert!(handle.experience.rests());
                        }
                    }
                    let rests = (handle.now - since).as_micros() / LONGEST.as_micros();
                    prop_assert!(in_vain <= rests + u128::from(ALLOWED + 2 + DOUBLINGS));
                }
            }
        }
    }
}

/// Without a clock there is nothing to go by: every wait looks.
#[cfg(not(all(feature = "std", not(ringway_loom))))]
mod none {
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Experience;

    impl Experience {
        pub(in super::super) fn new() -> Experience {
            Experience
        }

        #[inline(always)]
        pub(in super::super) fn begins(&mut self) {}

        #[inline(always)]
        pub(in super::super) fn looks(&self) -> bool {
            true
        }

        #[inline(always)]
        pub(in super::super) fn sleeps(&mut self) {}

        #[inline(always)]
        pub(in super::super) fn rests(&self) -> bool {
            false
        }
    }
}
