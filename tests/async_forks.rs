//! Forked children, and what they have of tasks.
#![cfg(all(feature = "async", feature = "std", target_os = "linux", not(miri)))]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use ringway::future::{Async, Wakers};
use ringway::{Options, Ring, Start, Subscriber};

/// A waker of a runtime, whose end is seen.
struct Task(&'static AtomicU32);

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs that in a forked child. Returns what the child says.
fn in_child(run: impl FnOnce() -> u32) -> i32 {
    // SAFETY: the child makes some calls and ends itself.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let code = i32::try_from(run()).unwrap_or(100);
        // SAFETY: it ends the child at once.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes the status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -libc::WTERMSIG(status) }
}

#[test]
fn a_child_runs_nothing_of_the_parents_runtime() {
    static ENDS: AtomicU32 = AtomicU32::new(0);
    let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    let waker = Waker::from(Arc::new(Task(&ENDS)));
    assert!(subscriber.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    // The ring has the only waker.
    drop(waker);
    assert_eq!(ENDS.load(Ordering::SeqCst), 0);
    let said = in_child(|| {
        drop((subscriber, producer, ring));
        ENDS.load(Ordering::SeqCst)
    });
    assert_eq!(said, 0, "the child dropped the waker of its parent's task");
}

/// The same of `Wakers`: the child sends on its copy of the ring, and drops its copies of the
/// handles and of the wakers.
#[test]
fn a_child_wakes_and_drops_no_task_of_the_parents_by_wakers() {
    static ENDS: AtomicU32 = AtomicU32::new(0);
    static OWN_ENDS: AtomicU32 = AtomicU32::new(0);
    let place = Box::into_raw(Box::new(Wakers::<3>::new()));
    // SAFETY: nothing else refers to it, and it stays.
    let wakers = unsafe { &*place };
    let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut producer = producer.with_wait(wakers.wait());
    let awaited = |ring: &Ring<u64>, ends| {
        let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait());
        let mut subscriber = subscriber.into_async();
        let waker = Waker::from(Arc::new(Task(ends)));
        assert!(subscriber.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        subscriber
    };
    let mut tasks = ManuallyDrop::new([(); 2].map(|()| awaited(&ring, &ENDS)));
    let said = in_child(|| {
        producer.send(&1).unwrap();
        // There is a place left for a task of its own.
        let (sender, ring) = Options::<u64>::new(8).heap().unwrap();
        let (mut sender, own) = (sender.with_wait(wakers.wait()), awaited(&ring, &OWN_ENDS));
        sender.send(&2).unwrap();
        let woken = OWN_ENDS.load(Ordering::SeqCst);
        drop((own, sender));
        // SAFETY: the child does not use them again.
        unsafe { ManuallyDrop::drop(&mut tasks) };
        // SAFETY: it comes of a box, and the child has dropped all that refers to it.
        drop(unsafe { Box::from_raw(place) });
        ENDS.load(Ordering::SeqCst) + if woken == 1 { 0 } else { 50 }
    });
    assert_eq!(said, 0, "the child ran wakers of its parent's, or (50) none of its own");
    producer.send(&2).unwrap();
    assert_eq!(ENDS.load(Ordering::SeqCst), 2);
    ManuallyDrop::into_inner(tasks);
}

/// A task with 300 KiB of its own on the stack, as `async-task` runs one whose `schedule` is `run`.
struct Large(Mutex<Async<Subscriber<u64>>>, AtomicBool);

impl Large {
    #[inline(never)]
    fn run(self: &Arc<Self>) {
        let mut buffer = [0u8; 300 << 10];
        std::hint::black_box(&mut buffer);
        let waker = Waker::from(self.clone());
        let polled = self.0.lock().unwrap().poll_recv(&mut Context::from_waker(&waker));
        self.1.fetch_or(polled.is_ready(), Ordering::SeqCst);
        std::hint::black_box(&mut buffer);
    }
}

impl Wake for Large {
    fn wake(self: Arc<Self>) {
        self.run();
    }
}

#[test]
fn a_task_that_is_polled_by_its_waker_has_a_stack() {
    // The child starts a reactor of its own.
    let said = in_child(|| {
        let name = format!("async-stack-{}", std::process::id());
        let mut producer = Options::<u64>::new(8).create(name.as_str()).unwrap();
        let ring = Ring::<u64>::open(&name).unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let task = Arc::new(Large(Mutex::new(subscriber), AtomicBool::new(false)));
        task.run();
        // In case it ends before.
        ringway::segment::unlink(&name).unwrap();
        producer.send(&1).unwrap();
        let start = Instant::now();
        while !task.1.load(Ordering::SeqCst) && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(1));
        }
        u32::from(!task.1.load(Ordering::SeqCst))
    });
    assert_eq!(said, 0, "a signal, if it is negative");
}
