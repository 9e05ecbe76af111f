//! Subscribers that lag behind further than they may.

use loom::thread;
use loom_tests::{awake, check};
use ringway::error::TryRecvError;
use ringway::{Start, Subscriber};

/// Receives once, and checks that it is the next message, whole. `true`: it was evicted.
fn receive(subscriber: &mut Subscriber<[u64; 2]>, next: &mut u64, sent: u64) -> bool {
    match subscriber.try_recv() {
        Ok(message) => {
            assert_eq!(message, [*next; 2], "torn, or not the next one");
            *next += 1;
            false
        }
        Err(TryRecvError::Empty) => false,
        Err(TryRecvError::Evicted { missed }) => {
            assert!(*next + missed <= sent, "{missed} of {sent} missed after {next}");
            true
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_evicted_subscriber_is_told_and_gets_nothing_torn() {
    check("an_evicted_subscriber_is_told_and_gets_nothing_torn", Some(2), || {
        let (mut producer, ring) = awake::<[u64; 2]>(2).subscribers(1).max_lag(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..2 {
                receive(&mut subscriber, &mut next, 4);
            }
            (subscriber, next)
        });
        for n in 0..4 {
            producer.try_send(&[n; 2]).unwrap();
        }
        let (mut subscriber, mut next) = receiver.join().unwrap();
        let mut evicted = false;
        while !evicted && next < 4 {
            evicted = receive(&mut subscriber, &mut next, 4);
        }
        if evicted {
            assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 4 - next }));
        }
    });
}

/// One look at the first message of a batch tells of all of them: they are overwritten in order.
#[test]
fn a_batch_of_an_evicted_subscriber_is_whole() {
    check("a_batch_of_an_evicted_subscriber_is_whole", Some(3), || {
        let (mut producer, ring) = awake::<u64>(4).subscribers(1).max_lag(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let receiver = thread::spawn(move || {
            let mut buffer = [9; 2];
            match subscriber.try_recv_batch(&mut buffer) {
                Ok(received) => assert_eq!(buffer[..received], [0, 1]),
                Err(TryRecvError::Evicted { missed }) => assert!((4..=6).contains(&missed)),
                Err(error) => panic!("{error}"),
            }
        });
        for n in 2..6 {
            producer.try_send(&n).unwrap();
        }
        receiver.join().unwrap();
    });
}

/// The entry's next owner is not taken for the one that was evicted: it holds the producer back, or is
/// evicted itself, and told so.
#[test]
fn an_entry_whose_owner_was_evicted_protects_the_next() {
    check("an_entry_whose_owner_was_evicted_protects_the_next", Some(2), || {
        let (mut producer, ring) = awake::<[u64; 2]>(2).subscribers(1).max_lag(1).heap().unwrap();
        let evicted = ring.subscribe(Start::Next).unwrap();
        for n in 0..3 {
            producer.try_send(&[n; 2]).unwrap();
        }
        let joiner = thread::spawn(move || {
            drop(evicted);
            ring.subscribe(Start::Next).unwrap()
        });
        for n in 3..6 {
            producer.try_send(&[n; 2]).unwrap();
        }
        let mut subscriber = joiner.join().unwrap();
        let mut next = None;
        loop {
            match subscriber.try_recv() {
                Ok(message) => {
                    assert_eq!(message, [next.unwrap_or(message[0]); 2]);
                    next = Some(message[0] + 1);
                }
                Err(TryRecvError::Empty | TryRecvError::Evicted { .. }) => break,
                Err(error) => panic!("{error}"),
            }
        }
    });
}

/// Nor is it evicted for what that one did.
#[test]
fn whoever_lags_no_more_than_it_may_is_not_evicted() {
    check("whoever_lags_no_more_than_it_may_is_not_evicted", Some(2), || {
        let (mut producer, ring) = awake::<u64>(4).subscribers(1).max_lag(3).heap().unwrap();
        let evicted = ring.subscribe(Start::Next).unwrap();
        for n in 0..5 {
            producer.try_send(&n).unwrap();
        }
        let joiner = thread::spawn(move || {
            drop(evicted);
            let mut subscriber = ring.subscribe(Start::Next).unwrap();
            for _ in 0..2 {
                let received = subscriber.try_recv();
                assert!(matches!(received, Ok(_) | Err(TryRecvError::Empty)), "{received:?}");
            }
        });
        for n in 5..8 {
            producer.try_send(&n).unwrap();
        }
        joiner.join().unwrap();
    });
}
