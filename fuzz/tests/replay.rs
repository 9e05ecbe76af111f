//! What the fuzzer has found worth keeping is run again, without it: the corpora, which reach as much
//! code as was ever reached, and inputs that once found a fault.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use ringway_fuzz::replay::inputs;

/// The fuzzer's time-out for one input, which is short: nobody waits for anything.
const LIMIT: Duration = Duration::from_secs(10);

fn replay(target: &str, run: fn(&[u8])) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = inputs(&package.join("corpus").join(target)).unwrap();
    assert!(!corpus.is_empty(), "{target} has no corpus");
    let regressions = inputs(&package.join("regressions").join(target)).unwrap();
    for file in corpus.iter().chain(&regressions) {
        let input = fs::read(file).unwrap();
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&input)));
        assert!(outcome.is_ok(), "{} finds something", file.display());
        assert!(begun.elapsed() < LIMIT, "{} takes too long", file.display());
    }
}

#[test]
fn header_is_refused_or_harmless() {
    replay("header", ringway_fuzz::header::run);
}

/// Each field of a header is refused by an input of its own. Where this fails the layout has changed:
/// `cargo run --release --bin seeds` finds inputs for it.
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
#[test]
fn header_is_refused_for_every_reason_that_there_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join("header");
    let files = inputs(&folder).unwrap();
    let effects: BTreeSet<String> = files
        .iter()
        .flat_map(|file| ringway_fuzz::header::effects(&fs::read(file).unwrap()))
        .collect();
    let refused: Vec<_> =
        effects.iter().filter_map(|effect| effect.strip_prefix("refused:")).collect();
    let errors = ["ByteOrder", "MessageType", "NotARing", "TooSmall", "Unpaired", "Version"];
    let fields = ["arena", "flags", "length", "payload_offset", "slots_offset", "stride", "text"];
    for reason in errors.into_iter().chain(fields) {
        assert!(refused.contains(&reason), "no input is refused for: {reason}");
    }
    for got in ["Subscriber:got:2", "Observer:got:2", "Worker:got:2", "Observer:call:Corrupt"] {
        assert!(effects.contains(got), "no input brings {got}");
    }
}

#[test]
fn consumers_survive_whatever_is_written() {
    replay("consumers", ringway_fuzz::consumers::run);
}

#[test]
fn producer_survives_its_consumers() {
    replay("producer", ringway_fuzz::producer::run);
}

#[test]
fn api_does_what_the_model_does() {
    replay("api", ringway_fuzz::api::run);
}

#[test]
fn region_header_is_refused_or_harmless() {
    replay("region_header", ringway_fuzz::region::header::run);
}

/// Each part of a header and of a directory is refused by an input of its own, and each kind of
/// object is used. Where this fails the layout has changed: `cargo run --release --bin seeds` finds
/// inputs for it.
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
#[test]
fn region_header_is_refused_for_every_reason_that_there_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join("region_header");
    let files = inputs(&folder).unwrap();
    let effects: BTreeSet<String> = files
        .iter()
        .flat_map(|file| ringway_fuzz::region::header::effects(&fs::read(file).unwrap()))
        .collect();
    let refused: Vec<_> =
        effects.iter().filter_map(|effect| effect.strip_prefix("refused:")).collect();
    let errors = ["Memory", "Envelope", "Seat"];
    let fields = ["flags", "the_number_of_seats", "the_number_of_objects", "a_place_in_the_header"];
    let entries = ["an_object's_place", "an_object's_name", "an_object's_length"];
    for reason in errors.into_iter().chain(fields).chain(entries) {
        assert!(refused.contains(&reason), "no input is refused for: {reason}");
    }
    let kinds =
        ["lock", "spin", "mutex", "place", "semaphore", "signal", "barrier", "once", "cell"];
    for kind in kinds.into_iter().chain(["row", "condition", "shared", "look:mutex"]) {
        let is_used = |effect: &String| effect.split_once(':').is_some_and(|(of, _)| of == kind);
        assert!(
            effects.iter().any(|effect| effect == kind || is_used(effect)),
            "no {kind} is used"
        );
    }
    for found in ["lock:OwnerDied", "barrier:Gone", "semaphore:Corrupt"] {
        assert!(effects.contains(found), "no input brings {found}");
    }
}

#[test]
fn region_api_does_what_the_models_do() {
    replay("region_api", ringway_fuzz::region::api::run);
}
