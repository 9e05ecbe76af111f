//! Permits whose owners are killed.

use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{DeathWatch, Plan, Region, Semaphore};

use crate::child::{Directory, Player, is_ready, role};

const PERMITS: usize = 3;

fn region(directory: &Directory) -> Region {
    Plan::new().semaphore("slots", PERMITS as u32).create(directory.place("region")).unwrap()
}

fn start(directory: &Directory, role: &str) -> Player {
    Player::start_in("permits::play", directory, role)
}

/// What the processes of these tests do.
#[test]
fn play() {
    let Some((role, region)) = role() else { return };
    let slots = region.semaphore("slots").unwrap();
    match role.as_str() {
        "holds all" => {
            let _permits: Vec<_> = (0..PERMITS).map(|_| slots.acquire().unwrap()).collect();
            is_ready();
        }
        "sleeps" => {
            println!("ready");
            let _permit = slots.acquire().unwrap();
            is_ready();
        }
        "takes and gives back" => {
            println!("ready");
            loop {
                let first = slots.acquire().unwrap();
                let second = slots.try_acquire();
                drop((first, second));
            }
        }
        role => panic!("{role}"),
    }
}

/// Takes all permits, and gives them back. How many of them a dead owner had.
fn counts(slots: &Semaphore) -> usize {
    let second = Duration::from_secs(1);
    let all: Vec<_> = (0..PERMITS).map(|_| slots.acquire_timeout(second).unwrap()).collect();
    assert!(slots.try_acquire().is_err(), "there are more than {PERMITS}");
    all.iter().filter(|permit| permit.owner_died()).count()
}

#[test]
fn permits_of_the_dead_come_back_within_150_ms_and_it_is_told() {
    let watch = DeathWatch::start().unwrap();
    for watched in [true, false] {
        let directory = Directory::new();
        let region = region(&directory);
        if watched {
            region.watched_by(&watch).unwrap();
        }
        let slots = region.semaphore("slots").unwrap();
        let holder = start(&directory, "holds all");
        assert!(slots.try_acquire().is_err());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                assert!(slots.acquire().unwrap().owner_died());
                Instant::now()
            });
            thread::sleep(Duration::from_millis(100));
            let killed = Instant::now();
            holder.dies();
            let taken = waiter.join().unwrap().saturating_duration_since(killed);
            assert!(taken < Duration::from_millis(150), "watched {watched}: {taken:?}");
        });
        assert_eq!(counts(&slots), PERMITS - 1);
    }
}

#[test]
fn there_are_as_many_permits_wherever_owners_are_killed() {
    let directory = Directory::new();
    let region = region(&directory);
    let slots = region.semaphore("slots").unwrap();
    let mut died = 0;
    for round in 0..40 {
        let players = [(); 2].map(|()| start(&directory, "takes and gives back"));
        thread::sleep(Duration::from_micros(300 + 41 * round));
        for player in players {
            player.dies();
        }
        died += counts(&slots);
        assert_eq!(counts(&slots), 0);
    }
    assert!(died > 0, "none was killed while it had a permit");
}

#[test]
fn a_waiter_that_is_killed_takes_no_wake_up_with_it() {
    let directory = Directory::new();
    let region = region(&directory);
    let slots = region.semaphore("slots").unwrap();
    for _ in 0..10 {
        let mine: Vec<_> = (0..PERMITS).map(|_| slots.acquire().unwrap()).collect();
        let sleeper = start(&directory, "sleeps");
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let permit = slots.acquire_timeout(Duration::from_secs(1));
                permit.map(|permit| permit.owner_died())
            });
            thread::sleep(Duration::from_millis(5));
            // Killed about when it is woken.
            drop(mine);
            sleeper.dies();
            assert!(other.join().unwrap().is_ok());
        });
        counts(&slots);
    }
}
