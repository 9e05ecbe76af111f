//! Who counts, for each call that counts, and how much the kernel is asked for it.

use std::time::{Duration, Instant};

use ringway::error::{FlushError, TrySendError, WaitError};
use ringway::stats::ConsumerKind;
use ringway::{Options, Overflow, Ring, Start, Worker};

use crate::directory::Directory;
use crate::parts::{LONG, Part, open, say, waits};

/// As many subscribers as one process can have, and no more than it has descriptors for.
pub(crate) fn crowd() {
    let ring = open();
    let _all: Vec<_> = (0..512).map(|_| ring.subscribe(Start::Next).unwrap()).collect();
    say("joined");
    waits();
}

#[test]
fn waiting_for_more_consumers_than_there_can_be_ends_at_once() {
    let options = Options::<u64>::new(8).subscribers(2).groups(1).workers(1);
    let (mut producer, ring) = options.heap().unwrap();
    let start = Instant::now();
    let too_many = WaitError::TooMany { asked: 4, max: 3 };
    assert_eq!(producer.wait_for_consumers(4, Duration::MAX), Err(too_many));
    assert!(start.elapsed() < LONG);
    let none = Duration::ZERO;
    assert_eq!(producer.wait_for_consumers(3, none), Err(WaitError::Timeout { joined: 0 }));
    let _subscriber = ring.subscribe(Start::Next).unwrap();
    assert_eq!(producer.wait_for_consumers(3, none), Err(WaitError::Timeout { joined: 1 }));
    let _others = (ring.subscribe(Start::Next).unwrap(), Worker::join(&ring, "group").unwrap());
    assert_eq!(producer.wait_for_consumers(3, Duration::MAX), Ok(()));
    let says = too_many.to_string();
    assert!(says.contains("room for 3") && says.contains("create it with more"), "{says}");

    let overwriting = Options::<u64>::new(8).overflow(Overflow::Overwrite);
    let (mut producer, _ring) = overwriting.heap().unwrap();
    let too_many = WaitError::TooMany { asked: 1, max: 0 };
    assert_eq!(producer.wait_for_consumers(1, Duration::MAX), Err(too_many));
    assert_eq!(producer.wait_for_consumers(0, Duration::ZERO), Ok(()));
}

/// A consumer of every kind, on one ring: a subscriber, a durable one that is away, a group with a worker
/// and one without, and an observer. Each call counts what its documentation says.
#[test]
fn every_count_counts_what_it_says() {
    let directory = Directory::new();
    let in_files = |options: Options<u64>| {
        let producer = options.create(directory.segment("ring")).unwrap();
        (producer, Ring::open(directory.segment("ring")).unwrap())
    };
    let options = || Options::<u64>::new(8).subscribers(2).groups(2).workers(2);
    for (mut producer, ring) in [options().heap().unwrap(), in_files(options())] {
        let subscriber = ring.subscribe(Start::Next).unwrap();
        drop(ring.subscribe_durable("away", Start::Next).unwrap());
        let mut worker = Worker::join(&ring, "with").unwrap();
        drop(Worker::join(&ring, "without").unwrap());
        let _observer = ring.observe(Start::Next).unwrap();
        let none = Duration::ZERO;

        // The group without workers does not count; nor does the observer.
        assert_eq!(producer.consumers(), 3);
        assert_eq!(producer.wait_for_consumers(3, none), Ok(()));
        assert_eq!(producer.wait_for_consumers(4, none), Err(WaitError::Timeout { joined: 3 }));

        // Whatever holds back what was sent does, the group without workers too.
        producer.send_batch(&[1, 2, 3]).unwrap();
        let laggards = |left| Err(FlushError::Timeout { laggards: left });
        assert_eq!(producer.flush(none), laggards(4));
        let mut names: Vec<_> =
            producer.laggards().map(|who| who.name().map(str::to_owned)).collect();
        names.sort();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(names, [None, named("away"), named("with"), named("without")]);
        assert_eq!((producer.len(), producer.is_flushed()), (3, false));
        drop(subscriber);
        worker.recv_batch(&mut [0; 3]).unwrap().done().unwrap();
        assert_eq!((producer.flush(none), producer.len()), (laggards(2), 3));

        let there = producer.consumer_stats().unwrap();
        let mut there: Vec<_> =
            there.map(|who| (who.name.unwrap().to_string(), who.kind, who.present)).collect();
        there.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            ("away", ConsumerKind::Subscriber, false),
            ("with", ConsumerKind::Group, true),
            ("with", ConsumerKind::Worker, true),
            ("without", ConsumerKind::Group, false),
        ];
        assert_eq!(there, expected.map(|(name, kind, present)| (name.to_owned(), kind, present)));

        // A worker more makes it count.
        let second = Worker::join(&ring, "without").unwrap();
        assert_eq!(producer.consumers(), 3);
        drop((second, worker));
        assert_eq!(producer.consumers(), 1);
        assert_eq!(ring.remove_durable("away"), Ok(true));
        assert_eq!(producer.consumers(), 0);
        assert_eq!(producer.len(), 3, "the group without workers holds back what was sent");
        assert_eq!((ring.remove_group("without"), producer.len()), (Ok(true), 0));
        assert_eq!(producer.flush(none), Ok(()));
    }
}

/// A worker that has died is found by waiting for consumers, and counts no more.
#[test]
fn a_group_whose_workers_have_died_is_not_waited_for() {
    let directory = Directory::new();
    let options = Options::<u64>::new(8).groups(1);
    let mut producer = options.create(directory.segment("ring")).unwrap();
    let mut worker = Part::start(&directory, "worker", "ring");
    assert_eq!(worker.hear(), "joined");
    assert_eq!(producer.wait_for_consumers(1, LONG), Ok(()));
    worker.dies();
    let none = Duration::ZERO;
    assert_eq!(producer.wait_for_consumers(1, none), Err(WaitError::Timeout { joined: 0 }));
    assert_eq!(producer.consumers(), 0);
}

/// Works in a group until it is killed.
pub(crate) fn worker() {
    let _worker = Worker::join(&open(), "group").unwrap();
    say("joined");
    waits();
}

/// For figures: what one dead subscriber among 4,096 costs, and a refusal. `cargo test --release --test
/// held -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn figures_of_a_crowd() {
    let directory = Directory::new();
    let options = Options::<u64>::new(8).subscribers(4096);
    let mut producer = options.create(directory.segment("ring")).unwrap();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let mut parts: Vec<_> = (0..7).map(|_| Part::start(&directory, "crowd", "ring")).collect();
    parts.iter_mut().for_each(|part| assert_eq!(part.hear(), "joined"));
    let mut here: Vec<_> = (0..511).map(|_| ring.subscribe(Start::Next).unwrap()).collect();
    let mut one = Part::start(&directory, "holder", "ring");
    assert_eq!(one.hear(), "joined");
    assert_eq!(producer.consumers(), 4096);
    for _ in 0..3 {
        let start = Instant::now();
        assert!(ring.subscribe(Start::Next).is_err());
        println!("a subscribe that is refused: {:?}", start.elapsed());
    }
    // All lag and live.
    assert_eq!(producer.try_send_batch(&[0; 8]), 8);
    let start = Instant::now();
    assert!(producer.send_timeout(&8, Duration::from_millis(30)).is_err());
    println!("4,096 that lag and live: a time-out of 30 ms took {:?}", start.elapsed());
    assert_eq!(producer.try_send(&8), Err(TrySendError::Full));
    let start = Instant::now();
    assert!(producer.flush(Duration::ZERO).is_err());
    println!("flush without a time: {:?}", start.elapsed());
    let start = Instant::now();
    producer.wait_for_consumers(4096, Duration::ZERO).unwrap();
    println!("wait_for_consumers: {:?}", start.elapsed());
    // All but one that is dead are gone on.
    parts.into_iter().for_each(Part::dies);
    let start = Instant::now();
    here.iter_mut().for_each(|subscriber| (0..8).for_each(|_| _ = subscriber.recv().unwrap()));
    one.dies();
    producer.send(&8).unwrap();
    println!("3,585 dead cleaned up, and a message sent: {:?}", start.elapsed());

    // One dead, among as many that live and do not lag.
    let mut parts: Vec<_> = (0..3).map(|_| Part::start(&directory, "drain", "ring")).collect();
    parts.iter_mut().for_each(|part| assert_eq!(part.hear(), "joined"));
    let mut one = Part::start(&directory, "holder", "ring");
    assert_eq!(one.hear(), "joined");
    one.dies();
    drop(here);
    while producer.try_send(&9).is_ok() {}
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    producer.send(&10).unwrap();
    println!("one dead among {}: {:?}", producer.consumers() + 1, start.elapsed());
}

/// As many subscribers as one process can have, that receive all that comes.
pub(crate) fn drain() {
    let ring = open();
    let mut all: Vec<_> = (0..512).map(|_| ring.subscribe(Start::Next).unwrap()).collect();
    say("joined");
    loop {
        all.iter_mut().for_each(|subscriber| while subscriber.try_recv().is_ok() {});
        std::thread::sleep(Duration::from_millis(1));
    }
}
