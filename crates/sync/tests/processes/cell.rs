//! Cells, and writers of them that are killed.

use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{Cell, ChangeError, DeathWatch, Plan, Region};

use crate::child::{Directory, Player, waits};

/// A value that has four copies.
type Large = [u64; 512];

/// What a process does here.
pub(crate) fn plays(role: &str, region: &Region) -> bool {
    let Some(what) = role.strip_prefix("cell-") else { return false };
    let mut writer = region.cell::<Large>("large").unwrap().claim().unwrap();
    match what {
        "holds" => {
            writer.set(&[1; 512]);
            println!("ready");
            waits();
        }
        "sets" => {
            println!("ready");
            loop {
                writer.update(|value| value.iter_mut().for_each(|number| *number += 1));
            }
        }
        role => panic!("{role}"),
    }
    true
}

fn region(directory: &Directory) -> Region {
    let plan = Plan::new().mutex("pair", [0u64; 8]).cell("large", [0u64; 512]);
    plan.create(directory.place("region")).unwrap()
}

#[test]
fn the_value_is_whole_and_goes_on_whenever_its_writer_is_killed() {
    let directory = Directory::new();
    let region = region(&directory);
    let cell = region.cell::<Large>("large").unwrap();
    let look = Region::look(directory.place("region")).unwrap().cell::<Large>("large").unwrap();
    let mut last = 0;
    for round in 0..50 {
        let writer = Player::start(&directory, "cell-sets");
        thread::sleep(Duration::from_micros(500 + 37 * round));
        writer.dies();
        let value = cell.read().unwrap();
        assert!(value.iter().all(|&number| number == value[0]), "{value:?}");
        assert!(value[0] >= last);
        assert_eq!(look.read(), Ok(value));
        assert_eq!((look.version(), look.writer()), (cell.version(), cell.writer()));
        last = value[0];
        let mut writer = cell.claim_timeout(Duration::from_secs(1)).unwrap();
        assert!(writer.predecessor_died());
        assert_eq!(writer.get(), value);
        last += 1;
        writer.set(&[last; 512]);
        assert_eq!(cell.read().unwrap(), [last; 512]);
    }
    assert!(last > 100, "{last}");
}

/// Kills the writer while a thread waits for it, and says how long it took that one to be told.
fn is_told_within_150_ms(watched: bool, waits: impl Fn(&Cell<Large>) + Send + Sync) {
    let directory = Directory::new();
    let region = region(&directory);
    let watch = watched.then(|| DeathWatch::start().unwrap());
    if let Some(watch) = &watch {
        region.watched_by(watch).unwrap();
    }
    let cell = region.cell::<Large>("large").unwrap();
    let writer = Player::start(&directory, "cell-holds");
    assert_eq!(cell.writer().unwrap().pid, Some(writer.pid()));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            waits(&cell);
            Instant::now()
        });
        thread::sleep(Duration::from_millis(200));
        let killed = Instant::now();
        writer.dies();
        let told = waiter.join().unwrap().saturating_duration_since(killed);
        assert!(told < Duration::from_millis(150), "watched {watched}: {told:?}");
    });
}

#[test]
fn one_that_waits_for_a_value_is_told_of_the_death() {
    for watched in [true, false] {
        is_told_within_150_ms(watched, |cell| {
            let mut changes = cell.changes();
            assert!(changes.wait_next().unwrap() == [1; 512]);
            assert!(matches!(changes.wait_next(), Err(ChangeError::WriterDied)));
        });
    }
}

#[test]
fn one_that_stands_by_is_the_next_writer() {
    for watched in [true, false] {
        is_told_within_150_ms(watched, |cell| {
            let writer = cell.claim().unwrap();
            assert!(writer.predecessor_died() && writer.get() == [1; 512]);
        });
    }
}
