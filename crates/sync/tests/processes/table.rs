//! Tables, and writers of rows that are killed.

use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{DeathWatch, Plan, Region, RowWriter};

use crate::child::{Directory, Player, waits};

type Value = [u64; 32];

/// What a process does here.
pub(crate) fn plays(role: &str, region: &Region) -> bool {
    let Some(what) = role.strip_prefix("table-") else { return false };
    let rows = region.table::<u32, Value>("rows").unwrap();
    match what {
        "holds" => {
            let _row = rows.claim(&1, &[1; 32]).unwrap();
            println!("ready");
            waits();
        }
        "comes-and-goes" => {
            println!("ready");
            for number in 0.. {
                // One row is its own, the other comes and goes.
                let mut row = rows.claim(&1, &[0; 32]).unwrap();
                row.update(|value| value.iter_mut().for_each(|number| *number += 1));
                rows.claim(&2, &[number; 32]).unwrap().remove();
            }
        }
        role => panic!("{role}"),
    }
    true
}

fn region(directory: &Directory) -> Region {
    let plan = Plan::new().table::<u32, Value>("rows", 2);
    plan.create(directory.place("region")).unwrap()
}

#[test]
fn rows_are_whole_and_can_be_taken_whenever_their_writer_is_killed() {
    let directory = Directory::new();
    let region = region(&directory);
    let rows = region.table::<u32, Value>("rows").unwrap();
    let look = Region::look(directory.place("region")).unwrap();
    let look = look.table::<u32, Value>("rows").unwrap();
    let (mut last, mut told) = (0, 0);
    for round in 0..50 {
        let writer = Player::start(&directory, "table-comes-and-goes");
        thread::sleep(Duration::from_micros(500 + 37 * round));
        writer.dies();
        for entry in look.entries().unwrap() {
            assert!(entry.value == [entry.value[0]; 32], "{entry:?}");
            assert!(!matches!(entry.writer, RowWriter::Alive { .. }), "{entry:?}");
        }
        assert_eq!(look.get(&1).unwrap(), rows.get(&1).unwrap());
        let timeout = Duration::from_secs(1);
        let row = rows.claim_timeout(&1, &[0; 32], timeout).unwrap();
        told += u32::from(row.predecessor_died());
        assert!(row.get() == [row.get()[0]; 32] && row.get()[0] >= last);
        last = row.get()[0];
        // There is room for the other row, whatever was left of it.
        rows.claim_timeout(&2, &[9; 32], timeout).unwrap().remove();
        assert_eq!(rows.entries().unwrap().len(), 1);
    }
    assert!(last > 50 && told > 0, "{last} {told}");
}

#[test]
fn a_row_is_marked_within_150_ms_of_the_death_of_its_writer() {
    for watched in [true, false] {
        let directory = Directory::new();
        let region = region(&directory);
        let watch = watched.then(|| DeathWatch::start().unwrap());
        if let Some(watch) = &watch {
            region.watched_by(watch).unwrap();
        }
        let rows = region.table::<u32, Value>("rows").unwrap();
        let writer = Player::start(&directory, "table-holds");
        let mut changes = rows.changes();
        changes.wait_next().unwrap();
        assert!(!rows.entry(&1).unwrap().unwrap().is_stale());
        thread::scope(|scope| {
            let waiter = scope.spawn(move || {
                changes.wait_next().unwrap();
                Instant::now()
            });
            thread::sleep(Duration::from_millis(200));
            let killed = Instant::now();
            writer.dies();
            let told = waiter.join().unwrap().saturating_duration_since(killed);
            assert!(told < Duration::from_millis(150), "watched {watched}: {told:?}");
        });
        assert!(rows.entry(&1).unwrap().unwrap().is_stale());
    }
}
