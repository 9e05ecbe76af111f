//! Rings that grow, in one process: tests of the public interface.
#![allow(clippy::unnecessary_cast, reason = "positions have 32 bits on some targets")]

use std::thread;
use std::time::Duration;

use ringway::error::{ConfigError, FlushError, JoinError, TryRecvError, TrySendError};
use ringway::{Options, Overflow, Position, Producer, Ring, Start};

const LIMIT: u64 = 1 << 20;

fn chain(capacity: usize) -> (Producer<u64>, Ring<u64>) {
    Options::<u64>::new(capacity).unbounded(LIMIT).heap().unwrap()
}

#[test]
fn a_subscriber_gets_everything_in_order_from_all_segments() {
    let (mut producer, ring) = chain(4);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..1000 {
        producer.try_send(&n).unwrap();
    }
    assert!(producer.segments() > 4, "{}", producer.segments());
    for n in 0..1000 {
        assert_eq!(subscriber.position(), n as Position);
        assert_eq!(subscriber.try_recv(), Ok(n));
    }
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    producer.close().unwrap();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn batches_and_bytes_go_over_too() {
    let (mut producer, ring) = chain(4);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let all: Vec<u64> = (0..500).collect();
    assert_eq!(producer.try_send_batch(&all), 500);
    let (mut got, mut buffer) = (Vec::new(), [0; 7]);
    while let Ok(n) = subscriber.try_recv_batch(&mut buffer) {
        got.extend_from_slice(&buffer[..n]);
    }
    assert_eq!(got, all);

    let options = Options::<[u8]>::bytes(4, 40).unbounded(LIMIT);
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let text = |n: usize| vec![n as u8; n % 40];
    (0..300).for_each(|n| producer.try_send(&text(n)).unwrap());
    let mut buffer = [0; 40];
    for n in 0..300 {
        let len = subscriber.try_recv_into(&mut buffer).unwrap();
        assert_eq!(buffer[..len], text(n));
    }
}

#[test]
fn at_the_limit_it_is_full_and_goes_on_when_a_segment_was_drained() {
    let (mut producer, ring) = chain(64);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut sent = 0;
    let full = loop {
        match producer.try_send(&sent) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, TrySendError::Full);
    assert!(producer.bytes() <= LIMIT && producer.bytes() > LIMIT / 2, "{}", producer.bytes());
    let at_first = sent;
    for n in 0..at_first {
        assert_eq!(subscriber.try_recv(), Ok(n));
        sent += u64::from(producer.try_send(&sent).is_ok());
        assert!(producer.bytes() <= LIMIT);
    }
    assert!(sent > at_first);
    assert_eq!((producer.head() - subscriber.position()) as u64, subscriber.lag());
}

#[test]
fn drained_it_comes_back_to_the_first_size() {
    let (mut producer, ring) = chain(64);
    let first = producer.bytes();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..20_000 {
        producer.try_send(&n).unwrap();
    }
    assert!(producer.bytes() > 10 * first);
    (0..20_000).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    for n in 20_000..200_000 {
        producer.try_send(&n).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(n));
    }
    assert_eq!((producer.bytes(), producer.capacity(), producer.segments()), (first, 64, 1));
}

#[test]
fn those_who_left_or_joined_on_the_way_hold_nothing_back() {
    let (mut producer, ring) = chain(4);
    let mut early = ring.subscribe(Start::Next).unwrap();
    let gone = ring.subscribe(Start::Next).unwrap();
    (0..6).for_each(|n| producer.try_send(&n).unwrap());
    // In the second segment by now, where it is awaited.
    drop(gone);
    let mut late = ring.subscribe(Start::Next).unwrap();
    assert_eq!(late.position(), 6);
    (6..50).for_each(|n| producer.try_send(&n).unwrap());
    (0..50).for_each(|n| assert_eq!(early.try_recv(), Ok(n)));
    (6..50).for_each(|n| assert_eq!(late.try_recv(), Ok(n)));
    producer.try_send(&50).unwrap();
    (51..200).for_each(|n| producer.try_send(&n).unwrap());
    (50..200).for_each(|n| assert_eq!((early.try_recv(), late.try_recv()), (Ok(n), Ok(n))));
    (200..400).for_each(|n| {
        producer.try_send(&n).unwrap();
        assert_eq!((early.try_recv(), late.try_recv()), (Ok(n), Ok(n)));
    });
    assert_eq!(producer.segments(), 1);
    assert_eq!(producer.consumers(), 2);
}

#[test]
fn a_durable_subscriber_that_was_away_gets_all_that_it_missed() {
    let (mut producer, ring) = chain(4);
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    producer.try_send(&0).unwrap();
    assert_eq!(keeper.try_recv(), Ok(0));
    drop(keeper);
    (1..100).for_each(|n| producer.try_send(&n).unwrap());
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let again = ring.subscribe_durable("keeper", Start::Next);
    assert!(matches!(again, Err(JoinError::InUse { .. })), "{again:?}");
    (1..50).for_each(|n| assert_eq!(keeper.try_recv(), Ok(n)));
    drop(keeper);
    (100..150).for_each(|n| producer.try_send(&n).unwrap());
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    (50..150).for_each(|n| assert_eq!(keeper.try_recv(), Ok(n)));
    drop(keeper);
    // It is away at the end of a segment, which is retired all the same.
    (150..2000).for_each(|n| {
        producer.try_send(&n).unwrap();
        let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
        assert_eq!(keeper.try_recv(), Ok(n));
    });
    assert_eq!(producer.segments(), 1);
    assert_eq!(ring.remove_durable("keeper"), Ok(true));
    assert_eq!(ring.remove_durable("keeper"), Ok(false));
    assert_eq!(producer.consumers(), 0);
}

#[test]
fn an_observer_follows_and_what_it_missed_is_exact() {
    let (mut producer, ring) = chain(4);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut slow = ring.observe(Start::Next).unwrap();
    let mut quick = ring.observe(Start::Next).unwrap();
    let (mut received, mut lagged) = (0, 0);
    for n in 0..3000 {
        producer.try_send(&n).unwrap();
        if n % 2 == 0 || n > 1000 {
            assert_eq!(subscriber.try_recv().map(|_| ()), Ok(()));
        }
        assert_eq!(quick.try_recv(), Ok(n));
    }
    producer.close().unwrap();
    loop {
        match slow.try_recv() {
            Ok(n) => {
                assert_eq!(n, received + lagged);
                received += 1;
            }
            Err(TryRecvError::Lagged(n)) => lagged += n,
            Err(error) => break assert_eq!(error, TryRecvError::Closed),
        }
    }
    assert_eq!(received + lagged, 3000);
    assert!(lagged > 0);
    let stats = slow.stats();
    assert_eq!((stats.received, stats.lagged), (received, lagged));
}

#[test]
fn messages_that_are_held_are_released_in_the_segment_that_has_them() {
    let (mut producer, ring) = chain(4);
    let subscriber = ring.subscribe_durable("holder", Start::Next).unwrap();
    let mut holding = subscriber.holding([false; 4]);
    (0..4).for_each(|n| producer.try_send(&n).unwrap());
    (0..4).for_each(|n| assert_eq!(holding.try_recv(), Ok((n as Position, n))));
    (4..9).for_each(|n| producer.try_send(&n).unwrap());
    assert!(holding.release(0));
    assert_eq!(holding.try_recv(), Ok((4, 4)));
    assert_eq!(producer.segments(), 2);
    // It dies, and comes again with the oldest that it held.
    drop(holding);
    let subscriber = ring.subscribe_durable("holder", Start::Next).unwrap();
    let mut holding = subscriber.holding([false; 8]);
    (1..7).for_each(|n| assert_eq!(holding.try_recv(), Ok((n as Position, n))));
    // Back again, without having left.
    let mut subscriber = holding.into_subscriber();
    (1..3).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    let mut holding = subscriber.holding([false; 8]);
    (3..8).for_each(|n| assert_eq!(holding.try_recv(), Ok((n as Position, n))));
    (3..8).for_each(|n| assert!(holding.release(n)));
    assert_eq!(holding.try_recv(), Ok((8, 8)));
    (9..40).for_each(|n| producer.try_send(&n).unwrap());
    assert_eq!(producer.segments(), 3);
}

#[test]
fn a_flush_waits_for_those_who_are_behind() {
    let (mut producer, ring) = chain(4);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    (0..6).for_each(|n| producer.try_send(&n).unwrap());
    (0..3).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    assert_eq!(producer.flush(Duration::ZERO), Err(FlushError::Timeout { laggards: 1 }));
    (3..6).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    assert_eq!(producer.flush(Duration::ZERO), Ok(()));
    assert_eq!(producer.stats().sent, 6);
    assert_eq!(ring.stats().sent, 6);
    assert_eq!(ring.head(), 6);
}

#[test]
fn one_that_is_too_slow_at_the_limit_is_evicted_and_told() {
    let options = Options::<u64>::new(64).unbounded(8192).max_hold(Duration::from_millis(10));
    let (mut producer, ring) = options.heap().unwrap();
    let mut slow = ring.subscribe(Start::Next).unwrap();
    for n in 0..2000 {
        producer.send(&n).unwrap();
    }
    let mut received = 0;
    let missed = loop {
        match slow.try_recv() {
            Ok(n) => {
                assert_eq!(n, received);
                received += 1;
            }
            Err(TryRecvError::Evicted { missed }) => break missed,
            Err(error) => panic!("{error}"),
        }
    };
    // What is in segments before the newest was not lost.
    assert!(received > 0);
    assert_eq!(received + missed, 2000);
}

#[test]
fn threads_that_wait_are_woken_in_whatever_segment() {
    let (mut producer, ring) = Options::<u64>::new(2).unbounded(1 << 16).heap().unwrap();
    const MESSAGES: u64 = 50_000;
    let consumers: Vec<_> = (0..2)
        .map(|_| {
            let mut subscriber = ring.subscribe(Start::Next).unwrap();
            thread::spawn(move || {
                let mut next = 0;
                for message in subscriber.iter() {
                    assert_eq!(message, Ok(next));
                    next += 1;
                    if next % 1000 == 0 {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
                next
            })
        })
        .collect();
    let joiner = {
        let ring = ring.clone();
        thread::spawn(move || {
            let mut joined = 0;
            while let Ok(mut subscriber) = ring.subscribe(Start::Next) {
                let first = subscriber.position();
                match subscriber.recv() {
                    Ok(n) => assert_eq!(n, first as u64),
                    Err(_) => break,
                }
                joined += 1;
            }
            joined
        })
    };
    for n in 0..MESSAGES {
        producer.send(&n).unwrap();
    }
    producer.close().unwrap();
    for consumer in consumers {
        assert_eq!(consumer.join().unwrap(), MESSAGES);
    }
    assert!(joiner.join().unwrap() > 0);
}

#[test]
fn skipping_goes_over_segments_and_stays_exact() {
    let (mut producer, ring) = chain(4);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    (0..100).for_each(|n| producer.try_send(&n).unwrap());
    assert_eq!((subscriber.lag(), observer.lag()), (100, 100));
    assert_eq!(subscriber.keep_newest(30), 70);
    assert_eq!(observer.keep_newest(1), 99);
    assert_eq!((subscriber.try_recv(), observer.try_recv()), (Ok(70), Ok(99)));
    let stats = observer.stats();
    assert_eq!((stats.received, stats.lagged, stats.lag), (1, 99, 0));
}

#[test]
fn what_cannot_grow_is_refused() {
    let options = || Options::<u64>::new(4).unbounded(LIMIT);
    let refused = |options: Options<u64>| options.heap().unwrap_err();
    assert_eq!(refused(options().groups(1)), ConfigError::NotUnbounded { with: "groups" });
    let overwrites = options().overflow(Overflow::Overwrite);
    let with = "Overflow::Overwrite";
    assert_eq!(refused(overwrites), ConfigError::NotUnbounded { with });
    let small = Options::<u64>::new(1 << 20).unbounded(1000);
    assert!(matches!(refused(small), ConfigError::LimitTooSmall { limit: 1000, .. }));
    assert!(refused(options().groups(1)).to_string().contains("groups"));
}

#[cfg(feature = "async")]
#[test]
fn tasks_follow_too() {
    use futures_executor::block_on;

    let (producer, ring) = Options::<u64>::new(2).unbounded(1 << 14).heap().unwrap();
    let mut producer = producer.into_async();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    let consumer = thread::spawn(move || {
        for n in 0..5000 {
            assert_eq!(block_on(subscriber.recv()), Ok(n));
            if n % 500 == 0 {
                thread::sleep(Duration::from_millis(2));
            }
        }
        block_on(subscriber.recv())
    });
    for n in 0..5000 {
        block_on(producer.send(&n)).unwrap();
    }
    drop(producer);
    assert_eq!(consumer.join().unwrap(), Err(ringway::error::RecvError::Closed));
}

#[test]
fn a_ring_is_resized_while_it_is_used() {
    let (mut producer, ring) = chain(8);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut sent = 0;
    for capacity in [64, 4, 1024, 1] {
        producer.try_send(&sent).unwrap();
        producer.resize(capacity).unwrap();
        assert_eq!(producer.capacity(), capacity);
        sent += 1;
    }
    (0..sent).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    assert_eq!(producer.resize(0), Err(ConfigError::ZeroCapacity));
    let endless = producer.resize(usize::MAX).unwrap_err();
    assert!(matches!(endless, ConfigError::CapacityTooLarge { .. }), "{endless}");
    let too_much = producer.resize(1 << 20).unwrap_err();
    assert!(matches!(too_much, ConfigError::LimitTooSmall { limit: LIMIT, .. }), "{too_much}");
    producer.try_send(&sent).unwrap();
    assert_eq!(subscriber.try_recv(), Ok(sent));
}
