//! Barriers in a region on the heap: between threads, and against a plain model.
#![cfg(feature = "std")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway_sync::{
    Barrier, BarrierError, Interrupt, JoinError, LookupError, Parties, Plan, PlanError, Region,
};

const PHASES: u32 = if cfg!(miri) { 5 } else { 500 };
/// How soon a death or an interrupt is told. Under miri time passes, and little is done in it.
const SOON: Duration = Duration::from_millis(if cfg!(miri) { 60_000 } else { 150 });

fn region(parties: impl Into<Parties>) -> Region {
    Plan::new().barrier("start", parties).lock("lock").heap().unwrap()
}

/// A party with a seat of its own.
fn party(region: &Region) -> Barrier {
    region.attach().unwrap().join_barrier("start").unwrap()
}

#[test]
fn no_party_is_a_phase_ahead_of_another() {
    let region = region(4);
    let come = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (mut barrier, come) = (party(&region), &come);
            scope.spawn(move || {
                for phase in 0..PHASES {
                    come.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(barrier.wait(), Ok(2 * phase));
                    assert_eq!(come.load(Ordering::Relaxed), 4 * (phase + 1));
                    assert_eq!(barrier.wait(), Ok(2 * phase + 1));
                }
            });
        }
    });
}

#[test]
fn a_wait_at_a_barrier_ends_with_its_time_and_by_an_interrupt_and_goes_on_where_it_was() {
    let region = region(2);
    let interrupt = Interrupt::new();
    let mut waiting = party(&region).interrupted_by(&interrupt);
    let mut other = party(&region);
    for time in [Duration::ZERO, Duration::from_millis(15)] {
        let start = Instant::now();
        assert_eq!(waiting.wait_timeout(time), Err(BarrierError::TimedOut));
        assert!(start.elapsed() >= time);
    }
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(waiting.wait(), Err(BarrierError::Interrupted)));
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
    interrupt.clear();
    // It has come all the same.
    assert_eq!(other.wait(), Ok(0));
    assert_eq!(other.try_wait(), Ok(None));
    assert_eq!(waiting.wait(), Ok(0));
    assert_eq!(waiting.wait(), Ok(1));
}

#[test]
fn a_party_that_goes_away_ends_the_wait_of_all_until_another_joins() {
    let region = region(3);
    let [mut first, mut second, third] = [(); 3].map(|()| party(&region));
    thread::scope(|scope| {
        let waiters = [&mut first, &mut second].map(|party| scope.spawn(|| party.wait()));
        thread::sleep(Duration::from_millis(20));
        let start = Instant::now();
        drop(third);
        for waiter in waiters {
            assert!(matches!(waiter.join().unwrap(), Err(BarrierError::Gone(_))));
        }
        assert!(start.elapsed() < SOON);
    });
    assert!(matches!(first.try_wait(), Err(BarrierError::Gone(_))));
    let mut successor = party(&region);
    assert_eq!([&mut successor, &mut first, &mut second].map(|party| party.wait()), [Ok(0); 3]);
}

#[test]
fn a_party_that_is_gone_is_left_out_until_another_joins() {
    let region = region(Parties::new(3).without_the_gone());
    let [mut first, mut second, third] = [(); 3].map(|()| party(&region));
    drop(third);
    assert_eq!(first.try_wait(), Ok(None));
    assert_eq!([&mut second, &mut first].map(|party| party.wait()), [Ok(0); 2]);
    drop(second);
    assert_eq!(first.wait(), Ok(1));
    let mut successor = party(&region);
    assert_eq!(first.try_wait(), Ok(None));
    assert_eq!([&mut successor, &mut first].map(|party| party.wait()), [Ok(2); 2]);
}

#[test]
fn a_barrier_has_so_many_places() {
    let region = region(2);
    let parties = [party(&region), region.join_barrier("start").unwrap()];
    let full = JoinError::Full { parties: 2 };
    assert_eq!(region.join_barrier("start").map(drop), Err(full));
    drop(parties);
    assert!(region.join_barrier("start").is_ok());
    let lookup = region.join_barrier("lock").map(drop);
    assert!(matches!(lookup, Err(JoinError::Lookup(LookupError::Kind { .. }))));
    let none = Plan::new().barrier("start", 0).heap();
    assert!(matches!(none, Err(PlanError::Object { .. })));
}

/// What is done by the party of that number.
#[derive(Clone, Copy, Debug)]
enum Step {
    Come(usize),
    Leave(usize),
    Join(usize),
}

const MOST: usize = 4;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..MOST).prop_map(Step::Come),
        1 => (0..MOST).prop_map(Step::Leave),
        2 => (0..MOST).prop_map(Step::Join),
    ]
}

/// What a plain model knows of a place: how many phases it has come to, and whether its party is
/// there.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    come: u32,
    there: bool,
    ever: bool,
}

/// A plain model of a barrier.
struct Model {
    places: Vec<Place>,
    over: u32,
    leaves_out: bool,
}

impl Model {
    /// The phase is over as soon as a party looks that finds it so. `Err`: one is gone.
    fn look(&mut self, phase: u32) -> Result<bool, ()> {
        if self.over != phase {
            return Ok(true);
        }
        let absent: Vec<_> = self.places.iter().filter(|place| place.come <= phase).collect();
        if !self.leaves_out && absent.iter().any(|place| place.ever && !place.there) {
            return Err(());
        }
        let over = absent.iter().all(|place| place.ever && !place.there);
        self.over += u32::from(over);
        Ok(over)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn phases_are_as_in_a_plain_model(
        parties in 1..=MOST,
        leaves_out in any::<bool>(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let declared = Parties::new(parties as u32);
        let region = region(if leaves_out { declared.without_the_gone() } else { declared });
        let places = vec![Place::default(); parties];
        let mut model = Model { places, over: 0, leaves_out };
        let mut there = BTreeMap::<usize, (Barrier, Option<u32>)>::new();
        for step in steps {
            match step {
                Step::Join(number) if !there.contains_key(&number) => {
                    let joined = region.attach().unwrap().join_barrier("start");
                    let full = model.places.iter().all(|place| place.there);
                    prop_assert_eq!(joined.is_err(), full);
                    let Ok(joined) = joined else { continue };
                    let over = model.over;
                    let place = &mut model.places[joined.place()];
                    prop_assert!(!place.there);
                    (place.there, place.ever) = (true, true);
                    // What its last party has come to, it has come to.
                    let pending = (place.come == over + 1).then_some(over);
                    place.come = place.come.max(over);
                    there.insert(number, (joined, pending));
                }
                Step::Leave(number) => {
                    let Some((gone, _)) = there.remove(&number) else { continue };
                    model.places[gone.place()].there = false;
                }
                Step::Come(number) => {
                    let over = model.over;
                    let Some((party, pending)) = there.get_mut(&number) else { continue };
                    let phase = *pending.get_or_insert(over);
                    let place = &mut model.places[party.place()];
                    place.come = place.come.max(phase + 1);
                    match (party.try_wait(), model.look(phase)) {
                        (Ok(Some(found)), Ok(true)) => {
                            prop_assert_eq!(found, phase);
                            *pending = None;
                        }
                        (Ok(None), Ok(false)) | (Err(BarrierError::Gone(_)), Err(())) => {}
                        (found, expected) => prop_assert!(false, "{found:?}, {expected:?}"),
                    }
                }
                Step::Join(_) => {}
            }
        }
    }
}
