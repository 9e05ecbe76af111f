//! Semaphores in a region on the heap: between threads, and against a plain model.
#![cfg(feature = "std")]

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway_sync::{
    AcquireError, Interrupt, Permit, Plan, PlanError, Region, Semaphore, TryAcquireError,
};

const ROUNDS: usize = if cfg!(miri) { 20 } else { 5_000 };

fn region(permits: u32) -> Region {
    Plan::new().semaphore("slots", permits).heap().unwrap()
}

fn slots(region: &Region) -> Semaphore {
    region.semaphore("slots").unwrap()
}

#[test]
fn no_more_have_permits_than_there_are() {
    let region = region(2);
    let inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            let slots = slots(&region.attach().unwrap());
            let inside = &inside;
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let permit = slots.acquire().unwrap();
                    assert!(inside.fetch_add(1, Ordering::Relaxed) < 2);
                    inside.fetch_sub(1, Ordering::Relaxed);
                    drop(permit);
                }
            });
        }
    });
    assert_eq!(slots(&region).available(), 2);
}

#[test]
fn a_wait_for_a_permit_ends_with_its_time_and_by_an_interrupt() {
    let region = region(1);
    let interrupt = Interrupt::new();
    let waiting = slots(&region).interrupted_by(&interrupt);
    let held = slots(&region);
    let _permit = held.acquire().unwrap();
    for time in [Duration::ZERO, Duration::from_millis(15)] {
        let start = Instant::now();
        assert_eq!(waiting.acquire_timeout(time).err(), Some(AcquireError::TimedOut));
        assert!(start.elapsed() >= time);
    }
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(waiting.acquire().err(), Some(AcquireError::Interrupted)));
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
}

#[test]
fn a_semaphore_without_permits_is_refused() {
    let outcome = Plan::new().semaphore("slots", 0).heap();
    assert!(matches!(outcome, Err(PlanError::Object { name }) if name == "slots"));
}

/// What is done to a semaphore by one of several owners.
#[derive(Clone, Copy, Debug)]
enum Step {
    Acquire(usize),
    /// The permit that it has had longest.
    GiveBack(usize),
    /// It goes away with what it has, and another owner comes in its place.
    Die(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let owner = 0..OWNERS;
    prop_oneof![
        4 => owner.clone().prop_map(Step::Acquire),
        3 => owner.clone().prop_map(Step::GiveBack),
        1 => owner.prop_map(Step::Die),
    ]
}

const OWNERS: usize = 3;

/// An owner, and the numbers of the permits that it has.
struct Owner {
    permits: Vec<Permit<'static>>,
    /// What they borrow: it goes after them.
    slots: Rc<Semaphore>,
}

fn owner(region: &Region) -> Owner {
    Owner { permits: Vec::new(), slots: Rc::new(slots(&region.attach().unwrap())) }
}

impl Owner {
    fn try_acquire(&self) -> Result<Permit<'static>, TryAcquireError> {
        // SAFETY: the permits are kept beside it, and go before it.
        unsafe { &*Rc::as_ptr(&self.slots) }.try_acquire()
    }
}

fn dies(owner: Owner) {
    owner.permits.into_iter().for_each(std::mem::forget);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a list that says of each permit who has it: free, an owner, or a dead one.
    #[test]
    fn permits_are_as_in_a_plain_model(
        permits in 1usize..5,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let region = region(permits as u32);
        let mut owners: Vec<_> = (0..OWNERS).map(|_| owner(&region)).collect();
        // `Some(OWNERS)`: a dead one has it.
        let mut model = vec![None; permits];
        for step in steps {
            match step {
                Step::Acquire(at) => match owners[at].try_acquire() {
                    Ok(permit) => {
                        let had = model[permit.number()].replace(at);
                        // The dead are asked for when no permit is free.
                        let free = model.contains(&None);
                        prop_assert!(had.is_none() || had == Some(OWNERS) && !free);
                        prop_assert_eq!(permit.owner_died(), had.is_some());
                        owners[at].permits.push(permit);
                    }
                    Err(error) => {
                        prop_assert_eq!(error, TryAcquireError::NoPermits);
                        prop_assert!(model.iter().all(|had| had.is_some_and(|at| at < OWNERS)));
                    }
                },
                Step::GiveBack(at) if !owners[at].permits.is_empty() => {
                    let permit = owners[at].permits.remove(0);
                    model[permit.number()] = None;
                }
                Step::GiveBack(_) => {}
                Step::Die(at) => {
                    dies(std::mem::replace(&mut owners[at], owner(&region)));
                    for had in model.iter_mut().filter(|had| **had == Some(at)) {
                        *had = Some(OWNERS);
                    }
                }
            }
            let free = model.iter().filter(|had| had.is_none()).count();
            prop_assert_eq!(slots(&region).available(), free);
        }
        owners.into_iter().for_each(dies);
    }
}

/// Of eight permits a dead owner has one, and the others come back all the time: so no call waits for
/// long.
#[test]
#[cfg(not(miri))]
fn a_permit_of_the_dead_comes_back_while_others_come_and_go() {
    for _ in 0..3 {
        let region = region(8);
        let (told, ends) = (AtomicBool::new(false), AtomicBool::new(false));
        let dead = slots(&region.attach().unwrap());
        std::mem::forget(dead.acquire().unwrap());
        drop(dead);
        let works = || {
            let slots = slots(&region.attach().unwrap());
            while !ends.load(Ordering::Relaxed) {
                let permit = slots.acquire().unwrap();
                told.fetch_or(permit.owner_died(), Ordering::Relaxed);
                thread::sleep(Duration::from_micros(100));
            }
        };
        thread::scope(|scope| {
            (0..16).for_each(|_| _ = scope.spawn(works));
            let begun = Instant::now();
            while !told.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_secs(1) {
                thread::sleep(Duration::from_millis(1));
            }
            ends.store(true, Ordering::Relaxed);
        });
        assert!(told.into_inner(), "it was lost for a second");
    }
}
