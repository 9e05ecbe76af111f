//! Joining while the producer runs, and leaving.

use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, awake, check, position};
use ringway::error::{JoinError, RecvError};
use ringway::{Options, Spin, SpinThenSleep, Start, Subscriber, Wait};

/// Receives until the ring is closed, and checks that nothing is missing after the first message.
fn receive_to_the_end<W: Wait>(subscriber: &mut Subscriber<u64, W>, sent: u64) {
    let mut next = (0..=sent)
        .find(|&n| position(n) == subscriber.position())
        .expect("starts at a position that was sent, or at the next one");
    loop {
        match subscriber.recv() {
            Ok(message) => assert_eq!(message, next),
            Err(error) => break assert_eq!(error, RecvError::Closed),
        }
        next += 1;
    }
    assert_eq!(next, sent);
}

/// A joiner, beside a producer that sends `messages`, both waiting as `wait` does. Whatever its first
/// position is, it has to receive everything from there on, each message as it was sent.
fn joiner<W>(options: Options<u64>, wait: W, messages: u64, start: Start)
where
    W: Wait + Copy + 'static,
{
    let (producer, ring) = options.subscribers(1).heap().unwrap();
    let mut producer = producer.with_wait(wait);
    let sender = thread::spawn(move || {
        for n in 0..messages {
            producer.send(&n).unwrap();
        }
    });
    match ring.subscribe(start) {
        Ok(subscriber) => {
            if let Start::At(asked) = start {
                assert_eq!(subscriber.position(), asked);
            }
            receive_to_the_end(&mut subscriber.with_wait(wait), messages);
        }
        Err(JoinError::TooOld { .. } | JoinError::NotYet { .. })
            if matches!(start, Start::At(_)) => {}
        Err(error) => panic!("{error}"),
    }
    sender.join().unwrap();
}

#[test]
fn joiner_at_the_next_message_loses_nothing() {
    let name = "joiner_at_the_next_message_loses_nothing";
    check(name, Some(2), || joiner(awake(2), Spin, 3, Start::Next));
}

#[test]
fn joiner_at_the_oldest_message_loses_nothing() {
    let name = "joiner_at_the_oldest_message_loses_nothing";
    check(name, Some(2), || joiner(awake(2), Spin, 3, Start::Oldest));
}

#[test]
fn joiner_at_a_position_gets_it_or_is_told() {
    let name = "joiner_at_a_position_gets_it_or_is_told";
    check(name, Some(3), || joiner(awake(2), Spin, 3, Start::At(position(1))));
}

#[test]
fn joiner_wakes_a_producer_that_slept_over_its_pin() {
    check("joiner_wakes_a_producer_that_slept_over_its_pin", Some(2), || {
        let options = Options::<u64>::new(2).origin(ORIGIN);
        joiner::<SpinThenSleep>(options, SLEEPY, 3, Start::At(position(1)));
    });
}

#[test]
fn joiner_does_not_receive_what_was_sent_before() {
    check("joiner_does_not_receive_what_was_sent_before", Some(4), || {
        let (mut producer, ring) = awake::<u64>(4).subscribers(1).heap().unwrap();
        let sender = thread::spawn(move || {
            producer.try_send(&0).unwrap();
            producer.try_send(&1).unwrap();
            producer
        });
        let mut early = ring.observe(Start::Next).unwrap();
        let seen = u64::from(early.try_recv().is_ok());
        let late = ring.subscribe(Start::Next).unwrap();
        let first = (seen..=2).find(|&n| position(n) == late.position());
        assert!(first.is_some(), "received what this thread had seen sent before it joined");
        let mut producer = sender.join().unwrap();
        drop(late);
        let mut last = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&2).unwrap();
        assert_eq!(last.try_recv(), Ok(2));
    });
}

#[test]
fn joiner_that_is_counted_receives_what_is_sent_then() {
    check("joiner_that_is_counted_receives_what_is_sent_then", None, || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let joiner = thread::spawn(move || ring.subscribe(Start::Next).unwrap());
        let counted = producer.consumers();
        producer.try_send(&0).unwrap();
        let mut subscriber = joiner.join().unwrap();
        if counted == 1 {
            assert_eq!(subscriber.try_recv(), Ok(0));
        }
    });
}

#[test]
fn an_entry_that_was_left_is_as_good_as_new() {
    check("an_entry_that_was_left_is_as_good_as_new", Some(3), || {
        let (mut producer, ring) = awake::<u64>(1).subscribers(1).heap().unwrap();
        let mut first = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&0).unwrap();
        let leaver = thread::spawn(move || {
            assert_eq!(first.try_recv(), Ok(0));
            drop(first);
        });
        let sender = thread::spawn(move || {
            let second = producer.try_send(&1).is_ok();
            let third = second && producer.try_send(&2).is_ok();
            1 + u64::from(second) + u64::from(third)
        });
        let second = ring.subscribe(Start::Next);
        leaver.join().unwrap();
        let sent = sender.join().unwrap();
        match second {
            Ok(mut second) => receive_to_the_end(&mut second, sent),
            Err(error) => assert_eq!(error, JoinError::NoFreeEntry { entries: 1 }),
        }
    });
}
