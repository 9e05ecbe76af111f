//! Statistics of rings that run in other processes.

use std::thread;
use std::time::{Duration, Instant};

use ringway::stats::{ConsumerKind, ConsumerStats, Liveness, Stats};
use ringway::{Options, Producer, Ring, SpinThenSleep, Start, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

/// Creates the ring `ring` of 8 messages and sends until it is killed, having waited for as many consumers
/// as the argument says.
pub(crate) fn producer(task: &Task) {
    let options = Options::<u64>::new(8).groups(1).workers(2);
    let mut producer = options.create(task.segment("ring")).unwrap();
    task.say("created");
    producer.wait_for_consumers(task.argument().parse().unwrap(), LONG).unwrap();
    for n in 0.. {
        producer.send(&n).unwrap();
    }
}

/// Receives without end, and takes a break after every hundred messages.
pub(crate) fn subscriber(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe_durable("slow", Start::Next).unwrap();
    task.say("joined");
    for n in 0.. {
        assert_eq!(subscriber.recv(), Ok(n));
        if n % 100 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Works, and gives every third message back that it was given for the first time.
pub(crate) fn worker(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    // Asleep at once, so that it is woken now and then.
    let mut worker = Worker::join(&ring, "jobs").unwrap().with_wait(SpinThenSleep { spins: 0 });
    task.say("joined");
    loop {
        let job = worker.recv().unwrap();
        if *job % 3 == 0 && !job.redelivered() {
            job.nack().unwrap();
        }
    }
}

fn consumers(ring: &Ring<u64>) -> Vec<ConsumerStats> {
    ring.consumer_stats().unwrap().collect()
}

/// Looks until something is so, for as long as messages are sent.
fn look_until(ring: &Ring<u64>, so: impl Fn(&Stats, &[ConsumerStats]) -> bool) {
    let (mut sent, mut since) = (0, Instant::now());
    loop {
        let (stats, all) = (ring.stats(), consumers(ring));
        if so(&stats, &all) {
            return;
        }
        if stats.sent != sent {
            (sent, since) = (stats.sent, Instant::now());
        }
        assert!(since.elapsed() < LONG, "{stats:?} {all:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_third_process_sees_how_a_ring_is_doing_and_a_successor_goes_on_counting() {
    let place = Place::new("stats");
    let mut producer = Child::start(&place, "stats::producer", "2");
    producer.hears("created");
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    let roles = ["stats::subscriber", "stats::worker"];
    let [subscriber, worker] = roles.map(|role| {
        let child = Child::start(&place, role, "");
        child.hears("joined");
        child
    });
    look_until(&ring, |stats, all| {
        let [subscriber, group, worker] = all else { return false };
        let kinds = [subscriber.kind, group.kind, worker.kind];
        assert_eq!(kinds, [ConsumerKind::Subscriber, ConsumerKind::Group, ConsumerKind::Worker]);
        assert_eq!(
            [subscriber, group].map(|stats| stats.name.unwrap().to_string()),
            ["slow", "jobs"]
        );
        assert!(subscriber.present && group.present && !group.evicted);
        stats.sent > 1000
            && stats.blocked > Duration::ZERO
            && stats.wakes > 0
            && subscriber.received > 1000
            && group.received > 1000
            && group.redelivered > 300
            && worker.redelivered > 300
            && worker.received > group.redelivered
    });
    // The dead are listed until the producer finds them. So it stands still first: how long it would
    // take to look is not known.
    producer.stops();
    worker.dies();
    subscriber.dies();
    producer.dies();

    let (before, consumers_before) = (ring.stats(), consumers(&ring));
    assert_eq!(consumers_before.len(), 3);
    for stats in &consumers_before[..2] {
        assert_eq!(stats.received + stats.lag, before.sent, "{stats:?} of {before:?}");
    }
    let mut producer = Producer::<u64>::resume(place.segment("ring")).unwrap();
    let timeout = Duration::from_millis(1);
    while producer.send_timeout(&0, timeout).is_ok() {}
    let after = ring.stats();
    assert!(after.sent - before.sent <= 8 && after.blocked > before.blocked);
    assert_eq!((after.wakes, after.evictions), (before.wakes + 1, 0));

    // Who comes back is who went: its numbers go on.
    let mut subscriber = ring.subscribe_durable("slow", Start::Next).unwrap();
    let lag = subscriber.lag();
    for _ in 0..lag {
        subscriber.recv().unwrap();
    }
    let slow = consumers(&ring)[0];
    assert_eq!((slow.received, slow.lag, slow.present), (after.sent, 0, true));
}

/// Joins under the name that the argument says, as one that comes back or not, and waits.
pub(crate) fn named(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let argument = task.argument();
    let _subscriber = match argument.strip_prefix("durable ") {
        Some(name) => ring.subscribe_durable(name, Start::Next).unwrap(),
        None => ring.subscribe_named(argument, Start::Next).unwrap(),
    };
    task.say(std::process::id());
    task.wait();
}

#[test]
fn what_has_become_of_a_consumer_is_told_by_its_id() {
    let place = Place::new("liveness");
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    let screen = Child::start(&place, "stats::named", "screen");
    let pid: u32 = screen.hear().parse().unwrap();
    let keeper = Child::start(&place, "stats::named", "durable keeper");
    keeper.hear();

    let mut all = consumers(&ring);
    all.sort_by_key(|stats| stats.name.map(|name| name.as_str().to_owned()));
    let [keeper_id, screen_id] = [0, 1].map(|n| all[n].id);
    assert_eq!(all[1].name.unwrap().as_str(), "screen");
    assert_eq!(all[1].process, Some(pid));
    for id in [keeper_id, screen_id] {
        assert_eq!(ring.liveness(id), Ok(Liveness::Alive));
    }
    screen.dies();
    keeper.dies();
    assert_eq!(ring.liveness(screen_id), Ok(Liveness::Dead));
    assert_eq!(producer.liveness(keeper_id), Ok(Liveness::Away));
    // The dead are cleaned up after, and the one that comes back is waited for.
    producer.wait_for_no_consumers(Duration::from_millis(100)).unwrap_err();
    assert_eq!(ring.liveness(screen_id), Ok(Liveness::Gone));
    assert_eq!(ring.liveness(keeper_id), Ok(Liveness::Away));
    ring.remove_durable("keeper").unwrap();
    producer.wait_for_no_consumers(Duration::from_secs(10)).unwrap();
    drop((producer, ring));
    place.is_empty();
}
