//! What is in a `static`: the barrier by stores alone, places and writers that change hands, and that
//! the kinds which share the words of the region's keep their contexts apart, and wake them.

use std::sync::Arc;

use loom::{lazy_static, thread};
use loom_tests::check;
use ringway_shm::sync::RaceCell;
use ringway_sync::{
    Spin, StaticBarrier, StaticCell, StaticLock, StaticMutex, StaticOnce, StaticParty,
    StaticSemaphore, StaticSignal, StaticSpinLock, cell_words, once_words,
};

type Pair = [u64; 2];

// loom makes each anew in every execution.
lazy_static! {
    static ref ALONE: StaticBarrier<1> = StaticBarrier::new();
    static ref TWO: StaticBarrier<2> = StaticBarrier::new();
    static ref THREE: StaticBarrier<3> = StaticBarrier::new();
    static ref CELL: StaticCell<Pair, { cell_words::<Pair>() }> = StaticCell::new([0; 2]);
    static ref LOCK: StaticLock = StaticLock::new();
    static ref SPIN: StaticSpinLock = StaticSpinLock::new();
    static ref MUTEX: StaticMutex<Pair, { cell_words::<Pair>() }> = StaticMutex::new([0; 2]);
    static ref PERMIT: StaticSemaphore<1> = StaticSemaphore::new();
    static ref SIGNAL: StaticSignal = StaticSignal::new();
    static ref SPINNING: StaticSignal<Spin> = StaticSignal::with_wait(Spin);
    static ref ONCE: StaticOnce<Pair, { once_words::<Pair>() }> = StaticOnce::new();
}

fn cells(parties: usize) -> Arc<[RaceCell]> {
    (0..parties).map(|_| RaceCell::default()).collect()
}

/// Each party writes its own memory in each phase, and reads that of all others behind it. Between a
/// read and the next write is another phase.
fn works<const N: usize>(mut party: StaticParty<'_, N>, cells: &[RaceCell], phases: u32) {
    for phase in 0..phases {
        cells[party.place()].write();
        assert_eq!(party.wait(), 2 * phase);
        cells.iter().for_each(RaceCell::read);
        if phase + 1 < phases {
            assert_eq!(party.wait(), 2 * phase + 1);
        }
    }
}

#[test]
fn two_parties_in_a_static_see_what_the_other_did() {
    check("two_parties_in_a_static_see_what_the_other_did", Some(3), || {
        let (mine, theirs) = (TWO.party().unwrap(), TWO.party().unwrap());
        let cells = cells(2);
        let other = thread::spawn({
            let cells = cells.clone();
            move || works(theirs, &cells, 2)
        });
        works(mine, &cells, 2);
        other.join().unwrap();
    });
}

/// Comes, looks twice, and comes to the next phase if this one is over: whether it is.
fn looks(party: &mut StaticParty<'_, 3>, cells: &[RaceCell]) -> bool {
    cells[party.place()].write();
    assert_eq!(party.arrive(), 0);
    let over = (0..2).any(|_| party.try_wait() == Some(0));
    if over {
        cells.iter().for_each(RaceCell::read);
        assert_eq!(party.arrive(), 1);
    }
    over
}

/// In a model three that look again and again give way to each other for ever. So they look a few
/// times, and the rest is done when all have.
#[test]
fn three_parties_in_a_static_go_through_two_phases() {
    check("three_parties_in_a_static_go_through_two_phases", Some(3), || {
        let (mut mine, cells) = (THREE.party().unwrap(), cells(3));
        let others = [(); 2].map(|()| {
            let (mut party, cells) = (THREE.party().unwrap(), cells.clone());
            thread::spawn(move || {
                let over = looks(&mut party, &cells);
                (party, over)
            })
        });
        let over = looks(&mut mine, &cells);
        let [first, second] = others.map(|other| other.join().unwrap());
        let mut all = [(mine, over), first, second];
        for (party, over) in &mut all {
            assert!(*over || party.try_wait() == Some(0) && party.arrive() == 1);
        }
        assert!(all.iter_mut().all(|(party, _)| party.try_wait() == Some(1)));
    });
}

#[test]
fn a_place_in_a_static_goes_on_where_its_last_party_was() {
    check("a_place_in_a_static_goes_on_where_its_last_party_was", None, || {
        let mut first = ALONE.party().unwrap();
        let first = thread::spawn(move || assert_eq!((first.wait(), first.wait()), (0, 1)));
        if let Some(mut next) = ALONE.party() {
            assert_eq!(next.wait(), 2);
        }
        first.join().unwrap();
        assert!(ALONE.party().is_some());
    });
}

#[test]
fn a_cell_in_a_static_is_never_torn_and_never_goes_back() {
    check("a_cell_in_a_static_is_never_torn_and_never_goes_back", Some(3), || {
        let mut reader = CELL.reader();
        let mut writer = CELL.writer().unwrap();
        let writer = thread::spawn(move || (1..=3).for_each(|number| writer.set(&[number; 2])));
        let mut last = 0;
        for _ in 0..2 {
            let Ok(Some([first, second])) = reader.try_next() else { continue };
            assert_eq!(first, second);
            assert!(first > last || first == 0);
            last = first;
        }
        writer.join().unwrap();
    });
}

#[test]
fn the_next_writer_of_a_cell_in_a_static_goes_on_from_the_last_value() {
    check("the_next_writer_of_a_cell_in_a_static_goes_on_from_the_last_value", None, || {
        let mut first = CELL.writer().unwrap();
        let first = thread::spawn(move || first.set(&[1; 2]));
        if let Some(mut next) = CELL.writer() {
            assert_eq!(next.get(), [1; 2]);
            next.set(&[2; 2]);
            assert_eq!(CELL.reader().read(), Ok([2; 2]));
        }
        first.join().unwrap();
        assert!(CELL.writer().is_some());
    });
}

/// Two contexts, each of which does so twice what has to be done alone.
fn alone(does: impl Fn(&RaceCell) + Copy + Send + 'static) {
    let cell = Arc::<RaceCell>::default();
    let theirs = cell.clone();
    let other = thread::spawn(move || (0..2).for_each(|_| does(&theirs)));
    (0..2).for_each(|_| does(&cell));
    other.join().unwrap();
}

#[test]
fn owners_of_a_lock_in_a_static_are_kept_apart_and_woken() {
    check("owners_of_a_lock_in_a_static_are_kept_apart_and_woken", Some(3), || {
        alone(|cell| {
            let _guard = LOCK.lock();
            assert!(LOCK.try_lock().is_none());
            cell.write();
        });
    });
}

#[test]
fn owners_of_a_spin_lock_in_a_static_are_kept_apart() {
    check("owners_of_a_spin_lock_in_a_static_are_kept_apart", Some(2), || {
        alone(|cell| {
            let _guard = SPIN.lock();
            cell.write();
        });
    });
}

#[test]
fn owners_of_a_permit_in_a_static_are_kept_apart_and_woken() {
    check("owners_of_a_permit_in_a_static_are_kept_apart_and_woken", Some(3), || {
        alone(|cell| {
            let _permit = PERMIT.acquire();
            cell.write();
        });
    });
}

#[test]
fn no_change_under_a_mutex_in_a_static_is_lost_or_seen_torn() {
    check("no_change_under_a_mutex_in_a_static_is_lost_or_seen_torn", Some(2), || {
        let adds = || MUTEX.lock().iter_mut().for_each(|number| *number += 1);
        let other = thread::spawn(move || (0..2).for_each(|_| adds()));
        adds();
        if let Ok([first, second]) = MUTEX.peek() {
            assert!(first == second && first > 0);
        }
        other.join().unwrap();
        assert_eq!(*MUTEX.lock(), [3; 2]);
    });
}

#[test]
fn a_token_in_a_static_wakes_one_that_waits() {
    check("a_token_in_a_static_wakes_one_that_waits", Some(3), || {
        let cell = Arc::<RaceCell>::default();
        let theirs = cell.clone();
        let other = thread::spawn(move || {
            theirs.write();
            SIGNAL.post().unwrap();
            SPINNING.post().unwrap();
        });
        SIGNAL.wait();
        cell.read();
        SPINNING.wait();
        other.join().unwrap();
    });
}

#[test]
fn a_value_in_a_static_is_made_by_one_and_whole_for_all() {
    check("a_value_in_a_static_is_made_by_one_and_whole_for_all", Some(3), || {
        let other = thread::spawn(|| ONCE.get_or_init(|| [1; 2]));
        let mine = ONCE.get_or_init(|| [2; 2]);
        assert_eq!(mine[0], mine[1]);
        assert_eq!((other.join().unwrap(), ONCE.get()), (mine, Some(mine)));
    });
}
