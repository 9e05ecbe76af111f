//! Messages that count as received when their program says so: one at a time, and many at once.
#![cfg(all(feature = "alloc", not(ringway_loom)))]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::vec;
use proptest::prelude::*;
use ringway::error::{JoinError, TryRecvError, TrySendError};
use ringway::stats::ConsumerStats;
use ringway::{Options, Position, Producer, Ring, Start, Subscriber};

fn ring(capacity: usize) -> (Producer<u64>, Ring<u64>, Subscriber<u64>) {
    let (producer, ring) = Options::<u64>::new(capacity).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer, ring, subscriber)
}

#[test]
fn a_message_that_is_held_comes_again_unless_it_is_released() {
    let (mut producer, _ring, mut subscriber) = ring(4);
    assert_eq!(producer.try_send_batch(&[0, 1, 2, 3]), 4);
    for _ in 0..3 {
        let message = subscriber.try_recv_held().unwrap();
        assert_eq!((*message, message.position()), (0, 0));
    }
    assert_eq!((subscriber.position(), subscriber.len()), (0, 4));
    assert_eq!(producer.try_send(&4), Err(TrySendError::Full));
    for n in 0..4 {
        let message = subscriber.recv_held().unwrap();
        assert_eq!((*message, message.position()), (n, n as Position));
        message.release();
        assert_eq!(producer.try_send(&(n + 4)), Ok(()));
    }
    assert_eq!(subscriber.len(), 4);
}

#[test]
fn a_panic_receives_nothing() {
    let (mut producer, _ring, mut subscriber) = ring(4);
    producer.try_send(&7).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _message = subscriber.try_recv_held().unwrap();
        panic!("cannot deal with it");
    }));
    assert!(panicked.is_err());
    assert_eq!(subscriber.try_recv(), Ok(7));
}

#[test]
fn a_batch_is_released_as_far_as_it_was_dealt_with() {
    let (mut producer, _ring, mut subscriber) = ring(8);
    assert_eq!(producer.try_send_batch(&[0, 1, 2, 3, 4]), 5);
    let mut buffer = [0; 8];
    assert_eq!(subscriber.try_recv_held_batch(&mut []).unwrap().len(), 0);
    let batch = subscriber.try_recv_held_batch(&mut buffer[..3]).unwrap();
    assert_eq!((batch.len(), batch.position(), batch.is_empty()), (3, 0, false));
    batch.release_first(2);
    let batch = subscriber.recv_held_batch(&mut buffer).unwrap();
    assert_eq!((batch.len(), batch.position()), (3, 2));
    drop(batch);
    // More than there are is all.
    subscriber.recv_held_batch(&mut buffer).unwrap().release_first(9);
    assert_eq!(buffer[..3], [2, 3, 4]);
    assert_eq!(subscriber.try_recv_held_batch(&mut buffer).unwrap_err(), TryRecvError::Empty);
    assert_eq!(producer.len(), 0);
}

#[test]
fn bytes_are_held_in_the_callers_buffer_also_out_of_the_arena() {
    let options = Options::<[u8]>::bytes(4, 8).arena(1 << 12);
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let long = vec![7; 1000];
    producer.try_send(&long).unwrap();
    producer.try_send(b"short").unwrap();
    let mut buffer = vec![0; 1000];
    let too_small = TryRecvError::BufferTooSmall { needed: 1000 };
    assert_eq!(subscriber.try_recv_held_into(&mut buffer[..999]).unwrap_err(), too_small);
    drop(subscriber.try_recv_held_into(&mut buffer).unwrap());
    let message = subscriber.recv_held_into(&mut buffer).unwrap();
    assert_eq!((&message[..], message.position()), (&long[..], 0));
    message.release();
    assert_eq!(&*subscriber.recv_held_into(&mut buffer).unwrap(), b"short");
}

/// The copy is the program's own, and what becomes of the message's place is told by the next call.
#[test]
fn one_that_is_evicted_meanwhile_has_its_copy_and_is_told() {
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.try_send(&7).unwrap();
    let message = subscriber.try_recv_held().unwrap();
    assert_eq!(producer.try_send_batch(&[8; 20]), 20);
    assert_eq!(*message, 7);
    message.release();
    assert!(matches!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 20 })));
}

#[test]
fn a_durable_subscriber_comes_back_to_what_it_had_not_released() {
    let (mut producer, ring, _subscriber) = ring(8);
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[0, 1, 2, 3]), 4);
    keeper.try_recv_held().unwrap().release();
    assert_eq!(*keeper.try_recv_held().unwrap(), 1);
    drop(keeper);
    let received = |stats: ConsumerStats| (stats.name.is_some(), stats.received);
    let stats = ring.consumer_stats().unwrap().map(received);
    assert!(stats.into_iter().any(|stats| stats == (true, 1)));

    let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let mut holding = keeper.holding([false; 8]);
    for n in 1..4 {
        assert_eq!(holding.try_recv(), Ok((n as Position, n)));
    }
    assert!(holding.release(1) && holding.release(3));
    drop(holding);
    // Message 3 too, though it was released: 2 was not.
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    assert_eq!((keeper.try_recv(), keeper.try_recv()), (Ok(2), Ok(3)));
    keeper.leave();
    assert_eq!(
        ring.subscribe_durable("", Start::Next).map(drop),
        Err(JoinError::Name { len: 0, max: 80 })
    );
}

/// What a program does with its durable subscriber.
#[derive(Clone, Copy, Debug)]
enum Does {
    Send(u8),
    /// Receives by copy.
    Recv,
    /// Is given so many by copy, and releases so many.
    Hold(u8, u8),
    /// Is given so many in place, and releases so many.
    InPlace(u8, u8),
    /// Goes away and comes back.
    Returns,
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        (1..5u8).prop_map(Does::Send),
        Just(Does::Recv),
        (1..4u8, 0..4u8).prop_map(|(given, released)| Does::Hold(given, released)),
        (1..4u8, 0..4u8).prop_map(|(given, released)| Does::InPlace(given, released)),
        Just(Does::Returns),
    ]
}

proptest! {
    /// The model: how often each position was given, by a call that did not receive it at once.
    #[test]
    fn what_may_have_been_given_before_is_marked_and_nothing_else(
        all in vec(does(), 1..60),
        origin in prop_oneof![
            Just(0),
            Just((u32::MAX as Position).wrapping_sub(3) & (Position::MAX >> 1)),
            Just((Position::MAX >> 1) - 2),
        ],
    ) {
        let (mut producer, ring) = Options::<u64>::new(8).origin(origin).heap().unwrap();
        let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
        let mut given = BTreeMap::<u64, u32>::new();
        let (mut sent, mut next) = (0u64, 0u64);
        let position = |n: u64| (origin.wrapping_add(n as Position)) & (Position::MAX >> 1);
        for what in all {
            match what {
                Does::Send(n) => {
                    for _ in 0..n {
                        sent += u64::from(producer.try_send(&sent).is_ok());
                    }
                }
                Does::Recv => {
                    let marked = keeper.is_redelivered(position(next));
                    if let Ok(message) = keeper.try_recv() {
                        prop_assert_eq!((message, marked), (next, given.contains_key(&next)));
                        next += 1;
                    }
                }
                Does::Hold(n, released) => {
                    let mut buffer = [0; 4];
                    let Ok(batch) = keeper.try_recv_held_batch(&mut buffer[..n.into()]) else {
                        continue;
                    };
                    for index in 0..batch.len() {
                        let n = next + index as u64;
                        prop_assert_eq!(batch.redelivered(index), given.contains_key(&n));
                        *given.entry(n).or_default() += 1;
                    }
                    next += batch.len().min(released.into()) as u64;
                    batch.release_first(released.into());
                }
                Does::InPlace(n, released) => {
                    let Ok(messages) = keeper.try_recv_refs(n.into()) else { continue };
                    for index in 0..messages.len() {
                        *given.entry(next + index as u64).or_default() += 1;
                    }
                    next += messages.len().min(released.into()) as u64;
                    messages.keep_after(released.into());
                }
                Does::Returns => {
                    drop(keeper);
                    keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
                }
            }
            prop_assert_eq!(keeper.position(), position(next));
        }
    }
}

#[test]
fn marks_go_on_in_the_segments_of_an_unbounded_ring() {
    for held in [0, 3, 7, 8, 9, 20, 30] {
        let (mut producer, ring) = Options::<u64>::new(8).unbounded(1 << 20).heap().unwrap();
        let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
        let mut holding = keeper.holding([false; 64]);
        for message in 0..30 {
            producer.try_send(&message).unwrap();
        }
        assert!(producer.segments() > 1);
        for _ in 0..held {
            holding.recv().unwrap();
        }
        // Once by a handle that has gone back to the first segment.
        if held % 2 == 0 {
            drop(holding);
        } else {
            drop(holding.into_subscriber());
        }
        let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
        for message in 0..30 {
            let guard = keeper.recv_held().unwrap();
            assert_eq!((*guard, guard.redelivered()), (message, message < held), "{held}");
            guard.release();
        }
    }
}

#[test]
fn an_entry_that_another_had_marks_nothing_of_its_next_owners() {
    let (mut producer, ring) = Options::<u64>::new(8).subscribers(1).heap().unwrap();
    let mut first = ring.subscribe_durable("first", Start::Next).unwrap();
    producer.send_batch(&[0, 1, 2, 3]).unwrap();
    drop(first.recv_held_batch(&mut [0; 4]).unwrap());
    first.leave();
    let mut second = ring.subscribe_durable("second", Start::At(1)).unwrap();
    assert!(!second.recv_held().unwrap().redelivered());
    drop(second);
    let mut second = ring.subscribe_durable("second", Start::Next).unwrap();
    let mut buffer = [0; 2];
    let batch = second.recv_held_batch(&mut buffer).unwrap();
    assert_eq!([0, 1].map(|index| batch.redelivered(index)), [true, false]);
}

#[test]
fn no_more_are_held_than_there_are_flags_and_places() {
    let (mut producer, ring) = Options::<u64>::new(8).subscribers(3).heap().unwrap();
    let subscribe = || ring.subscribe(Start::Next).unwrap();
    let mut none = subscribe().holding([]);
    let mut few = subscribe().holding([true; 3]);
    let mut many = subscribe().holding(vec![false; 100]);
    assert_eq!(producer.try_send_batch(&[0; 8]), 8);
    let full = |max| Err(TryRecvError::TooManyHeld { max });
    assert_eq!(none.try_recv(), full(0));
    for n in 0..8 {
        assert_eq!(many.try_recv(), Ok((n, 0)));
        assert_eq!(few.try_recv(), if n < 3 { Ok((n, 0)) } else { full(3) });
    }
    assert_eq!(many.try_recv(), full(8));
    // Not the oldest.
    assert!(few.release(2) && !few.release(2));
    assert_eq!((few.try_recv(), few.held(), few.oldest()), (full(3), 2, Some(0)));
    assert!(few.release(0));
    assert_eq!((few.try_recv(), few.held(), few.oldest()), (Ok((3, 0)), 2, Some(1)));
}

#[cfg(feature = "std")]
#[test]
fn calls_that_wait_do_not_wait_for_what_their_own_program_holds() {
    use ringway::error::{RecvError, RecvTimeoutError};
    use std::time::Duration;

    let (mut producer, _ring, subscriber) = ring(4);
    let mut holding = subscriber.holding([false; 1]);
    let soon = Duration::from_millis(5);
    assert_eq!(holding.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
    assert_eq!(producer.try_send_batch(&[7, 8]), 2);
    assert_eq!(holding.recv(), Ok((0, 7)));
    assert_eq!(holding.recv(), Err(RecvError::TooManyHeld { max: 1 }));
    assert_eq!(holding.recv_timeout(soon), Err(RecvTimeoutError::TooManyHeld { max: 1 }));
    assert!(holding.release(0));
    assert_eq!(holding.recv_timeout(soon), Ok((1, 8)));
    let mut subscriber = holding.into_subscriber();
    assert_eq!((subscriber.position(), subscriber.recv()), (1, Ok(8)));
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Send(usize),
    Receive,
    /// Which of those that are held, modulo their number.
    Release(usize),
    /// At a position so far from the oldest that is held.
    ReleaseAt(i8),
}

fn operations() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        2 => (0..6usize).prop_map(Op::Send),
        3 => Just(Op::Receive),
        3 => any::<usize>().prop_map(Op::Release),
        1 => any::<i8>().prop_map(Op::ReleaseAt),
    ];
    vec(op, 0..if cfg!(miri) { 20 } else { 200 })
}

/// A position so many messages from another, of which there are half as many as words.
fn beside(position: Position, messages: i64) -> Position {
    position.wrapping_add(messages as Position) & (Position::MAX >> 1)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: if cfg!(miri) { 4 } else { 256 },
        ..ProptestConfig::default()
    })]

    /// The model has a map of what is held. The gate is at the first of it.
    #[test]
    fn what_is_held_is_what_was_received_and_not_released(
        capacity in prop_oneof![Just(1usize), Just(2), Just(8), Just(16)],
        flags in 1..20usize,
        before_the_wrap in 0..20u32,
        operations in operations(),
    ) {
        let origin = (Position::MAX >> 1) - before_the_wrap as Position;
        let options = Options::<u64>::new(capacity).origin(origin);
        let (mut producer, ring) = options.heap().unwrap();
        let mut holding = ring.subscribe(Start::Next).unwrap().holding(vec![false; flags]);
        let max = flags.min(capacity);
        // By number: those that are held; messages sent and received.
        let (mut held, mut sent, mut received) = (BTreeMap::new(), 0u64, 0u64);
        for op in operations {
            let oldest = held.keys().next().copied().unwrap_or(received);
            match op {
                Op::Send(messages) => {
                    let batch: Vec<u64> = (sent..sent + messages as u64).collect();
                    let room = capacity as u64 - (sent - oldest);
                    let expected = (messages as u64).min(room);
                    prop_assert_eq!(producer.try_send_batch(&batch) as u64, expected);
                    sent += expected;
                }
                Op::Receive => {
                    let expected = if received - oldest >= max as u64 {
                        Err(TryRecvError::TooManyHeld { max })
                    } else if received == sent {
                        Err(TryRecvError::Empty)
                    } else {
                        Ok((beside(origin, received as i64), received))
                    };
                    prop_assert_eq!(holding.try_recv(), expected);
                    if let Ok((position, number)) = expected {
                        held.insert(number, position);
                        received += 1;
                    }
                }
                Op::Release(which) => {
                    let Some(which) = which.checked_rem(held.len()) else { continue };
                    let (&number, &position) = held.iter().nth(which).unwrap();
                    prop_assert!(holding.release(position));
                    prop_assert!(!holding.release(position));
                    held.remove(&number);
                }
                Op::ReleaseAt(ahead) => {
                    let number = oldest.wrapping_add_signed(ahead.into());
                    let position = beside(origin, number as i64);
                    prop_assert_eq!(holding.release(position), held.remove(&number).is_some());
                }
            }
            prop_assert_eq!(holding.held(), held.len());
            prop_assert_eq!(holding.oldest(), held.values().next().copied());
            let oldest = held.keys().next().copied().unwrap_or(received);
            prop_assert_eq!(producer.len() as u64, sent - oldest);
            prop_assert_eq!(holding.subscriber().lag(), sent - received);
        }
        let oldest = held.keys().next().copied().unwrap_or(received);
        let mut subscriber = holding.into_subscriber();
        for number in oldest..sent {
            prop_assert_eq!(subscriber.try_recv(), Ok(number));
        }
        prop_assert_eq!(producer.len(), 0);
    }
}
