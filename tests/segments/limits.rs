//! The limits that stand in the data segment, and what else may stand there.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use ringway::error::{HeaderError, OpenError, ResumeError, TryRecvError};
use ringway::{Options, Position, Producer, Ring, Start};

use crate::directory::Directory;
use crate::fences::{Player, ready, segment};

// Where they lie, as docs/layout.md has it.
const MAX_LAG: u64 = 160;
const MAX_HOLD: u64 = 168;
const MAX_AWAY: u64 = 172;

/// Writes into the data file, as its owner may.
fn scribble(directory: &Directory, at: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(directory.file("ring")).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

pub(crate) fn creator_of_a_ring_that_evicts() {
    let options = Options::<u64>::new(16).max_lag(8).max_hold(Duration::from_millis(7));
    let _producer = options.create(segment()).unwrap();
    ready();
}

#[test]
fn a_producer_that_takes_over_refuses_a_lag_that_no_creator_chose() {
    let directory = Directory::new();
    Player::start("creator of a ring that evicts", &directory).kill();
    let most = Position::MAX;
    for max_lag in [0, 17, most >> 1, most] {
        scribble(&directory, MAX_LAG, &max_lag.to_ne_bytes());
        let refused = Producer::<u64>::resume(directory.segment("ring")).unwrap_err();
        let ResumeError::Open(OpenError::Header { why: HeaderError::Corrupt { what }, .. }) =
            refused
        else {
            panic!("{max_lag}: {refused:?}");
        };
        assert!(what.contains("max_lag"), "{what}");
    }
    // What one may have chosen is taken: how long a subscriber may hold, in any case.
    scribble(&directory, MAX_LAG, &Position::to_ne_bytes(8));
    scribble(&directory, MAX_HOLD, &u32::to_ne_bytes(0));
    let mut resumed = Producer::<u64>::resume(directory.segment("ring")).unwrap();
    let subscriber = Ring::<u64>::open(directory.segment("ring")).unwrap().subscribe(Start::Next);
    assert!((0..100).all(|n| resumed.send(&n).is_ok()));
    drop(subscriber);
}

#[test]
fn a_consumer_goes_by_any_limits_that_stand_there() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    assert_eq!(producer.try_send_batch(&[7; 40]), 40);
    let most = Position::MAX;
    for max_lag in [0, 1, 2, 8, 16, 17, most >> 1, most] {
        scribble(&directory, MAX_LAG, &max_lag.to_ne_bytes());
        for (max_hold, max_away) in [(0, 0), (u32::MAX, 0), (0, u32::MAX), (1, 1)] {
            scribble(&directory, MAX_HOLD, &u32::to_ne_bytes(max_hold));
            scribble(&directory, MAX_AWAY, &u32::to_ne_bytes(max_away));
            let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
            for start in [Start::Oldest, Start::Next, Start::At(39)] {
                let Ok(subscriber) = ring.subscribe(start) else { continue };
                // SAFETY: the only producer is in this thread.
                let mut subscriber = unsafe { subscriber.assume_protocol() };
                let behind = producer.head() - subscriber.position();
                assert!(behind <= 16, "{behind} of {max_lag}");
                let _ = subscriber.try_recv_ref().map(|message| assert_eq!(*message, 7));
                for _ in 0..16 {
                    assert!(matches!(subscriber.try_recv(), Ok(7) | Err(TryRecvError::Empty)));
                }
            }
            // It has its own, from when it was made.
            let held = ring.subscribe(Start::Next).unwrap();
            assert_eq!(producer.try_send_batch(&[7; 100]), 16);
            assert_eq!(producer.consumers(), 1);
            drop(held);
        }
    }
}
