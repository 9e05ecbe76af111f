//! Cells: never torn, no wake-up lost, whole after the death of their writer.

use loom::thread;
use loom_tests::check;
use ringway_sync::{Cell, Changes, Plan, Region};

/// A value that has two copies.
type Pair = [u64; 2];
/// A value that has four copies.
type Large = [u64; 9];

/// `awake`: no thread sleeps, and so the fences that this takes are left out, which would stand for
/// others.
fn region(awake: bool) -> Region {
    let plan = Plan::new().seats(3).asymmetric_fences(awake);
    plan.cell("pair", [0u64; 2]).cell("large", [0u64; 9]).heap().unwrap()
}

fn cell_of(region: &Region) -> Cell<Pair> {
    region.cell("pair").unwrap()
}

#[test]
fn a_read_of_a_cell_is_never_torn_and_never_goes_back() {
    check("a_read_of_a_cell_is_never_torn_and_never_goes_back", Some(3), || {
        let region = region(true);
        let mut writer = cell_of(&region.attach().unwrap()).try_claim().unwrap();
        let writer = thread::spawn(move || (1..=3).for_each(|number| writer.set(&[number; 2])));
        let (cell, mut last) = (cell_of(&region), 0);
        for _ in 0..2 {
            let Ok([first, second]) = cell.read() else { continue };
            assert_eq!(first, second);
            assert!(first >= last);
            last = first;
        }
        writer.join().unwrap();
    });
}

/// The reader is disturbed by the fourth set behind the one that it reads, and by no earlier one.
#[test]
fn a_read_of_four_copies_is_never_torn() {
    check("a_read_of_four_copies_is_never_torn", Some(2), || {
        let region = region(true);
        let writer = region.attach().unwrap().cell::<Large>("large").unwrap();
        let mut writer = writer.try_claim().unwrap();
        let writer = thread::spawn(move || (1..=5).for_each(|number| writer.set(&[number; 9])));
        let cell = region.cell::<Large>("large").unwrap();
        if let Ok(value) = cell.read() {
            assert_eq!(value, [value[0]; 9]);
        }
        writer.join().unwrap();
    });
}

/// Waits until it has the value that is set last.
fn follows(mut changes: Changes<Pair>, end: u64) {
    let mut last = 0;
    while last != end {
        // Of two tries both may be disturbed.
        let Ok([first, second]) = changes.wait_next() else { continue };
        assert!(first == second && (first > last || first == 0));
        last = first;
    }
}

#[test]
fn no_change_of_a_cell_is_slept_through() {
    check("no_change_of_a_cell_is_slept_through", Some(3), || {
        let region = region(false);
        let mut writer = cell_of(&region).try_claim().unwrap();
        let changes = cell_of(&region.attach().unwrap()).changes();
        let follower = thread::spawn(move || follows(changes, 2));
        writer.set(&[1; 2]);
        writer.set(&[2; 2]);
        follower.join().unwrap();
    });
}

#[test]
fn a_change_of_a_cell_wakes_all() {
    check("a_change_of_a_cell_wakes_all", Some(2), || {
        let region = region(false);
        let mut writer = cell_of(&region).try_claim().unwrap();
        let followers = [(); 2].map(|()| {
            let changes = cell_of(&region.attach().unwrap()).changes();
            thread::spawn(move || follows(changes, 1))
        });
        writer.set(&[1; 2]);
        for follower in followers {
            follower.join().unwrap();
        }
    });
}

/// The writer dies behind its second set; a reader looks meanwhile.
#[test]
fn a_cell_is_whole_after_the_death_of_its_writer() {
    check("a_cell_is_whole_after_the_death_of_its_writer", Some(3), || {
        let region = region(true);
        let mut claimed = cell_of(&region.attach().unwrap()).try_claim().unwrap();
        let writer = thread::spawn(move || {
            claimed.set(&[1; 2]);
            claimed.set(&[2; 2]);
            // Its seat is given back, and its claim stays.
            let claimed = std::mem::ManuallyDrop::new(claimed);
            // SAFETY: the copy is dropped, and the writer that it was made of is not.
            drop(unsafe { std::ptr::read(claimed.cell()) });
        });
        let cell = cell_of(&region);
        let told = (0..2).any(|_| is_next(&cell));
        writer.join().unwrap();
        assert!(told || is_next(&cell));
        assert_eq!(cell.read(), Ok([3; 2]));
        let claimed = cell.try_claim().unwrap();
        assert!(!claimed.predecessor_died());
        assert_eq!(claimed.get(), [3; 2]);
    });
}

/// Claims the cell if that is possible. Whether the writer was dead, whose value it finds.
fn is_next(cell: &Cell<Pair>) -> bool {
    match cell.try_claim() {
        Ok(mut writer) => {
            assert!(writer.predecessor_died());
            assert_eq!(writer.get(), [2; 2]);
            writer.set(&[3; 2]);
            true
        }
        Err(_) => {
            thread::yield_now();
            false
        }
    }
}
