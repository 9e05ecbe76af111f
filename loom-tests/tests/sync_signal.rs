//! Tokens of a signal: each is taken once, and no wake-up is lost. A sleep in a model has no end of
//! its own, so that a lost one is a deadlock, which loom reports.

use std::sync::Arc;

use loom::thread;
use loom_tests::check;
use ringway_shm::sync::RaceCell;
use ringway_sync::{Plan, Region, Signal};

fn region() -> Region {
    Plan::new().seats(3).signal("ready").heap().unwrap()
}

fn ready(region: &Region) -> Signal {
    region.signal("ready").unwrap()
}

/// What comes before a token is seen by the one that takes it, whoever posted.
#[test]
fn what_comes_before_a_token_is_seen_with_it() {
    check("what_comes_before_a_token_is_seen_with_it", Some(3), || {
        let region = region();
        let cells: [_; 2] = std::array::from_fn(|_| Arc::<RaceCell>::default());
        let others = cells.clone().map(|cell| {
            let ready = ready(&region.attach().unwrap());
            thread::spawn(move || {
                cell.write();
                ready.post().unwrap();
            })
        });
        let mine = ready(&region);
        mine.wait().unwrap();
        mine.wait().unwrap();
        cells.iter().for_each(|cell| cell.write());
        assert!(!mine.try_wait());
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Two sleep, and two tokens are posted.
#[test]
fn each_token_wakes_a_waiter() {
    check("each_token_wakes_a_waiter", Some(3), || {
        let region = region();
        let others = [(); 2].map(|()| {
            let ready = ready(&region.attach().unwrap());
            thread::spawn(move || ready.wait().unwrap())
        });
        let mine = ready(&region);
        mine.post().unwrap();
        mine.post().unwrap();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(mine.tokens(), 0);
    });
}

#[test]
fn two_that_wait_for_each_other_go_on() {
    check("two_that_wait_for_each_other_go_on", Some(3), || {
        let region = Plan::new().seats(3).signal("here").signal("there").heap().unwrap();
        let turns = |region: &Region, mine: &str, theirs: &str| {
            let (mine, theirs) = (region.signal(mine).unwrap(), region.signal(theirs).unwrap());
            for _ in 0..2 {
                theirs.post().unwrap();
                mine.wait().unwrap();
            }
        };
        let other = region.attach().unwrap();
        let other = thread::spawn(move || turns(&other, "there", "here"));
        turns(&region, "here", "there");
        other.join().unwrap();
    });
}
