//! Wakers of a runtime that has faults.
#![cfg(all(feature = "async", feature = "std", target_os = "linux"))]

mod awaited;

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};
use std::thread;

use ringway::future::{Async, Wakers};
use ringway::{Options, Start};

use awaited::{Count, both, eventually};

/// A waker of a runtime that has faults: its clone or its drop panics.
fn faulty(panics_when_cloned: bool) -> ManuallyDrop<Waker> {
    const CLONES: &RawWakerVTable =
        &RawWakerVTable::new(|_| RawWaker::new(std::ptr::null(), CLONES), nop, nop, panics);
    const PANICS: &RawWakerVTable = &RawWakerVTable::new(|_| panic!("a clone"), nop, nop, nop);
    fn nop(_: *const ()) {}
    fn panics(_: *const ()) {
        if !thread::panicking() {
            panic!("a drop");
        }
    }
    let table = if panics_when_cloned { PANICS } else { CLONES };
    // SAFETY: it has no data.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), table)) })
}

/// Polls with a waker that panics, and then with one that does not, which has to be woken.
fn polls_after_a_panic<W: ringway::Wait>(
    mut subscriber: Async<ringway::Subscriber<u64, W>>,
    mut send: impl FnMut(),
) {
    for panics_when_cloned in [true, false, true] {
        let (count, good) = Count::new();
        let bad = faulty(panics_when_cloned);
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _ = subscriber.poll_recv(&mut Context::from_waker(&bad));
        }));
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _ = subscriber.poll_recv(&mut Context::from_waker(&good));
        }));
        assert!(subscriber.poll_recv(&mut Context::from_waker(&good)).is_pending());
        send();
        eventually("the wake-up", || count.get() > 0);
        assert!(subscriber.poll_recv(&mut Context::from_waker(&good)).is_ready());
        // One that is dropped with its handle.
        assert!(subscriber.poll_recv(&mut Context::from_waker(&good)).is_pending());
    }
    let bad = faulty(false);
    assert!(subscriber.poll_recv(&mut Context::from_waker(&bad)).is_pending());
    let _ = catch_unwind(AssertUnwindSafe(|| drop(subscriber)));
}

#[test]
fn a_waker_whose_clone_or_drop_panics_silences_no_handle() {
    for (mut producer, ring) in both("faulty", Options::new(2)) {
        let subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        polls_after_a_panic(subscriber, || producer.send(&1).unwrap());
        // What was taken in when the last one was dropped is given back.
        let subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        polls_after_a_panic(subscriber, || producer.send(&1).unwrap());
    }
    let wakers = Wakers::<1>::new();
    let (producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let mut producer = producer.with_wait(wakers.wait());
    for _ in 0..2 {
        let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait());
        polls_after_a_panic(subscriber.into_async(), || producer.send(&1).unwrap());
    }
}

/// Also where the panic's payload panics when it is dropped.
#[test]
fn a_waker_that_panics_harms_its_own_task_alone() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic!("a second time");
            }
        }
    }
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::panic_any(Payload);
        }
    }
    for (mut producer, ring) in both("panics", Options::new(8)) {
        let mut bad = ring.subscribe(Start::Next).unwrap().into_async();
        let mut good = ring.subscribe(Start::Next).unwrap().into_async();
        let (count, waker) = Count::new();
        let panics = Waker::from(Arc::new(Panics));
        for message in 1..4 {
            assert!(bad.poll_recv(&mut Context::from_waker(&panics)).is_pending());
            assert!(good.poll_recv(&mut Context::from_waker(&waker)).is_pending());
            producer.send(&message).unwrap();
            eventually("the wake-up", || count.get() == message as usize);
            assert_eq!(bad.get_mut().try_recv(), Ok(message));
            assert_eq!(good.get_mut().try_recv(), Ok(message));
        }
    }
}

/// As on the heap, so by `Wakers`: neither the call that sends is harmed, nor another task.
#[test]
fn wakers_that_panic_harm_no_task_of_wakers_but_their_own() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a runtime's waker");
        }
    }
    let wakers = Wakers::<8>::new();
    let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut producer = producer.with_wait(wakers.wait());
    let join = || ring.subscribe(Start::Next).unwrap().with_wait(wakers.wait()).into_async();
    let mut all: Vec<_> = (0..6).map(|_| join()).collect();
    let (count, good) = Count::new();
    let bad = Waker::from(Arc::new(Panics));
    for message in 1..4 {
        for (n, one) in all.iter_mut().enumerate() {
            let waker = if n % 2 == 0 { &bad } else { &good };
            assert!(one.poll_recv(&mut Context::from_waker(waker)).is_pending());
        }
        producer.send(&message).unwrap();
        assert_eq!(count.get(), 3 * message as usize);
        for one in &mut all {
            assert_eq!(one.get_mut().try_recv(), Ok(message));
        }
    }
}
