//! Consumers that are evicted by the producer's program, and not by a limit.
#![cfg(feature = "std")]

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{EvictError, RecvError, TryRecvError};
use ringway::stats::ConsumerKind;
use ringway::wait::Pause;
use ringway::{Options, Start, Wait, Worker};

#[test]
fn a_subscriber_that_sleeps_is_told_when_it_is_evicted_by_hand() {
    let (mut producer, ring) = Options::<u64>::new(8).evict_by_hand(true).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let thread = thread::spawn(move || subscriber.recv());
    thread::sleep(Duration::from_millis(30));
    let id = ring.consumer_stats().unwrap().next().unwrap().id;
    assert_eq!(producer.evict(id), Ok(()));
    assert_eq!(thread.join().unwrap(), Err(RecvError::Evicted { missed: 0 }));
    assert_eq!(producer.evict(id), Err(EvictError::NotThere));
    let stats = ring.stats();
    assert_eq!((stats.evictions, stats.last_evicted), (1, Some(id)));
}

/// Waits for the test each time that it has looked in vain, and then sleeps.
struct Stops {
    looked: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl Stops {
    fn new() -> (Stops, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let ((looked, has_looked), (goes_on, go_on)) = (mpsc::channel(), mpsc::channel());
        (Stops { looked, go_on }, has_looked, goes_on)
    }
}

impl Wait for Stops {
    fn pause(&mut self, _round: u32) -> Pause {
        if self.looked.send(()).is_ok() {
            let _ = self.go_on.recv();
        }
        Pause::Sleep
    }
}

/// How long a consumer that has slept so often, and is about to sleep again, does not notice that it
/// was evicted by hand.
fn sleeps_evicted(role: &str, sleeps: usize) -> Duration {
    let options = Options::<u64>::new(8).groups(1).evict_by_hand(true);
    let (mut producer, ring) = options.heap().unwrap();
    let (wait, has_looked, goes_on) = Stops::new();
    let consumers = ring.clone();
    let is_worker = role == "worker";
    let thread = thread::spawn(move || {
        if is_worker {
            Worker::join_with(&consumers, "group", wait).unwrap().recv().map(drop)
        } else {
            consumers.subscribe_with(Start::Next, wait).unwrap().recv().map(drop)
        }
    });
    for _ in 0..sleeps {
        has_looked.recv().unwrap();
        goes_on.send(()).unwrap();
    }
    has_looked.recv().unwrap();
    let id = ring.consumer_stats().unwrap().next().unwrap().id;
    producer.evict(id).unwrap();
    let start = Instant::now();
    goes_on.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), Err(RecvError::Evicted { missed: 0 }));
    start.elapsed()
}

#[test]
fn one_that_is_evicted_by_hand_when_it_is_about_to_sleep_does_not_sleep() {
    // A worker's first sleeps are short ones.
    for (role, sleeps) in [("subscriber", 0), ("worker", 0), ("worker", 3)] {
        // Sleeps are 50 ms at least. The machine may be busy.
        let quick = (0..20).any(|_| sleeps_evicted(role, sleeps) < Duration::from_millis(40));
        assert!(quick, "{role} after {sleeps}");
    }
}

#[test]
fn no_later_owner_of_an_entry_is_evicted_in_place_of_an_earlier_one() {
    let options = Options::<u64>::new(8).subscribers(1).evict_by_hand(true);
    let (mut producer, ring) = options.heap().unwrap();
    let first = ring.subscribe(Start::Next).unwrap();
    let id = ring.consumer_stats().unwrap().next().unwrap().id;
    drop(first);
    let mut second = ring.subscribe(Start::Next).unwrap();
    assert_eq!(producer.evict(id), Err(EvictError::NotThere));
    producer.send(&7).unwrap();
    assert_eq!(second.try_recv(), Ok(7));
}

#[test]
fn a_group_is_evicted_by_hand_and_its_workers_are_told() {
    let options = Options::<u64>::new(8).groups(1).evict_by_hand(true);
    let (mut producer, ring) = options.heap().unwrap();
    let mut worker = Worker::join(&ring, "group").unwrap();
    producer.send_batch(&[1, 2]).unwrap();
    let all: Vec<_> = ring.consumer_stats().unwrap().collect();
    let of = |kind| all.iter().find(|stats| stats.kind == kind).unwrap().id;
    assert_eq!(producer.evict(of(ConsumerKind::Worker)), Err(EvictError::NotThere));
    assert_eq!(producer.evict(of(ConsumerKind::Group)), Ok(()));
    assert!(matches!(worker.try_recv(), Err(TryRecvError::Evicted { .. })));
}
