//! Threads that wait in one set, while others add, remove, send and receive.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{TryRecvError, WaitSetError};
use ringway::wait::Interrupt;
use ringway::{Options, Start, WaitSet};

use crate::{LONG, waits};

/// Long enough for a thread that has nothing to do to be asleep.
const A_WHILE: Duration = Duration::from_millis(5);

#[test]
fn a_thread_that_sleeps_is_woken_by_a_message_and_by_a_member_that_is_added() {
    let set = WaitSet::new();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| waits(&set));
        thread::sleep(A_WHILE);
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&1).unwrap();
        set.add(&mut subscriber, 7).unwrap();
        assert_eq!(waiter.join().unwrap(), [7]);
        assert_eq!(subscriber.try_recv(), Ok(1));
        for _ in 0..20 {
            let waiter = scope.spawn(|| (waits(&set), Instant::now()));
            thread::sleep(A_WHILE);
            let sent = Instant::now();
            producer.send(&2).unwrap();
            let (keys, woken) = waiter.join().unwrap();
            assert_eq!(keys, [7]);
            assert!(woken - sent < LONG / 20);
            assert_eq!(subscriber.try_recv(), Ok(2));
        }
        // All that wait are told of one message.
        let waiters = [(); 3].map(|()| scope.spawn(|| waits(&set)));
        thread::sleep(A_WHILE);
        producer.send(&3).unwrap();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), [7]);
        }
    });
}

#[test]
fn a_producer_that_waits_for_room_is_woken_by_a_message_that_is_received() {
    let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    thread::scope(|scope| {
        for n in 0..50 {
            while producer.try_send(&n).is_ok() {}
            let waiter = scope.spawn(|| waits(&set));
            if n % 2 == 0 {
                thread::sleep(A_WHILE);
            }
            subscriber.recv().unwrap();
            assert_eq!(waiter.join().unwrap(), [1]);
        }
    });
}

/// Every message is received, by one thread that waits, whatever others add and remove.
#[test]
fn nothing_is_missed_while_threads_add_and_remove() {
    const RINGS: usize = 8;
    const MESSAGES: u64 = 2_000;
    let (set, is_over) = (WaitSet::new(), AtomicBool::new(false));
    let (mut producers, mut subscribers) = (Vec::new(), Vec::new());
    for key in 0..RINGS {
        let (producer, ring) = Options::<u64>::new(4).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        set.add(&mut subscriber, key as u64).unwrap();
        producers.push(producer);
        subscribers.push(subscriber);
    }
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
                while !is_over.load(Ordering::Relaxed) {
                    let mut passing = ring.subscribe(Start::Next).unwrap();
                    set.add(&mut passing, u64::MAX).unwrap();
                    producer.send(&1).unwrap();
                    thread::yield_now();
                    if passing.try_recv().is_ok() {
                        assert!(set.remove(&mut passing));
                    }
                }
            });
        }
        for mut producer in producers {
            scope.spawn(move || {
                for n in 0..MESSAGES {
                    producer.send(&n).unwrap();
                    if n % 64 == 0 {
                        thread::sleep(Duration::from_micros(50));
                    }
                }
            });
        }
        let (mut ready, mut next, mut open) = (Vec::new(), [0; RINGS], RINGS);
        while open > 0 {
            set.wait_timeout(&mut ready, LONG).unwrap();
            for &key in ready.iter().filter(|&&key| key != u64::MAX) {
                let key = key as usize;
                match subscribers[key].try_recv() {
                    Ok(n) => {
                        assert_eq!(n, next[key]);
                        next[key] += 1;
                    }
                    Err(TryRecvError::Closed) => {
                        assert!(set.remove(&mut subscribers[key]));
                        open -= 1;
                    }
                    Err(error) => panic!("{key} was ready, and says: {error}"),
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(next, [MESSAGES; RINGS]);
    });
}

/// A handle that is used by other threads than the one that waits: spurious returns, and none that
/// is missing.
#[test]
fn handles_may_be_used_while_a_thread_waits() {
    const MESSAGES: u64 = 20_000;
    let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut producer, 2).unwrap();
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..MESSAGES {
                producer.send(&n).unwrap();
                sent.store(n + 1, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            for n in 0..MESSAGES {
                assert_eq!(subscriber.recv(), Ok(n));
                received.store(n + 1, Ordering::Relaxed);
            }
        });
        let mut ready = Vec::new();
        while received.load(Ordering::Relaxed) < MESSAGES {
            // One of the two always is.
            let _ = set.wait_timeout(&mut ready, LONG).unwrap();
        }
    });
    assert_eq!(waits(&set), [2]);
}

#[test]
fn an_interrupt_ends_the_wait_of_a_thread_that_sleeps() {
    let (_producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let (set, interrupt) = (WaitSet::new(), Interrupt::new());
    set.add(&mut subscriber, 1).unwrap();
    thread::scope(|scope| {
        let waiters = [(); 2].map(|()| scope.spawn(|| set.wait(&mut Vec::new())));
        thread::sleep(A_WHILE);
        // Also for those that wait already.
        set.interrupted_by(&interrupt).unwrap();
        thread::sleep(A_WHILE);
        interrupt.raise();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Err(WaitSetError::Interrupted));
        }
    });
}
