//! An owner that is killed.

use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{DeathWatch, LockError, Plan, Region, TryLockError};

use crate::child::{Directory, Player};

fn region(directory: &Directory) -> Region {
    let plan = Plan::new().mutex("pair", [0u64; 8]).lock("lock");
    plan.create(directory.place("region")).unwrap()
}

#[test]
fn the_next_one_that_locks_is_told_and_the_value_is_whole() {
    let directory = Directory::new();
    let region = region(&directory);
    let (pair, lock) = (region.mutex::<[u64; 8]>("pair").unwrap(), region.lock("lock").unwrap());
    let holder = Player::start(&directory, "holder");
    assert!(matches!(pair.try_lock(), Err(TryLockError::WouldBlock)));
    for object in region.objects() {
        let found = object.holder.unwrap();
        assert_eq!((found.pid, found.gone), (Some(holder.pid()), Some(false)), "{object:?}");
    }
    holder.dies();
    match pair.lock() {
        Err(LockError::OwnerDied(guard)) => assert_eq!(*guard, [1; 8]),
        outcome => panic!("{outcome:?}"),
    }
    assert!(pair.lock().is_ok());
    assert!(matches!(lock.try_lock(), Err(TryLockError::OwnerDied(_))));
}

#[test]
fn a_waiter_is_told_within_150_ms() {
    let watch = DeathWatch::start().unwrap();
    for watched in [true, false] {
        let directory = Directory::new();
        let region = region(&directory);
        if watched {
            region.watched_by(&watch).unwrap();
        }
        let pair = region.mutex::<[u64; 8]>("pair").unwrap();
        let holder = Player::start(&directory, "holder");
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let outcome = pair.lock();
                assert!(matches!(outcome, Err(LockError::OwnerDied(_))), "{outcome:?}");
                Instant::now()
            });
            thread::sleep(Duration::from_millis(200));
            let killed = Instant::now();
            holder.dies();
            let told = waiter.join().unwrap().saturating_duration_since(killed);
            assert!(told < Duration::from_millis(150), "watched {watched}: {told:?}");
        });
    }
}

#[test]
fn a_value_is_whole_whenever_its_writer_is_killed() {
    let directory = Directory::new();
    let region = region(&directory);
    let pair = region.mutex::<[u64; 8]>("pair").unwrap();
    let mut told = 0;
    for round in 0..50 {
        let writer = Player::start(&directory, "writer");
        thread::sleep(Duration::from_micros(500 + 37 * round));
        writer.dies();
        let value = pair.peek().unwrap();
        assert!(value.iter().all(|&number| number == value[0]), "{value:?}");
        let guard = match pair.lock_timeout(Duration::from_secs(1)) {
            Err(LockError::OwnerDied(guard)) => {
                told += 1;
                guard
            }
            guard => guard.unwrap(),
        };
        assert_eq!(*guard, value);
    }
    assert!(told > 0, "none was killed while it had the lock");
}
