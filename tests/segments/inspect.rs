//! What a ring says of itself to a process that does not attach.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use ringway::error::{HeaderError, OpenError, Untrusted};
use ringway::segment::{SegmentState, inspect};
use ringway::{Options, Overflow, Producer};

use crate::directory::{Directory, VERSION, set_word};

const TEXT: &str = "instrument:u32 größe:u32 price:f64";

#[test]
fn an_inspection_says_what_the_options_said() {
    let directory = Directory::new();
    let segment = || directory.segment("ring");
    let mut producer = Options::bytes(100, 48)
        .arena(4096)
        .subscribers(3)
        .groups(2)
        .workers(5)
        .max_lag(9)
        .max_hold(Duration::from_millis(7))
        .tag(6)
        .text(TEXT)
        .create(segment())
        .unwrap();
    producer.send(b"one").unwrap();
    let before = directory.listing();
    let found = inspect(segment()).unwrap();
    assert_eq!(directory.listing(), before);
    assert_eq!((&found.kind.letters(), found.version), (b"RDAT", 2));
    assert_eq!((found.state, found.tag), (SegmentState::Alive, Some(6)));
    assert_eq!(found.text.as_deref(), Some(TEXT));
    let data = fs::metadata(directory.file("ring")).unwrap();
    assert_eq!((found.owner, found.mode, found.data_bytes), (data.uid(), 0o600, data.len()));
    let control = fs::metadata(directory.control_file()).unwrap();
    assert_eq!(found.control_bytes, Some(control.len()));
    let ring = found.ring.unwrap();
    assert_eq!((ring.capacity, ring.max_len, ring.arena), (128, 2048, 4096));
    assert_eq!((ring.subscribers, ring.groups, ring.workers), (3, 2, 5));
    assert_eq!((ring.max_lag, ring.max_away), (Some(9), None));
    assert_eq!(ring.max_hold, Some(Duration::from_millis(7)));
    assert_eq!((ring.overflow, ring.observers), (Overflow::Wait, true));
    let message = ring.message;
    assert_eq!((message.variable, message.size, message.tag), (true, 48, 6));
    assert_eq!((ring.origin, ring.epoch), (0, 0));
}

#[test]
fn the_text_is_the_rings_and_not_its_successors() {
    let directory = Directory::new();
    let segment = || directory.segment("ring");
    Options::<u64>::new(8).text("first").create(segment()).unwrap().detach();
    let found = inspect(segment()).unwrap();
    assert_eq!(found.state, SegmentState::ProducerDied);
    let producer = Options::<u64>::new(8).text("second").create_or_resume(segment()).unwrap();
    let found = inspect(segment()).unwrap();
    assert_eq!(found.text.as_deref(), Some("first"));
    assert_eq!(found.ring.unwrap().epoch, 1);
    drop(producer);
    let longest = "x".repeat(4000);
    let _producer = Options::<u64>::new(8).text(&*longest).create(segment()).unwrap();
    assert_eq!(inspect(segment()).unwrap().text, Some(longest));
}

#[test]
fn what_was_closed_and_kept_and_what_has_no_text() {
    let directory = Directory::new();
    let segment = || directory.segment("ring").keep(true);
    let mut producer = Options::<u64>::new(8).create(segment()).unwrap();
    assert_eq!(producer.try_send_batch(&[1, 2, 3]), 3);
    producer.close().unwrap();
    let found = inspect(segment()).unwrap();
    assert_eq!((found.state, found.text), (SegmentState::Closed, None));
    assert_eq!(found.ring.unwrap().head, 3);
    assert_eq!(Producer::<u64>::resume(segment()).unwrap().head(), 3);
}

#[test]
fn another_layout_is_said_and_what_is_no_ring_is_an_error() {
    let directory = Directory::new();
    directory.orphan(directory.segment("ring"));
    set_word(&directory.file("ring"), VERSION, 9);
    let found = inspect(directory.segment("ring")).unwrap();
    assert_eq!((found.version, found.state), (9, SegmentState::ProducerDied));
    assert!(matches!(found.ring, Err(HeaderError::Version { found: 9, .. })), "{found:?}");

    fs::write(directory.file("text"), [b'x'; 200]).unwrap();
    let error = inspect(directory.segment("text")).unwrap_err();
    assert!(matches!(error, OpenError::Header { why: HeaderError::NotARing, .. }), "{error:?}");
    fs::write(directory.file("short"), "x").unwrap();
    let error = inspect(directory.segment("short")).unwrap_err();
    assert!(matches!(error, OpenError::Header { .. }), "{error:?}");
    directory.fifo("fifo");
    let error = inspect(directory.segment("fifo")).unwrap_err();
    let OpenError::Untrusted { why: Untrusted::NotAFile { .. }, .. } = error else {
        panic!("{error:?}");
    };
    let error = inspect(directory.segment("none")).unwrap_err();
    assert!(matches!(error, OpenError::NotFound { .. }), "{error:?}");
}

/// A file that was cut short is what an operator looks at.
#[test]
fn a_ring_that_was_cut_short_is_told_as_far_as_it_is_there() {
    let directory = Directory::new();
    let segment = || directory.segment("ring");
    Options::<u64>::new(8).tag(3).text("n:u64").create(segment()).unwrap().detach();
    let data = fs::File::options().write(true).open(directory.file("ring")).unwrap();
    for (len, state) in [(200, SegmentState::ProducerDied), (128, SegmentState::Inaccessible)] {
        data.set_len(len).unwrap();
        let found = inspect(segment()).unwrap();
        assert_eq!((found.state, found.data_bytes), (state, len));
        assert_eq!(&found.kind.letters(), b"RDAT");
        assert!(matches!(found.ring, Err(HeaderError::TooSmall { .. })), "{:?}", found.ring);
    }
}
