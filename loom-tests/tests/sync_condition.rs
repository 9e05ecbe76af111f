//! Conditions of a region's mutex: no notification is lost. A sleep in a model has no end of its
//! own, so that a lost one is a deadlock, which loom reports.

use loom::thread;
use loom_tests::check;
use ringway_sync::{Condition, LockError, Mutex, Plan, Region};

fn region() -> Region {
    Plan::new().seats(3).mutex("jobs", 0u64).condition("filled", "jobs").heap().unwrap()
}

fn handles(region: &Region) -> (Mutex<u64>, Condition<u64>) {
    let jobs: Mutex<u64> = region.mutex("jobs").unwrap();
    let filled = jobs.condition("filled").unwrap();
    (jobs, filled)
}

/// Takes a job, and waits for it.
fn takes(region: &Region) {
    let (jobs, filled) = handles(region);
    let mut guard = jobs.lock().unwrap().wait_while(&filled, |jobs| *jobs == 0).unwrap();
    *guard -= 1;
}

/// Two waiters, each of which is notified of a job of its own.
#[test]
fn no_notification_for_one_is_lost() {
    check("no_notification_for_one_is_lost", Some(2), || {
        let region = region();
        let others = [(); 2].map(|()| {
            let region = region.attach().unwrap();
            thread::spawn(move || takes(&region))
        });
        let (jobs, filled) = handles(&region);
        for _ in 0..2 {
            let mut guard = jobs.lock().unwrap();
            *guard += 1;
            filled.notify_one(&guard);
        }
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(jobs.peek(), Ok(0));
    });
}

/// Two waiters, who are notified together.
#[test]
fn no_notification_for_all_is_lost() {
    check("no_notification_for_all_is_lost", Some(2), || {
        let region = region();
        let others = [(); 2].map(|()| {
            let region = region.attach().unwrap();
            thread::spawn(move || takes(&region))
        });
        let (jobs, filled) = handles(&region);
        let mut guard = jobs.lock().unwrap();
        *guard += 2;
        filled.notify_all(&guard);
        drop(guard);
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Each waits for the other one's turn.
#[test]
fn two_that_wait_for_each_other_take_turns() {
    check("two_that_wait_for_each_other_take_turns", Some(3), || {
        let region = region();
        let turns = |region: &Region, odd: u64| {
            let (jobs, filled) = handles(region);
            for _ in 0..2 {
                let guard = jobs.lock().unwrap();
                let mut guard = guard.wait_while(&filled, |turn| *turn % 2 != odd).unwrap();
                *guard += 1;
                filled.notify_one(&guard);
            }
        };
        let other = region.attach().unwrap();
        let other = thread::spawn(move || turns(&other, 1));
        turns(&region, 0);
        other.join().unwrap();
        assert_eq!(handles(&region).0.peek(), Ok(4));
    });
}

/// An owner dies with the lock beside a waiter. What the one that is told of that adds and notifies
/// of wakes the waiter.
#[test]
fn one_that_recovers_wakes_a_waiter() {
    check("one_that_recovers_wakes_a_waiter", Some(2), || {
        let region = region();
        let owner = region.attach().unwrap();
        let owner = thread::spawn(move || {
            let (jobs, filled) = handles(&owner);
            drop(owner);
            let mut guard = jobs.lock().or_else(LockError::recover).unwrap();
            *guard = 7;
            filled.notify_one(&guard);
            // Dies, and has not committed.
            std::mem::forget(guard);
        });
        let waiter = region.attach().unwrap();
        let waiter = thread::spawn(move || {
            let (jobs, filled) = handles(&waiter);
            let mut guard = jobs.lock().or_else(LockError::recover).unwrap();
            loop {
                match guard.wait_while(&filled, |jobs| *jobs == 0) {
                    Ok(guard) => return *guard,
                    Err(error) => guard = error.recover().unwrap(),
                }
            }
        });
        owner.join().unwrap();
        let (jobs, filled) = handles(&region);
        let mut guard = match jobs.try_lock() {
            Ok(guard) => guard,
            Err(error) => match error.recover() {
                Ok(guard) => guard,
                Err(_) => jobs.lock().or_else(LockError::recover).unwrap(),
            },
        };
        assert_eq!(*guard, 0);
        *guard = 3;
        filled.notify_one(&guard);
        drop(guard);
        assert_eq!(waiter.join().unwrap(), 3);
    });
}
