//! Signals, and values that are made once, in a region on the heap: between threads, and against
//! plain models.
#![cfg(feature = "std")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway_sync::{Interrupt, Once, OnceError, Plan, Region, SignalError};

const TOKENS: u32 = if cfg!(miri) { 20 } else { 5_000 };

fn region() -> Region {
    Plan::new().signal("ready").once::<[u64; 3]>("value").once::<()>("done").heap().unwrap()
}

fn value(region: &Region) -> Once<[u64; 3]> {
    region.once("value").unwrap()
}

#[test]
fn each_token_is_taken_once() {
    let region = region();
    let taken = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            let (poster, waiter) = (region.attach().unwrap(), region.attach().unwrap());
            scope.spawn(move || {
                let ready = poster.signal("ready").unwrap();
                (0..TOKENS).for_each(|_| ready.post().unwrap());
            });
            let taken = &taken;
            scope.spawn(move || {
                let ready = waiter.signal("ready").unwrap();
                for _ in 0..TOKENS {
                    ready.wait().unwrap();
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 2 * TOKENS);
    assert!(!region.signal("ready").unwrap().try_wait());
}

#[test]
fn a_wait_for_a_token_ends_with_its_time_and_by_an_interrupt() {
    let (region, interrupt) = (region(), Interrupt::new());
    let ready = region.signal("ready").unwrap().interrupted_by(&interrupt);
    for time in [Duration::ZERO, Duration::from_millis(15)] {
        let start = Instant::now();
        assert_eq!(ready.wait_timeout(time), Err(SignalError::TimedOut));
        assert!(start.elapsed() >= time);
    }
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(ready.wait(), Err(SignalError::Interrupted)));
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
    // What is there without waiting is taken all the same.
    ready.post().unwrap();
    assert_eq!(ready.wait(), Ok(()));
}

#[test]
fn a_value_is_made_by_one_of_many() {
    let region = region();
    let made = AtomicU32::new(0);
    thread::scope(|scope| {
        for number in 0..4 {
            let (value, made) = (value(&region.attach().unwrap()), &made);
            scope.spawn(move || {
                let found = value.get_or_init(|| {
                    made.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(3));
                    [number; 3]
                });
                assert_eq!(found.ok(), value.get());
            });
        }
    });
    assert_eq!(made.into_inner(), 1);
}

#[test]
fn what_has_no_value_is_done_once() {
    let done: Once<()> = region().once("done").unwrap();
    assert_eq!(done.get(), None);
    let mut times = 0;
    for _ in 0..2 {
        done.get_or_init(|| times += 1).unwrap();
    }
    assert_eq!((times, done.get()), (1, Some(())));
}

#[test]
fn one_that_panics_or_fails_or_is_gone_while_it_makes_a_value_is_replaced() {
    let region = region();
    let value = value(&region);
    let panics =
        thread::scope(|scope| scope.spawn(|| value.get_or_init(|| panic!("as it has to"))).join());
    assert!(panics.is_err());
    assert_eq!(value.get_or_try_init(|| Err("no")), Ok(Err("no")));
    assert_eq!(value.get(), None);
    assert_eq!(value.try_get_or_init(|| [5; 3]), Ok([5; 3]));
}

#[test]
fn a_wait_for_a_value_ends_with_its_time_and_by_an_interrupt() {
    let (region, interrupt) = (region(), Interrupt::new());
    let value = value(&region).interrupted_by(&interrupt);
    let making = region.once::<[u64; 3]>("value").unwrap();
    let unreachable = || -> [u64; 3] { unreachable!("another is making it") };
    making
        .get_or_init(|| {
            assert_eq!(value.try_get_or_init(unreachable), Err(OnceError::WouldBlock));
            for time in [Duration::ZERO, Duration::from_millis(15)] {
                let start = Instant::now();
                let outcome = value.get_or_init_timeout(unreachable, time);
                assert_eq!(outcome, Err(OnceError::TimedOut));
                assert!(start.elapsed() >= time);
            }
            interrupt.raise();
            assert_eq!(value.get_or_init(unreachable), Err(OnceError::Interrupted));
            [1; 3]
        })
        .unwrap();
    assert_eq!(value.get(), Some([1; 3]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_are_a_number(steps in prop::collection::vec(any::<bool>(), 0..100)) {
        let ready = region().signal("ready").unwrap();
        let mut model = 0u32;
        for post in steps {
            match post {
                true => {
                    ready.post().unwrap();
                    model += 1;
                }
                false => {
                    prop_assert_eq!(ready.try_wait(), model > 0);
                    model = model.saturating_sub(1);
                }
            }
            prop_assert_eq!(ready.tokens(), model);
        }
    }

    /// Against an `Option`: what each call is given to make it with, and whether it fails.
    #[test]
    fn a_value_is_the_first_that_was_made(
        steps in prop::collection::vec((any::<u64>(), any::<bool>()), 0..20),
    ) {
        let (region, mut model) = (region(), None);
        for (number, fails) in steps {
            let value = value(&region.attach().unwrap());
            prop_assert_eq!(value.get(), model);
            let made = if fails { Err(number) } else { Ok([number; 3]) };
            let expected = model.map_or(made, Ok);
            prop_assert_eq!(value.get_or_try_init(|| made), Ok(expected));
            model = model.or(made.ok());
        }
    }
}
