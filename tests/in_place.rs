//! Messages that are written and read where they lie, and sends that wait until everybody has them.
#![cfg(feature = "std")]

use std::collections::VecDeque;
use std::mem::forget;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use ringway::error::{
    FlushError, RecvError, SendError, SendSyncError, SendTimeoutError, TryRecvError, TrySendError,
    WaitError,
};
use ringway::{Options, Overflow, Producer, Ring, Start, Subscriber};
use zerocopy::{FromBytes, Immutable, IntoBytes};

const LONG: Duration = Duration::from_secs(60);

fn ring<T: ringway::Plain>(capacity: usize) -> (Producer<T>, Subscriber<T>) {
    let (producer, ring) = Options::new(capacity).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer, subscriber)
}

#[test]
fn what_is_read_in_place_is_released_when_it_is_dropped() {
    let (mut producer, mut subscriber) = ring::<u64>(2);
    producer.send_batch(&[1, 2]).unwrap();
    let message = subscriber.recv_ref().unwrap();
    assert_eq!((*message, message.position()), (1, 0));
    assert_eq!(producer.try_send(&3), Err(TrySendError::Full));
    drop(message);
    producer.try_send(&3).unwrap();
    // What is kept, looked at or leaked comes again.
    subscriber.recv_ref().unwrap().keep();
    assert_eq!(*subscriber.peek().unwrap(), 2);
    forget(subscriber.try_recv_ref().unwrap());
    assert_eq!(producer.try_send(&4), Err(TrySendError::Full));
    assert_eq!((subscriber.recv(), subscriber.recv()), (Ok(2), Ok(3)));
    assert_eq!(subscriber.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    drop(producer);
    assert_eq!(subscriber.recv_ref().unwrap_err(), RecvError::Closed);
}

#[test]
fn a_loan_that_is_not_committed_sends_nothing() {
    let (mut producer, ring) = Options::<[u64; 2]>::new(2).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    producer.send_batch(&[[1; 2], [2; 2]]).unwrap();
    assert_eq!(producer.try_reserve().unwrap_err(), TrySendError::Full);
    let timeout = Duration::from_millis(1);
    assert_eq!(producer.reserve_timeout(timeout).unwrap_err(), SendTimeoutError::Timeout);
    assert_eq!(subscriber.recv(), Ok([1; 2]));
    let mut loan = producer.reserve().unwrap();
    loan.write(&[7; 2]);
    assert_eq!((loan.position(), loan.len()), (2, 16));
    drop(loan);
    assert_eq!(
        (producer.head(), subscriber.recv(), subscriber.try_recv()),
        (2, Ok([2; 2]), Err(TryRecvError::Empty))
    );
    // The place that was lent has lost its message, and an observer is told.
    assert_eq!(observer.recv(), Err(RecvError::Lagged(1)));
    assert_eq!(observer.recv(), Ok([2; 2]));

    let mut loan = producer.reserve_timeout(timeout).unwrap();
    loan.write_at(0, &3u64.to_ne_bytes()).unwrap();
    loan.write_at(13, &[1, 1, 1]).unwrap();
    loan.write_at(8, &[1; 5]).unwrap();
    assert_eq!(loan.write_at(9, &[0; 8]), Err(SendError::TooLarge { len: 17, max: 16 }));
    assert_eq!(
        loan.write_at(usize::MAX, &[0]),
        Err(SendError::TooLarge { len: usize::MAX, max: 16 })
    );
    assert_eq!(loan.commit(), 2);
    let expected = [3, u64::from_ne_bytes([1; 8])];
    assert_eq!((subscriber.recv(), observer.recv()), (Ok(expected), Ok(expected)));
    assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn bytes_are_lent_as_many_as_are_needed() {
    let (mut producer, ring) = Options::bytes(1, 21).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&[0xff; 21]).unwrap();
    assert_eq!(&*subscriber.recv_ref().unwrap(), &[0xff; 21]);
    assert_eq!(producer.reserve(22).unwrap_err(), SendError::TooLarge { len: 22, max: 21 });
    for len in 0..=21 {
        let mut loan = producer.reserve(21).unwrap();
        for at in 0..len {
            loan.write_at(at, &[at as u8]).unwrap();
        }
        loan.truncate(len);
        loan.truncate(21);
        assert_eq!((loan.len(), loan.is_empty()), (len, len == 0));
        loan.commit();
        let message = subscriber.recv_ref().unwrap();
        assert!(message.iter().copied().eq(0..len as u8), "{message:?}");
    }
}

#[test]
fn there_is_a_plain_reference_only_where_nobody_else_looks() {
    let options = Options::<u64>::new(2);
    let get_mut = |options: &Options<u64>| {
        let (mut producer, _ring) = options.clone().heap().unwrap();
        let mut loan = producer.reserve().unwrap();
        loan.get_mut().is_some()
    };
    assert!(!get_mut(&options));
    let options = options.observers(false);
    assert!(get_mut(&options));
    assert!(!get_mut(&options.clone().max_lag(1)));
    assert!(!get_mut(&options.clone().max_hold(LONG)));
    // One that comes back can be evicted for having been away.
    assert!(!get_mut(&options.max_away(LONG)));
}

/// More than a line, and more than memory from an allocator has by itself.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable)]
#[repr(C, align(1024))]
struct Page([u64; 128]);

#[test]
fn messages_lie_where_their_type_may_lie() {
    let (mut producer, ring) = Options::<Page>::new(4).observers(false).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..9 {
        let mut loan = producer.reserve().unwrap();
        loan.get_mut().unwrap().0.fill(n);
        loan.commit();
        let message = subscriber.recv_ref().unwrap();
        assert_eq!((&raw const *message).addr() % 1024, 0);
        assert_eq!(*message, Page([n; 128]));
    }
}

/// Waiting for room, while a message is read in place, ends when that is over.
#[test]
fn whoever_finishes_a_message_wakes_the_producer() {
    let (mut producer, mut subscriber) = ring::<u64>(1);
    producer.send(&1).unwrap();
    let message = subscriber.recv_ref().unwrap();
    thread::scope(|scope| {
        let sender = scope.spawn(|| producer.send_timeout(&2, LONG));
        thread::sleep(Duration::from_millis(30));
        assert!(!sender.is_finished());
        drop(message);
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_message_that_is_read_in_place_outlasts_an_eviction() {
    let (mut producer, ring) = Options::<u64>::new(4).max_lag(2).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[0, 1]).unwrap();
    let message = subscriber.recv_ref().unwrap();
    // It is evicted, but until it has finished there is room for what does not overwrite the message.
    assert_eq!(producer.try_send_batch(&[2, 3, 4, 5]), 2);
    assert_eq!(*message, 0);
    drop(message);
    assert_eq!(producer.try_send_batch(&[4, 5]), 2);
    assert_eq!(subscriber.recv_ref().unwrap_err(), RecvError::Evicted { missed: 5 });
    // Leaked, it holds back until somebody says otherwise.
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&6).unwrap();
    forget(subscriber.recv_ref().unwrap());
    assert_eq!(producer.try_send_batch(&[7, 8, 9, 10]), 3);
    drop(subscriber);
    assert_eq!(producer.try_send_batch(&[10, 11]), 2);
    // Or is told that it was evicted, in whatever way it receives.
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&12).unwrap();
    forget(subscriber.recv_ref().unwrap());
    assert_eq!(producer.try_send_batch(&[13, 14, 15, 16]), 3);
    assert!(subscriber.iter().take(4).eq((12..16).map(Ok)));
    assert_eq!(subscriber.recv(), Err(RecvError::Evicted { missed: 0 }));
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
}

#[test]
fn a_flush_says_who_has_not_released_everything() {
    let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    assert!(producer.is_flushed());
    producer.flush(Duration::ZERO).unwrap();
    let mut first = ring.subscribe(Start::Next).unwrap();
    let mut second = ring.subscribe_durable("second", Start::Next).unwrap();
    producer.send_batch(&[1, 2]).unwrap();
    assert_eq!(first.recv_batch(&mut [0; 2]), Ok(2));
    assert_eq!(second.recv(), Ok(1));
    let short = Duration::from_millis(1);
    assert_eq!(producer.flush(short), Err(FlushError::Timeout { laggards: 1 }));
    let who: Vec<_> = producer.laggards().collect();
    assert_eq!((who.len(), who[0].lag(), who[0].name()), (1, 1, Some("second")));

    // A copy is released when the call returns, what is read in place when it has been.
    let message = second.recv_ref().unwrap();
    assert!(!producer.is_flushed());
    drop(message);
    assert!(producer.is_flushed());
    let laggards = FlushError::Timeout { laggards: 2 };
    assert_eq!(producer.send_sync(&3, short), Err(SendSyncError::NotReleased(laggards)));
    producer.send_batch(&[4, 5, 6]).unwrap();
    assert!(matches!(
        producer.send_sync(&7, short),
        Err(SendSyncError::NotSent(SendTimeoutError::Timeout))
    ));
    drop(first);
    second.leave();
    producer.flush(Duration::ZERO).unwrap();
}

/// Nobody wants the room: waiting for subscribers does not evict them.
#[test]
fn a_flush_evicts_nobody() {
    let a_while = Duration::from_millis(200);
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    (0..5).for_each(|n| producer.try_send(&n).unwrap());
    assert_eq!(producer.flush(a_while), Err(FlushError::Timeout { laggards: 1 }));
    assert_eq!(producer.wait_for_consumers(2, a_while), Err(WaitError::Timeout { joined: 1 }));
    assert!(subscriber.iter().take(5).eq((0..5).map(Ok)));
    producer.flush(Duration::ZERO).unwrap();

    let options = Options::<u64>::new(2).max_hold(Duration::from_millis(30));
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&1).unwrap();
    assert!(matches!(producer.send_sync(&2, a_while), Err(SendSyncError::NotReleased(_))));
    assert_eq!((subscriber.recv(), subscriber.recv()), (Ok(1), Ok(2)));
}

#[test]
fn a_rendezvous_is_over_when_everybody_was_there() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let subscribers = [(); 3].map(|()| ring.subscribe(Start::Next).unwrap());
    thread::scope(|scope| {
        for mut subscriber in subscribers {
            scope.spawn(move || {
                subscriber.iter().map(Result::unwrap).eq(0..100).then_some(()).unwrap()
            });
        }
        for n in 0..100 {
            producer.send_sync(&n, LONG).unwrap();
            assert_eq!(producer.len(), 0);
        }
        producer.close().unwrap();
    });
}

#[test]
fn whoever_sends_what_an_iterator_brings_waits_for_room() {
    let (mut producer, mut subscriber) = ring::<u64>(4);
    let receiver = thread::spawn(move || subscriber.iter().map(Result::unwrap).eq(0..1000));
    assert_eq!(producer.send_iter(0..1000), Ok(1000));
    assert_eq!(producer.send_iter([0; 0]), Ok(0));
    drop(producer);
    assert!(receiver.join().unwrap());
}

/// What was sent before an iterator panics is sent, and whoever sleeps for it is woken.
#[test]
fn an_iterator_that_panics_leaves_nobody_asleep() {
    let (mut producer, mut subscriber) = ring::<u64>(4);
    let receiver = thread::spawn(move || subscriber.recv_timeout(LONG));
    thread::sleep(Duration::from_millis(20));
    let sender = thread::spawn(move || {
        let sent = std::panic::AssertUnwindSafe(|| {
            producer.send_iter((0..2).inspect(|&n| assert!(n == 0, "this is meant")))
        });
        assert!(std::panic::catch_unwind(sent).is_err());
        assert_eq!(receiver.join().unwrap(), Ok(0));
    });
    sender.join().unwrap();
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Send,
    Commit,
    DropLoan,
    SendIter(usize),
    Receive,
    ReceiveRef,
    Keep,
    Peek,
    ReceiveRefs { max: usize, keep_after: usize },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Send),
        Just(Op::Commit),
        Just(Op::DropLoan),
        (0..6usize).prop_map(Op::SendIter),
        Just(Op::Receive),
        Just(Op::ReceiveRef),
        Just(Op::Keep),
        Just(Op::Peek),
        (0..7usize, 0..7usize).prop_map(|(max, keep_after)| Op::ReceiveRefs { max, keep_after }),
    ]
}

proptest! {
    /// In any order, and mixed with copies: what comes is what was sent.
    #[test]
    fn places_are_as_good_as_copies(capacity in 1..9usize, ops in prop::collection::vec(op(), 0..200)) {
        let (mut producer, mut subscriber) = ring::<[u64; 3]>(capacity);
        let capacity = producer.capacity();
        let mut model = VecDeque::new();
        let mut next = 0;
        for op in ops {
            let room = capacity - model.len();
            match op {
                Op::Send => {
                    let sent = producer.try_send(&[next; 3]).is_ok();
                    prop_assert_eq!(sent, room > 0);
                    if sent { model.push_back(next); next += 1; }
                }
                Op::Commit => match producer.try_reserve() {
                    Ok(mut loan) => {
                        loan.write(&[next; 3]);
                        loan.commit();
                        prop_assert!(room > 0);
                        model.push_back(next);
                        next += 1;
                    }
                    Err(error) => prop_assert_eq!((error, room), (TrySendError::Full, 0)),
                },
                Op::DropLoan => prop_assert_eq!(producer.try_reserve().is_ok(), room > 0),
                Op::SendIter(n) => {
                    let n = n.min(room) as u64;
                    prop_assert_eq!(producer.send_iter((next..next + n).map(|n| [n; 3])), Ok(n as usize));
                    model.extend(next..next + n);
                    next += n;
                }
                Op::Receive => prop_assert_eq!(subscriber.try_recv().ok(), model.pop_front().map(|n| [n; 3])),
                Op::ReceiveRef => {
                    let message = subscriber.try_recv_ref();
                    prop_assert_eq!(message.ok().map(|m| *m), model.pop_front().map(|n| [n; 3]));
                }
                Op::Keep => if let Ok(message) = subscriber.try_recv_ref() {
                    prop_assert_eq!(Some(message[0]), model.front().copied());
                    message.keep();
                },
                Op::Peek => prop_assert_eq!(subscriber.peek().ok().map(|m| m[2]), model.front().copied()),
                Op::ReceiveRefs { max, keep_after } => match subscriber.try_recv_refs(max) {
                    Ok(messages) => {
                        let there = max.min(model.len());
                        prop_assert_eq!(messages.len(), there);
                        prop_assert!(messages.iter().map(|m| m[1]).eq(model.iter().take(there).copied()));
                        let (older, newer) = messages.as_runs();
                        prop_assert_eq!(older.len() + newer.len(), there);
                        prop_assert!(older.get(older.len()).is_none());
                        messages.keep_after(keep_after);
                        model.drain(..keep_after.min(there));
                    }
                    Err(error) => {
                        prop_assert_eq!((error, model.len()), (TryRecvError::Empty, 0));
                        prop_assert!(max > 0);
                    }
                },
            }
            prop_assert_eq!(producer.is_flushed(), model.is_empty());
        }
    }
}

/// Large messages at full speed, written and read in place, and not one is torn.
#[test]
fn frames_arrive_whole() {
    const FRAMES: u64 = if cfg!(miri) { 20 } else { 3000 };
    const WORDS: usize = if cfg!(miri) { 8 } else { 4096 };
    let (mut producer, ring) = Options::<[u64; WORDS]>::new(4).observers(false).heap().unwrap();
    let subscribers = [(); 2].map(|()| ring.subscribe(Start::Next).unwrap());
    thread::scope(|scope| {
        for mut subscriber in subscribers {
            scope.spawn(move || {
                for n in 0..FRAMES {
                    let frame = subscriber.recv_ref().unwrap();
                    assert!(frame.iter().all(|&word| word == n));
                }
                assert_eq!(subscriber.recv_ref().unwrap_err(), RecvError::Closed);
            });
        }
        for n in 0..FRAMES {
            let mut loan = producer.reserve().unwrap();
            loan.get_mut().unwrap().fill(n);
            loan.commit();
        }
        producer.close().unwrap();
    });
}

/// The same with observers, who look at what is being written, and with somebody who is evicted.
#[test]
fn whoever_looks_too_early_or_too_late_sees_no_torn_frame() {
    const FRAMES: u64 = if cfg!(miri) { 20 } else { 3000 };
    let (mut producer, ring) = Options::<[u64; 512]>::new(4).max_lag(2).heap().unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = 0;
            loop {
                match observer.recv() {
                    Ok(frame) => {
                        assert!(frame.iter().all(|&word| word == next));
                        next += 1;
                    }
                    Err(RecvError::Lagged(n)) => next += n,
                    Err(error) => break assert_eq!((error, next), (RecvError::Closed, FRAMES)),
                }
            }
        });
        scope.spawn(move || {
            loop {
                let error = match subscriber.recv_ref() {
                    Ok(frame) => {
                        let first = frame[0];
                        if first % 16 == 0 {
                            thread::yield_now();
                        }
                        assert!(frame.iter().all(|&word| word == first));
                        continue;
                    }
                    Err(error) => error,
                };
                if error == RecvError::Closed {
                    break;
                }
                assert!(matches!(error, RecvError::Evicted { .. }), "{error}");
                drop(subscriber);
                subscriber = ring.subscribe(Start::Next).unwrap();
            }
        });
        for n in 0..FRAMES {
            let mut loan = producer.reserve().unwrap();
            for at in (0..4096).step_by(64) {
                loan.write_at(at, [n; 8].as_bytes()).unwrap();
            }
            loan.commit();
        }
        producer.close().unwrap();
    });
}

#[test]
fn observers_are_refused_where_there_are_none() {
    let (_producer, ring) = Options::<u64>::new(2).observers(false).heap().unwrap();
    assert!(ring.observe(Start::Next).is_err());
    let (mut producer, ring): (_, Ring<u64>) =
        Options::new(2).overflow(Overflow::Overwrite).heap().unwrap();
    producer.flush(Duration::ZERO).unwrap();
    assert!(ring.observe(Start::Next).is_ok());
}
