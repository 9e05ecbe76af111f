//! Conditions whose waiters and notifiers are killed.

use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{Condition, LockError, Mutex, MutexGuard, Plan, Region};

use crate::child::{Directory, Player, is_ready, role, waits};

const WAITERS: usize = 200;

fn region(directory: &Directory) -> Region {
    let plan = Plan::new().mutex("jobs", 0u64).condition("filled", "jobs");
    plan.create(directory.place("region")).unwrap()
}

fn handles(region: &Region) -> (Mutex<u64>, Condition<u64>) {
    let jobs: Mutex<u64> = region.mutex("jobs").unwrap();
    let filled = jobs.condition("filled").unwrap();
    (jobs, filled)
}

fn start(directory: &Directory, role: &str) -> Player {
    Player::start_in("conditions::play", directory, role)
}

/// Waits for a job, whichever process dies meanwhile.
fn takes<'a>(jobs: &'a Mutex<u64>, filled: &Condition<u64>) -> MutexGuard<'a, u64> {
    let mut guard = jobs.lock().or_else(LockError::recover).unwrap();
    loop {
        match guard.wait_while(filled, |jobs| *jobs == 0) {
            Err(LockError::OwnerDied(again)) => guard = again,
            outcome => break outcome.unwrap(),
        }
    }
}

/// What the processes of these tests do.
#[test]
fn play() {
    let Some((role, region)) = role() else { return };
    let (jobs, filled) = handles(&region);
    match role.as_str() {
        "many wait" => {
            thread::scope(|scope| {
                let small = || thread::Builder::new().stack_size(64 << 10);
                for _ in 0..WAITERS {
                    small().spawn_scoped(scope, || *takes(&jobs, &filled) -= 1).unwrap();
                }
                println!("ready");
            });
        }
        "takes" => {
            println!("ready");
            loop {
                let mut guard = takes(&jobs, &filled);
                *guard -= 1;
            }
        }
        "fills and does not notify" => {
            println!("ready");
            waits();
            *jobs.lock().unwrap() += 1;
            is_ready();
        }
        "dies with the lock" => {
            println!("ready");
            waits();
            let mut guard = jobs.lock().unwrap();
            *guard += 1;
            guard.commit();
            is_ready();
        }
        role => panic!("{role}"),
    }
}

/// How long it takes to notify.
fn notifies(jobs: &Mutex<u64>, notify: impl Fn(&MutexGuard<'_, u64>)) -> Duration {
    let guard = jobs.lock().or_else(LockError::recover).unwrap();
    let start = Instant::now();
    notify(&guard);
    start.elapsed()
}

#[test]
fn waiters_that_were_killed_hang_no_notifier_and_no_waiter() {
    let directory = Directory::new();
    let region = region(&directory);
    let (jobs, filled) = handles(&region);
    for _ in 0..3 {
        let waiters = start(&directory, "many wait");
        thread::sleep(Duration::from_millis(100));
        waiters.dies();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                *takes(&jobs, &filled) -= 1;
                Instant::now()
            });
            thread::sleep(Duration::from_millis(30));
            let notified = Instant::now();
            let mut guard = jobs.lock().or_else(LockError::recover).unwrap();
            *guard += 1;
            filled.notify_one(&guard);
            drop(guard);
            let woken = waiter.join().unwrap().saturating_duration_since(notified);
            assert!(woken < Duration::from_millis(150), "{woken:?}");
        });
        // The shortest of some, as other processes are about.
        let one = (0..WAITERS).map(|_| notifies(&jobs, |guard| filled.notify_one(guard)));
        let one = one.min().unwrap();
        let all = notifies(&jobs, |guard| filled.notify_all(guard));
        assert!(one < Duration::from_millis(1), "{one:?}, {all:?}");
    }
}

#[test]
fn what_was_filled_and_not_notified_of_is_found_within_150_ms() {
    for (role, told) in [("fills and does not notify", false), ("dies with the lock", true)] {
        let directory = Directory::new();
        let region = region(&directory);
        let (jobs, filled) = handles(&region);
        let mut filler = start(&directory, role);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let guard = jobs.lock().unwrap();
                match guard.wait_while(&filled, |jobs| *jobs == 0) {
                    Err(LockError::OwnerDied(guard)) => assert!(told && *guard == 1),
                    outcome => assert!(!told && *outcome.unwrap() == 1),
                }
                Instant::now()
            });
            thread::sleep(Duration::from_millis(100));
            filler.goes_on();
            filler.hears("ready");
            let killed = Instant::now();
            filler.dies();
            let found = waiter.join().unwrap().saturating_duration_since(killed);
            assert!(found < Duration::from_millis(150), "{role}: {found:?}");
        });
    }
}

/// Jobs are taken by processes that are killed at any place, and the rest by one that lives: none is
/// stuck, and the lock is not either.
#[test]
fn jobs_are_taken_wherever_waiters_are_killed() {
    let directory = Directory::new();
    let region = region(&directory);
    let (jobs, filled) = handles(&region);
    for round in 0..40 {
        let takers = [(); 2].map(|()| start(&directory, "takes"));
        let adds = || {
            let mut guard = jobs.lock().or_else(LockError::recover).unwrap();
            *guard += 1;
            filled.notify_one(&guard);
        };
        (0..20 + round).for_each(|_| adds());
        for taker in takers {
            taker.dies();
        }
        adds();
        let start = Instant::now();
        while jobs.peek().unwrap() > 0 {
            *takes(&jobs, &filled) -= 1;
        }
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
