//! Two processes that share one processor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ringway::wait::{AdaptiveSpin, Pause};
use ringway::{Options, Ring, SpinThenSleep, Start, Wait};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

const ROUNDS: u64 = 2000;

/// The longest time for which the default way to wait rests, and how often it may look in vain
/// besides: at first, and while its rests get longer.
const LONGEST_REST: Duration = Duration::from_micros(4096);
const AT_FIRST: u64 = 12;

/// A way to wait, and what it has done.
struct Counted<'a> {
    wait: AdaptiveSpin,
    /// The wait under way has looked, and has not slept.
    looks: bool,
    tally: &'a Tally,
}

#[derive(Default)]
struct Tally {
    waits: AtomicU64,
    /// Looks in vain that were followed by another look.
    rounds: AtomicU64,
    /// Waits that looked and then slept.
    in_vain: AtomicU64,
    /// Waits that ended while they looked.
    paid: AtomicU64,
}

fn count(what: &AtomicU64) {
    what.fetch_add(1, Ordering::Relaxed);
}

impl Counted<'_> {
    fn new(tally: &Tally) -> Counted<'_> {
        Counted { wait: AdaptiveSpin::new(), looks: false, tally }
    }
}

impl Wait for Counted<'_> {
    fn pause(&mut self, round: u32) -> Pause {
        if round == 0 {
            count(&self.tally.waits);
            if std::mem::take(&mut self.looks) {
                count(&self.tally.paid);
            }
        }
        let pause = self.wait.pause(round);
        if pause == Pause::Again {
            self.looks = true;
            count(&self.tally.rounds);
        } else if std::mem::take(&mut self.looks) {
            count(&self.tally.in_vain);
        }
        pause
    }
}

/// Only the first processor that it may use, from now on.
fn pin() {
    let allowed = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|&processor| allowed.is_set(processor)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).unwrap();
}

/// Sends messages there and gets them back, one at a time. `late`: the handles are made before the
/// thread is bound to one processor.
fn play(task: &Task, [mine, other]: [&str; 2], begins: bool) {
    let late = task.argument() == "late";
    if !late {
        pin();
    }
    let tally = Tally::default();
    let mut producer = Options::<u64>::new(8).create(task.segment(mine)).unwrap();
    let ring = Ring::<u64>::open_wait(task.segment(other), LONG).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let mut subscriber = subscriber.with_wait(Counted::new(&tally));
    if late {
        pin();
    }
    producer.wait_for_consumers(1, LONG).unwrap();
    let begin = Instant::now();
    for n in 0..ROUNDS {
        if begins {
            producer.send(&n).unwrap();
        }
        assert_eq!(subscriber.recv(), Ok(n));
        if !begins {
            producer.send(&n).unwrap();
        }
    }
    let Tally { waits, rounds, in_vain, paid } = &tally;
    let all = [waits, rounds, in_vain, paid].map(|count| count.load(Ordering::Relaxed).to_string());
    task.say(format_args!("{} {}", begin.elapsed().as_micros(), all.join(" ")));
    task.wait();
}

pub(crate) fn first(task: &Task) {
    play(task, ["there", "back"], true);
}

pub(crate) fn second(task: &Task) {
    play(task, ["back", "there"], false);
}

/// However fast or slow they are: as many looks in vain as rests fit the time, and some at first
/// and after each that found something.
#[test]
fn two_that_share_a_processor_soon_sleep_at_once() {
    for when in ["early", "late"] {
        let place = Place::new("one processor");
        let roles = ["one_processor::first", "one_processor::second"];
        let mut sides = roles.map(|role| Child::start(&place, role, when));
        for side in &sides {
            let said = side.hear();
            let numbers: Vec<u64> = said.split(' ').map(|n| n.parse().unwrap()).collect();
            let &[micros, waits, rounds, in_vain, paid] = &numbers[..] else { panic!("{said}") };
            let rests = micros / LONGEST_REST.as_micros() as u64;
            assert!(in_vain <= rests + (paid + 1) * AT_FIRST, "{said}");
            let looking = u64::from(SpinThenSleep::DEFAULT.spins);
            assert!(rounds <= (in_vain + paid + 1) * looking, "{said}");
            assert!(in_vain + paid <= waits, "{said}");
            eprintln!("{when}: {said}");
        }
        for side in &mut sides {
            side.go();
        }
        for side in sides {
            side.ends();
        }
        place.is_empty();
    }
}
