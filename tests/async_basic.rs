//! Handles that tasks await.
#![cfg(all(feature = "async", feature = "std", target_os = "linux"))]

mod awaited;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_executor::block_on;
use ringway::error::RecvError;
use ringway::future::{Async, Wakers};
use ringway::{Options, Overflow, Ring, Start, Worker};

use awaited::{Count, both, eventually, named};

#[test]
fn every_message_arrives_in_order_whatever_the_ring() {
    for (producer, ring) in both("order", Options::new(8)) {
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let mut producer = producer.into_async();
        let thread = thread::spawn(move || {
            block_on(async {
                for expected in 0..20_000 {
                    assert_eq!(subscriber.recv().await, Ok(expected));
                }
                assert_eq!(subscriber.recv().await, Err(RecvError::Closed));
            });
        });
        block_on(async {
            for message in 0..20_000 {
                producer.send(&message).await.unwrap();
            }
            producer.flush().await.unwrap();
        });
        drop(producer);
        thread.join().unwrap();
    }
}

#[test]
fn a_pending_poll_is_woken_by_a_message_and_a_waker_that_was_replaced_is_not() {
    for (mut producer, ring) in both("replaced", Options::new(8)) {
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let ((old, first), (new, second)) = (Count::new(), Count::new());
        assert!(subscriber.poll_recv(&mut Context::from_waker(&first)).is_pending());
        assert!(subscriber.poll_recv(&mut Context::from_waker(&second)).is_pending());
        producer.send(&7).unwrap();
        eventually("the wake-up", || new.get() == 1);
        assert_eq!(old.get(), 0);
        let mut context = Context::from_waker(&second);
        assert_eq!(subscriber.poll_recv(&mut context), Poll::Ready(Ok(7)));
    }
}

#[test]
fn a_future_that_is_dropped_has_taken_nothing() {
    for (mut producer, ring) in both("dropped", Options::new(8)) {
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let (count, waker) = Count::new();
        {
            let mut future = pin!(subscriber.recv());
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            producer.send(&7).unwrap();
            eventually("the wake-up", || count.get() == 1);
        }
        assert_eq!(subscriber.get_mut().try_recv(), Ok(7));
    }
}

#[test]
fn all_tasks_of_a_ring_are_woken() {
    for (mut producer, ring) in both("all", Options::new(8)) {
        let mut subscribers: Vec<_> =
            (0..8).map(|_| ring.subscribe(Start::Next).unwrap().into_async()).collect();
        let wakers: Vec<_> = (0..8).map(|_| Count::new()).collect();
        for round in 0..100 {
            for (subscriber, (_, waker)) in subscribers.iter_mut().zip(&wakers) {
                assert!(subscriber.poll_recv(&mut Context::from_waker(waker)).is_pending());
            }
            let before: Vec<_> = wakers.iter().map(|(count, _)| count.get()).collect();
            producer.send(&round).unwrap();
            for (((count, waker), before), subscriber) in
                wakers.iter().zip(before).zip(&mut subscribers)
            {
                eventually("the wake-up", || count.get() > before);
                let mut context = Context::from_waker(waker);
                assert_eq!(subscriber.poll_recv(&mut context), Poll::Ready(Ok(round)));
            }
        }
    }
}

#[test]
fn a_producer_is_woken_by_room_and_by_a_release() {
    for (producer, ring) in both("room", Options::new(1)) {
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut producer = producer.into_async();
        for message in 0..200 {
            block_on(producer.send(&message)).unwrap();
            let (count, waker) = Count::new();
            let mut context = Context::from_waker(&waker);
            assert!(producer.poll_send(&mut context, &message).is_pending());
            assert_eq!(subscriber.recv(), Ok(message));
            eventually("the wake-up", || count.get() > 0);
            assert!(producer.poll_send(&mut context, &message).is_ready());
            assert_eq!(subscriber.recv(), Ok(message));
        }
    }
}

#[test]
fn workers_share_messages_and_hold_jobs() {
    for (producer, ring) in both("workers", Options::new(8).groups(1)) {
        let mut producer = producer.into_async();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let mut worker = Worker::join(&ring, "group").unwrap().into_async();
                thread::spawn(move || {
                    block_on(async {
                        let mut sum = 0;
                        loop {
                            match worker.recv().await {
                                Ok(job) => sum += *job,
                                Err(RecvError::Closed) => return sum,
                                Err(error) => panic!("{error}"),
                            }
                        }
                    })
                })
            })
            .collect();
        block_on(async {
            for message in 0..5000 {
                producer.send(&message).await.unwrap();
            }
        });
        drop(producer);
        let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(sum, (0..5000).sum());
    }
}

#[test]
fn an_observer_is_told_what_it_missed() {
    let options = Options::<u64>::new(4).overflow(Overflow::Overwrite);
    for (mut producer, ring) in both("observer", options) {
        let mut observer = Async::new(ring.observe(Start::Next).unwrap());
        producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
        assert_eq!(block_on(observer.recv()), Err(RecvError::Lagged(2)));
        assert_eq!(block_on(observer.recv()), Ok(2));
    }
}

#[test]
fn a_name_goes_with_its_producer_and_handles_go_under_load() {
    for round in 0..50 {
        let (producer, ring) = named(&format!("gone-{round}"), Options::new(8));
        let mut producer = producer.into_async();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let (_, waker) = Count::new();
        let mut context = Context::from_waker(&waker);
        assert!(subscriber.poll_recv(&mut context).is_pending());
        while producer.poll_send(&mut context, &1).is_ready() {}
        if round % 2 == 0 {
            drop(subscriber);
            drop(producer);
        } else {
            drop(producer);
            drop(subscriber);
        }
        let name = format!("async-gone-{round}-{}", std::process::id());
        assert!(Ring::<u64>::open(&name).is_err());
    }
}

#[test]
fn more_handles_than_a_thread_can_sleep_for_are_all_woken() {
    for (mut producer, ring) in both("many", Options::new(2).subscribers(300)) {
        let mut subscribers: Vec<_> = (0..300)
            .map(|_| (ring.subscribe(Start::Next).unwrap().into_async(), Count::new()))
            .collect();
        for message in 0..3 {
            for (subscriber, (_, waker)) in &mut subscribers {
                assert!(subscriber.poll_recv(&mut Context::from_waker(waker)).is_pending());
            }
            producer.send(&message).unwrap();
            for (subscriber, (count, waker)) in &mut subscribers {
                eventually("the wake-up", || count.get() > message as usize);
                let mut context = Context::from_waker(waker);
                assert_eq!(subscriber.poll_recv(&mut context), Poll::Ready(Ok(message)));
            }
        }
    }
}

#[test]
fn wakers_of_the_programs_own_wake_both_sides() {
    static WAKERS: Wakers<2> = Wakers::new();
    let (producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let mut producer = producer.with_wait(WAKERS.wait()).into_async();
    let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(WAKERS.wait());
    let mut subscriber = subscriber.into_async();
    let thread = thread::spawn(move || {
        block_on(async {
            for expected in 0..20_000 {
                assert_eq!(subscriber.recv().await, Ok(expected));
            }
        });
    });
    block_on(async {
        for message in 0..20_000 {
            producer.send(&message).await.unwrap();
        }
    });
    thread.join().unwrap();
}

/// A ring in files has peers that can die, which wakers of the program's own do not tell.
#[test]
fn a_task_of_wakers_is_told_that_the_producer_has_left() {
    let wakers = Wakers::<2>::new();
    let (producer, ring) = named("wakers-left", Options::new(2));
    let producer = producer.with_wait(wakers.wait());
    let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait());
    let mut subscriber = subscriber.into_async();
    let (count, waker) = Count::new();
    let mut context = Context::from_waker(&waker);
    assert!(subscriber.poll_recv(&mut context).is_pending());
    producer.detach();
    ringway::segment::unlink(format!("async-wakers-left-{}", std::process::id())).unwrap();
    eventually("the wake-up", || count.get() > 0);
    assert_eq!(block_on(subscriber.recv()), Err(RecvError::ProducerDied));
}

/// Only time makes room here, of which the other side knows nothing.
#[test]
fn a_producers_task_of_wakers_evicts_a_consumer_that_holds_it_back() {
    let wakers = Wakers::<2>::new();
    let options = Options::<u64>::new(2).max_hold(Duration::from_millis(200));
    for (producer, ring) in both("wakers-hold", options) {
        let mut producer = producer.with_wait(wakers.wait()).into_async();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait());
        for message in 0..3 {
            block_on(producer.send(&message)).unwrap();
        }
        assert!(
            matches!(subscriber.try_recv(), Err(error) if error.to_string().contains("evicted"))
        );
    }
}

/// On the heap by the other side, and in files by the reactor.
#[test]
fn a_task_without_a_place_among_wakers_is_woken_all_the_same_and_once() {
    let wakers = Wakers::<0>::new();
    for (producer, ring) in both("no-place", Options::new(8)) {
        let mut producer = producer.with_wait(wakers.wait());
        let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait());
        let mut subscriber = subscriber.into_async();
        let (count, waker) = Count::new();
        assert!(subscriber.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        thread::sleep(Duration::from_millis(20));
        assert_eq!(count.get(), 0);
        producer.send(&7).unwrap();
        eventually("the wake-up", || count.get() > 0);
        assert_eq!(count.get(), 1);
    }
}

/// The time of a wait that was given up is not known.
#[test]
fn polls_of_the_programs_own_count_no_time_and_futures_do() {
    const LONG: Duration = Duration::from_millis(300);
    let (producer, ring) = Options::<u64>::new(1).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut producer = producer.into_async();
    producer.get_mut().send(&1).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(producer.poll_send(&mut context, &2).is_pending());
    assert!(producer.poll_ready(&mut context, 1).is_pending());
    thread::sleep(LONG);
    assert!(producer.poll_send(&mut context, &2).is_pending());
    assert!(producer.poll_ready(&mut context, 1).is_pending());
    assert_eq!(ring.stats().blocked, Duration::ZERO);
    {
        let mut future = pin!(producer.send(&2));
        assert!(future.as_mut().poll(&mut context).is_pending());
        thread::sleep(LONG);
    }
    let blocked = ring.stats().blocked;
    assert!((LONG..LONG * 3).contains(&blocked), "until it was dropped: {blocked:?}");
    thread::sleep(LONG * 3);
    let thread = thread::spawn(move || {
        thread::sleep(LONG);
        subscriber.recv().unwrap();
        subscriber
    });
    block_on(producer.send(&2)).unwrap();
    let blocked = ring.stats().blocked - blocked;
    assert!((LONG / 2..LONG * 3).contains(&blocked), "until it was sent: {blocked:?}");
    drop(thread.join().unwrap());
}
