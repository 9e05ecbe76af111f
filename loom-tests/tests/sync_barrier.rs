//! Barriers: what all did before a phase was over is seen by all after it, no sleeper is forgotten,
//! and parties that are gone end a wait or are left out. A sleep in a model has no end of its own, so
//! that a lost wake-up is a deadlock, which loom reports.

use std::sync::Arc;

use loom::thread;
use loom_tests::check;
use ringway_shm::sync::RaceCell;
use ringway_sync::{Barrier, BarrierError, Parties, Plan, Region};

fn region(parties: impl Into<Parties>) -> Region {
    Plan::new().seats(3).barrier("start", parties).heap().unwrap()
}

fn start(region: &Region) -> Barrier {
    region.join_barrier("start").unwrap()
}

/// Each party writes its own memory in each phase, and reads that of all others behind it. Between a
/// read and the next write is another phase.
fn works(barrier: &mut Barrier, cells: &[RaceCell], phases: u32) {
    for phase in 0..phases {
        cells[barrier.place()].write();
        assert_eq!(barrier.wait(), Ok(2 * phase));
        cells.iter().for_each(RaceCell::read);
        if phase + 1 < phases {
            assert_eq!(barrier.wait(), Ok(2 * phase + 1));
        }
    }
}

fn cells(parties: usize) -> Arc<[RaceCell]> {
    (0..parties).map(|_| RaceCell::default()).collect()
}

#[test]
fn two_parties_see_what_the_other_did_before_each_phase() {
    check("two_parties_see_what_the_other_did_before_each_phase", Some(3), || {
        let (region, cells) = (region(2), cells(2));
        let (mut other, theirs) = (start(&region.attach().unwrap()), cells.clone());
        let other = thread::spawn(move || works(&mut other, &theirs, 2));
        let mut mine = start(&region);
        works(&mut mine, &cells, 2);
        other.join().unwrap();
    });
}

#[test]
fn three_parties_go_through_two_phases() {
    check("three_parties_go_through_two_phases", Some(2), || {
        let (region, cells) = (region(3), cells(3));
        let mut mine = start(&region);
        let others = [(); 2].map(|()| {
            let (mut other, cells) = (start(&region.attach().unwrap()), cells.clone());
            thread::spawn(move || {
                cells[other.place()].write();
                assert_eq!((other.wait(), other.wait()), (Ok(0), Ok(1)));
                cells.iter().for_each(RaceCell::read);
            })
        });
        cells[mine.place()].write();
        assert_eq!(mine.wait(), Ok(0));
        cells.iter().for_each(RaceCell::read);
        assert_eq!(mine.wait(), Ok(1));
        for other in others {
            other.join().unwrap();
        }
    });
}

/// One dies, having come or not. Those that look are told that it is gone, or the phase is over for
/// both.
#[test]
fn a_party_that_dies_has_come_or_ends_the_phase_of_all() {
    check("a_party_that_dies_has_come_or_ends_the_phase_of_all", Some(2), || {
        let region = region(3);
        let (mut mine, mut other) = (start(&region), start(&region.attach().unwrap()));
        let dying = start(&region.attach().unwrap());
        let dying = thread::spawn(move || {
            let mut dying = dying;
            let _ = dying.try_wait();
            dying.dies();
        });
        let other = thread::spawn(move || {
            let outcome = other.try_wait();
            (other, outcome)
        });
        let outcome = mine.try_wait();
        let (mut other, theirs) = other.join().unwrap();
        dying.join().unwrap();
        // It came before it died.
        for (party, outcome) in [(&mut mine, outcome), (&mut other, theirs)] {
            assert!(outcome == Ok(Some(0)) || outcome == Ok(None) && party.wait() == Ok(0));
        }
        // And does not come to the next.
        assert!(matches!(mine.try_wait(), Err(BarrierError::Gone(_))));
        assert!(matches!(other.try_wait(), Err(BarrierError::Gone(_))));
    });
}

/// One dies without coming, and another takes its place while the first waits.
#[test]
fn a_place_of_the_dead_is_taken_over() {
    check("a_place_of_the_dead_is_taken_over", Some(2), || {
        let (region, cells) = (region(2), cells(2));
        let mut mine = start(&region);
        start(&region.attach().unwrap()).dies();
        let (successor, theirs) = (region.attach().unwrap(), cells.clone());
        let successor = thread::spawn(move || {
            let mut successor = start(&successor);
            theirs[1].write();
            assert_eq!((successor.wait(), successor.wait()), (Ok(0), Ok(1)));
            theirs[0].read();
        });
        cells[0].write();
        assert_eq!(mine.wait(), Ok(0));
        cells[1].read();
        assert_eq!(mine.wait(), Ok(1));
        successor.join().unwrap();
    });
}

/// One is gone and left out, while another takes its place. From then on the two are in the same
/// phase.
#[test]
fn a_party_that_joins_where_one_was_left_out_is_waited_for() {
    check("a_party_that_joins_where_one_was_left_out_is_waited_for", Some(3), || {
        let region = region(Parties::new(2).without_the_gone());
        let mut mine = start(&region);
        drop(start(&region.attach().unwrap()));
        let successor = region.attach().unwrap();
        let successor = thread::spawn(move || {
            let mut successor = start(&successor);
            let outcome = successor.try_wait();
            (successor, outcome)
        });
        // Alone, or together.
        assert_eq!(mine.wait(), Ok(0));
        let (mut successor, outcome) = successor.join().unwrap();
        assert!(matches!(outcome, Ok(None | Some(0))), "{outcome:?}");
        let first = mine.try_wait().unwrap();
        let second = successor.try_wait().unwrap();
        // The phase of the two is the same by now, if it was not before.
        let third = if second == Some(0) { successor.try_wait().unwrap() } else { second };
        assert_eq!(third, Some(1));
        assert!(first == Some(1) || mine.try_wait() == Ok(Some(1)));
    });
}

/// The same beside one that goes through more than one phase meanwhile: no phase comes again.
#[test]
fn a_party_that_joins_late_takes_no_phase_back() {
    check("a_party_that_joins_late_takes_no_phase_back", Some(3), || {
        let region = region(Parties::new(2).without_the_gone());
        let mut mine = start(&region);
        drop(start(&region.attach().unwrap()));
        let successor = region.attach().unwrap();
        let successor = thread::spawn(move || {
            let mut successor = start(&successor);
            let phase = successor.try_wait().unwrap();
            (successor, phase)
        });
        let mut phases: Vec<u32> = (0..3).filter_map(|_| mine.try_wait().unwrap()).collect();
        let (mut successor, phase) = successor.join().unwrap();
        phases.extend((0..2).filter_map(|_| mine.try_wait().unwrap()));
        assert!(phases.iter().copied().eq(0..phases.len() as u32), "{phases:?}");
        // It came to the phase of the other, or to the one before.
        let come = phase.or_else(|| successor.try_wait().unwrap());
        assert!(come.is_none_or(|come| come + 1 >= phases.len() as u32 - 1), "{come:?} {phases:?}");
    });
}

/// All others have come, and wait. The last one comes and goes away at once, and is not taken for
/// one that has not come.
fn comes_last_and_goes(goes: impl Fn(Barrier) + Copy + Send + 'static) {
    let region = region(3);
    let mut waiters = [(); 2].map(|()| start(&region.attach().unwrap()));
    waiters.iter_mut().for_each(|waiter| assert_eq!(waiter.try_wait(), Ok(None)));
    let last = start(&region);
    drop(region);
    let last = thread::spawn(move || {
        let mut last = last;
        assert_eq!(last.try_wait(), Ok(Some(0)));
        goes(last);
    });
    let [mut mine, mut other] = waiters;
    let other = thread::spawn(move || other.try_wait());
    let outcomes = [mine.try_wait(), other.join().unwrap()];
    assert!(outcomes.iter().all(|one| matches!(one, Ok(None | Some(0)))), "{outcomes:?}");
    last.join().unwrap();
}

#[test]
fn one_that_comes_and_leaves_has_come() {
    check("one_that_comes_and_leaves_has_come", Some(3), || comes_last_and_goes(drop));
}

#[test]
fn one_that_comes_and_dies_has_come() {
    check("one_that_comes_and_dies_has_come", Some(3), || comes_last_and_goes(Barrier::dies));
}

#[test]
fn a_party_that_has_just_joined_is_not_gone() {
    check("a_party_that_has_just_joined_is_not_gone", Some(3), || {
        let region = region(2);
        let mut mine = start(&region);
        let other = thread::spawn(move || {
            let other = region.attach().unwrap();
            start(&other)
        });
        for _ in 0..2 {
            assert_eq!(mine.try_wait(), Ok(None));
        }
        drop(other.join().unwrap());
    });
}

/// Two join where there is one place. The place of the one that has just taken it is not another's.
#[test]
fn a_place_that_has_just_been_taken_is_not_taken_over() {
    check("a_place_that_has_just_been_taken_is_not_taken_over", Some(3), || {
        let region = region(1);
        let first = region.attach().unwrap();
        let other = thread::spawn(move || region.attach().unwrap().join_barrier("start"));
        let mine = first.join_barrier("start");
        let theirs = other.join().unwrap();
        assert!(mine.is_ok() != theirs.is_ok());
    });
}
