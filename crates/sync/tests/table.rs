//! Tables between threads, in a region on the heap.
#![cfg(feature = "std")]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway_sync::{
    ChangeError, Interrupt, LookupError, Plan, PlanError, Region, Row, RowWriter, Table, TableError,
};

const ROUNDS: u64 = if cfg!(miri) { 10 } else { 5_000 };
/// How soon a death or an interrupt is told. Under miri time passes, and little is done in it.
const SOON: Duration = Duration::from_millis(if cfg!(miri) { 60_000 } else { 150 });

type Key = [u8; 3];
type Value = [u64; 4];
type Rows = Table<Key, Value>;

fn region(rows: usize) -> Region {
    Plan::new().table::<Key, Value>("rows", rows).heap().unwrap()
}

fn rows_of(region: &Region) -> Rows {
    region.table("rows").unwrap()
}

/// A writer that dies, as one that is killed: its seat is free, and its claim stands.
fn dies(row: Row<Key, Value>) {
    // What it keeps of its seat is given back, and not its claim.
    let row = std::mem::ManuallyDrop::new(row);
    // SAFETY: the copy is dropped, and the row that it was made of is not.
    drop(unsafe { std::ptr::read(row.table()) });
}

#[test]
fn a_value_is_of_its_key_and_whole_while_rows_come_and_go() {
    // So few that each is often another key's.
    let region = region(2);
    thread::scope(|scope| {
        for name in 0..3u8 {
            let rows = rows_of(&region.attach().unwrap());
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let number = round * 4 + u64::from(name);
                    match rows.claim_timeout(&[name; 3], &[number; 4], Duration::from_secs(20)) {
                        Ok(mut row) => {
                            row.set(&[number + 4; 4]);
                            row.remove();
                        }
                        Err(TableError::Full { rows: 2 }) => thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        let rows = rows_of(&region);
        for round in 0..ROUNDS {
            let name = (round % 3) as u8;
            if let Some(value) = rows.get(&[name; 3]).unwrap() {
                assert!(value == [value[0]; 4] && value[0] % 4 == u64::from(name), "{value:?}");
            }
            for entry in rows.entries().unwrap() {
                assert_eq!(entry.value[3] % 4, u64::from(entry.key[1]));
            }
        }
    });
}

#[test]
fn a_key_has_one_row_and_one_writer() {
    let region = region(8);
    for key in 0..if cfg!(miri) { 2 } else { 8 } {
        let rows = [(); 3].map(|()| rows_of(&region.attach().unwrap()));
        let claimed = thread::scope(|scope| {
            let threads =
                rows.map(|rows| scope.spawn(move || drop(rows.claim(&[key; 3], &[1; 4]).unwrap())));
            threads.map(|thread| thread.join().is_ok())
        });
        assert_eq!(claimed, [true; 3], "one after the other");
        assert_eq!(rows_of(&region).entries().unwrap().len(), usize::from(key) + 1);
    }
}

#[test]
fn a_row_of_a_dead_writer_is_marked_and_taken_over() {
    let region = region(4);
    let (rows, key) = (rows_of(&region), [7; 3]);
    let mut changes = rows.changes();
    changes.wait_next().unwrap();
    let mut row = rows_of(&region.attach().unwrap()).claim(&key, &[0; 4]).unwrap();
    row.set(&[5; 4]);
    assert!(changes.try_next());
    assert_eq!(rows.try_claim(&key, &[1; 4]).err(), Some(TableError::Taken));
    assert_eq!(rows.remove(&key), Err(TableError::Taken));
    let alive = rows.entry(&key).unwrap().unwrap();
    assert!(matches!(alive.writer, RowWriter::Alive { seat: 1, .. }), "{alive:?}");
    dies(row);
    let start = Instant::now();
    changes.wait_next().unwrap();
    assert!(start.elapsed() < SOON);
    for entry in [rows.entry(&key).unwrap().unwrap(), rows.entries().unwrap()[0]] {
        assert_eq!((entry.value, entry.is_stale()), ([5; 4], true));
    }
    let time = Duration::from_millis(5);
    assert_eq!(changes.wait_next_timeout(time), Err(ChangeError::TimedOut));

    let row = rows.claim(&key, &[1; 4]).unwrap();
    assert!(row.predecessor_died() && row.get() == [5; 4]);
    assert!(changes.try_next());
    assert!(!rows.entry(&key).unwrap().unwrap().is_stale());
    drop(row);
    assert!(!rows.claim(&key, &[1; 4]).unwrap().predecessor_died());
}

#[test]
fn one_that_stands_by_gets_the_row_when_its_writer_leaves_or_dies() {
    let region = region(4);
    for leaves in [true, false] {
        let row = rows_of(&region.attach().unwrap()).claim(&[1; 3], &[9; 4]).unwrap();
        let rows = rows_of(&region);
        let time = Duration::from_millis(5);
        assert_eq!(rows.claim_timeout(&[1; 3], &[0; 4], time).err(), Some(TableError::TimedOut));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| rows.claim(&[1; 3], &[0; 4]).unwrap());
            thread::sleep(Duration::from_millis(20));
            if leaves {
                drop(row)
            } else {
                dies(row)
            }
            let next = waiting.join().unwrap();
            assert_eq!((next.get(), next.predecessor_died()), ([9; 4], !leaves));
        });
    }
}

#[test]
fn waits_end_by_an_interrupt() {
    let (region, interrupt) = (region(4), Interrupt::new());
    let rows = rows_of(&region).interrupted_by(&interrupt);
    let _row = rows.claim(&[1; 3], &[0; 4]).unwrap();
    let mut changes = rows.changes();
    changes.wait_next().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(changes.wait_next(), Err(ChangeError::Interrupted)));
        let claim = || rows.claim(&[1; 3], &[0; 4]).err();
        scope.spawn(move || assert_eq!(claim(), Some(TableError::Interrupted)));
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
}

#[test]
fn a_table_is_found_by_its_types() {
    let region = region(4);
    let error = region.table::<[u8; 4], Value>("rows").err().unwrap();
    assert!(matches!(error, LookupError::Key { found: 3, expected: 4, .. }), "{error}");
    assert!(matches!(region.table::<Key, u64>("rows"), Err(LookupError::Size { .. })));
    assert_eq!(region.objects()[0].count, 4);
    for rows in [0, 65_536, usize::MAX] {
        let made = Plan::new().table::<u8, u8>("rows", rows).heap();
        assert!(matches!(made, Err(PlanError::Object { .. })));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Claim(u8),
    Set(u8, u64),
    Leave(u8),
    Die(u8),
    Remove(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..6u8;
    prop_oneof![
        3 => key().prop_map(Step::Claim),
        3 => (key(), any::<u64>()).prop_map(|(key, number)| Step::Set(key, number)),
        1 => key().prop_map(Step::Leave),
        1 => key().prop_map(Step::Die),
        2 => key().prop_map(Step::Remove),
    ]
}

/// What a row is, in plain words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Has {
    Writer,
    Left,
    Dead,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 500 }))]
    #[test]
    fn a_table_does_what_a_map_does(steps in prop::collection::vec(step(), 1..if cfg!(miri) { 20 } else { 60 })) {
        const ROWS: usize = 4;
        let region = region(ROWS);
        let rows = rows_of(&region);
        let mut changes = rows.changes();
        let mut map: BTreeMap<u8, (Value, Has)> = BTreeMap::new();
        let mut mine: BTreeMap<u8, Row<Key, Value>> = BTreeMap::new();
        changes.wait_next().unwrap();
        for step in steps {
            let before = map.clone();
            match step {
                Step::Claim(name) => {
                    let (key, full) = ([name; 3], map.len() == ROWS);
                    let other = rows_of(&region.attach().unwrap());
                    let claimed = other.try_claim(&key, &[1; 4]);
                    match map.get(&name).copied() {
                        Some((_, Has::Writer)) => {
                            prop_assert_eq!(claimed.err(), Some(TableError::Taken));
                        }
                        None if full => {
                            prop_assert_eq!(claimed.err(), Some(TableError::Full { rows: ROWS }));
                        }
                        found => {
                            let row = claimed.unwrap();
                            let (value, has) = found.unwrap_or(([1; 4], Has::Left));
                            prop_assert_eq!(row.predecessor_died(), has == Has::Dead);
                            prop_assert_eq!((row.get(), *row.key()), (value, key));
                            map.insert(name, (value, Has::Writer));
                            mine.insert(name, row);
                            prop_assert!(changes.try_next());
                        }
                    }
                }
                Step::Set(name, number) => {
                    if let Some(row) = mine.get_mut(&name) {
                        row.set(&[number; 4]);
                        map.insert(name, ([number; 4], Has::Writer));
                        prop_assert!(changes.try_next());
                    }
                }
                Step::Leave(name) => {
                    if let Some(row) = mine.remove(&name) {
                        drop(row);
                        map.get_mut(&name).unwrap().1 = Has::Left;
                    }
                }
                Step::Die(name) => {
                    if let Some(row) = mine.remove(&name) {
                        dies(row);
                        map.get_mut(&name).unwrap().1 = Has::Dead;
                    }
                }
                Step::Remove(name) => {
                    match mine.remove(&name) {
                        Some(row) => row.remove(),
                        None => {
                            let removed = rows.remove(&[name; 3]).unwrap();
                            prop_assert_eq!(removed, map.contains_key(&name));
                        }
                    }
                    let removed = map.remove(&name).is_some();
                    prop_assert_eq!(changes.try_next(), removed);
                }
            }
            for name in 0..6 {
                let value = map.get(&name).map(|(value, _)| *value);
                prop_assert_eq!(rows.get(&[name; 3]).unwrap(), value);
            }
            let found = rows.entries().unwrap().into_iter().map(|entry| {
                let has = match entry.writer {
                    RowWriter::Alive { .. } => Has::Writer,
                    RowWriter::Left => Has::Left,
                    _ => Has::Dead,
                };
                (entry.key[0], (entry.value, has))
            });
            prop_assert_eq!(found.collect::<BTreeMap<_, _>>(), map.clone());
            // Asking has marked the dead, which is a change.
            let dead = |map: &BTreeMap<_, (Value, Has)>| {
                map.values().filter(|(_, has)| *has == Has::Dead).count()
            };
            if dead(&map) != dead(&before) {
                changes.try_next();
            }
            prop_assert!(!changes.try_next());
        }
    }
}

/// No call waits here: another row changes all the time.
#[test]
#[cfg(not(miri))]
fn that_a_writer_died_is_a_change_also_where_others_set_values_all_the_time() {
    let region = region(2);
    let rows = rows_of(&region);
    let mut busy = rows.claim(&[1; 3], &[0; 4]).unwrap();
    dies(rows_of(&region.attach().unwrap()).claim(&[2; 3], &[0; 4]).unwrap());
    let mut changes = rows.changes();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(50) {
        busy.update(|value| value[0] += 1);
        changes.wait_next().unwrap();
    }
    // Asking marks it, which would be a change.
    assert!(rows.entry(&[2; 3]).unwrap().unwrap().is_stale());
    assert!(!changes.try_next());
}
