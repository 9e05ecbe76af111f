//! Waiting until there is something, and taking nothing.
#![cfg(all(feature = "std", not(ringway_loom)))]

use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{RecvError, RecvTimeoutError, TryRecvError, TrySendError};
use ringway::{Options, Start, Worker};

const SOON: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_message_that_is_waited_for_is_not_taken_and_holds_the_producer_back() {
    let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[7, 8]), 2);
    for _ in 0..3 {
        assert_eq!(subscriber.ready(), Ok(()));
        assert_eq!(subscriber.wait_ready(), Ok(()));
        assert_eq!(subscriber.wait_ready_timeout(LONG), Ok(()));
    }
    assert_eq!((subscriber.position(), subscriber.len()), (0, 2));
    assert_eq!(producer.try_send(&9), Err(TrySendError::Full));
    assert_eq!((subscriber.recv(), subscriber.recv()), (Ok(7), Ok(8)));
    assert_eq!(subscriber.ready(), Err(TryRecvError::Empty));
    assert_eq!(subscriber.wait_ready_timeout(SOON), Err(RecvTimeoutError::Timeout));
}

#[test]
fn one_that_waits_is_woken_by_a_message_and_by_the_end() {
    let (mut producer, ring) = Options::<u64>::new(2).groups(1).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    thread::scope(|scope| {
        let subscriber = scope.spawn(move || {
            assert_eq!(subscriber.wait_ready(), Ok(()));
            assert_eq!(subscriber.recv(), Ok(7));
            assert_eq!(subscriber.wait_ready(), Err(RecvError::Closed));
        });
        let observer = scope.spawn(move || {
            assert_eq!(observer.wait_ready(), Ok(()));
            assert_eq!(observer.recv(), Ok(7));
            assert_eq!(observer.wait_ready(), Err(RecvError::Closed));
        });
        let worker = scope.spawn(move || {
            assert_eq!(worker.wait_ready(), Ok(()));
            assert_eq!(*worker.recv().unwrap(), 7);
            assert_eq!(worker.wait_ready(), Err(RecvError::Closed));
        });
        thread::sleep(SOON);
        producer.send(&7).unwrap();
        thread::sleep(SOON);
        producer.close().unwrap();
        for thread in [subscriber, observer, worker] {
            thread.join().unwrap();
        }
    });
}

#[test]
fn an_eviction_is_told_and_told_again() {
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).groups(1).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    let evicted = Err(TryRecvError::Evicted { missed: 20 });
    for _ in 0..2 {
        assert_eq!(subscriber.ready(), evicted);
        assert_eq!(subscriber.wait_ready(), Err(RecvError::Evicted { missed: 20 }));
        assert!(matches!(worker.ready(), Err(TryRecvError::Evicted { .. })));
    }
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 20 }));
}

#[test]
fn what_another_worker_has_is_not_ready_and_is_when_it_comes_back() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let [mut first, mut second] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    producer.send(&7).unwrap();
    assert_eq!((first.ready(), second.ready()), (Ok(()), Ok(())));
    let job = first.recv().unwrap();
    assert_eq!(second.ready(), Err(TryRecvError::Empty));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| (second.wait_ready(), second.ready()));
        thread::sleep(SOON);
        job.nack().unwrap();
        assert_eq!(waiter.join().unwrap(), (Ok(()), Ok(())));
    });
    assert!(second.recv().unwrap().redelivered());
}

/// All of them are on the ring's own futex, and the message is one.
#[test]
fn every_worker_that_waits_is_woken_and_one_gets_the_message() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).workers(4).heap().unwrap();
    let workers = [(); 4].map(|()| Worker::join(&ring, "a").unwrap());
    let got: u32 = thread::scope(|scope| {
        let threads = workers.map(|mut worker| {
            scope.spawn(move || {
                assert_eq!(worker.wait_ready(), Ok(()));
                thread::sleep(SOON);
                u32::from(worker.try_recv().is_ok())
            })
        });
        thread::sleep(SOON);
        producer.send(&7).unwrap();
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert_eq!(got, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_dead_producer_is_told_of_and_the_next_poll_says_so_too() {
    let name = format!("ringway-test-{}-ready", std::process::id());
    let mut producer = Options::<u64>::new(8).create(name.as_str()).unwrap();
    let ring = ringway::Ring::<u64>::open(name.as_str()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&7).unwrap();
    producer.detach();
    assert_eq!(subscriber.wait_ready(), Ok(()));
    assert_eq!(subscriber.recv(), Ok(7));
    let begun = Instant::now();
    assert_eq!(subscriber.wait_ready(), Err(RecvError::ProducerDied));
    assert!(begun.elapsed() < LONG);
    assert_eq!(subscriber.ready(), Err(TryRecvError::ProducerDied));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::ProducerDied));
    // A poll alone finds it, too.
    let mut poller = ring.subscribe(Start::Next).unwrap();
    while poller.ready() == Err(TryRecvError::Empty) {
        assert!(begun.elapsed() < LONG);
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(poller.try_recv(), Err(TryRecvError::ProducerDied));
    ringway::segment::unlink(name.as_str()).unwrap();
}
