//! Tasks at rings on the heap, which the side that rings wakes: the library's own futures, lists and
//! cells of wakers. No reactor is played here. A park in a model has no end of its own, so that a
//! lost wake-up is a deadlock, which loom reports.

use loom::thread;
use loom_tests::tasks::{Park, poll_once, run};
use loom_tests::{ORIGIN, check};
use ringway::future::Async;
use ringway::{Options, Producer, Ring, Start, Subscriber, Worker};

fn block_on<R>(future: impl Future<Output = R>) -> R {
    // A task may have woken itself, because another thread is about to wake it.
    run(future, thread::yield_now)
}

fn ring(capacity: usize, subscribers: usize) -> (Producer<u64>, Ring<u64>) {
    Options::new(capacity).subscribers(subscribers).origin(ORIGIN).heap().unwrap()
}

fn subscribe(ring: &Ring<u64>) -> Async<Subscriber<u64>> {
    Async::new(ring.subscribe(Start::Next).unwrap())
}

#[test]
fn no_lost_wakeup_of_a_task_in_the_rings_memory() {
    check("no_lost_wakeup_of_a_task_in_the_rings_memory", Some(3), || {
        let (mut producer, ring) = ring(2, 1);
        let mut subscriber = subscribe(&ring);
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
}

/// Both add a place to the list, while the producer looks for those that there are.
#[test]
fn no_lost_wakeup_of_two_tasks_that_take_places() {
    check("no_lost_wakeup_of_two_tasks_that_take_places", Some(2), || {
        let (mut producer, ring) = ring(1, 2);
        let tasks = [subscribe(&ring), subscribe(&ring)].map(|mut subscriber| {
            thread::spawn(move || assert_eq!(block_on(subscriber.recv()), Ok(0)))
        });
        producer.try_send(&0).unwrap();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

/// A handle goes while its task is woken, and another one gets its place.
#[test]
fn no_lost_wakeup_of_a_task_that_takes_anothers_place() {
    check("no_lost_wakeup_of_a_task_that_takes_anothers_place", Some(3), || {
        let (mut producer, ring) = ring(1, 2);
        let (mut first, mut second) = (subscribe(&ring), subscribe(&ring));
        let task = thread::spawn(move || {
            let (_park, waker) = Park::new();
            let _ = poll_once(first.ready(), &waker);
            drop(first);
            assert_eq!(block_on(second.recv()), Ok(0));
        });
        producer.try_send(&0).unwrap();
        task.join().unwrap();
    });
}

/// The first future is dropped while it is pending, and another task polls the handle.
#[test]
fn no_lost_wakeup_in_the_rings_memory_after_a_future_was_dropped() {
    check("no_lost_wakeup_in_the_rings_memory_after_a_future_was_dropped", Some(3), || {
        let (mut producer, ring) = ring(1, 1);
        let mut subscriber = subscribe(&ring);
        let task = thread::spawn(move || {
            let (_park, waker) = Park::new();
            if poll_once(subscriber.recv(), &waker).is_pending() {
                assert_eq!(block_on(subscriber.recv()), Ok(0));
            }
        });
        producer.try_send(&0).unwrap();
        task.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_of_a_producers_task_in_the_rings_memory() {
    check("no_lost_wakeup_of_a_producers_task_in_the_rings_memory", None, || {
        let (producer, ring) = ring(1, 1);
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut producer = Async::new(producer);
        assert_eq!(block_on(producer.send(&0)), Ok(()));
        let task = thread::spawn(move || {
            assert_eq!(block_on(producer.send(&1)), Ok(()));
            producer
        });
        assert_eq!(subscriber.try_recv(), Ok(0));
        drop(task.join().unwrap());
    });
}

/// A worker gives its message back, whose bell asks no flag.
#[test]
fn no_lost_wakeup_of_a_workers_task_when_a_message_comes_back() {
    check("no_lost_wakeup_of_a_workers_task_when_a_message_comes_back", Some(3), || {
        let options = Options::<u64>::new(1).subscribers(0).groups(1).origin(ORIGIN);
        let (mut producer, ring) = options.heap().unwrap();
        let mut first = Worker::join(&ring, "group").unwrap();
        let mut second = Async::new(Worker::join(&ring, "group").unwrap());
        producer.try_send(&0).unwrap();
        let job = first.try_recv().unwrap();
        let task = thread::spawn(move || assert_eq!(*block_on(second.recv()).unwrap(), 0));
        job.nack().unwrap();
        task.join().unwrap();
    });
}
