//! Handles that are exchanged through `get_mut`, and what their tasks are woken for after that.
#![cfg(all(feature = "async", feature = "std", target_os = "linux"))]

#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod awaited;

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use ringway::{Options, Producer, Ring, Start, Worker};

use awaited::{Count, named};

/// Whether the task is woken before long.
fn has_come(count: &Count) -> bool {
    let start = Instant::now();
    while count.get() == 0 {
        if start.elapsed() > Duration::from_secs(10) {
            return false;
        }
        thread::sleep(Duration::from_micros(100));
    }
    true
}

/// On the heap, or in files of that name.
fn ring(on_heap: bool, name: &str) -> (Producer<u64>, Ring<u64>) {
    let options = Options::<u64>::new(2).groups(1);
    if on_heap { options.heap().unwrap() } else { named(name, options) }
}

/// Before and after, each on the heap or in files.
const KINDS: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

#[test]
fn subscribers_that_change_places_are_told_of_their_own_rings() {
    for kinds in KINDS {
        let (mut first, ring_of_one) = ring(kinds.0, "swap-1");
        let (mut second, ring_of_two) = ring(kinds.1, "swap-2");
        let mut one = ring_of_one.subscribe(Start::Next).unwrap().into_async();
        let mut two = ring_of_two.subscribe(Start::Next).unwrap().into_async();
        for _ in 0..3 {
            for task in [&mut one, &mut two] {
                assert!(task.poll_recv(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            std::mem::swap(one.get_mut(), two.get_mut());
            let (of_one, of_two) = (Count::new(), Count::new());
            assert!(one.poll_recv(&mut Context::from_waker(&of_one.1)).is_pending());
            assert!(two.poll_recv(&mut Context::from_waker(&of_two.1)).is_pending());
            first.send(&7).unwrap();
            assert!(has_come(&of_two.0), "{kinds:?}");
            assert_eq!(of_one.0.get(), 0, "{kinds:?}");
            second.send(&8).unwrap();
            assert!(has_come(&of_one.0), "{kinds:?}");
            assert_eq!((one.get_mut().try_recv(), two.get_mut().try_recv()), (Ok(8), Ok(7)));
            std::mem::swap(one.get_mut(), two.get_mut());
        }
    }
}

#[test]
fn the_end_of_a_ring_that_has_come_instead_is_told() {
    for kinds in KINDS {
        let (_first, before) = ring(kinds.0, "end-1");
        let (second, after) = ring(kinds.1, "end-2");
        let mut task = before.subscribe(Start::Next).unwrap().into_async();
        assert!(task.poll_recv(&mut Context::from_waker(Waker::noop())).is_pending());
        *task.get_mut() = after.subscribe(Start::Next).unwrap();
        let (count, waker) = Count::new();
        assert!(task.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        drop(second);
        assert!(has_come(&count), "{kinds:?}");
    }
}

#[test]
fn a_producer_that_has_come_instead_is_told_of_room() {
    for kinds in KINDS {
        let (mut first, before) = ring(kinds.0, "room-1");
        let (mut second, after) = ring(kinds.1, "room-2");
        let _holds = before.subscribe(Start::Next).unwrap();
        let mut subscriber = after.subscribe(Start::Next).unwrap();
        for producer in [&mut first, &mut second] {
            producer.send_batch(&[1, 2]).unwrap();
        }
        let mut task = first.into_async();
        assert!(task.poll_send(&mut Context::from_waker(Waker::noop()), &3).is_pending());
        *task.get_mut() = second;
        let (count, waker) = Count::new();
        assert!(task.poll_send(&mut Context::from_waker(&waker), &3).is_pending());
        subscriber.recv().unwrap();
        assert!(has_come(&count), "{kinds:?}");
        assert!(task.poll_send(&mut Context::from_waker(&waker), &3).is_ready());
    }
}

#[test]
fn a_worker_that_has_come_instead_is_told_of_jobs_and_of_those_that_come_back() {
    for kinds in KINDS {
        let (_first, before) = ring(kinds.0, "worker-1");
        let (mut second, after) = ring(kinds.1, "worker-2");
        let mut task = Worker::join(&before, "group").unwrap().into_async();
        let mut other = Worker::join(&after, "group").unwrap();
        assert!(task.poll_ready(&mut Context::from_waker(Waker::noop())).is_pending());
        *task.get_mut() = Worker::join(&after, "group").unwrap();
        let (count, waker) = Count::new();
        assert!(task.poll_ready(&mut Context::from_waker(&waker)).is_pending());
        second.send(&1).unwrap();
        assert!(has_come(&count), "{kinds:?}");
        let job = other.recv().unwrap();
        let (count, waker) = Count::new();
        assert!(task.poll_ready(&mut Context::from_waker(&waker)).is_pending());
        job.nack().unwrap();
        assert!(has_come(&count), "{kinds:?}");
    }
}

/// A task lets go of the memory of a ring whose handle it does not have any more.
#[test]
fn the_memory_of_a_ring_goes_that_is_awaited_no_more() {
    let gone = Arc::new(());
    struct Task(#[expect(dead_code)] Arc<()>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    for kinds in KINDS {
        let awaited = |ring: &Ring<u64>| ring.subscribe(Start::Next).unwrap();
        let (first, before) = ring(kinds.0, "gone-1");
        let (_second, after) = ring(kinds.1, "gone-2");
        let mut task = awaited(&before).into_async();
        let waker = Waker::from(Arc::new(Task(gone.clone())));
        assert!(task.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert_eq!(Arc::strong_count(&gone), 2);
        *task.get_mut() = awaited(&after);
        assert!(task.poll_recv(&mut Context::from_waker(Waker::noop())).is_pending());
        drop((first, before));
        assert_eq!(Arc::strong_count(&gone), 1, "{kinds:?}: the waker has stayed");
    }
}
