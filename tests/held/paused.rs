//! Time in which the producer did not run, or did not look, is not held against its consumers.

use std::thread;
use std::time::Duration;

use ringway::error::{JoinError, TryRecvError, TrySendError};
use ringway::{Options, Producer, Ring, Start, Worker};

use crate::directory::Directory;
use crate::parts::{Part, open, say, segment};

/// What a subscriber may take for a message, and a name for being away.
const LIMIT: Duration = Duration::from_secs(1);
/// How long it takes in these tests.
const PACE: Duration = Duration::from_millis(40);
/// Longer than the limit.
const PAUSE: Duration = Duration::from_millis(2500);
const RUNS: usize = 6;
const MESSAGES: u64 = 100;

/// Sends as many messages as there are, each as soon as there is room for it.
pub(crate) fn sender() {
    let options = Options::<u64>::new(2).max_hold(LIMIT).max_away(LIMIT);
    let mut producer = options.create(segment().keep(true)).unwrap();
    say("created");
    while producer.consumers() == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    for n in 0..MESSAGES {
        producer.send(&n).unwrap();
    }
}

/// Receives them all, slowly, under the name `slow`.
pub(crate) fn slow_receiver() {
    let mut subscriber = open().subscribe_durable("slow", Start::Next).unwrap();
    for n in 0..MESSAGES {
        thread::sleep(PACE);
        assert_eq!(subscriber.recv(), Ok(n));
        if n == 3 {
            say("received");
        }
    }
}

#[test]
fn a_pause_of_all_processes_evicts_no_subscriber() {
    let directory = Directory::new();
    let mut runs: Vec<_> = (0..RUNS)
        .map(|run| {
            let name = format!("ring-{run}");
            let mut sender = Part::start(&directory, "sender", &name);
            assert_eq!(sender.hear(), "created");
            (sender, Part::start(&directory, "slow receiver", &name))
        })
        .collect();
    for (_, receiver) in &mut runs {
        assert_eq!(receiver.hear(), "received");
    }
    // Several times, so that every producer is stopped while it has no room.
    for _ in 0..2 {
        runs.iter().for_each(|(sender, receiver)| (sender.stops(), receiver.stops()).1);
        thread::sleep(PAUSE);
        runs.iter().for_each(|(sender, _)| sender.continues());
        // So that every producer looks before there is any room.
        thread::sleep(PACE);
        runs.iter().for_each(|(_, receiver)| receiver.continues());
        thread::sleep(PACE * 3);
    }
    for (sender, receiver) in &mut runs {
        receiver.ends();
        sender.ends();
    }
}

#[test]
fn a_pause_of_the_producer_alone_evicts_no_subscriber_that_is_away() {
    let directory = Directory::new();
    let runs: Vec<_> = (0..RUNS)
        .map(|run| {
            let segment = directory.segment(&format!("ring-{run}"));
            let mut sender = Part::start(&directory, "sender", &format!("ring-{run}"));
            assert_eq!(sender.hear(), "created");
            let ring = Ring::<u64>::open(segment).unwrap();
            drop(ring.subscribe_durable("slow", Start::Next).unwrap());
            (sender, ring)
        })
        .collect();
    thread::sleep(Duration::from_millis(200));
    runs.iter().for_each(|(sender, _)| sender.stops());
    thread::sleep(PAUSE);
    runs.iter().for_each(|(sender, _)| sender.continues());
    thread::sleep(Duration::from_millis(200));
    let joined = runs.iter().map(|(_, ring)| ring.subscribe_durable("slow", Start::Next));
    let mut subscribers: Vec<_> = joined.map(|joined| joined.expect("not evicted")).collect();
    for subscriber in &mut subscribers {
        assert_eq!((0..MESSAGES).map(|_| subscriber.recv().unwrap()).sum::<u64>(), 4950);
    }
    for (mut sender, _) in runs {
        sender.ends();
    }
}

#[test]
fn who_really_holds_the_producer_back_is_evicted() {
    let directory = Directory::new();
    let mut sender = Part::start(&directory, "sender", "ring");
    assert_eq!(sender.hear(), "created");
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    sender.ends();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: MESSAGES }));
}

/// A program that is busy with something else calls `try_send` once in a while.
#[test]
fn a_producer_that_seldom_looks_evicts_no_subscriber_at_its_next_look() {
    let limit = Duration::from_millis(100);
    let (mut producer, ring) =
        Options::<u64>::new(2).max_hold(limit).max_away(limit).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    drop(ring.subscribe_durable("away", Start::Next).unwrap());
    assert_eq!(producer.try_send_batch(&[0, 1, 2]), 2);
    assert_eq!(producer.try_send(&2), Err(TrySendError::Full));
    thread::sleep(limit * 3);
    assert_eq!(producer.try_send(&2), Err(TrySendError::Full));
    assert_eq!(subscriber.try_recv(), Ok(0));
    drop(ring.subscribe_durable("away", Start::Next).expect("not evicted"));
    // It is if it goes on.
    let mut looks = 0;
    while producer.try_send(&2).is_err() {
        thread::sleep(limit * 2);
        looks += 1;
    }
    assert!((1..8).contains(&looks), "{looks} looks");
    assert_eq!(
        ring.subscribe_durable("away", Start::Next).unwrap_err(),
        JoinError::Evicted { missed: 3 }
    );
}

/// What was away, and in time is here again, has held the producer back for no longer than it is here.
#[test]
fn one_that_comes_back_has_the_time_of_one_that_is_here() {
    let options = || Options::<u64>::new(2).groups(1).max_hold(LIMIT).max_away(LIMIT * 60);
    let blocked = |mut producer: Producer<u64>| {
        producer.send_batch(&[0, 1]).unwrap();
        let sender = thread::spawn(move || (producer.send(&2), producer));
        thread::sleep(LIMIT * 5 / 2);
        sender
    };

    let (producer, ring) = options().heap().unwrap();
    drop(ring.subscribe_durable("away", Start::Next).unwrap());
    let sender = blocked(producer);
    let mut subscriber = ring.subscribe_durable("away", Start::Next).expect("not evicted");
    // Time for some looks.
    thread::sleep(LIMIT / 5);
    assert_eq!(subscriber.try_recv(), Ok(0));
    let (sent, mut producer) = sender.join().unwrap();
    // It is evicted if it stays and takes no more.
    assert_eq!((sent, producer.send(&3)), (Ok(()), Ok(())));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 3 }));

    let (producer, ring) = options().heap().unwrap();
    drop(Worker::join(&ring, "away").unwrap());
    let sender = blocked(producer);
    let mut worker = Worker::join(&ring, "away").expect("not evicted");
    thread::sleep(LIMIT / 5);
    assert_eq!(*worker.try_recv().expect("not evicted"), 0);
    assert_eq!(sender.join().unwrap().0, Ok(()));
}
