//! Values that are made once: whole for all, made by one, and anew where the one that made it died.

use loom::thread;
use loom_tests::check;
use ringway_sync::{Once, Plan, Region};

type Pair = [u64; 2];

fn region() -> Region {
    Plan::new().seats(3).once::<Pair>("pair").heap().unwrap()
}

fn pair(region: &Region) -> Once<Pair> {
    region.once("pair").unwrap()
}

#[test]
fn a_value_is_made_by_one_and_whole_for_all() {
    check("a_value_is_made_by_one_and_whole_for_all", Some(2), || {
        let region = region();
        let makes = |pair: &Once<Pair>, number: u64| {
            let mut made = 0;
            let value = pair.get_or_init(|| {
                made += 1;
                [number; 2]
            });
            (value.unwrap(), made)
        };
        let others = [1, 2].map(|number| {
            let pair = pair(&region.attach().unwrap());
            thread::spawn(move || makes(&pair, number))
        });
        let mine = pair(&region);
        let seen = mine.get();
        let (value, mut made) = makes(&mine, 3);
        assert!(value[0] == value[1] && seen.is_none_or(|seen| seen == value));
        for other in others {
            let (other, times) = other.join().unwrap();
            made += times;
            assert_eq!(other, value);
        }
        assert_eq!(made, 1);
    });
}

/// One dies while it makes the value, and has made nothing of it known. One of the others makes it.
#[test]
fn one_that_dies_while_it_makes_a_value_is_replaced() {
    check("one_that_dies_while_it_makes_a_value_is_replaced", Some(3), || {
        let region = region();
        pair(&region.attach().unwrap()).dies(None);
        let other = pair(&region.attach().unwrap());
        let other = thread::spawn(move || other.try_get_or_init(|| [1; 2]).ok());
        let value = pair(&region).try_get_or_init(|| [2; 2]).ok();
        let values = [value, other.join().unwrap()];
        assert!(values.contains(&Some([1; 2])) != values.contains(&Some([2; 2])), "{values:?}");
    });
}

/// What one has made known stays when it dies before it has given the lock back, whatever the one
/// that comes after it has seen of that.
#[test]
fn a_value_that_was_made_known_is_not_made_again() {
    check("a_value_that_was_made_known_is_not_made_again", Some(3), || {
        let region = region();
        let dying = pair(&region.attach().unwrap());
        let dying = thread::spawn(move || dying.dies(Some([1; 2])));
        let other = pair(&region.attach().unwrap());
        let other = thread::spawn(move || other.get());
        let value = pair(&region).try_get_or_init(|| [2; 2]).ok();
        let seen = other.join().unwrap();
        if let (Some(value), Some(seen)) = (value, seen) {
            assert_eq!(value, seen);
        }
        dying.join().unwrap();
    });
}
