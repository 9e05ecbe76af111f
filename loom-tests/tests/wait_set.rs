//! Wait sets: the library's own, with the threads that it starts. A sleep in a model has no end of
//! its own, so that a lost wake-up is a deadlock, which loom reports.

use loom::thread;
use loom_tests::{ORIGIN, check};
use ringway::error::WaitSetError;
use ringway::wait::Interrupt;
use ringway::{Options, Producer, Start, Subscriber, WaitSet};

/// A ring of so many messages, and a subscriber that is at its start.
fn ring(capacity: usize) -> (Producer<u64>, Subscriber<u64>) {
    let options = Options::new(capacity).subscribers(1).origin(ORIGIN);
    let (producer, ring) = options.heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer, subscriber)
}

/// Sends so many messages, from 0 on, to a ring that has room for them.
fn send(mut producer: Producer<u64>, messages: u64) -> thread::JoinHandle<Producer<u64>> {
    thread::spawn(move || {
        (0..messages).for_each(|number| producer.try_send(&number).unwrap());
        producer
    })
}

/// Tokens are kept from one wait to the next, and the set looks again at those members alone whose
/// bells have rung.
#[test]
fn a_set_of_two_misses_nothing_of_two_producers() {
    check("a_set_of_two_misses_nothing_of_two_producers", Some(2), || {
        let (first, mut of_first) = ring(2);
        let (second, mut of_second) = ring(1);
        let set = WaitSet::new();
        set.add(&mut of_first, 0).unwrap();
        set.add(&mut of_second, 1).unwrap();
        let producers = [send(first, 2), send(second, 1)];
        let mut received = [0; 2];
        while received != [2, 1] {
            let mut ready = Vec::new();
            set.wait(&mut ready).unwrap();
            for key in ready {
                let subscriber = if key == 0 { &mut of_first } else { &mut of_second };
                let received = &mut received[key as usize];
                assert_eq!(subscriber.try_recv(), Ok(*received));
                *received += 1;
            }
        }
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

#[test]
fn a_set_that_waits_for_room_is_woken() {
    check("a_set_that_waits_for_room_is_woken", Some(3), || {
        let (mut producer, mut subscriber) = ring(1);
        producer.try_send(&0).unwrap();
        let set = WaitSet::new();
        set.add(&mut producer, 0).unwrap();
        let consumer = thread::spawn(move || {
            assert_eq!(subscriber.try_recv(), Ok(0));
            subscriber
        });
        assert_eq!(set.wait(&mut Vec::new()), Ok(1));
        assert_eq!(producer.try_send(&1), Ok(()));
        consumer.join().unwrap();
    });
}

#[test]
fn a_member_that_is_added_is_looked_at_by_a_thread_that_waits() {
    check("a_member_that_is_added_is_looked_at_by_a_thread_that_waits", Some(3), || {
        let (mut producer, mut subscriber) = ring(1);
        producer.try_send(&0).unwrap();
        let set = WaitSet::new();
        let waiting = set.clone();
        let waiter = thread::spawn(move || assert_eq!(waiting.wait(&mut Vec::new()), Ok(1)));
        set.add(&mut subscriber, 0).unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn a_handle_that_is_dropped_leaves_its_set() {
    check("a_handle_that_is_dropped_leaves_its_set", None, || {
        let (_producer, mut subscriber) = ring(1);
        let set = WaitSet::new();
        set.add(&mut subscriber, 0).unwrap();
        let dropped = thread::spawn(move || drop(subscriber));
        // May see it, or not yet.
        set.len();
        dropped.join().unwrap();
        assert_eq!(set.len(), 0);
    });
}

/// What was sent before the interrupt is found by the look after it.
#[test]
fn an_interrupt_ends_a_wait_and_hides_nothing() {
    check("an_interrupt_ends_a_wait_and_hides_nothing", Some(3), || {
        let (mut producer, mut subscriber) = ring(1);
        let (set, interrupt) = (WaitSet::new(), Interrupt::new());
        set.add(&mut subscriber, 0).unwrap();
        set.interrupted_by(&interrupt).unwrap();
        let other = thread::spawn(move || {
            producer.try_send(&0).unwrap();
            interrupt.raise();
            producer
        });
        match set.wait(&mut Vec::new()) {
            Ok(found) => assert_eq!(found, 1),
            Err(error) => {
                assert_eq!(error, WaitSetError::Interrupted);
                assert_eq!(set.try_wait(&mut Vec::new()), Ok(1));
            }
        }
        other.join().unwrap();
    });
}

/// In a model a thread sleeps on two members' words itself, and a helper on the third's.
#[test]
fn a_set_with_a_helper_is_woken_and_ends() {
    check("a_set_with_a_helper_is_woken_and_ends", Some(2), || {
        let mut rings = [ring(1), ring(1), ring(1)];
        let set = WaitSet::new();
        for (key, (_, subscriber)) in rings.iter_mut().enumerate() {
            set.add(subscriber, key as u64).unwrap();
        }
        let [_first, _second, (producer, _subscriber)] = rings;
        let producer = send(producer, 1);
        let mut ready = Vec::new();
        set.wait(&mut ready).unwrap();
        assert_eq!(ready, [2]);
        producer.join().unwrap();
        // The helper ends with it.
        drop(set);
    });
}

/// The descriptor's thread fills it, is woken when it has been emptied, and ends with the set.
#[test]
fn a_descriptor_is_readable_for_each_message() {
    check("a_descriptor_is_readable_for_each_message", Some(2), || {
        let (producer, mut subscriber) = ring(2);
        let set = WaitSet::new();
        set.add(&mut subscriber, 0).unwrap();
        let producer = send(producer, 2);
        let mut received = 0;
        while received < 2 {
            set.poll_fd();
            while set.try_wait(&mut Vec::new()) == Ok(1) {
                assert_eq!(subscriber.try_recv(), Ok(received));
                received += 1;
            }
        }
        producer.join().unwrap();
        drop(set);
    });
}

#[test]
fn the_thread_of_a_descriptor_ends_with_its_set_though_a_member_is_ready() {
    check("the_thread_of_a_descriptor_ends_with_its_set_though_a_member_is_ready", None, || {
        let (mut producer, mut subscriber) = ring(1);
        producer.try_send(&0).unwrap();
        let set = WaitSet::new();
        set.add(&mut subscriber, 0).unwrap();
        set.poll_fd();
        drop(set);
    });
}

#[test]
fn the_thread_of_a_descriptor_ends_with_its_set_though_no_member_is_ready() {
    check(
        "the_thread_of_a_descriptor_ends_with_its_set_though_no_member_is_ready",
        Some(3),
        || {
            let set = WaitSet::new();
            set.open_fd();
            drop(set);
        },
    );
}
