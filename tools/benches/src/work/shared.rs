//! Shared work: a ring is filled, then two takers, on a core each, empty it together, each message
//! going to one of them. What is measured is what they cost each other: filling does not count.

use anyhow::{Result, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::work::stream::Calls;

/// The most messages that are taken at a time.
pub const BATCH: usize = 64;

/// Turns in which each side has to come by some of the work.
const MANY: u64 = 256;

/// A way to spread numbers over takers.
pub trait Pool {
    /// What both sides know before they part.
    type Link: Sync;
    type Feeder: Feeder;
    type Taker: Taker;

    fn link(capacity: usize) -> Result<Self::Link>;
    fn feeder(link: &Self::Link, capacity: usize) -> Result<Self::Feeder>;
    /// Called once by each side. May wait for the other side's call of `feeder`.
    fn taker(link: &Self::Link, side: usize) -> Result<Self::Taker>;
}

pub trait Feeder {
    /// Puts a number in, for which there is room.
    fn feed(&mut self, number: u64);
}

pub trait Taker {
    /// Takes one, if there is one, and is done with it.
    fn take(&mut self) -> Option<u64>;

    /// Takes at most [`BATCH`] at a time, if there are any, and is done with them. Returns how many.
    fn take_batch(&mut self, each: impl FnMut(u64)) -> usize;
}

/// What a side has taken.
#[derive(Default)]
struct Tally {
    taken: u64,
    sum: u64,
}

impl Tally {
    /// Takes until there is nothing.
    fn empty(&mut self, taker: &mut impl Taker, calls: Calls) {
        match calls {
            Calls::OneAtATime => {
                while let Some(number) = taker.take() {
                    self.taken += 1;
                    self.sum = self.sum.wrapping_add(number);
                }
            }
            Calls::Batches => loop {
                let sum = &mut self.sum;
                let taken = taker.take_batch(|number| *sum = sum.wrapping_add(number));
                if taken == 0 {
                    return;
                }
                self.taken += taken as u64;
            },
        }
    }
}

/// `turns` times `burst` messages, no more than fit, after a quarter as many that do not count.
/// Returns the nanoseconds per message of both together.
pub fn run<P: Pool>(
    setting: Setting,
    capacity: usize,
    calls: Calls,
    burst: u64,
    turns: u64,
) -> Result<f64> {
    let link = P::link(capacity)?;
    let clock = Clock::new();
    let warm = turns / 4;
    let first = |meeting: &Meeting| {
        let mut feeder = P::feeder(&link, capacity)?;
        let mut taker = P::taker(&link, 0)?;
        meeting.meet();
        let (mut tally, mut time) = (Tally::default(), 0);
        for turn in 0..warm + turns {
            for i in 0..burst {
                feeder.feed(turn * burst + i);
            }
            meeting.meet();
            let before = clock.raw();
            tally.empty(&mut taker, calls);
            meeting.meet();
            let after = clock.raw();
            if turn >= warm {
                time += clock.delta_as_nanos(before, after);
            }
        }
        Ok(vec![time, tally.taken, tally.sum])
    };
    let second = |meeting: &Meeting| {
        let mut taker = P::taker(&link, 1)?;
        meeting.meet();
        let mut tally = Tally::default();
        for _ in 0..warm + turns {
            meeting.meet();
            tally.empty(&mut taker, calls);
            meeting.meet();
        }
        Ok(vec![tally.taken, tally.sum])
    };
    let [first, second] = pair::run(setting, first, second)?;
    let (&[time, taken, sum], &[others, others_sum]) = (&first[..], &second[..]) else {
        return Err(anyhow::anyhow!("the sides reported {first:?} and {second:?}"));
    };
    let all = (warm + turns) * burst;
    let sums = (all * all.saturating_sub(1) / 2, sum.wrapping_add(others_sum));
    ensure!(taken + others == all && sums.0 == sums.1, "a message was lost, or came twice");
    // In a few turns one side may well be late for all of them.
    ensure!(turns < MANY || (taken > 0 && others > 0), "one side had all the work");
    Ok(time as f64 / (turns * burst) as f64)
}
