//! Tables: one row for a key, one writer for a row, values of their keys, rows of the dead taken over.

use loom::thread;
use loom_tests::check;
use ringway_sync::{Plan, Region, Row, RowWriter, Table, TableError};

type Rows = Table<u32, u64>;

/// In a model in which no thread sleeps, without the fences that this takes.
fn region(rows: usize, awake: bool) -> Region {
    let plan = Plan::new().seats(3).asymmetric_fences(awake);
    plan.table::<u32, u64>("rows", rows).heap().unwrap()
}

fn rows_of(region: &Region) -> Rows {
    region.table("rows").unwrap()
}

/// A writer that dies: its seat is given back, and its claim stays.
fn dies(row: Row<u32, u64>) {
    let row = std::mem::ManuallyDrop::new(row);
    // SAFETY: the copy is dropped, and the row that it was made of is not.
    drop(unsafe { std::ptr::read(row.table()) });
}

/// Claims a row as soon as that is possible.
fn claims(rows: &Rows, key: u32, first: u64) -> Row<u32, u64> {
    loop {
        match rows.try_claim(&key, &first) {
            Err(TableError::Taken | TableError::Busy) => thread::yield_now(),
            outcome => return outcome.unwrap(),
        }
    }
}

#[test]
fn a_key_has_one_row() {
    check("a_key_has_one_row", Some(2), || {
        let region = region(2, true);
        let other = rows_of(&region.attach().unwrap());
        let other = thread::spawn(move || {
            let mut row = claims(&other, 1, 0);
            let value = row.get() + 1;
            row.set(&value);
        });
        let rows = rows_of(&region);
        let mut row = claims(&rows, 1, 0);
        let value = row.get() + 1;
        row.set(&value);
        drop(row);
        other.join().unwrap();
        assert_eq!(rows.get(&1), Ok(Some(2)));
        assert_eq!(rows.entries().unwrap().len(), 1);
    });
}

/// The one row is that of another key meanwhile.
#[test]
fn a_value_is_of_its_key() {
    check("a_value_is_of_its_key", Some(3), || {
        let region = region(1, true);
        let writer = rows_of(&region.attach().unwrap());
        let first = writer.try_claim(&1, &10).unwrap();
        let writer = thread::spawn(move || {
            first.remove();
            let mut second = writer.try_claim(&2, &20).unwrap();
            second.set(&21);
        });
        let rows = rows_of(&region);
        if let Ok(found) = rows.get(&1) {
            assert!(matches!(found, None | Some(10)), "{found:?}");
        }
        if let Ok(found) = rows.get(&2) {
            assert!(matches!(found, None | Some(20 | 21)), "{found:?}");
        }
        writer.join().unwrap();
        assert_eq!((rows.get(&1), rows.get(&2)), (Ok(None), Ok(Some(21))));
    });
}

/// Another claims the row while its writer removes it: it has the value that was there, or the first
/// one.
#[test]
fn a_row_that_is_claimed_while_it_is_removed_has_its_value_or_the_first() {
    check("a_row_that_is_claimed_while_it_is_removed_has_its_value_or_the_first", Some(3), || {
        let region = region(1, true);
        let mut row = rows_of(&region.attach().unwrap()).try_claim(&1, &10).unwrap();
        row.set(&11);
        let writer = thread::spawn(move || row.remove());
        let rows = rows_of(&region);
        if let Ok(row) = rows.try_claim(&1, &20) {
            assert!(matches!(row.get(), 11 | 20), "{}", row.get());
            assert_eq!(rows.get(&1), Ok(Some(row.get())));
        }
        writer.join().unwrap();
    });
}

/// Two remove a row at the same time, of which one has it.
#[test]
fn a_row_is_removed_once() {
    check("a_row_is_removed_once", Some(3), || {
        let region = region(1, true);
        let row = rows_of(&region.attach().unwrap()).try_claim(&1, &10).unwrap();
        let writer = thread::spawn(move || row.remove());
        let rows = rows_of(&region);
        let removed = rows.remove(&1);
        writer.join().unwrap();
        // Its writer had it, or it had been removed.
        assert!(matches!(removed, Err(TableError::Taken) | Ok(false)), "{removed:?}");
        assert_eq!(rows.get(&1), Ok(None));
        let next = claims(&rows, 2, 20);
        assert_eq!((next.get(), rows.get(&1)), (20, Ok(None)));
    });
}

/// The writer dies while another tries to take its row.
#[test]
fn a_row_is_whole_after_the_death_of_its_writer() {
    check("a_row_is_whole_after_the_death_of_its_writer", Some(3), || {
        let region = region(1, true);
        let mut row = rows_of(&region.attach().unwrap()).try_claim(&1, &10).unwrap();
        let writer = thread::spawn(move || {
            row.set(&11);
            dies(row);
        });
        let rows = rows_of(&region);
        let takes_over = || match rows.try_claim(&1, &0) {
            Ok(mut row) => {
                assert!(row.predecessor_died() && row.get() == 11);
                row.set(&12);
                true
            }
            Err(_) => {
                thread::yield_now();
                false
            }
        };
        let told = takes_over();
        writer.join().unwrap();
        assert!(told || takes_over());
        assert_eq!(rows.get(&1), Ok(Some(12)));
    });
}

#[test]
fn a_row_of_the_dead_is_taken_over_by_one() {
    check("a_row_of_the_dead_is_taken_over_by_one", Some(3), || {
        let region = region(1, true);
        dies(rows_of(&region.attach().unwrap()).try_claim(&1, &10).unwrap());
        let others = [(); 2].map(|()| rows_of(&region.attach().unwrap()));
        let others = others.map(|other| thread::spawn(move || other.try_claim(&1, &0)));
        let claimed = others.map(|other| other.join().unwrap().ok());
        let told = claimed.iter().flatten().filter(|row| row.predecessor_died()).count();
        assert_eq!((claimed.iter().flatten().count(), told), (1, 1));
    });
}

/// The row of the dead is marked while another takes it over.
#[test]
fn a_mark_of_the_dead_is_no_other_s() {
    check("a_mark_of_the_dead_is_no_other_s", Some(3), || {
        let region = region(1, true);
        dies(rows_of(&region.attach().unwrap()).try_claim(&1, &10).unwrap());
        let other = rows_of(&region.attach().unwrap());
        let other = thread::spawn(move || {
            let row = claims(&other, 1, 0);
            assert!(row.predecessor_died());
            row
        });
        let rows = rows_of(&region);
        let _ = rows.entry(&1);
        let row = other.join().unwrap();
        assert!(!rows.entry(&1).unwrap().unwrap().is_stale());
        drop(row);
    });
}

/// Its seat had an owner before, so that there is an older generation to be seen.
fn is_not_taken_for_dead(look: impl Fn(&Rows)) {
    let region = region(1, true);
    let first = region.attach().unwrap();
    drop(rows_of(&first).try_claim(&1, &10).unwrap());
    drop(first);
    let theirs = region.clone();
    let other = thread::spawn(move || {
        let rows = rows_of(&theirs.attach().unwrap());
        let row = rows.try_claim(&1, &0);
        (rows, row)
    });
    look(&rows_of(&region));
    let _ = other.join().unwrap();
}

#[test]
fn a_writer_that_has_just_come_is_not_taken_for_dead() {
    check("a_writer_that_has_just_come_is_not_taken_for_dead", Some(3), || {
        is_not_taken_for_dead(|rows| {
            if let Ok(Some(entry)) = rows.entry(&1) {
                assert!(entry.writer != RowWriter::Died);
            }
        });
    });
}

#[test]
fn a_row_is_not_taken_from_a_writer_that_has_just_come() {
    check("a_row_is_not_taken_from_a_writer_that_has_just_come", Some(3), || {
        is_not_taken_for_dead(|rows| {
            if let Ok(row) = rows.try_claim(&1, &0) {
                assert!(!row.predecessor_died());
            }
        });
    });
}

#[test]
fn no_change_of_a_table_is_slept_through() {
    check("no_change_of_a_table_is_slept_through", Some(2), || {
        let region = region(2, false);
        let rows = rows_of(&region);
        let mut changes = rows.changes();
        changes.wait_next().unwrap();
        let writers = [1, 2].map(|key| {
            let mut row = rows_of(&region.attach().unwrap()).try_claim(&key, &0).unwrap();
            thread::spawn(move || {
                row.set(&1);
                row
            })
        });
        while [1, 2].map(|key| rows.get(&key)) != [Ok(Some(1)); 2] {
            changes.wait_next().unwrap();
        }
        let _ = writers.map(|writer| writer.join().unwrap());
    });
}
