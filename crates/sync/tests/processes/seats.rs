//! Seats: taken by processes that are stopped at any moment, and listed.

use std::fs::File;
use std::mem::forget;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringway_shm::file::lock;
use ringway_sync::{
    LockError, OpenError, Place, Plan, Region, SeatError, TryLockError, UnlinkError, unlink,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::child::{Directory, Player};

/// The first byte of those by which owners are told from each other.
const OWNERS: u64 = 1 << 30;

fn region(place: &Place) -> Region {
    Plan::new().seats(2).lock("lock").mutex("pair", [0u64; 8]).create(place).unwrap()
}

/// Takes the second seat, locks with it, and is gone. Which word the lock has then, and the seat.
fn dies_with_the_lock(place: &Place) -> usize {
    let other = Region::open(place).unwrap();
    let seat = other.seat();
    forget(other.lock("lock").unwrap().lock().unwrap());
    seat
}

/// Of a process that joins, in the order in which it does so: it is stopped after each.
#[test]
fn a_process_that_is_stopped_while_it_joins_hides_no_death() {
    let directory = Directory::new();
    let place = directory.place("region");
    let region = region(&place);
    let lock = region.lock("lock").unwrap();
    for steps in 1..=3 {
        let seat = dies_with_the_lock(&place);
        let joins = File::options().read(true).write(true).open(place.path()).unwrap();
        assert!(lock::try_lock(&joins, 1 + seat as u64).unwrap());
        if steps > 1 {
            lock::share(&joins, lock::OWNER).unwrap();
        }
        if steps > 2 {
            // Its owner was this often another one.
            let word = (seat as u64 + 1) | (steps + 1) << 12;
            assert!(lock::try_lock(&joins, OWNERS + word).unwrap());
        }
        let begun = Instant::now();
        let outcome = lock.lock_timeout(Duration::from_secs(2));
        let Err(LockError::OwnerDied(mut guard)) = outcome else { panic!("{steps}: {outcome:?}") };
        assert!(begun.elapsed() < Duration::from_millis(150), "{steps}");
        guard.make_consistent();
        drop(guard);
        // The seat is not to be had meanwhile, and is behind it.
        assert!(matches!(Region::open(&place), Err(OpenError::Seat(SeatError::Full { .. }))));
        drop(joins);
        assert_eq!(Region::open(&place).unwrap().seat(), seat);
        // That was one more.
        assert_eq!(dies_with_the_lock(&place), seat);
        if let Err(LockError::OwnerDied(mut guard)) = lock.lock() {
            guard.make_consistent();
        };
    }
}

/// What a process that joins all the time says of itself: that no seat is its own, that one is, and
/// that it is giving it back.
const JOINS: u32 = 0;
const SEATED: u32 = 1;
const LEAVES: u32 = 2;

#[test]
fn a_process_that_is_really_stopped_while_it_joins_hides_no_death() {
    let directory = Directory::new();
    let region = region(&directory.place("region"));
    let lock = region.lock("lock").unwrap();
    let about = Plan::new().atomics::<AtomicU32>("about").create(directory.place("about")).unwrap();
    let state = about.atomics::<AtomicU32>("about").unwrap();
    let mut joiner = Player::start_in("seats::joins", &directory, "joiner");
    joiner.goes_on();
    let pid = Pid::from_raw(joiner.pid().cast_signed()).unwrap();
    let stat = format!("/proc/{}/stat", joiner.pid());
    let is_stopped = || std::fs::read_to_string(&stat).unwrap().contains(") T ");
    let (begun, mut told) = (Instant::now(), 0);
    let mut round = 0;
    while told < 100 && begun.elapsed() < Duration::from_secs(20) {
        round += 1;
        thread::sleep(Duration::from_micros(37 * round % 500));
        kill_process(pid, Signal::STOP).unwrap();
        while !is_stopped() {
            thread::yield_now();
        }
        if state.load(Ordering::Relaxed) == JOINS {
            // If the lock has an owner it is the one before, which left with the lock.
            match lock.lock_timeout(Duration::from_secs(2)) {
                Ok(_) => {}
                Err(LockError::OwnerDied(mut guard)) => {
                    guard.make_consistent();
                    told += 1;
                }
                Err(error) => panic!("{round}: {error}"),
            }
        }
        kill_process(pid, Signal::CONT).unwrap();
    }
    assert!(told > 0, "it was never stopped while it joined");
}

/// Takes a seat, locks, and gives the seat back, again and again.
#[test]
fn joins() {
    let Some(path) = crate::child::directory_of_role() else { return };
    let place = |name: &str| Place::new(name).directory(&path);
    let about = Region::open(place("about")).unwrap();
    let state = about.atomics::<AtomicU32>("about").unwrap();
    crate::child::is_ready();
    loop {
        state.store(JOINS, Ordering::SeqCst);
        let region = Region::open(place("region")).unwrap();
        state.store(SEATED, Ordering::SeqCst);
        let lock = region.lock("lock").unwrap();
        match lock.lock() {
            Err(LockError::OwnerDied(mut guard)) => {
                guard.make_consistent();
                forget(guard);
            }
            guard => forget(guard.unwrap()),
        }
        state.store(LEAVES, Ordering::SeqCst);
        drop((lock, region));
    }
}

/// As long as it is not told otherwise by the death of a process that removes.
#[test]
fn one_that_opens_waits_for_a_remover_that_is_stopped_a_second_and_says_so() {
    let directory = Directory::new();
    let place = directory.place("region");
    drop(region(&place));
    // The lock that a process which removes has, and keeps while it is stopped.
    let removes = File::options().read(true).write(true).open(place.path()).unwrap();
    assert!(lock::try_lock(&removes, lock::OWNER).unwrap());
    let begun = Instant::now();
    let error = Region::open(&place).unwrap_err();
    assert!(matches!(error, OpenError::Seat(SeatError::BeingRemoved)), "{error:?}");
    assert!(error.to_string().contains("end that process"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    // One that waits for the region waits no longer for that, and one that would create it says so.
    let begun = Instant::now();
    let error = Region::open_wait(&place, Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, OpenError::Seat(SeatError::BeingRemoved)), "{error:?}");
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    let error = Plan::new().create_or_open(&place).unwrap_err();
    assert!(matches!(error, OpenError::Seat(SeatError::BeingRemoved)), "{error:?}");
    thread::scope(|scope| {
        let opening = scope.spawn(|| Region::open(&place).map(drop));
        thread::sleep(Duration::from_millis(20));
        drop(removes);
        assert!(opening.join().unwrap().is_ok());
    });
}

#[test]
fn who_is_seated_is_told_and_what_of_each_object_it_has() {
    let directory = Directory::new();
    let place = directory.place("region");
    let plan = Plan::new().seats(5).mutex("pair", [0u64; 8]).lock("lock");
    let plan = plan.semaphore("slots", 100).barrier("start", 3).table::<u32, u32>("table", 4);
    let region = plan.create(&place).unwrap();
    let holder = Player::start(&directory, "holder");
    let pids = |seated: Vec<ringway_sync::SeatInfo>| -> Vec<_> {
        seated.iter().map(|seated| (seated.seat, seated.pid)).collect()
    };
    let expected = [(0, std::process::id()), (1, holder.pid())];
    assert_eq!(pids(region.seated()), expected);
    let look = Region::look(&place).unwrap();
    assert_eq!(pids(look.seated()), expected);
    match unlink(&place).unwrap_err() {
        UnlinkError::Alive { owner: Some(owner), .. } => {
            assert!(expected.iter().any(|(_, pid)| *pid == owner.pid), "{owner}");
        }
        error => panic!("{error:?}"),
    }

    let (slots, other) = (region.semaphore("slots").unwrap(), region.attach().unwrap());
    let permits: Vec<_> = (0..70).map(|_| slots.acquire().unwrap()).collect();
    let _party = region.join_barrier("start").unwrap();
    drop(other.join_barrier("start").unwrap());
    let row = other.table::<u32, u32>("table").unwrap().try_claim(&1, &1).unwrap();
    let holders = |name: &str| {
        let object = look.objects().into_iter().find(|object| object.name == name).unwrap();
        object.holders.iter().map(|holder| (holder.seat, holder.gone)).collect::<Vec<_>>()
    };
    assert_eq!(holders("slots"), [(region.seat(), Some(false)); 64]);
    assert_eq!(holders("start"), [(region.seat(), Some(false))]);
    assert_eq!(holders("table"), [(other.seat(), Some(false))]);
    assert_eq!(holders("pair"), []);
    forget(row);
    drop(permits);
    assert_eq!(holders("slots"), []);
    let pair = region.mutex::<[u64; 8]>("pair").unwrap();
    assert!(matches!(pair.try_lock(), Err(TryLockError::WouldBlock)));
    holder.dies();
    assert_eq!(pids(region.seated()).iter().map(|(seat, _)| *seat).collect::<Vec<_>>(), [0, 2]);
}
