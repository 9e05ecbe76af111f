//! Listing, pruning and removing by the envelope alone.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::os::unix::fs::symlink;

use ringway_shm::envelope::{Envelope, HEADER_BYTES, Instance, Kind};
use ringway_shm::file::lock::{self, Lock};
use ringway_shm::fork::Descriptor;
use ringway_shm::segment::{
    Prune, PruneError, Shared, State, UnlinkError, name, prune, segments_in, unlink,
};

use crate::child::{Directory, KIND, Words64};

const INSTANCE: Instance = Instance([1, 2, 3, 4]);

/// A segment that no process owns, of a kind and version that no program knows.
fn strange(directory: &Directory, name: &str, swapped: bool) {
    let envelope = Envelope::new(Kind::new(*b"ODD!"), 77, INSTANCE, 200).encode();
    let file = fs::File::create(directory.0.join(name)).unwrap();
    file.set_len(HEADER_BYTES as u64).unwrap();
    for (i, word) in envelope.into_iter().enumerate() {
        let word = if swapped { word.swap_bytes() } else { word };
        file.write_all_at(&word.to_ne_bytes(), 4 * i as u64).unwrap();
    }
}

fn companion(directory: &Directory, object: &str) {
    fs::write(directory.0.join(name::companion(object, INSTANCE)), "").unwrap();
}

#[test]
fn what_is_of_no_known_kind_version_or_byte_order_is_listed_and_removed_if_it_is_dead() {
    for swapped in [false, true] {
        let directory = Directory::new();
        strange(&directory, "strange", swapped);
        companion(&directory, "strange");
        let living = Shared::<Words64>::create(directory.place("living"), KIND, 1).unwrap();
        let all = segments_in(&directory.0).unwrap();
        let [first, second] = &all[..] else { panic!("{all:?}") };
        assert_eq!((&*first.name, first.kind, first.state), ("living", Some(KIND), State::Alive));
        assert_eq!(
            (&*second.name, second.version, second.state),
            ("strange", Some(77), State::Dead)
        );
        assert!(unlink(&directory.place("strange")).unwrap());
        assert!(!unlink(&directory.place("strange")).unwrap());
        // Its companion has gone with it.
        assert_eq!(directory.names(), ["living"]);
        let error = unlink(&directory.place("living")).unwrap_err();
        assert!(matches!(error, UnlinkError::Alive { .. }), "{error:?}");
        drop(living);
    }
}

#[test]
fn a_segment_with_many_owners_lives_as_long_as_one_of_them() {
    let directory = Directory::new();
    strange(&directory, "many", false);
    let open = || File::options().read(true).write(true).open(directory.0.join("many")).unwrap();
    let owners = [(); 2].map(|()| open());
    owners.iter().for_each(|owner| lock::share(owner, lock::OWNER).unwrap());
    for owner in owners {
        assert_eq!(segments_in(&directory.0).unwrap()[0].state, State::Alive);
        let error = unlink(&directory.place("many")).unwrap_err();
        assert!(matches!(error, UnlinkError::Alive { .. }), "{error:?}");
        let all = || Prune::all().directory(&directory.0);
        assert!(prune(all().dry_run(true)).unwrap().is_empty());
        assert!(prune(all()).unwrap().is_empty());
        drop(owner);
    }
    assert!(unlink(&directory.place("many")).unwrap());
}

#[test]
fn a_lock_of_two_bytes_gives_both_up() {
    let directory = Directory::new();
    strange(&directory, "two", false);
    let open = || File::options().read(true).write(true).open(directory.0.join("two"));
    let other = open().unwrap();
    let held = |at| lock::is_held(&other, at).unwrap();
    let mut taken = Lock::take(Descriptor::open(open).unwrap(), 5).unwrap().unwrap();
    assert!(lock::try_lock(&other, 9).unwrap());
    assert!(!taken.also(9).unwrap(), "another has it");
    lock::unlock(&other, 9);
    assert!(taken.also(9).unwrap() && !taken.also(10).unwrap());
    assert!(held(5) && held(9) && !held(10));
    drop(taken);
    assert!(!held(5) && !held(9));
}

#[test]
fn pruning_takes_what_is_meant_and_nothing_else() {
    let directory = Directory::new();
    for name in ["a.one", "a.two", "b.one"] {
        strange(&directory, name, false);
    }
    // Its segment is gone.
    companion(&directory, "a.gone");
    fs::write(directory.0.join("a.text"), [b'x'; 500]).unwrap();
    fs::create_dir(directory.0.join("a.folder")).unwrap();
    let meant = || Prune::prefix("a.").directory(&directory.0).filter(|name| name != "a.two");
    let would = prune(meant().dry_run(true)).unwrap();
    assert_eq!((would.segments.len(), would.companions.len()), (1, 1));
    let pruned = prune(meant().spare(|_, _| Ok(true))).unwrap();
    assert_eq!((pruned.segments.len(), pruned.companions.len()), (0, 1));
    assert_eq!(prune(meant()).unwrap().segments, ["a.one"]);
    assert_eq!(directory.names(), ["a.folder", "a.text", "a.two", "b.one"]);
    assert!(matches!(prune(""), Err(PruneError::EmptyPrefix)));
}

#[test]
fn what_is_no_segment_is_left_alone() {
    let directory = Directory::new();
    fs::write(directory.0.join("text"), [b'x'; 500]).unwrap();
    fs::write(directory.0.join("short"), "x").unwrap();
    symlink("text", directory.0.join("link")).unwrap();
    assert!(segments_in(&directory.0).unwrap().is_empty());
    for name in ["text", "short"] {
        let error = unlink(&directory.place(name)).unwrap_err();
        assert!(matches!(error, UnlinkError::NotASegment { .. }), "{error:?}");
    }
    let error = unlink(&directory.place("link")).unwrap_err();
    assert!(matches!(error, UnlinkError::NotAFile { .. }), "{error:?}");
    assert_eq!(directory.names(), ["link", "short", "text"]);
}
