//! What a child that was forked can do with its parent's handles: drop them, and nothing else.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ringway_shm::file::lock;
use ringway_shm::segment::{Lengths, SeatBytes, Shared, Unnamed};

use crate::child::{Directory, KIND, Words64};

/// Whether all went well in a child that was forked.
pub(crate) fn forked(child: impl FnOnce()) -> bool {
    // SAFETY: the child calls what follows and ends; the C library takes care of its allocator's
    // locks.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "no fork");
    if pid == 0 {
        let well = catch_unwind(AssertUnwindSafe(child)).is_ok();
        // SAFETY: ends the process, and runs nothing of the parent's.
        unsafe { libc::_exit(i32::from(!well)) }
    }
    let mut status = 0;
    // SAFETY: writes the one number.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    status == 0
}

/// Opens that file under all numbers that the parent's descriptors had.
fn fill(path: &std::path::Path) -> Vec<File> {
    (0..64).map(|_| File::options().read(true).write(true).open(path).unwrap()).collect()
}

#[test]
fn a_forked_child_owns_nothing_of_its_parents_and_locks_no_other_file_in_its_place() {
    let directory = Directory::new();
    let mut owner = Shared::<Words64>::create(directory.place("segment"), KIND, 1).unwrap();
    let mut peer = Shared::<Words64>::open(directory.place("segment"), KIND, 1).unwrap();
    let other = directory.0.join("other");
    std::fs::write(&other, [0; 4096]).unwrap();
    let well = forked(|| {
        let files = fill(&other);
        assert!(owner.owner_is_alive().is_err() && peer.owner_is_alive().is_err());
        assert!(peer.take_over().is_err());
        assert!(owner.take_over().is_err());
        assert!(peer.mapping().lock_as_owner().is_err());
        assert!(peer.seats().claim(0).is_err());
        assert_eq!(peer.seats().life(|| 1), None);
        assert!(peer.mapping().header().is_err());
        assert!(!lock::is_any_held(&files[0], 0, 0).unwrap());
    });
    assert!(well);
    assert!(peer.owner_is_alive().unwrap());
}

#[test]
fn a_forked_child_removes_no_names_of_its_parents() {
    const LENGTHS: Lengths = Lengths { main: 4096, companion: Some(4096) };
    const SEATS: SeatBytes =
        SeatBytes { in_companion: true, first: 0, cleaning: 5000, lives: 10_000 };
    let directory = Directory::new();
    let place = directory.place("segment");
    let unnamed = Unnamed::new(&place, LENGTHS, SEATS).unwrap();
    let mapping = unnamed.publish(&place, Default::default(), false).unwrap();
    let names = directory.names();
    assert_eq!(names.len(), 2);
    assert!(forked(|| _ = mapping.give_up_names(true)));
    assert_eq!(directory.names(), names);
    drop(mapping);
    assert!(directory.names().is_empty());
}
