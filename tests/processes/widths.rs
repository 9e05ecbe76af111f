//! Processes of 32 and of 64 bits on one machine. A ring is for those of one width, whose atomics are as wide: the
//! others are refused, and told why. That two of 32 bits share a ring is what all the other tests say,
//! when this program is built for them.

use std::path::PathBuf;

use ringway::error::{HeaderError, OpenError};
use ringway::{Options, Ring, Start};

use crate::child::{Child, Task};
use crate::place::Place;

/// Where this program is, built for the other width: `cargo xtask test` says so.
const OTHER_WIDTH: &str = "RINGWAY_OTHER_WIDTH";

fn other_width() -> PathBuf {
    std::env::var_os(OTHER_WIDTH)
        .expect("the path of this program, built for the other width")
        .into()
}

/// How an opening of a ring of `u64` was refused.
fn refusal(refused: Result<Ring<u64>, OpenError>) -> String {
    match refused.map(|_| ()) {
        Err(OpenError::Header { why: HeaderError::WordSize { found, supported }, .. }) => {
            format!("{found} instead of {supported}")
        }
        other => format!("{other:?}"),
    }
}

#[test]
#[ignore = "needs this program built for the other width: `cargo xtask test` has it"]
fn a_process_of_the_other_width_is_refused_and_told_why() {
    let place = Place::new("widths");
    let (ours, theirs) = (size_of::<usize>(), 12 - size_of::<usize>());

    let creator = Child::start_as(&other_width(), &place, "widths::creator", "theirs");
    creator.hears("created");
    let said = refusal(Ring::open(place.segment("theirs")));
    assert_eq!(said, format!("{theirs} instead of {ours}"));

    let mut producer = Options::<u64>::new(8).create(place.segment("ours")).unwrap();
    let opener = Child::start_as(&other_width(), &place, "widths::opener", "ours");
    opener.hears(&format!("{ours} instead of {theirs}"));
    opener.ends();

    // And neither has done any harm.
    let mut subscriber =
        Ring::<u64>::open(place.segment("ours")).unwrap().subscribe(Start::Next).unwrap();
    producer.send(&7).unwrap();
    assert_eq!(subscriber.recv(), Ok(7));
}

pub(crate) fn creator(task: &Task) {
    let producer = Options::<u64>::new(8).create(task.segment(task.argument())).unwrap();
    task.say("created");
    task.wait();
    drop(producer);
}

pub(crate) fn opener(task: &Task) {
    task.say(refusal(Ring::open(task.segment(task.argument()))));
}
