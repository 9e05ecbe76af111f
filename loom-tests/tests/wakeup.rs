//! Nobody sleeps through what he waits for. A sleep in a model has no end of its own, so that a lost
//! wake-up is a deadlock, which loom reports.

use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, check};
use ringway::error::RecvError;
use ringway::{Options, Overflow, Spin, Start, Worker};

#[test]
fn no_lost_wakeup_for_one_sleeping_consumer() {
    check("no_lost_wakeup_for_one_sleeping_consumer", Some(3), || {
        let (mut producer, ring) =
            Options::<u64>::new(2).subscribers(1).origin(ORIGIN).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        let sleeper = thread::spawn(move || {
            assert_eq!(subscriber.recv(), Ok(0));
            assert_eq!(subscriber.recv(), Ok(1));
            assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        });
        producer.try_send(&0).unwrap();
        producer.try_send(&1).unwrap();
        drop(producer);
        sleeper.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_for_a_consumer_that_takes_nothing() {
    check("no_lost_wakeup_for_a_consumer_that_takes_nothing", Some(3), || {
        let (mut producer, ring) =
            Options::<u64>::new(2).subscribers(1).origin(ORIGIN).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        let sleeper = thread::spawn(move || {
            assert_eq!(subscriber.wait_ready(), Ok(()));
            assert_eq!(subscriber.try_recv(), Ok(0));
            assert_eq!(subscriber.wait_ready(), Err(RecvError::Closed));
        });
        producer.try_send(&0).unwrap();
        drop(producer);
        sleeper.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_for_two_sleeping_consumers() {
    check("no_lost_wakeup_for_two_sleeping_consumers", Some(2), || {
        let (mut producer, ring) = Options::<u64>::new(2)
            .overflow(Overflow::Overwrite)
            .subscribers(0)
            .origin(ORIGIN)
            .heap()
            .unwrap();
        let sleepers: Vec<_> = (0..2)
            .map(|_| {
                let mut observer = ring.observe(Start::Next).unwrap().with_wait(SLEEPY);
                thread::spawn(move || {
                    assert_eq!(observer.recv(), Ok(0));
                    assert_eq!(observer.recv(), Ok(1));
                })
            })
            .collect();
        producer.try_send(&0).unwrap();
        producer.try_send(&1).unwrap();
        for sleeper in sleepers {
            sleeper.join().unwrap();
        }
    });
}

#[test]
fn no_lost_wakeup_for_a_sleeping_producer() {
    check("no_lost_wakeup_for_a_sleeping_producer", Some(2), || {
        let (producer, ring) = Options::<u64>::new(1).subscribers(1).origin(ORIGIN).heap().unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        let receiver = thread::spawn(move || {
            assert_eq!(subscriber.recv(), Ok(0));
            assert_eq!(subscriber.recv(), Ok(1));
            // Leaving gives way too.
        });
        for n in 0..4 {
            producer.send(&n).unwrap();
        }
        receiver.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_for_a_sleeping_producer_and_two_consumers_releasing() {
    let name = "no_lost_wakeup_for_a_sleeping_producer_and_two_consumers_releasing";
    check(name, Some(2), || {
        let (mut producer, ring) =
            Options::<u64>::new(2).subscribers(2).origin(ORIGIN).heap().unwrap();
        let consumers = [(); 2].map(|()| ring.subscribe(Start::Next).unwrap());
        producer.try_send(&0).unwrap();
        producer.try_send(&1).unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let consumers = consumers.map(|mut subscriber| {
            thread::spawn(move || {
                assert_eq!(subscriber.try_recv(), Ok(0));
                assert_eq!(subscriber.try_recv(), Ok(1));
                // Kept, so that room is made by releasing and by nothing else.
                subscriber
            })
        });
        producer.send(&2).unwrap();
        producer.send(&3).unwrap();
        for consumer in consumers {
            drop(consumer.join().unwrap());
        }
    });
}

#[test]
fn no_lost_wakeup_when_both_sides_sleep() {
    check("no_lost_wakeup_when_both_sides_sleep", Some(2), || {
        let (producer, ring) = Options::<u64>::new(1).subscribers(1).origin(ORIGIN).heap().unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        let receiver = thread::spawn(move || {
            for n in 0..3 {
                assert_eq!(subscriber.recv(), Ok(n));
            }
        });
        for n in 0..3 {
            producer.send(&n).unwrap();
        }
        receiver.join().unwrap();
    });
}

/// Evicting by hand comes with no message, which would wake the subscriber for it.
#[test]
fn no_lost_wakeup_for_a_sleeping_subscriber_that_is_evicted_by_hand() {
    check("no_lost_wakeup_for_a_sleeping_subscriber_that_is_evicted_by_hand", Some(3), || {
        let options = Options::<u64>::new(2).subscribers(1).origin(ORIGIN).evict_by_hand(true);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        let id = ring.consumer_stats().unwrap().next().unwrap().id;
        let sleeper = thread::spawn(move || {
            assert_eq!(subscriber.recv(), Err(RecvError::Evicted { missed: 0 }));
        });
        producer.evict(id).unwrap();
        sleeper.join().unwrap();
    });
}

/// Nor does a worker of a group that is.
#[test]
fn no_lost_wakeup_for_a_sleeping_worker_whose_group_is_evicted_by_hand() {
    check("no_lost_wakeup_for_a_sleeping_worker_whose_group_is_evicted_by_hand", Some(2), || {
        let options = Options::<u64>::new(2).subscribers(0).groups(1).workers(1);
        let (mut producer, ring) = options.origin(ORIGIN).evict_by_hand(true).heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap().with_wait(SLEEPY);
        let id = ring.consumer_stats().unwrap().next().unwrap().id;
        let sleeper = thread::spawn(move || {
            assert_eq!(worker.recv().err(), Some(RecvError::Evicted { missed: 0 }));
        });
        producer.evict(id).unwrap();
        sleeper.join().unwrap();
    });
}

/// Also one that waits for more room than for one message.
#[test]
fn no_lost_wakeup_for_a_producer_that_waits_for_room_for_two() {
    check("no_lost_wakeup_for_a_producer_that_waits_for_room_for_two", Some(2), || {
        let (producer, ring) = Options::<u64>::new(2).subscribers(1).origin(ORIGIN).heap().unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let receiver = thread::spawn(move || {
            assert_eq!(subscriber.recv(), Ok(0));
            assert_eq!(subscriber.recv(), Ok(1));
            subscriber
        });
        producer.wait_ready(2).unwrap();
        assert_eq!(producer.try_send_batch(&[2, 3]), 2);
        drop(receiver.join().unwrap());
    });
}
