//! Tasks at rings on the heap: the other side wakes them, and no thread is started for it. Also
//! where the library has no `std`.
#![cfg(all(feature = "async", feature = "alloc"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use ringway::error::RecvError;
use ringway::{Options, Start, Worker};

/// Counts the bytes that are allocated.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the layout is not empty, which the caller has promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the memory is of `alloc`, with that layout, which the caller has promised.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: some count what the process has.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A waker that counts, and says on which thread it was last called.
#[derive(Default)]
struct Count {
    times: AtomicUsize,
    thread: Mutex<Option<ThreadId>>,
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        *self.thread.lock().unwrap() = Some(thread::current().id());
        self.times.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }
}

/// Threads of this process that the library has started.
fn own_threads() -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("ringway")).count()
}

#[test]
fn the_thread_that_sends_wakes_all_tasks_and_no_thread_is_started() {
    let _alone = alone();
    let (mut producer, ring) = Options::<u64>::new(8).subscribers(300).heap().unwrap();
    let mut subscribers: Vec<_> =
        (0..300).map(|_| ring.subscribe(Start::Next).unwrap().into_async()).collect();
    let wakers: Vec<_> = (0..300).map(|_| Count::new()).collect();
    for message in 1..20 {
        for (subscriber, (_, waker)) in subscribers.iter_mut().zip(&wakers) {
            assert!(subscriber.poll_recv(&mut Context::from_waker(waker)).is_pending());
        }
        producer.try_send(&message).unwrap();
        for (subscriber, (count, waker)) in subscribers.iter_mut().zip(&wakers) {
            assert_eq!(count.get(), message as usize);
            assert_eq!(*count.thread.lock().unwrap(), Some(thread::current().id()));
            let mut context = Context::from_waker(waker);
            assert_eq!(subscriber.poll_recv(&mut context), Poll::Ready(Ok(message)));
        }
    }
    assert_eq!(own_threads(), 0);
}

#[test]
fn a_producer_is_woken_by_room_and_by_one_that_leaves() {
    let _alone = alone();
    let (producer, ring) = Options::<u64>::new(1).heap().unwrap();
    let mut producer = producer.into_async();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let (count, waker) = Count::new();
    let mut context = Context::from_waker(&waker);
    for message in 0..100 {
        assert!(producer.poll_send(&mut context, &message).is_ready());
        assert!(producer.poll_send(&mut context, &message).is_pending());
        assert_eq!(count.get(), message as usize);
        assert_eq!(subscriber.try_recv(), Ok(message));
        assert_eq!(count.get(), message as usize + 1);
    }
    assert!(producer.poll_send(&mut context, &0).is_ready());
    assert!(producer.poll_send(&mut context, &0).is_pending());
    drop(subscriber);
    assert_eq!(count.get(), 101);
    assert!(producer.poll_send(&mut context, &0).is_ready());
    assert_eq!(own_threads(), 0);
}

#[test]
fn tasks_are_told_that_the_ring_is_closed() {
    let _alone = alone();
    for closes in [true, false] {
        let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let mut observer = ring.observe(Start::Next).unwrap().into_async();
        let mut worker = Worker::join(&ring, "group").unwrap().into_async();
        let (count, waker) = Count::new();
        let mut context = Context::from_waker(&waker);
        assert!(subscriber.poll_recv(&mut context).is_pending());
        assert!(observer.poll_recv(&mut context).is_pending());
        assert!(worker.poll_ready(&mut context).is_pending());
        if closes {
            producer.close().unwrap();
        } else {
            drop(producer);
        }
        assert_eq!(count.get(), 3);
        let closed = Poll::Ready(Err(RecvError::Closed));
        assert_eq!(subscriber.poll_recv(&mut context), closed);
        assert_eq!(observer.poll_recv(&mut context), closed);
        assert_eq!(worker.poll_ready(&mut context), Poll::Ready(Err(RecvError::Closed)));
    }
}

#[test]
fn a_message_that_is_given_back_wakes_the_other_workers() {
    let _alone = alone();
    let (mut producer, ring) = Options::<u64>::new(8).groups(2).heap().unwrap();
    let [mut one, mut two] = [(), ()].map(|()| Worker::join(&ring, "group").unwrap().into_async());
    let mut other = Worker::join(&ring, "another").unwrap().into_async();
    producer.try_send(&7).unwrap();
    block_on(other.recv()).unwrap().done().unwrap();
    let ((woken, waker), (not_woken, of_other)) = (Count::new(), Count::new());
    let job = block_on(one.recv()).unwrap();
    assert!(two.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    assert!(other.poll_ready(&mut Context::from_waker(&of_other)).is_pending());
    job.nack().unwrap();
    assert_eq!((woken.get(), not_woken.get()), (1, 0));
    assert!(block_on(two.recv()).unwrap().redelivered());
}

#[test]
fn a_future_that_is_dropped_when_it_was_woken_leaves_the_message_to_another_worker() {
    let _alone = alone();
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let [mut one, mut two] = [(), ()].map(|()| Worker::join(&ring, "group").unwrap().into_async());
    for message in 0..100 {
        let ((first, of_first), (second, of_second)) = (Count::new(), Count::new());
        {
            let mut dropped = pin!(one.recv());
            assert!(dropped.as_mut().poll(&mut Context::from_waker(&of_first)).is_pending());
            let mut goes_on = pin!(two.recv());
            let mut context = Context::from_waker(&of_second);
            assert!(goes_on.as_mut().poll(&mut context).is_pending());
            producer.try_send(&message).unwrap();
            assert_eq!((first.get(), second.get()), (1, 1));
            // The first one is dropped here, and so is its worker's claim to be woken.
        }
        let job = block_on(two.recv()).unwrap();
        assert_eq!(*job, message);
    }
}

#[test]
fn what_an_awaited_handle_takes_is_given_back() {
    let _alone = alone();
    let (mut producer, ring) = Options::<u64>::new(8).subscribers(64).heap().unwrap();
    let round = |count: usize| {
        let mut subscribers: Vec<_> =
            (0..count).map(|_| ring.subscribe(Start::Next).unwrap().into_async()).collect();
        for subscriber in &mut subscribers {
            let (_, waker) = Count::new();
            assert!(subscriber.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        }
    };
    round(64);
    let before = BYTES.load(Ordering::Relaxed);
    for number in 0..200 {
        round(1 + number % 64);
        producer.try_send(&1).unwrap();
    }
    let more = BYTES.load(Ordering::Relaxed) - before;
    // What the test itself and the other threads of its harness keep.
    assert!(more.abs() < 4096, "{more} bytes");

    let of_one_ring = || {
        let (mut producer, ring) = Options::<u64>::new(8).subscribers(64).heap().unwrap();
        let mut subscribers: Vec<_> =
            (0..64).map(|_| ring.subscribe(Start::Next).unwrap().into_async()).collect();
        let (_, waker) = Count::new();
        for subscriber in &mut subscribers {
            assert!(subscriber.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        }
        producer.try_send(&1).unwrap();
    };
    of_one_ring();
    let before = BYTES.load(Ordering::Relaxed);
    (0..50).for_each(|_| of_one_ring());
    let more = BYTES.load(Ordering::Relaxed) - before;
    assert!(more.abs() < 4096, "{more} bytes");
}

/// Runs a future, and parks its thread for a while only: without `std` nothing else ends a wait.
fn all_of<R>(seconds: u64, future: impl Future<Output = R>) -> R {
    let end = Instant::now() + Duration::from_secs(seconds);
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome;
        }
        let left = end.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "a task was not woken");
        thread::park_timeout(left);
    }
}

#[test]
fn messages_pass_in_order_and_no_wake_up_is_lost() {
    let _alone = alone();
    let messages = if cfg!(miri) { 100 } else { 100_000 };
    let (producer, ring) = Options::<u64>::new(4).groups(1).heap().unwrap();
    let mut producer = producer.into_async();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    let workers = [(), ()].map(|()| Worker::join(&ring, "group").unwrap().into_async());
    thread::scope(|scope| {
        scope.spawn(move || {
            all_of(100, async {
                for expected in 0..messages {
                    assert_eq!(subscriber.recv().await, Ok(expected));
                }
                assert_eq!(subscriber.recv().await, Err(RecvError::Closed));
            });
        });
        let sums = workers.map(|mut worker| {
            scope.spawn(move || {
                all_of(100, async {
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
        });
        all_of(100, async {
            for message in 0..messages {
                producer.send(&message).await.unwrap();
            }
        });
        drop(producer);
        let sum: u64 = sums.into_iter().map(|sum| sum.join().unwrap()).sum();
        assert_eq!(sum, (0..messages).sum());
    });
    assert_eq!(own_threads(), 0);
}

/// Handles are awaited and dropped by two threads, while a third one sends and a fourth receives.
#[test]
fn handles_come_and_go_under_load() {
    let _alone = alone();
    let rounds = if cfg!(miri) { 20 } else { 3000 };
    let (producer, ring) = Options::<u64>::new(4).subscribers(8).groups(1).heap().unwrap();
    let mut producer = producer.into_async();
    let mut stays = Worker::join(&ring, "group").unwrap().into_async();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (ring, over) = (&ring, &over);
        let handles = [0, 1].map(|number| {
            scope.spawn(move || {
                for round in 0..rounds {
                    let (_, waker) = Count::new();
                    let mut context = Context::from_waker(&waker);
                    let mut worker = Worker::join(ring, "group").unwrap().into_async();
                    let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
                    let _ = worker.poll_ready(&mut context);
                    let _ = subscriber.poll_recv(&mut context);
                    if (round + number) % 3 == 0 {
                        let first = all_of(100, subscriber.recv()).unwrap();
                        assert_eq!(all_of(100, subscriber.recv()), Ok(first + 1));
                    }
                }
            })
        });
        let sender = scope.spawn(move || {
            for message in 0.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                all_of(100, producer.send(&message)).unwrap();
            }
        });
        let receiver = scope.spawn(move || while all_of(100, stays.recv()).is_ok() {});
        handles.into_iter().for_each(|thread| thread.join().unwrap());
        over.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        receiver.join().unwrap();
    });
}

/// One worker holds jobs for too long, while another one awaits the next.
#[cfg(feature = "std")]
#[test]
fn a_workers_task_is_told_that_its_group_is_evicted() {
    let _alone = alone();
    const HELD: Duration = Duration::from_millis(40);
    let options = Options::<u64>::new(2).groups(1).max_hold(HELD);
    let (mut producer, ring) = options.heap().unwrap();
    let mut slow = Worker::join(&ring, "billing").unwrap();
    let mut waits = Worker::join(&ring, "billing").unwrap().into_async();
    producer.send_batch(&[1, 2]).unwrap();
    slow.recv_batch(&mut [0; 2]).map(std::mem::forget).unwrap();
    let (count, waker) = Count::new();
    assert!(waits.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    // It evicts the group, and sends nothing.
    producer.wait_ready(2).unwrap();
    assert_eq!(count.get(), 1);
    let outcome = block_on(waits.ready());
    assert!(matches!(outcome, Err(RecvError::Evicted { .. })), "{outcome:?}");
}

/// By hand: one that waits holds nothing back for which it would be evicted otherwise.
#[test]
fn a_subscribers_task_is_told_that_it_is_evicted() {
    let _alone = alone();
    let options = Options::<u64>::new(2).evict_by_hand(true);
    let (mut producer, ring) = options.heap().unwrap();
    let mut waits = ring.subscribe(Start::Next).unwrap().into_async();
    let (count, waker) = Count::new();
    assert!(waits.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    let id = producer.consumer_stats().unwrap().next().unwrap().id;
    producer.evict(id).unwrap();
    assert_eq!(count.get(), 1);
    let outcome = block_on(waits.ready());
    assert!(matches!(outcome, Err(RecvError::Evicted { .. })), "{outcome:?}");
}

/// The same of a group, by the wakers of the program's own, where the producer looks for more room
/// than the limit leaves.
#[cfg(feature = "std")]
#[test]
fn tasks_of_wakers_are_told_that_they_are_evicted() {
    let _alone = alone();
    let wakers = ringway::future::Wakers::<2>::new();
    let (producer, ring) = Options::<u64>::new(4).groups(1).max_lag(2).heap().unwrap();
    let mut producer = producer.with_wait(wakers.wait());
    let mut slow = Worker::join(&ring, "billing").unwrap();
    let waits = Worker::join(&ring, "billing").unwrap().with_wait(wakers.wait());
    let mut waits = waits.into_async();
    producer.send_batch(&[1, 2, 3]).unwrap();
    slow.recv_batch(&mut [0; 3]).map(std::mem::forget).unwrap();
    let (count, waker) = Count::new();
    assert!(waits.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    producer.wait_ready(3).unwrap();
    assert_eq!(count.get(), 1);
    let outcome = block_on(waits.ready());
    assert!(matches!(outcome, Err(RecvError::Evicted { .. })), "{outcome:?}");
}

/// Without `std` a waker's panic is the sender's, and what it keeps from the tasks behind it comes
/// with the next message.
#[test]
fn wakers_that_panic_end_no_process_and_keep_no_message_from_others() {
    let _alone = alone();
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            // Without a word, which the harness would keep, and free while others count.
            std::panic::resume_unwind(Box::new(()));
        }
    }
    fn passes<W: ringway::Wait>(
        mut send: impl FnMut(u64),
        mut all: [ringway::future::Async<ringway::Subscriber<u64, W>>; 6],
    ) {
        let ((count, good), bad) = (Count::new(), Waker::from(Arc::new(Panics)));
        for (n, one) in all.iter_mut().enumerate() {
            let waker = if n % 2 == 0 { &bad } else { &good };
            assert!(one.poll_recv(&mut Context::from_waker(waker)).is_pending());
        }
        let mut panics = 0;
        for message in 0..6 {
            panics += usize::from(catch_unwind(AssertUnwindSafe(|| send(message))).is_err());
        }
        assert_eq!((count.get(), panics), (3, if cfg!(feature = "std") { 0 } else { 3 }));
    }
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let all = [(); 6].map(|()| ring.subscribe(Start::Next).unwrap().into_async());
    passes(|message| producer.send(&message).unwrap(), all);
    let wakers = ringway::future::Wakers::<6>::new();
    let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut producer = producer.with_wait(wakers.wait());
    let awaited = || ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait()).into_async();
    passes(|message| producer.send(&message).unwrap(), [(); 6].map(|()| awaited()));
}
