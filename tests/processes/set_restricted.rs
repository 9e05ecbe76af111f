//! Wait sets of threads that may not sleep on several words at once: they wait in slices.

use std::thread;
use std::time::{Duration, Instant};

use ringway::error::WaitSetError;
use ringway::{Options, Producer, Start, Subscriber, WaitSet};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;
use crate::restrict::{Restriction, Unrestricted};

/// Processor time of this process.
fn worked() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one structure.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Waits in a set of as many members as the argument says.
pub(crate) fn waiter(task: &Task) {
    let _file = Options::<u64>::new(8).create(task.segment("ring")).unwrap();
    match Restriction::NoWaitv.apply(&task.path("ring"), &task.path("empty")) {
        Ok(()) => {}
        Err(Unrestricted::Missing(what)) => return task.say(format_args!("missing {what}")),
        Err(void) => panic!("{void}"),
    }
    let set = WaitSet::new();
    let member = |key: usize| {
        let (producer, ring) = Options::<u64>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        set.add(&mut subscriber, key as u64).unwrap();
        (producer, subscriber)
    };
    let count: usize = task.argument().parse().unwrap();
    let mut members: Vec<(Producer<u64>, Subscriber<u64>)> = (0..count).map(member).collect();

    let mut ready = Vec::new();
    let (begin, before) = (Instant::now(), worked());
    let short = Duration::from_millis(300);
    assert_eq!(set.wait_timeout(&mut ready, short), Err(WaitSetError::Timeout));
    let (took, cost) = (begin.elapsed(), worked() - before);
    // Slices of a millisecond: far less than a loop that looks without an end.
    assert!(took >= short && cost < took / 2, "{cost:?} of {took:?}");

    let mut slowest = Duration::ZERO;
    for round in 0..20 {
        let key = (round * 57 + round / 8) % count;
        let (producer, subscriber) = &mut members[key];
        let told = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut ready = Vec::new();
                set.wait_timeout(&mut ready, LONG).map(|_| (ready, Instant::now()))
            });
            thread::sleep(Duration::from_millis(5));
            let sent = Instant::now();
            producer.send(&7).unwrap();
            let (ready, woken) = waiting.join().unwrap().unwrap();
            assert_eq!(ready, [key as u64]);
            woken - sent
        });
        assert_eq!(subscriber.try_recv(), Ok(7));
        slowest = slowest.max(told);
    }
    task.say(format_args!("told in {slowest:?} at most, idle {cost:?} of {took:?}"));
}

fn waits_in_slices(members: usize) {
    let place = Place::new(&format!("set-slices-{members}"));
    std::fs::create_dir(place.path().join("empty")).unwrap();
    let child = Child::start(&place, "set_restricted::waiter", &members.to_string());
    let said = child.hear();
    match said.strip_prefix("missing ") {
        Some(missing) => eprintln!("not checked: {missing}"),
        None => println!("{members} members: {said}"),
    }
    child.ends();
}

#[test]
fn two_members_without_the_call_that_sleeps_on_many_words() {
    waits_in_slices(2);
}

/// More than one thread could sleep on if it might.
#[test]
fn three_hundred_members_without_the_call_that_sleeps_on_many_words() {
    waits_in_slices(300);
}
