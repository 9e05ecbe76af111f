//! Batches that are written where they will be read.
#![cfg(feature = "std")]

use std::collections::VecDeque;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use ringway::error::{RecvError, SendError, SendTimeoutError, TryRecvError, TrySendError};
use ringway::{Options, Overflow, Position, Producer, Start, Static, Subscriber, Untyped, Worker};

const SHORT: Duration = Duration::from_millis(5);

/// The position of a message's number, on a ring that begins at 0.
fn at(number: u64) -> Position {
    number as Position
}

fn ring(options: Options<u64>) -> (Producer<u64>, Subscriber<u64>) {
    let (producer, ring) = options.heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer, subscriber)
}

#[test]
fn a_batch_is_sent_when_it_is_committed_and_not_before() {
    let (mut producer, mut subscriber) = ring(Options::new(32));
    let mut places = producer.reserve_batch(3).unwrap();
    assert_eq!((places.len(), places.is_empty(), places.position()), (3, false, 0));
    assert_eq!(places.write_iter([1, 2, 3, 4]), 3);
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(places.commit(), 0);
    assert_eq!(subscriber.try_recv_batch(&mut [0; 8]), Ok(3));
    // A part of it.
    let mut places = producer.reserve_batch(4).unwrap();
    for index in [3, 1, 0, 2] {
        places.write(index, &(10 + index as u64)).unwrap();
    }
    assert_eq!(places.commit_first(2), 3);
    assert_eq!((subscriber.try_recv(), subscriber.try_recv()), (Ok(10), Ok(11)));
    assert_eq!((subscriber.try_recv(), producer.head()), (Err(TryRecvError::Empty), 5));
    // More than there are is all of them, and none is nothing.
    producer.reserve_batch(4).unwrap().commit_first(9);
    assert_eq!(producer.reserve_batch(0).unwrap().commit(), 9);
    assert_eq!(producer.try_reserve_up_to(0).unwrap().len(), 0);
    assert_eq!((producer.head(), subscriber.lag()), (9, 4));
}

#[test]
fn there_is_room_for_all_of_a_batch_or_it_is_refused() {
    let (mut producer, mut subscriber) = ring(Options::new(16));
    assert_eq!(producer.max_reserved(), 2);
    assert_eq!(
        producer.try_reserve_batch(3).unwrap_err(),
        TrySendError::TooMany { asked: 3, max: 2 }
    );
    assert_eq!(producer.reserve_batch(3).unwrap_err(), SendError::TooMany { asked: 3, max: 2 });
    producer.send_batch(&[0; 15]).unwrap();
    assert_eq!(producer.try_reserve_batch(2).unwrap_err(), TrySendError::Full);
    assert_eq!(producer.reserve_batch_timeout(2, SHORT).unwrap_err(), SendTimeoutError::Timeout);
    assert_eq!(producer.try_reserve_up_to(9).unwrap().len(), 1);
    assert_eq!(producer.stats().refused, 1);
    subscriber.recv().unwrap();
    producer.reserve_batch_timeout(2, SHORT).unwrap().commit();
    assert_eq!(producer.try_reserve_up_to(1).unwrap_err(), TrySendError::Full);
    // Waits for all of them.
    thread::scope(|scope| {
        let sender = scope.spawn(|| producer.reserve_batch(2).unwrap().commit());
        subscriber.recv().unwrap();
        thread::sleep(SHORT);
        assert!(!sender.is_finished());
        subscriber.recv().unwrap();
        assert_eq!(sender.join().unwrap(), 17);
    });
}

#[test]
fn what_is_dropped_leaked_or_panics_sends_nothing() {
    for observers in [true, false] {
        let (mut producer, mut subscriber) = ring(Options::new(32).observers(observers));
        producer.send_batch(&[7; 31]).unwrap();
        assert_eq!(subscriber.recv_batch(&mut [0; 32]), Ok(31));
        // Around the end of the ring.
        producer.reserve_batch(4).unwrap().write_iter([1; 4]);
        #[expect(clippy::forget_non_drop, reason = "it may get one")]
        forget(producer.reserve_batch(4).unwrap());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut places = producer.reserve_batch(4).unwrap();
            places.write_iter((0..4u64).inspect(|&n| assert!(n < 2, "this is meant")));
            places.commit();
        }));
        assert!(outcome.is_err());
        assert_eq!((subscriber.try_recv(), producer.head()), (Err(TryRecvError::Empty), 31));
        producer.send_batch(&[8, 9, 10, 11, 12]).unwrap();
        assert!(subscriber.try_iter().take(5).map(Result::unwrap).eq(8..13));
    }
}

/// The messages that had the places are lost to an observer, and it goes on with what is left.
#[test]
fn an_observer_is_told_what_it_lost_to_a_batch() {
    let options = Options::<u64>::new(32).overflow(Overflow::Overwrite);
    let (mut producer, ring) = options.heap().unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let late = ring.observe(Start::Next).unwrap();
    for n in 0..40 {
        producer.send(&n).unwrap();
    }
    drop(producer.reserve_batch(4).unwrap());
    // The head is where it was, for those that look for it too.
    assert_eq!((observer.lag(), late.head(), ring.head()), (40, 40, 40));
    assert_eq!(ring.observe(Start::Next).unwrap().position(), 40);
    assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(12)));
    assert!(observer.try_iter().take(28).map(Result::unwrap).eq(12..40));
    assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
    // One that is a lap behind, where a batch is being written.
    let mut behind = late;
    let mut places = producer.reserve_batch(4).unwrap();
    places.write_iter(40..);
    assert_eq!(behind.try_recv(), Err(TryRecvError::Lagged(12)));
    places.commit();
    assert!(behind.try_iter().take(32).map(Result::unwrap).eq(12..44));
}

#[test]
fn bytes_are_written_with_lengths_of_their_own() {
    let (mut producer, ring) = Options::bytes(64, 20).observers(false).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for lap in 0..20u8 {
        let mut places = producer.reserve_batch(8).unwrap();
        for len in 0..7 {
            match len % 3 {
                0 => places.write(len, &[lap; 20][..3 * len]).unwrap(),
                1 => places.get_mut(len, 3 * len).unwrap().fill(lap),
                _ => {
                    // What was there before is not what is sent.
                    places.write(len, &[0xff; 20]).unwrap();
                    places.set_len(len, 3 * len).unwrap();
                    places.write_at(len, 0, &[lap; 20][..3 * len]).unwrap();
                }
            }
        }
        // The last one is not written.
        places.commit();
        for len in 0..7 {
            assert_eq!(subscriber.recv_vec().unwrap(), vec![lap; 3 * len]);
        }
        assert_eq!(subscriber.recv_vec().unwrap(), []);
    }
    let mut places = producer.reserve_batch(1).unwrap();
    let too_large = SendError::TooLarge { len: 21, max: 20 };
    assert_eq!(places.write(0, &[0; 21]), Err(too_large));
    assert_eq!(places.set_len(0, 21), Err(too_large));
    assert!(places.get_mut(0, 21).is_none() && places.get_mut(1, 0).is_none());
    assert_eq!(places.write_at(0, 1, &[0; 20]), Err(SendError::TooLarge { len: 21, max: 0 }));
    assert_eq!(places.write(1, &[]), Err(SendError::TooMany { asked: 2, max: 1 }));
    assert_eq!(places.write_iter([&[0; 21][..]]), 0);
}

/// What lies in the arena is sent one at a time.
#[test]
fn a_batch_has_no_messages_that_are_longer_than_a_slot() {
    let (mut producer, ring) = Options::bytes(64, 20).arena(4096).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    for n in 0..50u8 {
        producer.send(&[n; 300]).unwrap();
        let mut places = producer.reserve_batch(8).unwrap();
        let too_large = SendError::TooLarge { len: 300, max: 20 };
        assert_eq!(places.write(0, &[n; 300]), Err(too_large));
        assert_eq!(places.write_iter([[n; 20]; 8]), 8);
        places.commit_first(usize::from(n % 9));
        assert_eq!(subscriber.recv_vec().unwrap(), [n; 300]);
        for _ in 0..n % 9 {
            assert_eq!(subscriber.recv_vec().unwrap(), [n; 20]);
        }
    }
    let mut seen = 0;
    while at(seen) < producer.head() {
        match observer.try_recv_into(&mut [0; 300]) {
            Ok(_) => seen += 1,
            Err(TryRecvError::Lagged(n)) => seen += n,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn plain_references_are_there_where_no_consumer_looks() {
    let has = |options: Options<u64>| {
        let (mut producer, _ring) = options.heap().unwrap();
        let mut places = producer.reserve_batch(1).unwrap();
        let it = (places.get_mut(0).is_some(), places.as_runs_mut().is_some());
        assert_eq!(it.0, it.1);
        it.0
    };
    assert!(!has(Options::new(8)));
    let options = Options::new(8).observers(false);
    assert!(has(options.clone()));
    assert!(!has(options.clone().max_lag(1)));
    assert!(!has(options.max_hold(SHORT)));
    // In two runs around the end.
    let (mut producer, mut subscriber) = ring(Options::new(32).observers(false));
    producer.send_batch(&[0; 30]).unwrap();
    subscriber.recv_batch(&mut [0; 30]).unwrap();
    let mut places = producer.reserve_batch(4).unwrap();
    let (older, newer) = places.as_runs_mut().unwrap();
    assert_eq!((older.len(), newer.len(), older.stride()), (2, 2, 16));
    let all: Vec<&mut u64> = places.iter_mut().unwrap().collect();
    for (number, place) in all.into_iter().enumerate() {
        *place = number as u64;
    }
    assert!(places.get_mut(4).is_none());
    *places.get_mut(3).unwrap() += 1;
    places.commit();
    assert!(subscriber.try_iter().take(4).map(Result::unwrap).eq([0, 1, 2, 4]));
}

#[test]
fn messages_of_a_type_that_is_not_known_have_the_rings_length() {
    let name = format!("places-untyped-{}", std::process::id());
    let producer = Options::<u64>::new(16).create(&name).unwrap();
    producer.detach();
    let mut producer = Producer::<Untyped>::resume(&name).unwrap();
    let mut places = producer.reserve_batch(2).unwrap();
    let wrong = SendError::WrongLength { len: 7, expected: 8 };
    assert_eq!(places.write(0, Untyped::new(&[0; 7])), Err(wrong));
    assert_eq!(places.write(0, Untyped::new(&[0; 9])), Err(SendError::TooLarge { len: 9, max: 8 }));
    assert_eq!(places.write_iter([Untyped::new(&[1; 8]); 3]), 2);
    places.commit();
}

/// A subscriber that is evicted while a batch is written in its place is told, and gets nothing torn.
#[test]
fn a_batch_may_evict_a_subscriber_in_its_way() {
    let (mut producer, mut subscriber) = ring(Options::new(32).max_lag(16));
    for n in 0..10 {
        let mut places = producer.reserve_batch(4).unwrap();
        places.write_iter(4 * n..);
        places.commit();
    }
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 40 }));
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Send,
    Loan { commit: bool },
    Batch { messages: usize, first: usize, how: u8 },
    UpTo { max: usize },
    Abandon { messages: usize },
    Receive,
    ReceiveRefs { max: usize, keep_after: usize },
    Observe,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Send),
        any::<bool>().prop_map(|commit| Op::Loan { commit }),
        (0..9usize, 0..9usize, any::<u8>()).prop_map(|(messages, first, how)| Op::Batch {
            messages,
            first,
            how
        }),
        (0..9usize).prop_map(|max| Op::UpTo { max }),
        (0..9usize).prop_map(|messages| Op::Abandon { messages }),
        Just(Op::Receive),
        (0..20usize, 0..20usize).prop_map(|(max, keep_after)| Op::ReceiveRefs { max, keep_after }),
        Just(Op::Observe),
    ]
}

/// Sends numbers from `next` on in the first of some places, in one of several ways.
fn write(places: &mut ringway::producer::Loans<'_, [u64; 3]>, next: u64, how: u8) {
    let messages = (next..).map(|n| [n; 3]);
    if let (0 | 1, Some(places)) = (how % 4, places.iter_mut()) {
        if how % 4 == 0 {
            places.zip(messages).for_each(|(place, message)| *place = message);
        } else {
            places.enumerate().for_each(|(index, place)| *place = [next + index as u64; 3]);
        }
    } else if how % 4 == 2 {
        let message = |index: usize| [next + index as u64; 3];
        for index in (0..places.len()).rev() {
            places.write(index, &message(index)).unwrap();
        }
    } else {
        assert_eq!(places.write_iter(messages), places.len());
    }
}

proptest! {
    /// In any order, and mixed with copies and single loans: what comes is what was sent.
    #[test]
    fn batches_in_place_are_as_good_as_copies(
        capacity in prop::sample::select(vec![1usize, 2, 8, 16, 32, 64]),
        observers in any::<bool>(),
        line_per_slot in any::<bool>(),
        ops in prop::collection::vec(op(), 0..if cfg!(miri) { 20 } else { 200 }),
    ) {
        let options = Options::<[u64; 3]>::new(capacity).observers(observers);
        let options = if line_per_slot { options.line_per_slot(true) } else { options };
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut observer = observers.then(|| ring.observe(Start::Next).unwrap());
        let most = producer.max_reserved();
        prop_assert_eq!(most, (capacity / 8).max(1));
        let mut model = VecDeque::new();
        let (mut next, mut seen) = (0, 0);
        for op in ops {
            let room = capacity - model.len();
            let sent = match op {
                Op::Send => usize::from(producer.try_send(&[next; 3]).is_ok()),
                Op::Loan { commit } => match producer.try_reserve() {
                    Ok(mut loan) if commit => {
                        loan.write(&[next; 3]);
                        loan.commit();
                        1
                    }
                    _ => 0,
                },
                Op::Batch { messages, first, how } => match producer.try_reserve_batch(messages) {
                    Ok(mut places) => {
                        prop_assert!(messages <= room.min(most));
                        prop_assert_eq!((places.len(), places.position()), (messages, at(next)));
                        write(&mut places, next, how);
                        prop_assert_eq!(places.commit_first(first), at(next));
                        first.min(messages)
                    }
                    Err(TrySendError::Full) => { prop_assert!(messages > room); 0 }
                    Err(error) => {
                        prop_assert_eq!(error, TrySendError::TooMany { asked: messages, max: most });
                        prop_assert!(messages > most);
                        0
                    }
                },
                Op::UpTo { max } => match producer.try_reserve_up_to(max) {
                    Ok(mut places) => {
                        prop_assert_eq!(places.len(), max.min(most).min(room));
                        write(&mut places, next, 0);
                        let messages = places.len();
                        places.commit();
                        messages
                    }
                    Err(error) => {
                        prop_assert_eq!((error, room), (TrySendError::Full, 0));
                        0
                    }
                },
                Op::Abandon { messages } => {
                    if let Ok(mut places) = producer.try_reserve_batch(messages) {
                        write(&mut places, 1 << 40, messages as u8);
                    }
                    0
                }
                Op::Receive => {
                    prop_assert_eq!(subscriber.try_recv().ok(), model.pop_front().map(|n| [n; 3]));
                    0
                }
                Op::ReceiveRefs { max, keep_after } => {
                    if let Ok(messages) = subscriber.try_recv_refs(max) {
                        let there = max.min(model.len());
                        prop_assert!(messages.iter().map(|m| m[1]).eq(model.iter().take(there).copied()));
                        messages.keep_after(keep_after);
                        model.drain(..keep_after.min(there));
                    }
                    0
                }
                Op::Observe => {
                    match observer.as_mut().map(|observer| observer.try_recv()) {
                        Some(Ok(message)) => {
                            prop_assert_eq!(message, [seen; 3]);
                            seen += 1;
                        }
                        Some(Err(TryRecvError::Lagged(n))) => seen += n,
                        Some(Err(error)) => prop_assert_eq!((error, seen), (TryRecvError::Empty, next)),
                        None => {}
                    }
                    0
                }
            };
            if matches!(op, Op::Send) {
                prop_assert_eq!(sent, usize::from(room > 0));
            }
            model.extend(next..next + sent as u64);
            next += sent as u64;
            prop_assert_eq!((producer.head(), subscriber.lag()), (at(next), model.len() as u64));
            if let Some(observer) = &observer {
                prop_assert!(seen <= next);
                prop_assert_eq!(observer.lag(), next - seen);
                prop_assert_eq!(ring.observe(Start::Next).unwrap().position(), at(next));
            }
        }
        while let Some(Ok(_) | Err(TryRecvError::Lagged(_))) = observer.as_mut().map(|observer| {
            let outcome = observer.try_recv();
            match outcome {
                Ok(message) => { assert_eq!(message, [seen; 3]); seen += 1; }
                Err(TryRecvError::Lagged(n)) => seen += n,
                Err(_) => {}
            }
            outcome
        }) {}
        prop_assert!(observer.is_none() || seen == next, "received + lagged = sent");
    }
}

/// Batches at full speed, with a subscriber and an observer: not one message is torn or missing.
#[test]
fn batches_arrive_whole_while_observers_look() {
    const MESSAGES: u64 = if cfg!(miri) { 40 } else { 40_000 };
    let (mut producer, ring) = Options::<[u64; 16]>::new(64).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = 0;
            while let Ok(messages) = subscriber.recv_refs(16) {
                for message in messages.iter() {
                    assert_eq!(message, &[next; 16]);
                    next += 1;
                }
            }
            assert_eq!(next, MESSAGES);
        });
        scope.spawn(move || {
            let mut next = 0;
            loop {
                match observer.recv() {
                    Ok(message) => {
                        assert_eq!(message, [next; 16]);
                        next += 1;
                    }
                    Err(RecvError::Lagged(n)) => next += n,
                    Err(error) => break assert_eq!((error, next), (RecvError::Closed, MESSAGES)),
                }
            }
        });
        let mut sent = 0;
        while sent < MESSAGES {
            let mut places = producer.reserve_batch(1 + (sent % 8) as usize).unwrap();
            places.write_iter((sent..MESSAGES).map(|n| [n; 16]));
            let messages =
                places.len().min((MESSAGES - sent) as usize).min(1 + (sent % 5) as usize);
            places.commit_first(messages);
            sent += messages as u64;
        }
        producer.close().unwrap();
    });
}

/// Bytes in slots and in the arena, many at a time, where they lie.
#[test]
fn messages_of_bytes_are_read_in_place_many_at_a_time() {
    let (mut producer, ring) = Options::bytes(8, 20).arena(4096).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let message = |n: u64| vec![n as u8; [3, 20, 300, 0][(n % 4) as usize]];
    let (mut sent, mut received) = (0, 0);
    for round in 0..50 {
        while producer.try_send(&message(sent)).is_ok() {
            sent += 1;
        }
        let messages = subscriber.recv_refs(1 + round % 9).unwrap();
        let there = messages.len();
        assert!(messages.iter().eq((received..).take(there).map(message)));
        assert_eq!(messages.get(there), None);
        messages.keep_after(there / 2 + 1);
        received += (there / 2 + 1).min(there) as u64;
        assert_eq!(subscriber.position(), at(received));
    }
    assert!(received > 100);
    subscriber.recv_refs(0).unwrap();
}

#[test]
fn a_worker_reads_many_messages_in_place() {
    let (mut producer, ring) = Options::<[u64; 5]>::new(8).groups(1).workers(2).heap().unwrap();
    let mut first = Worker::join(&ring, "a").unwrap();
    let mut second = Worker::join(&ring, "a").unwrap();
    for n in 0..6 {
        producer.send(&[n; 5]).unwrap();
    }
    let jobs = first.try_recv_refs(2).unwrap();
    assert_eq!((jobs.len(), jobs.position(), jobs.is_empty()), (2, 0, false));
    let others = second.try_recv_refs(3).unwrap();
    assert!(others.iter().map(|job| job[4]).eq(2..5));
    assert!(jobs.iter().map(|job| job[4]).eq(0..2));
    // Their places are theirs.
    assert_eq!((producer.try_send(&[6; 5]), producer.try_send(&[7; 5])), (Ok(()), Ok(())));
    assert_eq!(producer.try_send(&[8; 5]), Err(TrySendError::Full));
    others.done().unwrap();
    assert_eq!(producer.try_send(&[8; 5]), Err(TrySendError::Full));
    jobs.nack().unwrap();
    let jobs = second.try_recv_refs(8).unwrap();
    assert!(jobs.iter().map(|job| job[0]).eq(0..2) && jobs.redelivered(0) && jobs.redelivered(1));
    drop(jobs);
    assert_eq!(producer.try_send(&[8; 5]), Ok(()));
    // A panic gives them back, and a leak is over with the worker.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _jobs = first.try_recv_refs(8).unwrap();
        panic!("this is meant");
    }));
    assert!(outcome.is_err());
    let jobs = second.try_recv_refs(9).unwrap();
    assert!((0..4).all(|index| jobs.redelivered(index)));
    assert!(jobs.iter().map(|job| job[0]).eq(5..9));
    forget(jobs);
    assert_eq!(first.try_recv_refs(1).unwrap_err(), TryRecvError::Empty);
    drop(second);
    assert!(first.recv_refs(9).unwrap().iter().map(|job| job[0]).eq(5..9));
    assert_eq!(first.try_recv_refs(0).unwrap().len(), 0);
    drop(producer);
    assert_eq!(first.recv_refs(1).unwrap_err(), RecvError::Closed);
}

#[test]
fn a_worker_reads_many_messages_of_bytes_in_place() {
    let options = Options::bytes(16, 20).arena(4096).subscribers(0).groups(1);
    let (mut producer, ring) = options.heap().unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    let message = |n: u64| vec![n as u8; [3, 20, 300, 0][(n % 4) as usize]];
    let (mut sent, mut received) = (0, 0);
    while received < 200 {
        while producer.try_send(&message(sent)).is_ok() {
            sent += 1;
        }
        let jobs = worker.recv_refs_timeout(5, SHORT).unwrap();
        assert!(jobs.iter().eq((received..).take(jobs.len()).map(message)));
        received += jobs.len() as u64;
    }
}

/// Read in place, all of them stay where they are though their reader is evicted.
#[test]
fn a_batch_that_is_read_in_place_outlasts_an_eviction() {
    let options = Options::<u64>::new(8).max_lag(4).groups(1);
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    producer.send_batch(&[0, 1, 2]).unwrap();
    let messages = subscriber.recv_refs(3).unwrap();
    let jobs = worker.recv_refs(3).unwrap();
    // Both are evicted, and hold the producer back as long as they read.
    assert_eq!(producer.try_send_batch(&[3, 4, 5, 6, 7, 8, 9]), 5);
    assert!(messages.iter().eq(&[0, 1, 2]) && jobs.iter().eq(&[0, 1, 2]));
    drop(messages);
    assert_eq!(producer.try_send(&8), Err(TrySendError::Full));
    drop(jobs);
    assert_eq!(producer.try_send_batch(&[8, 9]), 2);
    assert!(matches!(subscriber.recv_refs(3).unwrap_err(), RecvError::Evicted { .. }));
    assert!(matches!(worker.recv_refs(3).unwrap_err(), RecvError::Evicted { .. }));
}

/// Messages as long as those that rings lay out by lines, and a `Static` does not.
#[test]
fn long_messages_are_the_same_in_a_static() {
    type Long = [u64; 32];
    static RING: Static<Long, 8> = Static::new();
    let long = |n: u64| -> Long { std::array::from_fn(|i| n * 100 + i as u64) };

    fn pass(
        mut producer: Producer<Long>,
        mut subscriber: Subscriber<Long>,
        long: impl Fn(u64) -> Long,
    ) {
        for lap in 0..5 {
            producer.try_send(&long(lap)).unwrap();
            assert_eq!(subscriber.try_recv(), Ok(long(lap)));
            producer.send_batch(&[long(lap + 1), long(lap + 2)]).unwrap();
            producer.send_iter([long(lap + 3)]).unwrap();
            let mut places = producer.reserve_batch(1).unwrap();
            places.write(0, &long(lap + 4)).unwrap();
            places.commit();
            let messages = subscriber.try_recv_refs(8).unwrap();
            assert!(messages.iter().copied().eq((1..5).map(|n| long(lap + n))));
        }
    }
    let parts = RING.split().unwrap();
    let [subscriber] = parts.subscribers;
    pass(parts.producer, subscriber, long);
    let (producer, ring) = Options::<Long>::new(8).heap().unwrap();
    pass(producer, ring.subscribe(Start::Next).unwrap(), long);
}
