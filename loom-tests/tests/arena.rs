//! Messages that lie in the arena, and what becomes of their places.
//!
//! In a model the arena is shared out by the word, so that one of four words has two messages of two.

use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, check, position};
use ringway::error::TryRecvError;
use ringway::{Observer, Options, Overflow, Producer, Spin, Start, Subscriber, Wait};

const WORD: usize = size_of::<ringway::Position>();
/// Bytes of a message of the models: longer than a slot.
const LEN: usize = 2 * WORD;

/// A ring whose slots have no room for bytes, with places for two messages, in a model in which nobody sleeps.
fn spilling(capacity: usize) -> Options<[u8]> {
    sleepy(capacity).asymmetric_fences(true)
}

fn sleepy(capacity: usize) -> Options<[u8]> {
    Options::bytes(capacity, 0).arena(2 * LEN).origin(ORIGIN).subscribers(1)
}

/// A message whose words belong together.
fn message(n: u64) -> [u8; LEN] {
    let mut bytes = [n as u8; LEN];
    bytes[WORD..].fill(!n as u8);
    bytes
}

/// Receives what there is, looking `looks` times, and checks that every message is whole and the next one.
fn observe(observer: &mut Observer<[u8]>, next: &mut u64, sent: u64, looks: usize) {
    let mut buffer = [0; LEN];
    for _ in 0..looks {
        match observer.try_recv_into(&mut buffer) {
            Ok(len) => {
                assert_eq!(&buffer[..len], &message(*next), "torn, or not the next one");
                *next += 1;
            }
            Err(TryRecvError::Lagged(n)) => *next += n,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            Err(error) => panic!("{error}"),
        }
        assert!(*next <= sent, "lost what was never sent");
        assert_eq!(observer.position(), position(*next));
    }
}

/// Receives once, if there is something, and checks that it is the next one.
fn receive<W: Wait>(subscriber: &mut Subscriber<[u8], W>, next: &mut u64) {
    let mut buffer = [0; LEN];
    match subscriber.try_recv_into(&mut buffer) {
        Ok(len) => {
            assert_eq!(&buffer[..len], &message(*next), "torn, or not the next one");
            *next += 1;
        }
        Err(error) => {
            assert!(matches!(error, TryRecvError::Empty | TryRecvError::Closed), "{error}")
        }
    }
}

#[test]
fn an_observer_never_returns_a_torn_spilled_message_and_counts_exactly() {
    let name = "an_observer_never_returns_a_torn_spilled_message_and_counts_exactly";
    check(name, Some(3), || {
        let options = spilling(4).overflow(Overflow::Overwrite).subscribers(0);
        let (mut producer, ring) = options.heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        producer.try_send(&message(1)).unwrap();
        let sender = thread::spawn(move || {
            producer.try_send(&message(2)).unwrap();
            producer
        });
        let mut next = 0;
        observe(&mut observer, &mut next, 3, 1);
        drop(sender.join().unwrap());
        observe(&mut observer, &mut next, 3, 4);
        assert_eq!(next, 3, "received + lagged = sent");
    });
}

/// Whoever has found a mark finds a head that is after what made it.
#[test]
fn whoever_sees_an_early_mark_sees_the_head() {
    check("whoever_sees_an_early_mark_sees_the_head", Some(3), || {
        let options = spilling(4).overflow(Overflow::Overwrite).subscribers(0);
        let (mut producer, ring) = options.heap().unwrap();
        producer.try_send(&message(0)).unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        producer.try_send(&message(1)).unwrap();
        let sender = thread::spawn(move || {
            for n in 2..4 {
                producer.try_send(&message(n)).unwrap();
            }
            producer
        });
        if observer.try_recv_into(&mut [0; LEN]).is_err() {
            // It was 3 that took its place.
            assert!(ring.observe(Start::Next).unwrap().position() != position(2), "an older head");
        }
        drop(sender.join().unwrap());
    });
}

/// A slot is marked as if a message a lap ahead were being written: nobody takes that for the head.
#[test]
fn a_mark_that_is_early_says_nothing_of_the_head() {
    check("a_mark_that_is_early_says_nothing_of_the_head", Some(3), || {
        let options = spilling(4).overflow(Overflow::Overwrite).subscribers(0);
        let (mut producer, ring) = options.heap().unwrap();
        let observer = ring.observe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        let sender = thread::spawn(move || {
            for n in 1..4 {
                producer.try_send(&message(n)).unwrap();
            }
            producer
        });
        let seen = observer.lag();
        assert!((1..=4).contains(&seen), "{seen} messages of 4");
        let producer = sender.join().unwrap();
        assert_eq!((observer.lag(), observer.head()), (4, producer.head()));
    });
}

#[test]
fn spilled_messages_are_received_before_their_places_are_reused() {
    let name = "spilled_messages_are_received_before_their_places_are_reused";
    check(name, Some(3), || {
        let (mut producer, ring) = spilling(8).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        producer.try_send(&message(1)).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..2 {
                receive(&mut subscriber, &mut next);
            }
            (subscriber, next)
        });
        let mut sent = 2;
        for _ in 0..2 {
            sent += u64::from(producer.try_send(&message(sent)).is_ok());
        }
        let (mut subscriber, mut next) = receiver.join().unwrap();
        while next < sent {
            receive(&mut subscriber, &mut next);
        }
    });
}

#[test]
fn a_spilled_message_read_in_place_stays_until_it_is_released() {
    let name = "a_spilled_message_read_in_place_stays_until_it_is_released";
    check(name, Some(3), || {
        let (mut producer, ring) = spilling(8).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        producer.try_send(&message(1)).unwrap();
        let receiver = thread::spawn(move || {
            let mut buffer = [0; LEN];
            let found = subscriber.try_recv_ref().unwrap();
            for _ in 0..2 {
                assert_eq!(found.copy_to(&mut buffer), LEN);
                assert_eq!(buffer, message(0), "it was overwritten");
            }
            drop(found);
            subscriber
        });
        for n in 2..4 {
            if let Ok(mut loan) = producer.try_reserve(LEN) {
                loan.write_at(0, &message(n)[..WORD]).unwrap();
                loan.write_at(WORD, &message(n)[WORD..]).unwrap();
                // What is dropped takes nothing.
                if n == 3 {
                    loan.commit();
                }
            }
        }
        drop(receiver.join().unwrap());
    });
}

/// Whoever leaves has read before anything is written where it read.
#[test]
fn who_leaves_has_read_what_was_spilled() {
    check("who_leaves_has_read_what_was_spilled", None, || {
        let (mut producer, ring) = spilling(64).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        producer.try_send(&message(1)).unwrap();
        let leaver = thread::spawn(move || {
            receive(&mut subscriber, &mut 0);
            drop(subscriber);
        });
        let _full = producer.try_send(&message(2));
        leaver.join().unwrap();
    });
}

/// Whoever joins at the oldest message finds all from there on whole, whatever is reused meanwhile.
fn joiner(capacity: usize, messages: usize, start: Start) {
    let (mut producer, ring) = spilling(capacity).heap().unwrap();
    producer.try_send(&message(0)).unwrap();
    producer.try_send(&message(1)).unwrap();
    let sender = thread::spawn(move || {
        let mut sent = 2;
        for _ in 0..messages {
            sent += u64::from(producer.try_send(&message(sent)).is_ok());
        }
        (producer, sent)
    });
    let joined = ring.subscribe(start);
    let Ok(mut subscriber) = joined else {
        assert!(matches!(start, Start::At(_)), "{joined:?}");
        return drop(sender.join());
    };
    let mut next = (0..=5).find(|&n| position(n) == subscriber.position()).expect("a position");
    receive(&mut subscriber, &mut next);
    let (_producer, sent) = sender.join().unwrap();
    while next < sent {
        receive(&mut subscriber, &mut next);
    }
}

#[test]
fn joiner_at_the_oldest_message_finds_what_was_spilled() {
    let name = "joiner_at_the_oldest_message_finds_what_was_spilled";
    check(name, Some(3), || joiner(4, 2, Start::Oldest));
}

/// The same where the producer looks at the gates for the arena alone, and twice.
#[test]
fn joiner_finds_what_was_spilled_while_more_is_reclaimed() {
    let name = "joiner_finds_what_was_spilled_while_more_is_reclaimed";
    check(name, Some(3), || joiner(64, 3, Start::Oldest));
}

#[test]
fn joiner_at_a_position_finds_what_was_spilled_or_is_told() {
    let name = "joiner_at_a_position_finds_what_was_spilled_or_is_told";
    check(name, Some(3), || joiner(4, 2, Start::At(position(1))));
}

#[test]
fn a_producer_that_sleeps_for_the_arena_is_woken() {
    check("a_producer_that_sleeps_for_the_arena_is_woken", Some(2), || {
        let (producer, ring) = sleepy(8).heap().unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        producer.try_send(&message(0)).unwrap();
        producer.try_send(&message(1)).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            receive(&mut subscriber, &mut next);
            subscriber
        });
        producer.send(&message(2)).unwrap();
        let mut subscriber = receiver.join().unwrap();
        for mut n in 1..3 {
            receive(&mut subscriber, &mut n);
        }
    });
}

#[test]
fn an_evicted_subscriber_is_told_and_gets_no_torn_spilled_message() {
    let name = "an_evicted_subscriber_is_told_and_gets_no_torn_spilled_message";
    check(name, Some(3), || {
        let (producer, ring) = spilling(4).max_lag(1).heap().unwrap();
        let mut producer = producer.with_wait(Spin);
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        let receiver = thread::spawn(move || {
            let mut buffer = [0; LEN];
            match subscriber.try_recv_into(&mut buffer) {
                Ok(len) => assert_eq!(&buffer[..len], &message(0), "torn"),
                Err(error) => assert!(matches!(error, TryRecvError::Evicted { .. }), "{error}"),
            }
        });
        for n in 1..3 {
            producer.try_send(&message(n)).unwrap();
        }
        receiver.join().unwrap();
    });
}

/// The dead had marked one message, and was writing another in its place.
#[test]
fn a_successor_goes_on_in_the_arena_where_the_dead_stopped() {
    let name = "a_successor_goes_on_in_the_arena_where_the_dead_stopped";
    check(name, Some(3), || {
        // The head is stored every fourth message, and when a slot is marked early.
        let (mut producer, ring) = spilling(32).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        producer.try_send(&message(0)).unwrap();
        producer.try_send(&message(1)).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            receive(&mut subscriber, &mut next);
            (subscriber, next)
        });
        producer.die(Some(&message(77)));
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!(successor.head(), position(2));
        let sent = 2 + u64::from(successor.try_send(&message(2)).is_ok());
        let (mut subscriber, mut next) = receiver.join().unwrap();
        while next < sent {
            receive(&mut subscriber, &mut next);
        }
        let mut seen = 0;
        observe(&mut observer, &mut seen, sent, 4);
        assert_eq!(seen, sent, "received + lagged = sent");
    });
}

/// So does one that finds early marks near its place, and nobody takes it for less than it is.
#[test]
fn a_successor_finds_its_place_behind_early_marks() {
    check("a_successor_finds_its_place_behind_early_marks", Some(3), || {
        let options = spilling(32).overflow(Overflow::Overwrite).subscribers(0);
        let (mut producer, ring) = options.heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let observing = thread::spawn(move || {
            let mut next = 0;
            observe(&mut observer, &mut next, 4, 1);
            (observer, next)
        });
        for n in 0..3 {
            producer.try_send(&message(n)).unwrap();
        }
        producer.die(Some(&message(77)));
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!(successor.head(), position(3));
        successor.try_send(&message(3)).unwrap();
        let (mut observer, mut next) = observing.join().unwrap();
        observe(&mut observer, &mut next, 4, 5);
        assert_eq!(next, 4, "received + lagged = sent");
    });
}

/// One that joins and leaves while the gates are looked at twice has read what it read.
#[test]
fn who_joins_and_leaves_has_read_what_was_spilled() {
    check("who_joins_and_leaves_has_read_what_was_spilled", Some(2), || {
        let options = Options::bytes(64, 0).arena(2 * LEN).origin(ORIGIN).subscribers(1);
        let (mut producer, ring) = options.asymmetric_fences(true).heap().unwrap();
        for n in 0..2 {
            producer.try_send(&message(n)).unwrap();
        }
        let leaver = thread::spawn(move || {
            let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
            // It may come too late for all of them.
            let _ = subscriber.try_recv_into(&mut [0; LEN]);
        });
        // If there is room.
        let _ = producer.try_send(&message(2));
        leaver.join().unwrap();
    });
}
