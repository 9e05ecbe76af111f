//! What a program's own code does in the middle of a call: panics, forks, leaks.
#![cfg(all(feature = "std", target_os = "linux"))]
// Positions have 32 bits where words do.
#![allow(clippy::useless_conversion)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ringway::error::TryRecvError;
use ringway::wait::{Pause, Wait};
use ringway::{Options, Overflow, Producer, Ring, Start};

thread_local!(static LEFT: Cell<i64> = const { Cell::new(-1) });

/// Notices panic now and then.
#[derive(Clone, Debug)]
struct Panics;

impl Wait for Panics {
    fn pause(&mut self, _: u32) -> Pause {
        Pause::Again
    }
    fn notify(&mut self) {
        LEFT.with(|left| {
            if left.get() > 0 {
                left.set(left.get() - 1);
                if left.get() == 0 {
                    std::panic::resume_unwind(Box::new(()));
                }
            }
        });
    }
}

#[test]
fn a_notice_of_the_producer_that_panics_sends_once() {
    for named in [false, true] {
        for how in 0..8 {
            for after in 1..12 {
                let name = format!("review-panic-{}-{how}-{after}", std::process::id());
                let options = Options::<u64>::new(32).observers(how % 2 == 0);
                let (producer, ring) = match named {
                    true => {
                        let producer = options.create(&*name).unwrap();
                        (producer, Ring::<u64>::open(&*name).unwrap())
                    }
                    false => options.heap().unwrap(),
                };
                let mut subscriber = ring.subscribe(Start::Next).unwrap();
                let mut producer = producer.with_wait(Panics);
                LEFT.set(after);
                let mut expected = 0u64;
                for _ in 0..60 {
                    let head = u64::from(producer.head());
                    let _ = catch_unwind(AssertUnwindSafe(|| match how / 2 {
                        0 => producer.send(&head).unwrap(),
                        1 => producer.send_batch(&[head, head + 1, head + 2]).unwrap(),
                        2 => drop(producer.send_iter((head..head + 5).inspect(|_| ())).unwrap()),
                        _ => {
                            let mut places = producer.reserve_batch(3).unwrap();
                            places.write_iter(head..);
                            let _ = places.commit();
                        }
                    }));
                    while let Ok(message) = subscriber.try_recv() {
                        assert_eq!(message, expected);
                        expected += 1;
                    }
                    assert_eq!(u64::from(producer.head()), expected);
                }
                LEFT.set(-1);
            }
        }
    }
}

/// What a call has taken when its notice panics is as on `main`: received.
#[test]
fn a_notice_of_a_subscriber_that_panics_keeps_order() {
    for evicts in [false, true] {
        let mut options = Options::<u64>::new(64);
        if evicts {
            options = options.max_lag(63);
        }
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe_with(Start::Next, Panics).unwrap();
        let (mut sent, mut next, mut lost) = (0u64, 0u64, 0);
        for round in 1..2000 {
            while sent < next + 40 {
                producer.send(&sent).unwrap();
                sent += 1;
            }
            LEFT.set(1 + round % 37);
            for _ in 0..20 {
                match catch_unwind(AssertUnwindSafe(|| subscriber.try_recv())) {
                    Ok(message) => assert_eq!(message, Ok(next)),
                    Err(_) => lost += 1,
                }
                next += 1;
                assert_eq!(u64::from(subscriber.position()), next);
            }
            LEFT.set(-1);
        }
        assert!(lost > 100);
    }
}

/// An iterator forks. The child may look at nothing of the ring; it ends the iterator, panics, or
/// drops the producer, and the parent goes on.
#[test]
fn an_iterator_that_forks() {
    for how in 0..3 {
        let name = format!("review-fork-{}-{how}", std::process::id());
        let mut producer = Options::<u64>::new(64).create(&*name).unwrap();
        let ring = Ring::<u64>::open(&*name).unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut child = None;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut n = 0;
            producer.send_iter(std::iter::from_fn(|| {
                n += 1;
                if n == 5 {
                    // SAFETY: the child makes no use of locks that another thread may have.
                    let pid = unsafe { libc::fork() };
                    if pid == 0 {
                        match how {
                            0 => return None,
                            _ => std::panic::resume_unwind(Box::new(())),
                        }
                    }
                    child = Some(pid);
                }
                (n <= 20).then_some(n)
            }))
        }));
        let Some(pid) = child else {
            let fine = match how {
                0 => matches!(outcome, Ok(Ok(4))),
                _ => outcome.is_err(),
            };
            let fine = fine && !producer.is_usable() && producer.head() == 4;
            if how == 2 {
                drop(producer);
            }
            // SAFETY: ends the child without running what the parent will.
            unsafe { libc::_exit(if fine { 0 } else { 1 }) }
        };
        assert!(matches!(outcome, Ok(Ok(20))));
        let mut status = 0;
        // SAFETY: the child is this process's.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert_eq!(status, 0, "{how}");
        for n in 1..=20 {
            assert_eq!(subscriber.try_recv(), Ok(n));
        }
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(producer.send(&21), Ok(()));
        assert_eq!(subscriber.try_recv(), Ok(21));
    }
}

/// A producer that has lent many places is killed, and another goes on: marks are left behind.
#[test]
fn a_successor_after_places_that_were_lent() {
    for overwrite in [false, true] {
        for (before, written) in [(0, 8), (3, 2), (61, 5), (64, 8), (200, 0), (203, 1)] {
            let name = format!("review-lent-{}-{overwrite}-{before}", std::process::id());
            let mut options = Options::<u64>::new(64);
            options = if overwrite { options.overflow(Overflow::Overwrite) } else { options };
            let mut producer = options.create(&*name).unwrap();
            let ring = Ring::<u64>::open(&*name).unwrap();
            let mut observer = ring.observe(Start::Next).unwrap();
            for n in 0..before {
                producer.send(&n).unwrap();
            }
            let mut places = producer.reserve_batch(8).unwrap();
            places.write_iter(1000..1000 + written);
            #[expect(clippy::forget_non_drop)]
            std::mem::forget(places);
            producer.detach();
            let lost = before.saturating_sub(56);
            let mut producer = Producer::<u64>::resume(&*name).unwrap();
            assert_eq!((u64::from(producer.head()), observer.lag()), (before, before));
            let mut next = 0;
            if lost > 0 {
                assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(lost)));
                next = lost;
            }
            for n in next..before {
                assert_eq!(observer.try_recv(), Ok(n));
            }
            assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
            producer.send_batch(&[before, before + 1]).unwrap();
            assert_eq!((observer.try_recv(), observer.try_recv()), (Ok(before), Ok(before + 1)));
            assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
        }
    }
}
