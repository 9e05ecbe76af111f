//! Tasks: the library's own futures, cells of wakers and reactor, whose thread the model runs. A
//! sleep in a model has no end of its own, so that a lost wake-up is a deadlock, which loom reports.

use std::task::Poll;

use loom::thread;
use loom_tests::tasks::{Park, poll_once, run};
use loom_tests::{ORIGIN, awake, check};
use ringway::future::{Async, Reactor, Wakers};
use ringway::{Options, Producer, Start, Subscriber};

fn block_on<R>(future: impl Future<Output = R>) -> R {
    run(future, || {})
}

/// A ring of so many messages, and a subscriber that is at its start.
fn ring(capacity: usize) -> (Producer<u64>, Subscriber<u64>) {
    made_by(Options::new(capacity).origin(ORIGIN))
}

fn made_by(options: Options<u64>) -> (Producer<u64>, Subscriber<u64>) {
    let options = options.subscribers(1);
    let (producer, ring) = options.heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer, subscriber)
}

/// Runs the reactor's thread, which at the end has to let go of all.
fn with_reactor(model: impl FnOnce(&Reactor)) {
    let reactor = Reactor::start();
    let running = reactor.clone();
    let thread = thread::spawn(move || running.run());
    model(&reactor);
    reactor.end();
    thread.join().unwrap();
}

#[test]
fn no_lost_wakeup_of_a_task_that_polls_against_two_publications() {
    check("no_lost_wakeup_of_a_task_that_polls_against_two_publications", Some(1), || {
        with_reactor(|_| {
            let (mut producer, subscriber) = ring(2);
            let mut subscriber = Async::new(subscriber);
            let task = thread::spawn(move || {
                for number in 0..2 {
                    assert_eq!(block_on(subscriber.recv()), Ok(number));
                }
            });
            for number in 0..2 {
                producer.try_send(&number).unwrap();
            }
            task.join().unwrap();
        });
    });
}

/// The first future is dropped while it is pending, and another task polls the handle.
#[test]
fn no_lost_wakeup_of_the_task_that_polls_after_a_future_was_dropped() {
    check("no_lost_wakeup_of_the_task_that_polls_after_a_future_was_dropped", Some(2), || {
        with_reactor(|_| {
            let (mut producer, subscriber) = ring(1);
            let mut subscriber = Async::new(subscriber);
            let task = thread::spawn(move || {
                let (_park, waker) = Park::new();
                if poll_once(subscriber.recv(), &waker).is_pending() {
                    assert_eq!(block_on(subscriber.recv()), Ok(0));
                }
            });
            producer.try_send(&0).unwrap();
            task.join().unwrap();
        });
    });
}

/// A task that is polled though it was not woken, before the thread knows that it has been rung for.
#[test]
fn no_lost_wakeup_of_a_task_that_is_polled_once_more() {
    check("no_lost_wakeup_of_a_task_that_is_polled_once_more", Some(1), || {
        with_reactor(|_| {
            let (mut producer, subscriber) = ring(2);
            let mut subscriber = Async::new(subscriber);
            let task = thread::spawn(move || {
                let (_park, waker) = Park::new();
                let mut received = 0;
                for _ in 0..2 {
                    if let Poll::Ready(message) = poll_once(subscriber.recv(), &waker) {
                        assert_eq!(message, Ok(received));
                        received += 1;
                    }
                }
                while received < 2 {
                    assert_eq!(block_on(subscriber.recv()), Ok(received));
                    received += 1;
                }
            });
            for number in 0..2 {
                producer.try_send(&number).unwrap();
            }
            task.join().unwrap();
        });
    });
}

/// A producer's word is 0, 1 and 0 again: the thread sleeps on it only while a task waits.
#[test]
fn no_lost_wakeup_of_a_producers_task() {
    check("no_lost_wakeup_of_a_producers_task", Some(2), || {
        with_reactor(|_| {
            let (producer, mut subscriber) = ring(1);
            let mut producer = Async::new(producer);
            assert_eq!(block_on(producer.send(&0)), Ok(()));
            let task = thread::spawn(move || {
                assert_eq!(block_on(producer.send(&1)), Ok(()));
                producer
            });
            assert_eq!(subscriber.try_recv(), Ok(0));
            drop(task.join().unwrap());
        });
    });
}

/// The handle goes while the thread sleeps for it, or is about to.
#[test]
fn a_handle_that_goes_is_let_go_of() {
    check("a_handle_that_goes_is_let_go_of", Some(2), || {
        with_reactor(|reactor| {
            let (_producer, subscriber) = ring(1);
            let mut subscriber = Async::new(subscriber);
            let (_park, waker) = Park::new();
            assert!(poll_once(subscriber.recv(), &waker).is_pending());
            // By the drop alone the thread finds that it has none.
            reactor.end();
        });
    });
}

/// Where the kernel lets no thread sleep on many words, the reactor's looks at them again and again
/// while a task waits, and else sleeps until it is told.
#[test]
fn no_lost_wakeup_where_the_reactor_sleeps_in_slices() {
    check("no_lost_wakeup_where_the_reactor_sleeps_in_slices", Some(1), || {
        ringway_shm::kernel::refuse_many_words(true);
        with_reactor(|_| {
            let (mut producer, subscriber) = ring(1);
            let mut subscriber = Async::new(subscriber);
            let task = thread::spawn(move || assert_eq!(block_on(subscriber.recv()), Ok(0)));
            producer.try_send(&0).unwrap();
            task.join().unwrap();
        });
    });
}

/// The thread finds that there is more to look at, while the task begins to wait.
#[test]
fn a_task_is_polled_again_when_it_is_to_look_around() {
    check("a_task_is_polled_again_when_it_is_to_look_around", Some(1), || {
        with_reactor(|reactor| {
            let (_producer, subscriber) = ring(1);
            let mut subscriber = Async::new(subscriber);
            let (park, waker) = Park::new();
            // Has the thread know the handle.
            assert!(poll_once(subscriber.ready(), &waker).is_pending());
            reactor.look_around();
            assert!(poll_once(subscriber.ready(), &waker).is_pending());
            park.park();
        });
    });
}

#[test]
fn no_lost_wakeup_of_tasks_that_share_wakers() {
    check("no_lost_wakeup_of_tasks_that_share_wakers", Some(2), || {
        let wakers: &'static Wakers<2> = Box::leak(Box::new(Wakers::new()));
        // No thread sleeps on the ring's own words.
        let (producer, subscriber) = made_by(awake(1));
        let mut producer = Async::new(producer.with_wait(wakers.wait()));
        let mut subscriber = Async::new(subscriber.with_wait(wakers.wait()));
        let task = thread::spawn(move || {
            for number in 0..2 {
                assert_eq!(block_on(subscriber.recv()), Ok(number));
            }
        });
        for number in 0..2 {
            assert_eq!(block_on(producer.send(&number)), Ok(()));
        }
        task.join().unwrap();
    });
}
