//! Conditions in a region on the heap: between threads, and against a plain model.
#![cfg(feature = "std")]

use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway_sync::{Condition, Interrupt, LockError, LookupError, Mutex, Plan, PlanError, Region};

/// How soon a death or an interrupt is told. Under miri time passes, and little is done in it.
const SOON: Duration = Duration::from_millis(if cfg!(miri) { 60_000 } else { 150 });

fn region() -> Region {
    let plan = Plan::new().mutex("jobs", 0u64).condition("filled", "jobs");
    plan.mutex("other", 0u64).heap().unwrap()
}

fn handles(region: &Region) -> (Mutex<u64>, Condition<u64>) {
    let jobs: Mutex<u64> = region.mutex("jobs").unwrap();
    let filled = jobs.condition("filled").unwrap();
    (jobs, filled)
}

#[test]
fn a_wait_for_what_is_so_does_not_give_the_lock_back() {
    let (jobs, filled) = handles(&region());
    let mut looked = 0;
    let mut guard = jobs.lock().unwrap();
    *guard = 1;
    let guard = guard.wait_while(&filled, |jobs| {
        looked += 1;
        *jobs == 0
    });
    assert_eq!(*guard.unwrap(), 1);
    assert_eq!(looked, 1);
}

#[test]
fn a_wait_commits_what_was_changed() {
    let (jobs, filled) = handles(&region());
    let mut guard = jobs.lock().unwrap();
    *guard = 5;
    let outcome = guard.wait_while_timeout(&filled, |jobs| *jobs == 5, Duration::from_millis(1));
    assert!(matches!(outcome, Err(LockError::TimedOut)));
    assert_eq!(jobs.peek(), Ok(5));
    assert!(jobs.try_lock().is_ok(), "the lock is given back");
}

#[test]
fn a_wait_for_a_condition_ends_with_its_time_and_by_an_interrupt() {
    let (jobs, filled) = handles(&region());
    let interrupt = Interrupt::new();
    let waiting = filled.clone().interrupted_by(&interrupt);
    for time in [Duration::ZERO, Duration::from_millis(15)] {
        let start = Instant::now();
        let outcome = jobs.lock().unwrap().wait_while_timeout(&filled, |_| true, time);
        assert!(matches!(outcome, Err(LockError::TimedOut)));
        assert!(start.elapsed() >= time);
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            let outcome = jobs.lock().unwrap().wait_while(&waiting, |_| true);
            assert!(matches!(outcome, Err(LockError::Interrupted)));
        });
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
}

/// What an owner commits and does not notify of is found, late.
#[test]
fn a_change_without_a_notification_is_found_within_150_ms() {
    let (jobs, filled) = handles(&region());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            drop(jobs.lock().unwrap().wait_while(&filled, |jobs| *jobs == 0).unwrap());
            Instant::now()
        });
        thread::sleep(Duration::from_millis(50));
        *jobs.lock().unwrap() = 1;
        let changed = Instant::now();
        let found = waiter.join().unwrap().saturating_duration_since(changed);
        assert!(found < SOON, "{found:?}");
    });
}

#[test]
fn a_condition_is_one_of_its_mutex() {
    let region = region();
    let (jobs, filled) = handles(&region);
    let other: Mutex<u64> = region.mutex("other").unwrap();
    let error = other.condition("filled").unwrap_err();
    assert_eq!(error, LookupError::OtherMutex { name: "filled".into() });
    let outcome = other.lock().unwrap().wait_while(&filled, |_| true);
    assert!(matches!(outcome, Err(LockError::OtherMutex)));
    assert!(other.try_lock().is_ok());
    // Another handle of the same mutex is one of it.
    let again = handles(&region.attach().unwrap()).1;
    let guard = jobs.lock().unwrap();
    again.notify_all(&guard);
    assert!(guard.wait_while(&again, |_| false).is_ok());
    assert!(matches!(jobs.condition("jobs"), Err(LookupError::Kind { .. })));
}

#[test]
fn a_condition_is_declared_behind_its_mutex() {
    for plan in [
        Plan::new().condition("filled", "jobs").mutex("jobs", 0u64),
        Plan::new().lock("jobs").condition("filled", "jobs"),
    ] {
        assert!(matches!(plan.heap(), Err(PlanError::Object { name }) if name == "filled"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: if cfg!(miri) { 1 } else { 48 },
        ..ProptestConfig::default()
    })]

    /// A buffer of so many places, with a condition for each side, between so many threads of each:
    /// what comes out is what went in, by number and sum, and the buffer is never more than full.
    #[test]
    fn a_bounded_buffer_gives_out_what_was_put_in(
        room in 1u64..4,
        producers in 1u64..4,
        consumers in 1u64..4,
        each in 0u64..40,
        all in any::<bool>(),
    ) {
        // How many are in it, and their sum.
        let plan = Plan::new().mutex("buffer", [0u64; 2]);
        let region = plan.condition("filled", "buffer").condition("room", "buffer").heap().unwrap();
        let buffer: Mutex<[u64; 2]> = region.mutex("buffer").unwrap();
        let (filled, free) = (buffer.condition("filled").unwrap(), buffer.condition("room").unwrap());
        let tells = |condition: &Condition<[u64; 2]>, guard: &_| match all {
            true => condition.notify_all(guard),
            false => condition.notify_one(guard),
        };
        let total = producers * each;
        let out: u64 = thread::scope(|scope| {
            for producer in 0..producers {
                let (buffer, tells, filled, free) = (&buffer, &tells, &filled, &free);
                scope.spawn(move || for number in 0..each {
                    let guard = buffer.lock().unwrap();
                    let mut guard = guard.wait_while(free, |buffer| buffer[0] == room).unwrap();
                    guard[0] += 1;
                    guard[1] += producer * each + number;
                    tells(filled, &guard);
                });
            }
            let consumers: Vec<_> = (0..consumers).map(|consumer| {
                let (buffer, tells, filled, free) = (&buffer, &tells, &filled, &free);
                let share = total / consumers + u64::from(consumer < total % consumers);
                scope.spawn(move || (0..share).map(|_| {
                    let guard = buffer.lock().unwrap();
                    let mut guard = guard.wait_while(filled, |buffer| buffer[0] == 0).unwrap();
                    assert!(guard[0] <= room);
                    guard[0] -= 1;
                    // The last one out takes the sum with it.
                    let out = if guard[0] == 0 { std::mem::take(&mut guard[1]) } else { 0 };
                    tells(free, &guard);
                    out
                }).sum::<u64>())
            }).collect();
            consumers.into_iter().map(|consumer| consumer.join().unwrap()).sum()
        });
        prop_assert_eq!(out, (0..total).sum::<u64>());
        prop_assert_eq!(buffer.peek().unwrap(), [0, 0]);
    }
}
