//! Locks between threads, in a region on the heap.
#![cfg(feature = "std")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{Interrupt, LockError, Plan, Region, TryLockError};

const ROUNDS: u64 = if cfg!(miri) { 20 } else { 20_000 };
/// How soon a death or an interrupt is told. Under miri time passes, and little is done in it.
const SOON: Duration = Duration::from_millis(if cfg!(miri) { 60_000 } else { 150 });

fn region() -> Region {
    Plan::new().mutex("count", [0u64; 3]).lock("lock").spin_lock("spin").heap().unwrap()
}

#[test]
fn every_change_under_a_mutex_counts() {
    let region = region();
    thread::scope(|scope| {
        for _ in 0..4 {
            let region = region.attach().unwrap();
            scope.spawn(move || {
                let count = region.mutex::<[u64; 3]>("count").unwrap();
                for _ in 0..ROUNDS {
                    count.lock().unwrap().iter_mut().for_each(|number| *number += 1);
                }
            });
        }
        let count = region.mutex::<[u64; 3]>("count").unwrap();
        let mut last = 0;
        while last < 4 * ROUNDS {
            let [a, b, c] = count.peek().unwrap();
            assert!(a == b && b == c && a >= last);
            last = a;
        }
    });
}

#[test]
fn threads_of_one_seat_are_kept_apart() {
    let region = region();
    let (lock, spin) = (region.lock("lock").unwrap(), region.spin_lock("spin").unwrap());
    let inside = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..ROUNDS / 10 {
                    let guard = lock.lock().unwrap();
                    let inner = spin.lock().unwrap();
                    assert!(!inside.swap(true, Ordering::Relaxed));
                    inside.store(false, Ordering::Relaxed);
                    drop((inner, guard));
                }
            });
        }
    });
}

#[test]
fn a_panic_leaves_the_value_and_gives_the_lock_back() {
    let region = region();
    let count = region.mutex::<[u64; 3]>("count").unwrap();
    let panics = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut guard = count.lock().unwrap();
            guard[0] = 7;
            guard.commit();
            guard[1] = 8;
            panic!("as it has to");
        });
        thread.join()
    });
    assert!(panics.is_err());
    assert_eq!(*count.lock().unwrap(), [7, 0, 0]);
}

#[test]
fn a_copy_that_is_discarded_changes_nothing() {
    let count = region().mutex::<[u64; 3]>("count").unwrap();
    let mut guard = count.lock().unwrap();
    guard[0] = 7;
    guard.discard();
    assert_eq!(count.peek().unwrap(), [0; 3]);
}

#[test]
fn the_death_of_an_owner_is_told_once_by_a_mutex() {
    let region = region();
    let count = region.mutex::<[u64; 3]>("count").unwrap();
    let other = region.attach().unwrap().mutex::<[u64; 3]>("count").unwrap();
    let mut guard = other.lock().unwrap();
    guard[0] = 1;
    guard.commit();
    guard[1] = 1;
    std::mem::forget(guard);
    assert!(matches!(count.try_lock(), Err(TryLockError::WouldBlock)));
    drop(other);
    let start = Instant::now();
    match count.lock() {
        Err(LockError::OwnerDied(guard)) => assert_eq!(*guard, [1, 0, 0]),
        outcome => panic!("{outcome:?}"),
    }
    assert!(start.elapsed() < SOON);
    assert!(count.lock().is_ok());
}

#[test]
fn the_death_of_an_owner_is_told_by_a_lock_until_it_is_made_consistent() {
    let region = region();
    let lock = region.lock("lock").unwrap();
    let other = region.attach().unwrap().lock("lock").unwrap();
    std::mem::forget(other.lock().unwrap());
    drop(other);
    for _ in 0..2 {
        assert!(matches!(lock.lock(), Err(LockError::OwnerDied(_))));
        assert!(matches!(lock.try_lock(), Err(TryLockError::OwnerDied(_))));
    }
    let Err(LockError::OwnerDied(mut guard)) = lock.lock() else { panic!("not told") };
    guard.make_consistent();
    drop(guard);
    assert!(lock.lock().is_ok());
}

#[test]
fn a_wait_ends_with_its_time_and_by_an_interrupt() {
    let region = region();
    let (interrupt, lock) = (Interrupt::new(), region.lock("lock").unwrap());
    let spin = region.spin_lock("spin").unwrap().interrupted_by(&interrupt);
    let waiting = region.lock("lock").unwrap().interrupted_by(&interrupt);
    let (_held, _spun) = (lock.lock().unwrap(), spin.lock().unwrap());
    for time in [Duration::ZERO, Duration::from_millis(15)] {
        let start = Instant::now();
        assert!(matches!(waiting.lock_timeout(time), Err(LockError::TimedOut)));
        assert!(matches!(spin.lock_timeout(time), Err(LockError::TimedOut)));
        assert!(start.elapsed() >= 2 * time);
    }
    thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(waiting.lock(), Err(LockError::Interrupted))));
        scope.spawn(|| assert!(matches!(spin.lock(), Err(LockError::Interrupted))));
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
}

/// Whether a call that blocks already, and one that begins later, are ended by an interrupt.
fn is_interrupted<G>(interrupt: &Interrupt, call: impl Fn() -> Result<G, LockError<G>> + Sync) {
    interrupt.clear();
    let raised = thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(call(), Err(LockError::Interrupted))));
        thread::sleep(Duration::from_millis(30));
        interrupt.raise();
        Instant::now()
    });
    assert!(raised.elapsed() < SOON);
    assert!(matches!(call(), Err(LockError::Interrupted)));
}

#[test]
fn an_interrupt_ends_the_calls_of_every_kind_that_wait_and_takes_nothing() {
    let plan = Plan::new().mutex("count", [0u64; 3]).lock("lock").spin_lock("spin");
    let region = plan.in_place("place", [0u64; 9]).heap().unwrap();
    let interrupt = Interrupt::new();
    let mutex = region.mutex::<[u64; 3]>("count").unwrap().interrupted_by(&interrupt);
    let lock = region.lock("lock").unwrap().interrupted_by(&interrupt);
    let spin = region.spin_lock("spin").unwrap().interrupted_by(&interrupt);
    // SAFETY: the region is this process's own, and has no other users of the value.
    let place = unsafe { region.in_place::<[u64; 9]>("place") };
    let place = place.unwrap().interrupted_by(&interrupt);
    {
        let _held = (mutex.lock().unwrap(), lock.lock().unwrap());
        let _held = (spin.lock().unwrap(), place.lock().unwrap());
        is_interrupted(&interrupt, || mutex.lock());
        is_interrupted(&interrupt, || lock.lock());
        is_interrupted(&interrupt, || spin.lock());
        is_interrupted(&interrupt, || place.lock());
    }
    // What is there without waiting is taken all the same.
    assert!(interrupt.is_raised());
    assert!(mutex.lock().is_ok() && lock.lock().is_ok());
    assert!(spin.lock().is_ok() && place.lock().is_ok());
}

#[test]
fn a_guard_can_be_dropped_by_another_thread() {
    let lock = region().lock("lock").unwrap();
    let guard = lock.lock().unwrap();
    thread::scope(|scope| scope.spawn(move || drop(guard)).join()).unwrap();
    assert!(lock.try_lock().is_ok());
}

#[test]
fn an_object_is_found_by_name_kind_type_and_tag() {
    use ringway_sync::{LookupError, ObjectName};
    let region = region();
    let error = |outcome: Result<_, LookupError>| outcome.err().unwrap();
    assert!(matches!(error(region.lock("none").map(drop)), LookupError::NotFound { .. }));
    assert!(matches!(error(region.lock("count").map(drop)), LookupError::Kind { .. }));
    let size = error(region.mutex::<u64>("count").map(drop));
    assert!(matches!(size, LookupError::Size { found: 24, expected: 8, .. }));
    let align = error(region.mutex::<[u8; 24]>("count").map(drop));
    // 4 or 8, by the target.
    let aligned = align_of::<u64>() as u32;
    assert!(matches!(align, LookupError::Align { found, expected: 1, .. } if found == aligned));
    let tag = error(region.mutex::<[u64; 3]>(ObjectName::new("count").tag(9)).map(drop));
    assert!(matches!(tag, LookupError::Tag { found: 0, expected: 9, .. }));
}
