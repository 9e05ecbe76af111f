//! For how long consumers have kept the producer waiting, as far as that can be held against them.
//!
//! Only the producer's own looks count. Between two of them the process may have been stopped, the
//! machine suspended, or the program busy with something else, and then its consumers may not have
//! run either. So a look counts for no more than [`Pace::most`], nor for more than half of the
//! smallest limit. One that comes later than that is taken for one after a pause: it counts as if
//! it had come in time, and never brings a limit to its end, which the next one does, a step later.

#[cfg(feature = "std")]
use core::time::Duration;

use super::need::Need;
use crate::position::Pos;
use ringway_shm::wait::Pace;

/// What a producer waits for that has no room.
///
/// It may ask for room of several sizes in turn: that is one wait, as long as nothing is sent. Else
/// no look would ever be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Awaited {
    /// The position of the next message.
    pub(super) next: Pos,
    /// The message that is in the way first, if it is the arena that has no room: small messages
    /// may go on meanwhile.
    pub(super) in_the_way: Option<Pos>,
    /// The room that it asks for.
    pub(super) need: Need,
}

#[cfg(feature = "std")]
impl Awaited {
    /// Whether it is what the producer waited for before.
    pub(super) fn goes_on(self, before: Awaited) -> bool {
        self.next == before.next
            || (self.in_the_way.is_some() && self.in_the_way == before.in_the_way)
    }
}

/// What one wait has come to.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
struct Account {
    /// What is waited for. The room is the most that was asked for.
    awaited: Awaited,
    /// When the producer last looked.
    last: std::time::Instant,
    /// How much counts, since the first look, or since more room was asked for.
    counted: Duration,
}

/// The account of a producer that waits for the same thing, in one call or in many short ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stall {
    #[cfg(feature = "std")]
    account: Option<Account>,
    /// How much counted when one that may come back was last seen to be away, of those in the way.
    #[cfg(feature = "std")]
    away: Duration,
}

/// What consumers have taken of the producer's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    #[cfg(feature = "std")]
    time: Duration,
    /// As much of it as can be held against one that has been away.
    #[cfg(feature = "std")]
    since_away: Duration,
}

impl Held {
    /// Whether it is as much as a limit in milliseconds; `u32::MAX`: there is none.
    pub(crate) fn exceeds(self, _limit: u32) -> bool {
        #[cfg(feature = "std")]
        return _limit != u32::MAX && self.time >= Duration::from_millis(_limit.into());
        #[cfg(not(feature = "std"))]
        false
    }

    /// The same of one that may have been away until not long ago.
    pub(crate) fn exceeds_since_away(self, _limit: u32) -> bool {
        #[cfg(feature = "std")]
        return Held { time: self.since_away, ..self }.exceeds(_limit);
        #[cfg(not(feature = "std"))]
        false
    }
}

#[cfg(feature = "std")]
impl Stall {
    /// One that may come back is away, and in the way, as of the last look.
    pub(crate) fn is_away(&mut self) {
        self.away = self.account.map_or(Duration::ZERO, |account| account.counted);
    }

    /// Begins again if it is something else that the producer waits for.
    fn begin(&mut self, awaited: Awaited, now: std::time::Instant) -> Account {
        let mut account = Account { awaited, last: now, counted: Duration::ZERO };
        if let Some(before) = self.account.filter(|before| awaited.goes_on(before.awaited)) {
            let known = before.awaited;
            account.last = before.last;
            // Consumers that are in the way of less are in the way of more, and have been: they do
            // not come nearer. Those that are in the way of more alone have not kept the producer
            // waiting until now.
            let asks_for_more = awaited.need.messages > known.need.messages
                || awaited.need.granules > known.need.granules;
            if !asks_for_more {
                account.counted = before.counted;
            }
            account.awaited.in_the_way = awaited.in_the_way.or(known.in_the_way);
            account.awaited.need.granules = awaited.need.granules.max(known.need.granules);
            if awaited.next == known.next {
                account.awaited.need.messages = awaited.need.messages.max(known.need.messages);
            }
        }
        if account.counted.is_zero() {
            self.away = Duration::ZERO;
        }
        self.account = Some(account);
        account
    }

    /// Whether a look is due, by a producer that waits for that.
    pub(crate) fn is_due(&mut self, awaited: Awaited, pace: Pace) -> bool {
        self.is_due_at(std::time::Instant::now(), awaited, pace)
    }

    fn is_due_at(&mut self, now: std::time::Instant, awaited: Awaited, pace: Pace) -> bool {
        let Account { last, .. } = self.begin(awaited, now);
        now.saturating_duration_since(last) >= pace.look()
    }

    /// Counts a look. Returns what can be held against those who are in the way.
    pub(crate) fn look(&mut self, awaited: Awaited, pace: Pace) -> Held {
        self.look_at(std::time::Instant::now(), awaited, pace)
    }

    fn look_at(&mut self, now: std::time::Instant, awaited: Awaited, pace: Pace) -> Held {
        let Account { awaited, last, counted } = self.begin(awaited, now);
        let passed = now.saturating_duration_since(last);
        let late = passed > pace.most();
        // How much of a pause was none is not known. Counted in full, two short pauses of all
        // processes would be as much as a limit of which no consumer has had anything.
        let more = counted.saturating_add(if late { pace.look() } else { passed });
        self.account = Some(Account { awaited, last: now, counted: more });
        let time = if late { counted } else { more };
        Held { time, since_away: time.saturating_sub(self.away) }
    }
}

/// Without a clock no look is due.
#[cfg(not(feature = "std"))]
impl Stall {
    pub(crate) fn is_away(&mut self) {}

    pub(crate) fn is_due(&mut self, _awaited: Awaited, _pace: Pace) -> bool {
        false
    }

    pub(crate) fn look(&mut self, _awaited: Awaited, _pace: Pace) -> Held {
        Held {}
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::time::Instant;
    use std::vec::Vec;

    use super::*;

    const NONE: u32 = u32::MAX;

    /// Room for one message, of that position.
    fn next(position: crate::position::Position) -> Awaited {
        Awaited { next: Pos::new(position), in_the_way: None, need: Need::MESSAGE }
    }

    /// A producer that looks whenever it is due, its time passing in steps; and how many looks and
    /// how much time it takes until a limit is over.
    fn until_over(limit: u32, step: Duration) -> (u32, Duration) {
        let (pace, start) = (Pace::within([limit, NONE]), Instant::now());
        let (mut stall, mut passed, mut looks) = (Stall::default(), Duration::ZERO, 0);
        assert!(!stall.is_due_at(start, next(7), pace));
        for _ in 0..1_000_000 {
            passed += step;
            if stall.is_due_at(start + passed, next(7), pace) {
                looks += 1;
                if stall.look_at(start + passed, next(7), pace).exceeds(limit) {
                    return (looks, passed);
                }
            }
        }
        panic!("never")
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_limit_is_over_after_at_least_two_looks_and_no_more_than_a_step_late() {
        for (limit, step, late) in
            [(5, 1250, 1250), (8, 2000, 2000), (200, 20_000, 20_000), (60_000, 20_000, 20_000)]
        {
            for fine in [100, 250] {
                let (looks, time) = until_over(limit, Duration::from_micros(fine));
                let limit = ms(limit.into());
                let most = limit + Duration::from_micros(late + fine);
                assert!((limit..=most).contains(&time), "{limit:?} took {time:?}");
                assert!(u128::from(looks) >= limit.as_micros() / (step + fine) as u128, "{looks}");
                assert!(looks >= 2, "{looks}");
            }
        }
    }

    /// Five milliseconds took fifty to a hundred when looks were twenty apart, and sleeps fifty
    /// long.
    #[test]
    fn a_sleeping_producer_keeps_a_limit_of_5_ms_by_a_few_looks() {
        let sleep = Pace::within([5, NONE]).sleep();
        assert!(until_over(5, sleep).1 <= ms(7));
        // Each sleep is as much longer as a kernel may make it.
        let (looks, time) = until_over(5, sleep + Duration::from_micros(1200));
        assert!(looks <= 4 && time <= ms(10), "{looks} looks, {time:?}");
    }

    #[test]
    fn a_pause_counts_little_and_never_ends_a_limit() {
        for limit in [1, 5, 30, 100, 1000, 60_000] {
            let pace = Pace::within([NONE, limit]);
            let (mut stall, mut now) = (Stall::default(), Instant::now());
            // As near the limit as its looks come.
            loop {
                let before = stall;
                if stall.look_at(now, next(1), pace).exceeds(limit) {
                    stall = before;
                    break;
                }
                now += pace.look();
            }
            // A look that is late does not end it; one that is not, does.
            now += ms(3_600_000);
            assert!(!stall.look_at(now, next(1), pace).exceeds(limit), "{limit} ms");
            now += pace.look();
            assert!(stall.look_at(now, next(1), pace).exceeds(limit), "{limit} ms");
        }
    }

    #[test]
    fn a_producer_that_never_looks_in_time_keeps_its_limits_by_many_looks() {
        let (looks, _) = until_over(1000, ms(5000));
        assert_eq!(looks, 51);
        let (looks, _) = until_over(10, ms(5000));
        assert_eq!(looks, 5);
    }

    /// A consumer that takes two thirds of a limit, and is stopped together with its producer
    /// meanwhile.
    #[test]
    fn pauses_of_all_leave_a_consumer_most_of_its_time() {
        let pace = Pace::within([200, NONE]);
        let (mut stall, mut now) = (Stall::default(), Instant::now());
        for running in 1..=130u64 {
            now += ms(1);
            if running % 40 == 10 {
                now += ms(500);
            }
            if stall.is_due_at(now, next(1), pace) {
                let held = stall.look_at(now, next(1), pace);
                assert!(!held.exceeds(200), "after {running} ms");
            }
        }
    }

    /// How long it takes until a limit is over for a producer that asks for these in turn.
    fn in_turn(asked: &[Awaited]) -> Option<Duration> {
        let (pace, start) = (Pace::within([50, NONE]), Instant::now());
        let mut stall = Stall::default();
        for (passed, &awaited) in (0..1000).zip(asked.iter().cycle()) {
            let now = start + ms(passed);
            let due = stall.is_due_at(now, awaited, pace);
            if due && stall.look_at(now, awaited, pace).exceeds(50) {
                return Some(ms(passed));
            }
        }
        None
    }

    #[test]
    fn room_of_several_sizes_that_is_asked_for_in_turn_is_one_wait() {
        let many = Awaited { need: Need::messages(8), ..next(1) };
        let few = Awaited { need: Need::messages(2), ..next(1) };
        let large = Need { messages: 1, granules: 40 };
        let large = Awaited { in_the_way: Some(Pos::new(0)), need: large, ..next(1) };
        let alone = in_turn(&[many]).unwrap();
        for asked in [&[few, many][..], &[many, few], &[few, few, next(1), many], &[large, many]] {
            let time = in_turn(asked).unwrap();
            assert!((alone..alone + ms(15)).contains(&time), "{time:?} and not {alone:?}");
        }
        // Small messages go on, and a large one waits.
        let later: Vec<Awaited> =
            (1..1000).map(|at| Awaited { next: Pos::new(at), ..large }).collect();
        assert!(in_turn(&later).is_some());
        let later: Vec<Awaited> = (1..1000).map(next).collect();
        assert_eq!(in_turn(&later), None);
    }

    #[test]
    fn what_counted_for_less_room_does_not_count_for_more() {
        let pace = Pace::within([50, NONE]);
        let (mut stall, now) = (Stall::default(), Instant::now());
        let many = Awaited { need: Need::messages(8), ..next(1) };
        for at in [0, 12, 24, 36, 48] {
            assert!(!stall.look_at(now + ms(at), next(1), pace).exceeds(50));
        }
        assert!(!stall.look_at(now + ms(60), many, pace).exceeds(50));
        assert!(!stall.look_at(now + ms(72), next(1), pace).exceeds(50));
    }

    #[test]
    fn another_position_begins_anew() {
        let pace = Pace::within([20, NONE]);
        let (mut stall, now) = (Stall::default(), Instant::now());
        for (position, at, over) in [
            (1, 0, false),
            (1, 9, false),
            (1, 18, false),
            (2, 27, false),
            (2, 36, false),
            (2, 47, false),
            (2, 56, true),
        ] {
            let held = stall.look_at(now + ms(at), next(position), pace);
            assert_eq!(held.exceeds(20), over, "at {at} ms");
        }
    }
}
