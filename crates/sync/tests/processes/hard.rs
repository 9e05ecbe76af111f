//! What kernels' own locks get wrong: many locks of one dead process, owners that are stopped, and
//! processes of one number in two pid namespaces.

use std::time::{Duration, Instant};

use ringway_sync::{LockError, Plan, TryLockError};
use rustix::process::{Pid, Signal, kill_process};

use crate::child::{ADDS, Directory, MANY, Player};

/// The kernel's list of robust locks ends at 2,048.
#[test]
fn all_locks_of_one_dead_process_are_recovered() {
    let directory = Directory::new();
    let names: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    let plan = names.iter().fold(Plan::new().seats(2), |plan, name| plan.lock(name));
    let region = plan.create(directory.place("region")).unwrap();
    let locks: Vec<_> = names.iter().map(|name| region.lock(name).unwrap()).collect();
    let hoarder = Player::start(&directory, "hoarder");
    assert!(locks.iter().all(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock))));
    hoarder.dies();
    let begun = Instant::now();
    let recovered = locks.iter().filter(|lock| match lock.lock() {
        Err(LockError::OwnerDied(mut guard)) => {
            guard.make_consistent();
            true
        }
        _ => false,
    });
    assert_eq!(recovered.count(), MANY);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(locks.iter().all(|lock| lock.try_lock().is_ok()));
}

#[test]
fn an_owner_that_is_stopped_is_not_taken_for_dead() {
    let directory = Directory::new();
    let plan = Plan::new().mutex("pair", [0u64; 8]).lock("lock");
    let region = plan.create(directory.place("region")).unwrap();
    let (pair, lock) = (region.mutex::<[u64; 8]>("pair").unwrap(), region.lock("lock").unwrap());
    let holder = Player::start(&directory, "holder");
    let pid = Pid::from_raw(holder.pid().cast_signed()).unwrap();
    for _ in 0..500 {
        kill_process(pid, Signal::STOP).unwrap();
        assert!(matches!(pair.try_lock(), Err(TryLockError::WouldBlock)));
        let outcome = lock.lock_timeout(Duration::from_millis(2));
        assert!(matches!(outcome, Err(LockError::TimedOut)), "{outcome:?}");
        kill_process(pid, Signal::CONT).unwrap();
        assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    }
    holder.dies();
    assert!(matches!(pair.lock(), Err(LockError::OwnerDied(_))));
}

/// To the kernel's robust locks an owner is a number.
#[test]
fn processes_of_one_number_in_two_pid_namespaces_are_kept_apart() {
    let directory = Directory::new();
    let plan = Plan::new().mutex("pair", [0u64; 8]).lock("lock");
    let region = plan.create(directory.place("region")).unwrap();
    let pair = region.mutex::<[u64; 8]>("pair").unwrap();
    let players = [(); 2].map(|()| Player::start_apart(&directory, "adder"));
    let [Some(mut first), Some(mut second)] = players else {
        return eprintln!("not looked at: this user cannot make pid namespaces");
    };
    for player in [&mut first, &mut second] {
        player.goes_on();
    }
    for player in [&mut first, &mut second] {
        player.hears("added");
    }
    assert_eq!(pair.peek().unwrap(), [2 * ADDS; 8]);
    first.goes_on();
    first.hears("holds");
    let holder = region.objects().into_iter().find_map(|object| object.holder).unwrap();
    assert_eq!((holder.pid, holder.gone), (Some(1), Some(false)));
    second.goes_on();
    let outcome = pair.lock_timeout(Duration::from_millis(30));
    assert!(matches!(outcome, Err(LockError::TimedOut)), "{outcome:?}");
    first.dies();
    second.hears("holds");
    second.dies();
    assert!(matches!(pair.lock(), Err(LockError::OwnerDied(_))));
    assert!(pair.lock().is_ok());
}
