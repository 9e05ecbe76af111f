//! What is there, and removing what is dead.

use std::fs;
use std::os::unix::fs::chown;
use std::thread;

use ringway::error::PruneError;
use ringway::segment::{Prune, SegmentState, prune, segments_in, unlink};
use ringway::{Options, Producer, Ring, Start};

use crate::child::{Child, Task};
use crate::place::Place;

/// Creates the ring that the argument says, and waits to be killed.
pub(crate) fn producer(task: &Task) {
    let mut producer = Options::<u64>::new(8).create(task.segment(task.argument())).unwrap();
    producer.send(&7).unwrap();
    task.say("created");
    task.wait();
}

fn created(place: &Place, name: &str) -> Child {
    let child = Child::start(place, "prune::producer", name);
    child.hears("created");
    child
}

fn all(place: &Place) -> Prune<'static> {
    Prune::all().directory(place.path())
}

fn states(place: &Place) -> Vec<(String, SegmentState)> {
    let rings = segments_in(place.path()).unwrap();
    rings.into_iter().map(|ring| (ring.name, ring.state)).collect()
}

#[test]
fn the_dead_are_removed_and_nobody_else() {
    let place = Place::new("prune");
    let dead = [created(&place, "dead"), created(&place, "dead too")];
    let mut stopped = created(&place, "stopped");
    let kept = Options::<u64>::new(8).create(place.segment("closed").keep(true)).unwrap();
    let alive = Options::<u64>::new(8).create(place.segment("alive")).unwrap();
    let of_others = Options::<u64>::new(8).create(place.segment("others").keep(true)).unwrap();
    fs::write(place.path().join("no ring"), "neither long enough").unwrap();
    fs::write(place.path().join("no ring either"), [0; 4096]).unwrap();
    let last = Ring::<u64>::open(place.segment("dead")).unwrap();
    drop((kept, of_others));
    stopped.stops();
    for child in dead {
        child.dies();
    }
    // Root, as in most places where tests run, can give files away.
    let given = chown(place.path().join("others"), Some(54321), None).is_ok();
    let of_others = if given { SegmentState::Inaccessible } else { SegmentState::Closed };
    let expected = [
        ("alive", SegmentState::Alive),
        ("closed", SegmentState::Closed),
        ("dead", SegmentState::ProducerDied),
        ("dead too", SegmentState::ProducerDied),
        ("others", of_others),
        ("stopped", SegmentState::Alive),
    ];
    assert_eq!(states(&place), expected.map(|(name, state)| (name.to_owned(), state)));

    let before = fs::read_dir(place.path()).unwrap().count();
    let would = prune(all(&place).dry_run(true)).unwrap();
    assert_eq!(would.rings, ["dead", "dead too"]);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), before);
    let pruned = prune(all(&place)).unwrap();
    assert_eq!(pruned.rings, ["dead", "dead too"]);
    assert!(pruned.controls.is_empty(), "{pruned:?}");
    let left = expected.into_iter().filter(|(name, _)| !name.starts_with("dead"));
    assert_eq!(states(&place), left.map(|(n, state)| (n.to_owned(), state)).collect::<Vec<_>>());
    assert!(prune(all(&place)).unwrap().is_empty());
    // What was attached still is.
    assert_eq!(last.observe(Start::Oldest).unwrap().try_recv(), Ok(7));
    drop(alive);
}

#[test]
fn a_control_file_without_its_ring_is_removed() {
    let place = Place::new("unpaired");
    let child = created(&place, "ring");
    let alive = Options::<u64>::new(8).create(place.segment("alive")).unwrap();
    // As if it had been killed between the two, in `unlink`; and a successor of the name since.
    fs::remove_file(place.path().join("ring")).unwrap();
    child.dies();
    let successor = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let would = prune(all(&place).dry_run(true)).unwrap();
    assert_eq!(would.controls.len(), 1);
    assert!(prune(Prune::prefix("alive").directory(place.path())).unwrap().is_empty());
    let pruned = prune(all(&place)).unwrap();
    assert!(pruned.rings.is_empty());
    assert_eq!(pruned.controls, would.controls);
    assert!(Ring::<u64>::open(place.segment("ring")).is_ok());
    drop((successor, alive));
    place.is_empty();
}

#[test]
fn only_what_is_meant_is_removed() {
    let place = Place::new("meant");
    let names = ["market.eur", "market.usd", "mark", "theirs"];
    for child in names.map(|name| created(&place, name)) {
        child.dies();
    }
    // Of two of them the data is gone, as if they had been killed in `unlink`.
    for name in ["market.usd", "theirs"] {
        fs::remove_file(place.path().join(name)).unwrap();
    }
    let here = |prune: Prune<'static>| prune.directory(place.path());
    for nothing in ["", "other."].map(Prune::from).map(here) {
        match prune(nothing) {
            Ok(pruned) => assert!(pruned.is_empty(), "{pruned:?}"),
            Err(error) => assert!(matches!(error, PruneError::EmptyPrefix), "{error:?}"),
        }
    }
    let refused = prune(String::new());
    assert!(matches!(refused, Err(PruneError::EmptyPrefix)), "{refused:?}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 6);

    let seen = std::cell::RefCell::new(Vec::new());
    let market = Prune::prefix("market.").directory(place.path()).filter(|name| {
        seen.borrow_mut().push(name.to_owned());
        name != "market.eur"
    });
    let pruned = prune(market).unwrap();
    assert!(pruned.rings.is_empty() && pruned.failed.is_empty(), "{pruned:?}");
    assert_eq!(pruned.controls.len(), 1);
    assert!(pruned.controls[0].starts_with("market.usd.") && pruned.controls[0].ends_with(".ctl"));
    // A filter is asked for rings' names, of those with the prefix.
    assert!(seen.borrow().iter().all(|name| name.starts_with("market.") && !name.contains(".ctl")));

    assert_eq!(prune(here(Prune::prefix("market."))).unwrap().rings, ["market.eur"]);
    assert_eq!(prune(all(&place)).unwrap().rings, ["mark"]);
    place.is_empty();
}

#[test]
fn pruning_and_everything_else_at_the_same_time() {
    let place = Place::new("prune races");
    let segment = place.segment("ring").keep(true);
    thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            for _ in 0..2000 {
                // A control file may be between the two steps of `unlink`: it is nobody's then.
                assert!(prune(all(&place)).unwrap().rings.is_empty());
            }
        });
        while !pruner.is_finished() {
            // Nothing of this is ever dead.
            let producer = Options::<u64>::new(8).create(&segment).unwrap();
            assert!(Producer::<u64>::resume(&segment).is_err());
            assert!(Ring::<u64>::open(&segment).is_ok());
            drop(producer);
            assert!(unlink(&segment).unwrap());
        }
    });
    place.is_empty();
}
