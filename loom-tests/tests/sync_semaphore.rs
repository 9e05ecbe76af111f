//! Permits of a semaphore: exclusion, wake-ups that are passed on, and owners that die. A sleep in
//! a model has no end of its own, so that a lost wake-up is a deadlock, which loom reports.

use std::sync::Arc;

use loom::thread;
use loom_tests::check;
use ringway_shm::sync::RaceCell;
use ringway_sync::{Plan, Region, Semaphore};

fn region(permits: u32) -> Region {
    Plan::new().seats(3).semaphore("slots", permits).heap().unwrap()
}

fn slots(region: &Region) -> Semaphore {
    region.semaphore("slots").unwrap()
}

#[test]
fn owners_of_one_permit_are_kept_apart() {
    check("owners_of_one_permit_are_kept_apart", Some(3), || {
        let (region, cell) = (region(1), Arc::<RaceCell>::default());
        let works = |slots: &Semaphore, cell: &RaceCell| {
            for _ in 0..2 {
                let permit = slots.acquire().unwrap();
                cell.write();
                drop(permit);
            }
        };
        let (other, theirs) = (slots(&region.attach().unwrap()), cell.clone());
        let other = thread::spawn(move || works(&other, &theirs));
        works(&slots(&region), &cell);
        other.join().unwrap();
    });
}

/// Two sleep, and two permits come back. Neither waiter gives back what it gets, so that each has
/// to be woken for one.
#[test]
fn each_permit_that_comes_back_wakes_a_waiter() {
    check("each_permit_that_comes_back_wakes_a_waiter", Some(2), || {
        let region = region(2);
        let mine = slots(&region);
        let permits = [mine.acquire().unwrap(), mine.acquire().unwrap()];
        let others = [(); 2].map(|()| {
            let slots = slots(&region.attach().unwrap());
            thread::spawn(move || {
                std::mem::forget(slots.acquire().unwrap());
                // Its owner stays.
                slots
            })
        });
        drop(permits);
        let others = others.map(|other| other.join().unwrap());
        assert_eq!(others[0].available(), 0);
    });
}

/// Owners die with permits, and two take what they can get. None gets what another has, and there
/// are as many as before.
#[test]
fn permits_are_exact_when_owners_die() {
    check("permits_are_exact_when_owners_die", Some(3), || {
        let region = region(2);
        let dying = slots(&region.attach().unwrap());
        let taken = thread::spawn(move || std::mem::forget(dying.try_acquire()));
        let other = slots(&region.attach().unwrap());
        let other = thread::spawn(move || {
            let permit = other.try_acquire().ok();
            let number = permit.as_ref().map(|permit| permit.number());
            std::mem::forget(permit);
            (other, number)
        });
        let mine = slots(&region);
        let permit = mine.try_acquire().ok();
        let number = permit.as_ref().map(|permit| permit.number());
        taken.join().unwrap();
        let (other, theirs) = other.join().unwrap();
        assert!(number.is_none() || number != theirs, "{number:?} {theirs:?}");
        // What the dead had is to be had.
        let all: Vec<_> = std::iter::from_fn(|| mine.try_acquire().ok()).collect();
        let had = usize::from(number.is_some()) + usize::from(theirs.is_some());
        assert_eq!(all.len() + had, 2);
        drop((all, permit, other));
        let all: Vec<_> = std::iter::from_fn(|| mine.try_acquire().ok()).collect();
        assert_eq!(all.len(), 2);
    });
}

/// The death of an owner is told to the one that takes its permit over.
#[test]
fn a_death_is_told_with_its_permit_once() {
    check("a_death_is_told_with_its_permit_once", Some(3), || {
        let region = region(1);
        let dying = slots(&region.attach().unwrap());
        std::mem::forget(dying.acquire().unwrap());
        drop(dying);
        let tries = |slots: &Semaphore| loop {
            if let Ok(permit) = slots.try_acquire() {
                return u32::from(permit.owner_died());
            }
            thread::yield_now();
        };
        let other = slots(&region.attach().unwrap());
        let other = thread::spawn(move || tries(&other));
        let told = tries(&slots(&region)) + other.join().unwrap();
        assert_eq!(told, 1);
    });
}
