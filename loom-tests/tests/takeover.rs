//! A producer that dies, leaves or closes the ring, and its successor.

use loom::thread;
use loom_tests::{SLEEPY, awake, check, overwriting, position};
use ringway::error::{RecvError, TryRecvError};
use ringway::{Options, Producer, Start, Subscriber};

/// Polls three times for the numbers from 0 on. Returns how many came. Each other outcome is that there is
/// nothing, or, if the ring was closed (`closes`) behind one message, that all before the end was received.
fn three_polls(mut subscriber: Subscriber<u64>, closes: bool) -> (Subscriber<u64>, u64) {
    let mut next = 0;
    for _ in 0..3 {
        match subscriber.try_recv() {
            Ok(n) => {
                assert_eq!(n, next);
                next += 1;
            }
            Err(TryRecvError::Closed) if closes => assert_eq!(next, 1, "not all before the end"),
            Err(error) => assert_eq!(error, TryRecvError::Empty),
        }
    }
    (subscriber, next)
}

/// Receives the numbers up to what was sent, of which so many came already, and no more.
fn gets_the_rest((mut subscriber, received): (Subscriber<u64>, u64), sent: u64) {
    for n in received..sent {
        assert_eq!(subscriber.try_recv(), Ok(n));
    }
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
}

/// The dead has sent one message, and was writing another.
#[test]
fn a_successor_sends_neither_less_nor_more_than_was_left() {
    check("a_successor_sends_neither_less_nor_more_than_was_left", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        let dying = thread::spawn(move || {
            producer.try_send(&0).unwrap();
            producer.die(Some(&77));
        });
        let receiver = thread::spawn(|| three_polls(subscriber, false));
        dying.join().unwrap();
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 1));
        let mut sent = 1;
        while sent < 3 && successor.try_send(&sent).is_ok() {
            sent += 1;
        }
        gets_the_rest(receiver.join().unwrap(), sent);
    });
}

/// The successor of a successor that died while it wrote the same message.
#[test]
fn an_observer_sees_no_torn_message_of_a_dead_producer() {
    check("an_observer_sees_no_torn_message_of_a_dead_producer", Some(3), || {
        let (mut producer, ring) = overwriting::<[u64; 2]>(1).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let observing = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..2 {
                match observer.try_recv() {
                    Ok(message) => {
                        assert_eq!(message, [next; 2], "torn, or not the next one");
                        next += 1;
                    }
                    Err(TryRecvError::Lagged(n)) => next += n,
                    Err(error) => assert_eq!(error, TryRecvError::Empty),
                }
            }
        });
        producer.try_send(&[0; 2]).unwrap();
        producer.die(Some(&[77; 2]));
        let successor = Producer::take_over(&ring).unwrap();
        successor.die(Some(&[88; 2]));
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 2));
        successor.try_send(&[1; 2]).unwrap();
        observing.join().unwrap();
    });
}

/// What it sends reaches who went to sleep before; and so does its end.
#[test]
fn a_successor_wakes_who_sleeps() {
    check("a_successor_wakes_who_sleeps", Some(2), || {
        let options = Options::<u64>::new(1).subscribers(1);
        let (mut producer, ring) = options.heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        let mut subscriber = subscriber.with_wait(SLEEPY).wait_for_successor(true);
        let receiver = thread::spawn(move || {
            assert_eq!(subscriber.recv(), Ok(0));
            assert_eq!(subscriber.recv(), Ok(1));
            assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        });
        producer.try_send(&0).unwrap();
        producer.die(Some(&77));
        let mut successor = Producer::take_over(&ring).unwrap().with_wait(SLEEPY);
        successor.send(&1).unwrap();
        drop(successor);
        receiver.join().unwrap();
    });
}

/// One that leaves has made its head exact, and closes nothing.
#[test]
fn a_successor_goes_on_behind_one_that_has_left() {
    check("a_successor_goes_on_behind_one_that_has_left", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        // Never that it was closed.
        let receiver = thread::spawn(|| three_polls(subscriber, false));
        producer.try_send(&0).unwrap();
        producer.detach();
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 1));
        successor.try_send(&1).unwrap();
        gets_the_rest(receiver.join().unwrap(), 2);
    });
}

/// A consumer may be told that the ring is closed, and gets all that comes after that; once it has got
/// something of the successor's it is not told so any more.
#[test]
fn a_ring_that_was_closed_goes_on() {
    check("a_ring_that_was_closed_goes_on", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        let receiver = thread::spawn(|| three_polls(subscriber, true));
        producer.try_send(&0).unwrap();
        producer.close().unwrap();
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 1));
        successor.try_send(&1).unwrap();
        gets_the_rest(receiver.join().unwrap(), 2);
    });
}

/// One that sleeps, has been told of the end or not, gets what the successor sends.
#[test]
fn a_sleeper_of_a_closed_ring_gets_what_its_successor_sends() {
    check("a_sleeper_of_a_closed_ring_gets_what_its_successor_sends", Some(2), || {
        let options = Options::<u64>::new(1).subscribers(1);
        let (producer, ring) = options.heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        let mut subscriber = subscriber.with_wait(SLEEPY).wait_for_successor(true);
        let receiver = thread::spawn(move || {
            let first = subscriber.recv();
            (first, subscriber)
        });
        producer.close().unwrap();
        let mut successor = Producer::take_over(&ring).unwrap().with_wait(SLEEPY);
        successor.send(&0).unwrap();
        drop(successor);
        let (first, mut subscriber) = receiver.join().unwrap();
        if first == Err(RecvError::Closed) {
            assert_eq!(subscriber.recv(), Ok(0));
        } else {
            assert_eq!(first, Ok(0));
        }
        assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    });
}
