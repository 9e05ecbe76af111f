//! What is there, and removing what is dead.

use std::fs;
use std::os::unix::fs::chown;
use std::thread;

use ringway::{
    Options, Producer, Pruned, Ring, SegmentState, Start, prune_in, segments_in, unlink,
};

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
    let of_others = if given { SegmentState::Foreign } else { SegmentState::Closed };
    let expected = [
        ("alive", SegmentState::Alive),
        ("closed", SegmentState::Closed),
        ("dead", SegmentState::Orphaned),
        ("dead too", SegmentState::Orphaned),
        ("others", of_others),
        ("stopped", SegmentState::Alive),
    ];
    assert_eq!(states(&place), expected.map(|(name, state)| (name.to_owned(), state)));

    let pruned = prune_in(place.path()).unwrap();
    assert_eq!(pruned.rings, ["dead", "dead too"]);
    assert!(pruned.controls.is_empty(), "{pruned:?}");
    let left = expected.into_iter().filter(|(name, _)| !name.starts_with("dead"));
    assert_eq!(states(&place), left.map(|(n, state)| (n.to_owned(), state)).collect::<Vec<_>>());
    assert_eq!(prune_in(place.path()).unwrap(), Pruned::default());
    // Whoever was attached still is.
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
    let pruned = prune_in(place.path()).unwrap();
    assert!(pruned.rings.is_empty());
    assert_eq!(pruned.controls.len(), 1);
    assert!(Ring::<u64>::open(place.segment("ring")).is_ok());
    drop((successor, alive));
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
                assert!(prune_in(place.path()).unwrap().rings.is_empty());
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
