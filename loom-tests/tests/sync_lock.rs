//! Locks of a region: exclusion, wake-ups that are passed on, and owners that die. A sleep in a
//! model has no end of its own, so that a lost wake-up is a deadlock, which loom reports.

use loom::thread;
use loom_tests::check;
use ringway_shm::sync::{AtomicU32, Ordering, RaceCell};
use ringway_sync::{Lock, LockError, LockGuard, Plan, Region, TryLockError};
use std::sync::Arc;

/// A region with a lock, and memory that the lock is for.
fn shared() -> (Region, Arc<RaceCell>) {
    (Plan::new().seats(3).lock("lock").heap().unwrap(), Arc::new(RaceCell::default()))
}

fn lock_of(region: &Region) -> Lock {
    region.lock("lock").unwrap()
}

/// Locks so often, and writes what no other may at the same time.
fn locks(region: &Region, cell: &RaceCell, times: u32) {
    let lock = lock_of(region);
    for _ in 0..times {
        let guard = lock.lock().unwrap();
        cell.write();
        drop(guard);
    }
}

#[test]
fn two_that_lock_twice_are_kept_apart() {
    check("two_that_lock_twice_are_kept_apart", Some(3), || {
        let (region, cell) = shared();
        let (other, theirs) = (region.attach().unwrap(), cell.clone());
        let other = thread::spawn(move || locks(&other, &theirs, 2));
        locks(&region, &cell, 2);
        other.join().unwrap();
    });
}

#[test]
fn no_wakeup_is_lost_among_three() {
    check("no_wakeup_is_lost_among_three", Some(2), || {
        let (region, cell) = shared();
        let others = [2, 1].map(|times| {
            let (region, cell) = (region.attach().unwrap(), cell.clone());
            thread::spawn(move || locks(&region, &cell, times))
        });
        locks(&region, &cell, 2);
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Locks without sleeping, also from the dead. Whether the caller was told.
fn takes(lock: &Lock) -> (LockGuard<'_>, bool) {
    loop {
        match lock.try_lock() {
            Ok(guard) => return (guard, false),
            Err(TryLockError::OwnerDied(guard)) => return (guard, true),
            Err(_) => thread::yield_now(),
        }
    }
}

/// Locks, and dies with the lock.
fn dies(region: Region) {
    let lock = lock_of(&region);
    drop(region);
    std::mem::forget(lock.lock().unwrap());
    drop(lock);
}

#[test]
fn a_death_is_told_to_one_that_makes_it_consistent() {
    check("a_death_is_told_to_one_that_makes_it_consistent", Some(3), || {
        let (region, _) = shared();
        dies(region.attach().unwrap());
        let others = [(); 2].map(|()| {
            let lock = lock_of(&region.attach().unwrap());
            thread::spawn(move || {
                let (mut guard, told) = takes(&lock);
                guard.make_consistent();
                drop(guard);
                u32::from(told)
            })
        });
        let told: u32 = others.into_iter().map(|other| other.join().unwrap()).sum();
        assert_eq!(told, 1);
    });
}

/// The sleeper sleeps while the owner lives, so that it is for the recoverer's unlock to wake it.
#[test]
fn a_recoverer_wakes_a_sleeper() {
    check("a_recoverer_wakes_a_sleeper", Some(2), || {
        let (region, _) = shared();
        let lock = lock_of(&region.attach().unwrap());
        let owner = lock.lock().unwrap();
        let sleeper = lock_of(&region.attach().unwrap());
        let sleeper = thread::spawn(move || match sleeper.lock() {
            Ok(_) => false,
            Err(LockError::OwnerDied(mut guard)) => {
                guard.make_consistent();
                true
            }
            Err(error) => panic!("{error}"),
        });
        let recoverer = lock_of(&region);
        drop(region);
        let recoverer = thread::spawn(move || {
            let (mut guard, told) = takes(&recoverer);
            guard.make_consistent();
            told
        });
        std::mem::forget(owner);
        drop(lock);
        let told = [sleeper.join().unwrap(), recoverer.join().unwrap()];
        assert!(told == [true, false] || told == [false, true], "{told:?}");
    });
}

/// Takes a seat, locks, and has lock and seat for good.
fn stays(region: &Region, cell: &RaceCell) -> Region {
    let region = region.attach().unwrap();
    let lock = lock_of(&region);
    let (guard, _) = takes(&lock);
    cell.write();
    std::mem::forget(guard);
    region
}

/// Its seat had an owner before, so that there is an older generation to be seen.
#[test]
fn an_owner_that_has_just_come_is_not_taken_for_dead() {
    check("an_owner_that_has_just_come_is_not_taken_for_dead", Some(3), || {
        let (region, cell) = shared();
        drop(region.attach().unwrap());
        let (theirs, seen) = (region.clone(), cell.clone());
        let other = thread::spawn(move || stays(&theirs, &seen));
        let holder = region.objects()[0].holder;
        assert!(holder.is_none_or(|holder| holder.gone == Some(false)));
        let lock = lock_of(&region);
        match lock.try_lock() {
            Ok(guard) => {
                cell.write();
                drop(guard);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(error) => panic!("{error}"),
        }
        drop(other.join().unwrap());
    });
}

/// The same of an owner that has taken the lock over from a dead one.
#[test]
fn an_owner_that_has_just_recovered_is_not_taken_for_dead() {
    check("an_owner_that_has_just_recovered_is_not_taken_for_dead", Some(3), || {
        let (region, cell) = shared();
        dies(region.attach().unwrap());
        let (theirs, seen) = (region.clone(), cell.clone());
        let other = thread::spawn(move || stays(&theirs, &seen));
        let lock = lock_of(&region);
        match lock.try_lock() {
            Err(TryLockError::OwnerDied(guard)) => {
                cell.write();
                drop(guard);
            }
            Err(TryLockError::WouldBlock) => {}
            outcome => panic!("{outcome:?}"),
        }
        drop(other.join().unwrap());
    });
}

#[test]
fn the_next_owner_of_a_seat_is_not_taken_for_the_dead_one() {
    check("the_next_owner_of_a_seat_is_not_taken_for_the_dead_one", Some(3), || {
        let region = Plan::new().seats(2).lock("lock").heap().unwrap();
        let (dying, first) = (region.clone(), Arc::new(AtomicU32::new(0)));
        let (next, seated) = (region.clone(), first.clone());
        let dying = thread::spawn(move || {
            let region = dying.attach().unwrap();
            first.store(1, Ordering::Relaxed);
            dies(region);
        });
        let next = thread::spawn(move || {
            while seated.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            loop {
                match next.attach() {
                    Ok(region) => return region,
                    Err(_) => thread::yield_now(),
                }
            }
        });
        let next = next.join().unwrap();
        dying.join().unwrap();
        assert!(matches!(lock_of(&region).try_lock(), Err(TryLockError::OwnerDied(_))));
        drop(next);
    });
}

/// Each that locks is told, and the lock stays inconsistent.
#[test]
fn those_that_are_told_are_kept_apart() {
    check("those_that_are_told_are_kept_apart", Some(3), || {
        let (region, cell) = shared();
        dies(region.attach().unwrap());
        let lock = lock_of(&region);
        assert!(takes(&lock).1);
        let (other, theirs) = (lock_of(&region.attach().unwrap()), cell.clone());
        let is_told = |lock: &Lock, cell: &RaceCell| match lock.lock() {
            Err(LockError::OwnerDied(guard)) => {
                cell.write();
                drop(guard);
            }
            outcome => panic!("{outcome:?}"),
        };
        let other = thread::spawn(move || is_told(&other, &theirs));
        is_told(&lock, &cell);
        other.join().unwrap();
    });
}
