//! A producer that dies, leaves or closes the ring, and its successor.

use loom::thread;
use loom_tests::{SLEEPY, awake, check, overwriting, position};
use ringway::{Options, Producer, RecvError, Start, TryRecvError};

/// The dead has sent one message, and was writing another.
#[test]
fn a_successor_sends_neither_less_nor_more_than_was_left() {
    check("a_successor_sends_neither_less_nor_more_than_was_left", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let dying = thread::spawn(move || {
            producer.try_send(&0).unwrap();
            producer.die(Some(&77));
        });
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..3 {
                match subscriber.try_recv() {
                    Ok(n) => {
                        assert_eq!(n, next);
                        next += 1;
                    }
                    Err(error) => assert_eq!(error, TryRecvError::Empty),
                }
            }
            (subscriber, next)
        });
        dying.join().unwrap();
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 1));
        let mut sent = 1;
        while sent < 3 && successor.try_send(&sent).is_ok() {
            sent += 1;
        }
        let (mut subscriber, received) = receiver.join().unwrap();
        for n in received..sent {
            assert_eq!(subscriber.try_recv(), Ok(n));
        }
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
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
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..3 {
                match subscriber.try_recv() {
                    Ok(n) => {
                        assert_eq!(n, next);
                        next += 1;
                    }
                    // Never that it was closed.
                    Err(error) => assert_eq!(error, TryRecvError::Empty),
                }
            }
            (subscriber, next)
        });
        producer.try_send(&0).unwrap();
        producer.detach();
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 1));
        successor.try_send(&1).unwrap();
        let (mut subscriber, received) = receiver.join().unwrap();
        for n in received..2 {
            assert_eq!(subscriber.try_recv(), Ok(n));
        }
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    });
}

/// A consumer may be told that the ring is closed, and gets all that comes after that; once it has got
/// something of the successor's it is not told so any more.
#[test]
fn a_ring_that_was_closed_goes_on() {
    check("a_ring_that_was_closed_goes_on", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..3 {
                match subscriber.try_recv() {
                    Ok(n) => {
                        assert_eq!(n, next);
                        next += 1;
                    }
                    Err(TryRecvError::Closed) => assert_eq!(next, 1, "not all before the end"),
                    Err(error) => assert_eq!(error, TryRecvError::Empty),
                }
            }
            (subscriber, next)
        });
        producer.try_send(&0).unwrap();
        producer.close().unwrap();
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!((successor.head(), successor.epoch()), (position(1), 1));
        successor.try_send(&1).unwrap();
        let (mut subscriber, received) = receiver.join().unwrap();
        for n in received..2 {
            assert_eq!(subscriber.try_recv(), Ok(n));
        }
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
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
