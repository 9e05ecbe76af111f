//! Room: asking for it, waiting for it, sending all or nothing, and those that leave none.
#![cfg(feature = "std")]

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway::error::{
    BatchError, SendAllError, SendError, SendTimeoutError, TryRecvError, TrySendError, WaitError,
};
use ringway::producer::Room;
use ringway::stats::{ConsumerKind, Liveness};
use ringway::{Options, Overflow, Position, Producer, Start, Subscriber, Worker};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(10);

fn lagging(capacity: usize, lag: usize) -> (Producer<u64>, Subscriber<u64>) {
    let (mut producer, ring) = Options::<u64>::new(capacity).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&vec![0; lag]).unwrap();
    (producer, subscriber)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 200 }))]

    /// The model is the number of messages that the slowest subscriber still needs.
    #[test]
    fn ready_tells_exactly_how_many_messages_go_without_waiting(
        log in 0u32..7,
        steps in prop::collection::vec((any::<bool>(), 1usize..20), 1..40),
    ) {
        let capacity = 1usize << log;
        let (mut producer, mut subscriber) = lagging(capacity, 0);
        let mut held = 0;
        for (sends, n) in steps {
            if sends {
                let n = n.min(capacity);
                let expected = if held + n <= capacity { Ok(()) } else { Err(TrySendError::Full) };
                prop_assert_eq!(producer.ready(n), expected);
                if n <= producer.max_whole() {
                    let sent = producer.try_send_all(&vec![7; n]);
                    match sent {
                        Ok(()) => {
                            prop_assert!(held + n <= capacity);
                            held += n;
                        }
                        Err(SendAllError::Full { fits }) => {
                            prop_assert_eq!(fits, capacity - held);
                            prop_assert!(fits < n);
                        }
                        Err(error) => prop_assert!(false, "{error}"),
                    }
                } else {
                    held += producer.try_send_batch(&vec![7; n]);
                }
                prop_assert_eq!(producer.len(), held);
            } else {
                let received = subscriber.try_recv_batch(&mut vec![0; n]).unwrap_or(0);
                prop_assert_eq!(received, n.min(held));
                held -= received;
            }
        }
    }

    /// What it says can be sent, can be sent; and not a byte more.
    #[test]
    fn the_longest_message_now_is_what_a_send_finds(
        steps in prop::collection::vec((any::<bool>(), 0usize..2048), 1..60),
    ) {
        let (mut producer, ring) = Options::bytes(16, 40).arena(4096).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        for (sends, len) in steps {
            match producer.longest_now() {
                None => prop_assert_eq!(producer.ready(1), Err(TrySendError::Full)),
                Some(longest) => {
                    prop_assert_eq!(producer.ready(Room::Bytes(longest)), Ok(()));
                    if longest < producer.max_len() {
                        let more = Room::Bytes(longest + 1);
                        prop_assert_eq!(producer.ready(more), Err(TrySendError::Full));
                    }
                }
            }
            if sends {
                let _ = producer.try_send(&vec![1; len]);
            } else {
                let _ = subscriber.try_recv_into(&mut [0; 2048]);
            }
        }
    }

    /// Batches of bytes, short and long, arrive whole and in order, or not at all.
    #[test]
    fn a_batch_of_bytes_is_sent_whole_or_not_at_all(
        batches in prop::collection::vec(prop::collection::vec(0usize..900, 0..5), 1..30),
        takes in prop::collection::vec(0usize..6, 30),
    ) {
        let (mut producer, ring) = Options::bytes(32, 40).arena(4096).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut expected = std::collections::VecDeque::new();
        let mut number = 0u8;
        for (lens, take) in batches.into_iter().zip(takes) {
            let batch: Vec<Vec<u8>> = lens
                .into_iter()
                .map(|len| {
                    number = number.wrapping_add(1);
                    vec![number; len]
                })
                .collect();
            let slices: Vec<&[u8]> = batch.iter().map(|bytes| &bytes[..]).collect();
            let head = producer.head();
            match producer.try_send_all(&slices) {
                Ok(()) => {
                    prop_assert_eq!(producer.head(), head + batch.len() as Position);
                    expected.extend(batch);
                }
                Err(SendAllError::Full { fits }) => {
                    prop_assert_eq!(producer.head(), head);
                    prop_assert!(fits < batch.len());
                    // And so many do fit.
                    prop_assert_eq!(producer.try_send_batch(&slices), fits);
                    expected.extend(batch.into_iter().take(fits));
                }
                Err(SendAllError::TooLarge { len, max }) => prop_assert!(len > max),
                Err(SendAllError::TooMany { asked, max }) => prop_assert!(asked > max),
                Err(error) => prop_assert!(false, "{error}"),
            }
            for _ in 0..take {
                let mut buffer = [0; 2048];
                match subscriber.try_recv_into(&mut buffer) {
                    Ok(len) => {
                        prop_assert_eq!(Some(buffer[..len].to_vec()), expected.pop_front());
                    }
                    Err(TryRecvError::Empty) => prop_assert!(expected.is_empty()),
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
        }
    }
}

/// Each takes a whole cache line of the arena, which has 64 of them.
#[test]
fn short_messages_in_the_arena_are_sent_as_a_whole_or_refused_for_good() {
    let (mut producer, ring) = Options::bytes(1024, 16).arena(4096).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let message = &[7; 17][..];
    assert_eq!(producer.max_whole(), 128);
    let too_large = SendAllError::TooLarge { len: 33 * 64, max: 2048 };
    assert_eq!(producer.try_send_all(&[message; 33]), Err(too_large));
    assert_eq!(producer.head(), 0);
    assert_eq!(producer.try_send_all(&[message; 32]), Ok(()));
    assert_eq!(producer.try_send_all(&[message; 32]), Ok(()));
    assert_eq!(producer.try_send_all(&[message]), Err(SendAllError::Full { fits: 0 }));
    assert_eq!((producer.head(), subscriber.lag()), (64, 64));
}

#[test]
fn ready_takes_nothing_and_says_what_sending_would() {
    let (mut producer, mut subscriber) = lagging(4, 4);
    for _ in 0..3 {
        assert_eq!(producer.ready(1), Err(TrySendError::Full));
    }
    assert_eq!(producer.wait_ready_timeout(1, SHORT), Err(SendTimeoutError::Timeout));
    assert_eq!(subscriber.try_recv(), Ok(0));
    for _ in 0..3 {
        assert_eq!((producer.ready(1), producer.ready(2)), (Ok(()), Err(TrySendError::Full)));
    }
    assert_eq!((producer.head(), producer.try_send(&1)), (4, Ok(())));
    assert_eq!(producer.wait_ready(5), Err(SendError::TooMany { asked: 5, max: 4 }));
}

#[test]
fn waiting_for_room_for_many_ends_when_there_is_room_for_all() {
    let (mut producer, mut subscriber) = lagging(8, 8);
    let thread = thread::spawn(move || {
        for _ in 0..6 {
            thread::sleep(Duration::from_millis(2));
            subscriber.recv().unwrap();
        }
        subscriber
    });
    let deadline = Instant::now() + LONG;
    assert_eq!(producer.wait_ready_timeout(6, deadline), Ok(()));
    assert_eq!(producer.ready(6), Ok(()));
    assert_eq!(producer.try_send_batch(&[1; 6]), 6);
    drop(thread.join().unwrap());
}

#[test]
fn a_limit_is_kept_by_a_producer_that_asks_for_several_sizes_of_room_in_turn() {
    let options = Options::<u64>::new(64).max_hold(Duration::from_millis(50));
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[0; 64]).unwrap();
    let start = Instant::now();
    for asked in (1..=8).cycle() {
        if producer.try_send_all(&vec![1; asked]).is_ok() {
            break;
        }
        assert!(start.elapsed() < LONG);
        thread::sleep(Duration::from_millis(1));
    }
    assert!(matches!(subscriber.try_recv(), Err(TryRecvError::Evicted { .. })));
}

#[test]
fn a_subscriber_that_leaves_makes_room_for_a_producer_that_waits_for_it() {
    let (mut producer, subscriber) = lagging(4, 2);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop(subscriber);
    });
    producer.wait_ready_timeout(4, LONG).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_ring_that_overwrites_is_always_ready_and_takes_any_batch_whole() {
    let options = Options::<u64>::new(8).overflow(Overflow::Overwrite);
    let (mut producer, _ring) = options.heap().unwrap();
    assert_eq!(producer.ready(8), Ok(()));
    producer.try_send_all(&[0; 100]).unwrap();
    assert_eq!(producer.head(), 100);
    let options = Options::bytes(8, 16).arena(4096).overflow(Overflow::Overwrite);
    let (mut producer, _ring) = options.heap().unwrap();
    let long = [0; 500];
    for _ in 0..20 {
        producer.try_send_all(&[b"a", &long, b"b", &long]).unwrap();
    }
    assert_eq!(producer.head(), 80);
}

#[test]
fn batches_have_deadlines_and_say_what_was_sent() {
    let (mut producer, subscriber) = lagging(4, 1);
    let late = Err(BatchError { sent: 3, error: SendTimeoutError::Timeout });
    assert_eq!(producer.send_batch_timeout(&[1, 2, 3, 4, 5], Instant::now() + SHORT), late);
    drop(subscriber);
    assert_eq!(producer.send_batch_timeout(&[1; 100], SHORT), Ok(()));

    let (mut producer, ring) = Options::bytes(4, 8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let too_long = SendTimeoutError::TooLarge { len: 9, max: 8 };
    let sent = producer.send_batch_timeout(&[b"a", &[0; 9], b"b"], LONG);
    assert_eq!(sent, Err(BatchError { sent: 1, error: too_long }));
    assert_eq!(producer.try_send_batch(&[b"b", &[0; 9], b"c"]), 1);
    for expected in [b"a", b"b"] {
        let mut buffer = [0; 8];
        let len = subscriber.try_recv_into(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], expected);
    }
}

#[test]
fn a_producer_is_told_that_it_has_no_consumers_and_can_wait_for_that() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    assert!(!producer.has_consumers());
    assert_eq!(producer.send_to_consumers(&1), Err(SendError::NoConsumers));
    assert_eq!(producer.head(), 0);
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let worker = Worker::join(&ring, "group").unwrap();
    assert_eq!(producer.send_to_consumers(&1), Ok(()));
    let left = Err(WaitError::NotLeft { consumers: 2 });
    assert_eq!(producer.wait_for_no_consumers(SHORT), left);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop((subscriber, worker));
    });
    producer.wait_for_no_consumers(LONG).unwrap();
    thread.join().unwrap();
    assert!(!producer.has_consumers());
}

#[test]
fn statistics_say_who_holds_the_producer_back_and_how_often_it_was_refused() {
    let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let _quick = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[1, 2]).unwrap();
    let mut slow = ring.subscribe(Start::Oldest).unwrap();
    producer.send_batch(&[3]).unwrap();
    let room = producer.capacity() - producer.len();
    producer.send_batch(&vec![4; room]).unwrap();
    assert_eq!(ring.stats().held_by, None);
    for _ in 0..3 {
        assert_eq!(producer.try_send(&5), Err(TrySendError::Full));
    }
    assert_eq!(ring.stats().refused, 3);
    // Calls that wait are not refused.
    let late = SendTimeoutError::Timeout;
    assert_eq!(
        producer.send_batch_timeout(&[5, 6], SHORT),
        Err(BatchError { sent: 0, error: late })
    );
    assert_eq!(producer.wait_ready_timeout(2, SHORT), Err(late));
    assert_eq!(producer.reserve_timeout(SHORT).unwrap_err(), late);
    assert_eq!(ring.stats().refused, 3);
    // It looks who is in the way when it has waited for a while.
    assert_eq!(
        producer.send_timeout(&5, Duration::from_millis(60)),
        Err(SendTimeoutError::Timeout)
    );
    let held_by = ring.stats().held_by.unwrap();
    let stats = ring.consumer_stats().unwrap().find(|stats| stats.id == held_by).unwrap();
    assert_eq!(stats.lag, 4);
    assert_eq!(ring.liveness(held_by), Ok(Liveness::Alive));
    while slow.try_recv().is_ok() {}
    drop(_quick);
    producer.send(&5).unwrap();
    assert_eq!(ring.stats().held_by, None);
}

#[test]
fn statistics_of_a_group_tell_what_is_in_flight_and_what_was_given_back() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let mut worker = Worker::join(&ring, "group").unwrap();
    producer.send_batch(&[1, 2, 3]).unwrap();
    let group = || {
        let mut all = ring.consumer_stats().unwrap();
        let group = all.find(|stats| stats.kind == ConsumerKind::Group).unwrap();
        (group.in_flight, group.returned, group.lag)
    };
    assert_eq!(group(), (0, 0, 3));
    let job = worker.try_recv().unwrap();
    assert_eq!(group(), (1, 0, 3));
    job.nack().unwrap();
    assert_eq!(group(), (0, 1, 3));
    worker.try_recv().unwrap().done().unwrap();
    assert_eq!(group(), (0, 0, 2));
}

#[test]
fn statistics_tell_the_process_and_the_entry_of_a_consumer() {
    let (_producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let _subscribers = [(); 2].map(|()| ring.subscribe(Start::Next).unwrap());
    let _worker = Worker::join(&ring, "group").unwrap();
    let here = Some(std::process::id());
    let all: Vec<_> = ring.consumer_stats().unwrap().map(|s| (s.id.entry(), s.process)).collect();
    assert_eq!(all, [(0, here), (1, here), (8, None), (9, here)]);
}

#[test]
fn a_stream_of_bytes_is_written_in_messages_that_the_ring_has() {
    let (mut producer, ring) = Options::bytes(8, 4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut writer = producer.writer();
    assert_eq!(writer.write(b"").unwrap(), 0);
    writer.write_all(b"one and two").unwrap();
    writer.flush().unwrap();
    assert_eq!(producer.head(), 3);
    let mut all = Vec::new();
    let mut buffer = [0; 4];
    while let Ok(len) = subscriber.try_recv_into(&mut buffer) {
        all.extend_from_slice(&buffer[..len]);
    }
    assert_eq!(all, b"one and two");
}
