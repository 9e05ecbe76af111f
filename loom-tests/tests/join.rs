//! Joining while the producer runs, and leaving.

use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, check, position};
use ringway::{JoinError, Options, RecvError, SpinThenSleep, Start, Subscriber, TryRecvError};

/// A joiner, beside a producer that sends `messages`. Whatever its first position is, it has to
/// receive everything from there on, each message as it was sent.
fn joiner(messages: u64, start: Start) {
    let (producer, ring) = Options::<u64>::new(2)
        .subscribers(1)
        .origin(ORIGIN)
        .heap()
        .unwrap();
    let mut producer = producer.with_wait(SLEEPY);
    let sender = thread::spawn(move || {
        for n in 0..messages {
            producer.send(&n).unwrap();
        }
    });
    let joined = ring.subscribe(start);
    if let (Err(JoinError::TooOld { .. } | JoinError::NotYet { .. }), Start::At(_)) =
        (&joined, start)
    {
        sender.join().unwrap();
        return;
    }
    let subscriber = joined.unwrap();
    if let Start::At(asked) = start {
        assert_eq!(subscriber.position(), asked);
    }
    receive_to_the_end(&mut subscriber.with_wait(SLEEPY), messages);
    sender.join().unwrap();
}

/// Receives until the ring is closed, and checks that nothing is missing after the first message.
fn receive_to_the_end(subscriber: &mut Subscriber<u64, SpinThenSleep>, sent: u64) {
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

#[test]
fn joiner_at_the_next_message_loses_nothing() {
    check("joiner_at_the_next_message_loses_nothing", Some(3), || {
        joiner(4, Start::Next)
    });
}

#[test]
fn joiner_at_the_oldest_message_loses_nothing() {
    check(
        "joiner_at_the_oldest_message_loses_nothing",
        Some(3),
        || joiner(4, Start::Oldest),
    );
}

#[test]
fn joiner_at_a_position_gets_it_or_is_told() {
    check("joiner_at_a_position_gets_it_or_is_told", Some(3), || {
        joiner(3, Start::At(position(1)))
    });
}

#[test]
fn joiner_does_not_receive_what_was_sent_before() {
    check("joiner_does_not_receive_what_was_sent_before", None, || {
        let (mut producer, ring) = Options::<u64>::new(2)
            .subscribers(1)
            .origin(ORIGIN)
            .heap()
            .unwrap();
        let sender = thread::spawn(move || {
            producer.try_send(&0).unwrap();
            producer.try_send(&1).unwrap();
            producer
        });
        let _producer = sender.join().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        assert_eq!(subscriber.position(), position(2));
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn an_entry_that_was_left_is_as_good_as_new() {
    check("an_entry_that_was_left_is_as_good_as_new", Some(3), || {
        let (producer, ring) = Options::<u64>::new(1)
            .subscribers(1)
            .origin(ORIGIN)
            .heap()
            .unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let mut first = ring.subscribe(Start::Next).unwrap();
        producer.send(&0).unwrap();
        let leaver = thread::spawn(move || {
            assert_eq!(first.try_recv(), Ok(0));
            drop(first);
        });
        let sender = thread::spawn(move || {
            for n in 1..3 {
                producer.send(&n).unwrap();
            }
        });
        match ring.subscribe(Start::Next) {
            Ok(second) => receive_to_the_end(&mut second.with_wait(SLEEPY), 3),
            Err(error) => assert_eq!(error, JoinError::NoFreeEntry { entries: 1 }),
        }
        leaver.join().unwrap();
        sender.join().unwrap();
    });
}
