//! A subscriber that goes away and comes back.

use loom::thread;
use loom_tests::{awake, check, position};
use ringway::Start;
use ringway::error::{JoinError, TryRecvError};

#[test]
fn who_comes_back_goes_on_where_it_stopped() {
    check("who_comes_back_goes_on_where_it_stopped", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(2).heap().unwrap();
        let mut first = ring.subscribe_durable("a", Start::Next).unwrap();
        let again = ring.clone();
        let leaving = thread::spawn(move || {
            let received = first.try_recv();
            assert!([Ok(0), Err(TryRecvError::Empty)].contains(&received), "{received:?}");
            u64::from(received.is_ok())
        });
        let sender = thread::spawn(move || {
            (0..3).take_while(|n| producer.try_send(n).is_ok()).count() as u64
        });
        // With nothing between the one that leaves and this one but the entry.
        let mut received = None;
        match again.subscribe_durable("a", Start::Next) {
            Err(error) => assert!(matches!(error, JoinError::InUse { .. }), "{error:?}"),
            Ok(mut back) => {
                let start = back.position();
                received = Some((start, back.try_recv().ok()));
            }
        }
        let before = leaving.join().unwrap();
        let sent = sender.join().unwrap();
        let mut next = before;
        if let Some((start, message)) = received {
            assert_eq!(start, position(before));
            assert!(message.is_none_or(|n| n == before), "{message:?} after {before}");
            next += u64::from(message.is_some());
        }
        let mut last = ring.subscribe_durable("a", Start::Next).unwrap();
        for n in next..sent {
            assert_eq!(last.try_recv(), Ok(n));
        }
    });
}

#[test]
fn there_is_one_of_a_name() {
    check("there_is_one_of_a_name", Some(3), || {
        let (_producer, ring) = awake::<u64>(2).subscribers(2).heap().unwrap();
        let other = ring.clone();
        let second = thread::spawn(move || other.subscribe_durable("a", Start::Next));
        let first = ring.subscribe_durable("a", Start::Next);
        let second = second.join().unwrap();
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    });
}
