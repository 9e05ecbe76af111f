//! Rings that another build has made: what is dead is found, listed and removed, whatever its version,
//! word size or byte order.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use ringway::error::{CreateError, HeaderError, Occupant, OpenError, UnlinkError};
use ringway::segment::{Prune, SegmentInfo, SegmentState, prune, segments_in, unlink};
use ringway::{Options, Ring};

use crate::directory::{BYTE_ORDER, CREATIONS, Directory, VERSION, WORD_SIZE, set_word};

const HEADER: usize = 128;

/// The header as a machine of the other byte order would have written it, and the control file's name as
/// that machine would have called it: by the numbers, which are the same.
fn swap(directory: &Directory) {
    let file = File::options().read(true).write(true).open(directory.file("ring")).unwrap();
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, 0).unwrap();
    for word in header.chunks_exact_mut(4) {
        word.reverse();
    }
    file.write_all_at(&header, 0).unwrap();
}

/// What makes a ring another build's, and its name.
type Other = (&'static str, fn(&Directory));

/// Every way in which a ring can be another build's, and what is said of it.
fn others() -> Vec<Other> {
    fn version(directory: &Directory) {
        set_word(&directory.file("ring"), VERSION, 9);
    }
    fn word_size(directory: &Directory) {
        let other = 12 - size_of::<ringway::Position>() as u32;
        set_word(&directory.file("ring"), WORD_SIZE, other);
    }
    vec![
        ("version", version),
        ("word size", word_size),
        ("byte order", swap),
        ("version and byte order", |directory| {
            version(directory);
            swap(directory);
        }),
        ("a field of the first version", |directory| {
            set_word(&directory.file("ring"), BYTE_ORDER, 0x0403_0201);
        }),
    ]
}

fn listed(directory: &Directory) -> SegmentInfo {
    let mut all = segments_in(directory.path()).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_dead_ring_of_another_layout_is_listed_unlinked_and_pruned() {
    for (what, change) in others() {
        for pruned in [false, true] {
            let directory = Directory::new();
            let segment = || directory.segment("ring");
            directory.orphan(segment());
            change(&directory);
            let ring = listed(&directory);
            assert_eq!(ring.state, SegmentState::ProducerDied, "{what}");
            let why = ring.foreign.expect(what);

            let error = directory.refused(|| Ring::<u64>::open(segment()));
            assert!(matches!(error, OpenError::Header { why: w, .. } if w == why), "{error:?}");
            // A process that may start again does not throw away what it cannot read.
            for create in CREATIONS {
                let error = directory.refused(|| create(Options::new(16), segment()));
                let expected = Occupant::OtherLayout { why };
                assert!(
                    matches!(error, CreateError::AlreadyExists { what, .. } if what == expected),
                    "{what}: {error:?}"
                );
            }
            if pruned {
                let pruned = prune(Prune::all().directory(directory.path())).unwrap();
                assert_eq!(pruned.rings, ["ring"], "{what}");
                assert!(pruned.controls.is_empty() && pruned.failed.is_empty(), "{pruned:?}");
            } else {
                assert!(unlink(segment()).unwrap(), "{what}");
            }
            assert_eq!(directory.names(), [""; 0], "{what}");
            assert!(Options::<u64>::new(16).create(segment()).is_ok());
        }
    }
}

#[test]
fn a_living_ring_of_another_layout_stays_and_is_said_to_live() {
    for (what, change) in others() {
        let directory = Directory::new();
        let segment = || directory.segment("ring");
        let producer = directory.ring();
        change(&directory);
        assert_eq!(listed(&directory).state, SegmentState::Alive, "{what}");
        assert!(prune(Prune::all().directory(directory.path())).unwrap().is_empty());
        let error = directory.refused(|| unlink(segment()));
        let UnlinkError::Alive { producer: Some(holder), .. } = &error else {
            panic!("{what}: {error:?}");
        };
        assert_eq!((holder.pid, holder.stopped), (std::process::id(), false));
        assert!(error.to_string().contains("its producer lives (process "), "{error}");
        let error = directory.refused(|| Options::<u64>::new(16).create(segment()));
        assert!(
            matches!(
                error,
                CreateError::AlreadyExists { what: Occupant::Alive { foreign: Some(_), .. }, .. }
            ),
            "{what}: {error:?}"
        );
        drop(producer);
        assert_eq!(directory.names(), [""; 0], "{what}");
    }
}

/// What was closed and kept stays when others prune, as far as this build can read that it was.
#[test]
fn what_another_word_size_or_byte_order_has_closed_and_kept_is_not_pruned() {
    for (what, change) in others() {
        let directory = Directory::new();
        directory.ring_without_producer();
        change(&directory);
        let known = !what.contains("version");
        let expected = if known { SegmentState::Closed } else { SegmentState::ProducerDied };
        // A field of the first version is one of a version that is known.
        let expected = if what.starts_with("a field") { SegmentState::Closed } else { expected };
        assert_eq!(listed(&directory).state, expected, "{what}");
        let pruned = prune(Prune::all().directory(directory.path())).unwrap();
        assert_eq!(pruned.is_empty(), expected == SegmentState::Closed, "{what}: {pruned:?}");
        assert_eq!(unlink(directory.segment("ring")).unwrap(), pruned.is_empty());
    }
}

#[test]
fn a_control_file_goes_by_the_instance_of_a_ring_of_any_layout() {
    for (what, change) in others() {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        change(&directory);
        let all = || Prune::prefix("ring").directory(directory.path());
        // Its ring is there, though another build's.
        let foreign = directory.listing();
        let closed = prune(all().filter(|_| false)).unwrap();
        assert!(closed.is_empty() && directory.listing() == foreign, "{what}");
        fs::remove_file(directory.file("ring")).unwrap();
        assert_eq!(prune(all()).unwrap().controls.len(), 1, "{what}");
    }
}

/// Control files have the magic of control files: they are no rings.
#[test]
fn what_has_not_the_magic_of_data_is_left_alone() {
    let directory = Directory::new();
    directory.orphan(directory.segment("ring"));
    fs::copy(directory.control_file(), directory.file("copy")).unwrap();
    let error = directory.refused(|| unlink(directory.segment("copy")));
    assert!(matches!(error, UnlinkError::NotARing { why: HeaderError::NotARing, .. }), "{error:?}");
    assert_eq!(listed(&directory).name, "ring");
}
