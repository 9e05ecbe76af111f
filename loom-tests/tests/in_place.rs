//! Messages that are written and read where they lie.

use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, awake, check, overwriting, position};
use ringway::error::{JoinError, TryRecvError};
use ringway::{Options, Producer, Start, Subscriber, Worker};

/// Reads the next message in place, twice, and checks that it is one that was sent and does not change.
fn read_twice(subscriber: &mut Subscriber<[u64; 2]>, next: &mut u64) -> Result<(), TryRecvError> {
    let message = subscriber.try_recv_ref()?;
    for _ in 0..2 {
        assert_eq!(message.read(), [*next; 2], "it was overwritten");
    }
    *next += 1;
    Ok(())
}

/// What is read in place is not overwritten before it is released, and a loan is seen when it is committed.
#[test]
fn a_message_read_in_place_stays_until_it_is_released() {
    check("a_message_read_in_place_stays_until_it_is_released", Some(3), || {
        let (mut producer, ring) = awake::<[u64; 2]>(1).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..2 {
                let outcome = read_twice(&mut subscriber, &mut next);
                assert!(matches!(outcome, Ok(()) | Err(TryRecvError::Empty)), "{outcome:?}");
            }
            (subscriber, next)
        });
        let mut sent = 0u64;
        for _ in 0..3 {
            if let Ok(mut loan) = producer.try_reserve() {
                loan.write_at(8, &sent.to_ne_bytes()).unwrap();
                loan.write_at(0, &sent.to_ne_bytes()).unwrap();
                loan.commit();
                sent += 1;
            }
            drop(producer.try_reserve());
        }
        let (mut subscriber, mut next) = receiver.join().unwrap();
        while next < sent {
            read_twice(&mut subscriber, &mut next).unwrap();
        }
        assert_eq!(subscriber.peek().unwrap_err(), TryRecvError::Empty);
    });
}

/// The same where whoever lags is evicted: it finishes its message, and is told then.
#[test]
fn whoever_reads_in_place_is_evicted_only_from_the_next_message() {
    check("whoever_reads_in_place_is_evicted_only_from_the_next_message", Some(3), || {
        let (mut producer, ring) = awake::<[u64; 2]>(2).subscribers(1).max_lag(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.try_send(&[0; 2]).unwrap();
        let receiver = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..2 {
                match read_twice(&mut subscriber, &mut next) {
                    Ok(()) | Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Evicted { missed }) => assert!(missed <= 4),
                    Err(error) => panic!("{error}"),
                }
            }
        });
        for n in 1..4 {
            let _full = producer.try_send(&[n; 2]);
        }
        receiver.join().unwrap();
        // Nobody is there any more who could hold it back.
        for n in 4..7 {
            producer.try_send(&[n; 2]).unwrap();
        }
    });
}

/// The same for a worker, whose group is evicted.
#[test]
fn a_worker_that_reads_in_place_finishes_though_its_group_is_evicted() {
    check("a_worker_that_reads_in_place_finishes_though_its_group_is_evicted", Some(2), || {
        let options = awake::<[u64; 2]>(2).subscribers(0).groups(1).workers(1).max_lag(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        producer.try_send(&[0; 2]).unwrap();
        let receiver = thread::spawn(move || {
            for _ in 0..2 {
                match worker.try_recv_ref() {
                    Ok(job) => {
                        let message = job.read();
                        assert_eq!(position(message[0]), job.position(), "it was overwritten");
                        assert_eq!(job.read(), [message[0]; 2], "it was overwritten");
                    }
                    Err(TryRecvError::Empty | TryRecvError::Evicted { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        for n in 1..4 {
            let _full = producer.try_send(&[n; 2]);
        }
        receiver.join().unwrap();
        // Nobody is there any more who could hold it back.
        for n in 4..7 {
            producer.try_send(&[n; 2]).unwrap();
        }
    });
}

/// The same where the group's entry is given up meanwhile: that waits for the message to be read.
#[test]
fn a_group_is_not_given_up_under_a_worker_that_reads_in_place() {
    check("a_group_is_not_given_up_under_a_worker_that_reads_in_place", Some(2), || {
        let options = awake::<u64>(2).subscribers(0).groups(1).workers(1).max_lag(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let receiver = thread::spawn(move || {
            match worker.try_recv_ref() {
                Ok(job) => {
                    assert_eq!(job.read(), 0, "it was overwritten");
                    std::mem::forget(job);
                }
                Err(TryRecvError::Evicted { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            worker
        });
        let removing = thread::spawn(move || match ring.remove_group("a") {
            Ok(removed) => assert!(removed),
            Err(error) => assert!(matches!(error, JoinError::InUse { .. }), "{error}"),
        });
        // The group is evicted. What it reads in place is overwritten only after it was read.
        let _full = producer.try_send(&2);
        removing.join().unwrap();
        let _full = producer.try_send(&2);
        drop(receiver.join().unwrap());
    });
}

/// One that was evicted pins its message for a moment before it sees that. A producer that went to sleep over
/// that pin is woken.
#[test]
fn whoever_unpins_wakes_a_producer_that_slept_over_the_pin() {
    check("whoever_unpins_wakes_a_producer_that_slept_over_the_pin", Some(3), || {
        let options = Options::<u64>::new(2).subscribers(1).max_lag(1).origin(ORIGIN);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        for n in 0..2 {
            producer.try_send(&n).unwrap();
        }
        let mut producer = producer.with_wait(SLEEPY);
        let late = thread::spawn(move || {
            drop(subscriber.try_recv_ref());
            // It stays.
            subscriber
        });
        for n in 2..4 {
            producer.send(&n).unwrap();
        }
        drop(late.join().unwrap());
    });
}

/// So is one that slept over the pin of a durable subscriber which goes away.
#[test]
fn whoever_goes_away_wakes_a_producer_that_slept_over_its_pin() {
    check("whoever_goes_away_wakes_a_producer_that_slept_over_its_pin", Some(3), || {
        let options = Options::<u64>::new(2).subscribers(1).max_lag(1).origin(ORIGIN);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe_durable("a name", Start::Next).unwrap();
        producer.try_send(&0).unwrap();
        std::mem::forget(subscriber.try_recv_ref().unwrap());
        let mut producer = producer.with_wait(SLEEPY);
        let leaver = thread::spawn(move || drop(subscriber));
        for n in 1..4 {
            producer.send(&n).unwrap();
        }
        leaver.join().unwrap();
    });
}

/// A batch of two that is written under the eyes of an observer: what that gets is whole, and it counts
/// exactly what it lost. The ring has 16 messages, because an eighth
/// of it is the most that is lent at a time.
#[test]
fn an_observer_gets_no_torn_message_of_a_batch_in_place() {
    check("an_observer_gets_no_torn_message_of_a_batch_in_place", Some(3), || {
        let (mut producer, ring) = overwriting::<[u64; 2]>(16).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        for n in 0..16 {
            producer.try_send(&[n, !n]).unwrap();
        }
        let sender = thread::spawn(move || {
            let mut places = producer.try_reserve_batch(2).unwrap();
            assert_eq!(places.write_iter((16u64..).map(|n| [n, !n])), 2);
            places.commit();
            producer
        });
        let mut next = 0;
        let mut receive = |looks| {
            for _ in 0..looks {
                match observer.try_recv() {
                    Ok(message) => {
                        assert_eq!(message, [next, !next], "torn, or not the next one");
                        next += 1;
                    }
                    Err(TryRecvError::Lagged(n)) => next += n,
                    Err(error) => assert_eq!(error, TryRecvError::Empty),
                }
            }
            next
        };
        receive(1);
        let producer = sender.join().unwrap();
        assert_eq!((receive(18), producer.head()), (18, position(18)), "received + lagged = sent");
    });
}

/// A subscriber that sees a message of a batch sees it whole, and those before it; and the places are not
/// written before it has let go of them.
#[test]
fn a_batch_in_place_is_received_whole_and_in_order() {
    check("a_batch_in_place_is_received_whole_and_in_order", Some(3), || {
        let options = awake::<[u64; 2]>(16).subscribers(1).observers(false);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        for n in 0..15 {
            producer.try_send(&[n; 2]).unwrap();
        }
        let sender = thread::spawn(move || {
            let mut sent = 15;
            for _ in 0..2 {
                if let Ok(mut places) = producer.try_reserve_batch(2) {
                    places.write_iter((sent..).map(|n| [n; 2]));
                    places.commit();
                    sent += 2;
                }
            }
            (producer, sent)
        });
        let mut next = 0;
        let mut receive = |most: usize| {
            let mut buffer = [[0; 2]; 20];
            if let Ok(received) = subscriber.try_recv_batch(&mut buffer[..most]) {
                assert!(
                    buffer
                        .iter()
                        .take(received)
                        .copied()
                        .eq((next..).take(received).map(|n| [n; 2]))
                );
                next += received as u64;
            }
            next
        };
        receive(3);
        receive(20);
        let (_producer, sent) = sender.join().unwrap();
        receive(20);
        assert_eq!(receive(20), sent);
    });
}

/// A producer that dies with a batch has sent what was published of it; its successor goes on there, over
/// the marks that it finds.
#[test]
fn a_successor_goes_on_in_a_batch_that_was_not_committed() {
    check("a_successor_goes_on_in_a_batch_that_was_not_committed", Some(2), || {
        let (mut producer, ring) = overwriting::<u64>(16).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        for n in 0..16 {
            producer.try_send(&n).unwrap();
        }
        let observing = thread::spawn(move || {
            let mut next = 0;
            for _ in 0..2 {
                match observer.try_recv() {
                    Ok(message) => {
                        assert_eq!(message, next);
                        next += 1;
                    }
                    Err(TryRecvError::Lagged(n)) => next += n,
                    Err(error) => assert_eq!(error, TryRecvError::Empty),
                }
            }
            assert!(next <= 18, "lost what was never sent");
        });
        let mut places = producer.try_reserve_batch(2).unwrap();
        places.write_iter([77, 78]);
        let _leaked = std::mem::ManuallyDrop::new(places);
        producer.die(None);
        let mut successor = Producer::take_over(&ring).unwrap();
        assert_eq!(successor.head(), position(16));
        successor.try_send(&16).unwrap();
        successor.try_send(&17).unwrap();
        observing.join().unwrap();
    });
}

/// What a worker reads in place, many at a time, stays until it is done.
#[test]
fn messages_that_a_worker_reads_in_place_stay_until_they_are_done() {
    check("messages_that_a_worker_reads_in_place_stay_until_they_are_done", Some(2), || {
        let options = awake::<u64>(2).subscribers(0).groups(1).workers(1).max_lag(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let receiver = thread::spawn(move || match worker.try_recv_refs(2) {
            Ok(jobs) => {
                for _ in 0..2 {
                    for index in 0..jobs.len() {
                        assert_eq!(jobs.read(index), index as u64, "it was overwritten");
                    }
                }
            }
            Err(error) => assert!(matches!(error, TryRecvError::Evicted { .. }), "{error}"),
        });
        for n in 2..4 {
            let _full = producer.try_send(&n);
        }
        receiver.join().unwrap();
    });
}
