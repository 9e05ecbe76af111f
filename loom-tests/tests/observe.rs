//! What an observer is told, is true.

use loom::thread;
use loom_tests::{check, overwriting, position};
use ringway::Start;
use ringway::error::TryRecvError;

/// Receives what there is, looking `looks` times, and checks that every message is whole and the
/// next one after what was received and lost before.
fn observe(observer: &mut ringway::Observer<[u64; 2]>, next: &mut u64, looks: usize) {
    let mut lagged = false;
    for _ in 0..looks {
        match observer.try_recv() {
            Ok(message) => {
                assert_eq!(message, [*next, !*next], "torn, or not the next one");
                *next += 1;
            }
            Err(TryRecvError::Lagged(n)) => {
                *next += n;
                // Unless the one message that it has room for is still being written.
                lagged = observer.capacity() > 1;
                continue;
            }
            Err(TryRecvError::Empty | TryRecvError::Closed) => {
                assert!(!lagged, "after a lag there is something to receive");
                return;
            }
            Err(error) => panic!("{error}"),
        }
        lagged = false;
        assert_eq!(observer.position(), position(*next));
    }
}

#[test]
fn an_observer_never_returns_a_torn_message_and_counts_exactly() {
    check("an_observer_never_returns_a_torn_message_and_counts_exactly", Some(3), || {
        let (mut producer, ring) = overwriting::<[u64; 2]>(1).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let sender = thread::spawn(move || {
            for n in 0..3 {
                producer.try_send(&[n, !n]).unwrap();
            }
        });
        let mut next = 0;
        observe(&mut observer, &mut next, 2);
        sender.join().unwrap();
        observe(&mut observer, &mut next, 4);
        assert_eq!(next, 3, "received + lagged = sent");
    });
}

#[test]
fn an_observer_that_is_lapped_goes_on_at_the_oldest_that_is_left() {
    check("an_observer_that_is_lapped_goes_on_at_the_oldest_that_is_left", None, || {
        let (mut producer, ring) = overwriting::<[u64; 2]>(2).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        for n in 0..3 {
            producer.try_send(&[n, !n]).unwrap();
        }
        let sender = thread::spawn(move || producer.try_send(&[3, !3]).unwrap());
        // 0 is gone, and perhaps 1.
        let lagged = observer.try_recv();
        let (one, two) = (Err(TryRecvError::Lagged(1)), Err(TryRecvError::Lagged(2)));
        assert!([one, two].contains(&lagged), "{lagged:?}");
        sender.join().unwrap();
        let mut next = 4 - observer.lag();
        observe(&mut observer, &mut next, 4);
        assert_eq!(next, 4, "received + lagged = sent");
    });
}

#[test]
fn after_a_lag_there_is_something_to_receive() {
    check("after_a_lag_there_is_something_to_receive", Some(3), || {
        let (mut producer, ring) = overwriting::<u64>(4).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let sender = thread::spawn(move || {
            assert_eq!(producer.try_send_batch(&[0, 1, 2, 3, 4, 5, 6]), 7);
            producer
        });
        if let Err(TryRecvError::Lagged(n)) = observer.try_recv() {
            match observer.try_recv() {
                Ok(message) => assert_eq!(message, n),
                Err(error) => assert!(matches!(error, TryRecvError::Lagged(_)), "{error}"),
            }
        }
        sender.join().unwrap();
    });
}

#[test]
fn an_observer_joins_where_there_are_messages() {
    check("an_observer_joins_where_there_are_messages", Some(2), || {
        let (mut producer, ring) = overwriting::<[u64; 2]>(2).heap().unwrap();
        let sender = thread::spawn(move || {
            let messages = [0, 1, 2, 3].map(|n: u64| [n, !n]);
            assert_eq!(producer.try_send_batch(&messages), 4);
        });
        let mut observer = ring.observe(Start::Oldest).unwrap();
        let mut next = (0..=4)
            .find(|&n| position(n) == observer.position())
            .expect("starts at a position that was sent, or at the next one");
        observe(&mut observer, &mut next, 1);
        sender.join().unwrap();
        observe(&mut observer, &mut next, 6);
        assert_eq!(next, 4, "received + lagged = sent");
    });
}

#[test]
fn a_batch_hides_no_lag() {
    check("a_batch_hides_no_lag", None, || {
        let (mut producer, ring) = overwriting::<u64>(2).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let sender = thread::spawn(move || assert_eq!(producer.try_send_batch(&[2, 3]), 2));
        let mut next = 0;
        let mut receive = |observer: &mut ringway::Observer<u64>| {
            let mut buffer = [0; 4];
            match observer.try_recv_batch(&mut buffer) {
                Ok(n) => {
                    for &message in &buffer[..n] {
                        assert_eq!(message, next);
                        next += 1;
                    }
                }
                Err(TryRecvError::Lagged(n)) => next += n,
                Err(error) => assert_eq!(error, TryRecvError::Closed),
            }
            next
        };
        receive(&mut observer);
        sender.join().unwrap();
        let received_and_lagged = (0..4).map(|_| receive(&mut observer)).last();
        assert_eq!(received_and_lagged, Some(4));
    });
}
