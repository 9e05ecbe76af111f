//! Creating, opening, handing over; and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use ringway_shm::envelope::{Envelope, EnvelopeError, Kind};
use ringway_shm::file::Untrusted;
use ringway_shm::segment::{
    Access, Anonymous, CreateError, InheritError, Lengths, NameError, OpenError, Rights, SeatBytes,
    Shared,
};

use crate::child::{Directory, KIND, Words64};

type Outcome = Result<Shared<Words64>, OpenError>;

fn open(directory: &Directory) -> Outcome {
    Shared::open(directory.place("segment"), KIND, 1)
}

#[test]
fn of_two_of_one_name_one_is_created_and_it_starts_with_zeros() {
    let directory = Directory::new();
    let create = || Shared::<Words64>::create(directory.place("segment"), KIND, 1);
    let first = create().unwrap();
    assert!(first.words.iter().all(|word| word.load(Ordering::Relaxed) == 0));
    let error = create().unwrap_err();
    assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error:?}");
    assert!(error.to_string().contains("segment"), "{error}");
    drop(first);
    assert!(create().is_ok());
    assert!(directory.names().is_empty());
}

#[test]
fn a_name_that_cannot_be_one_is_refused() {
    let directory = Directory::new();
    for (name, why) in [
        ("", NameError::Empty),
        ("a/b", NameError::Slash),
        ("..", NameError::Dots),
        ("a.ctl", NameError::Reserved),
    ] {
        let error = Shared::<Words64>::create(directory.place(name), KIND, 1).unwrap_err();
        assert!(matches!(error, CreateError::Name(found) if found == why), "{error:?}");
    }
}

#[test]
fn what_is_opened_has_the_kind_the_version_and_the_size_that_are_expected() {
    let directory = Directory::new();
    let place = || directory.place("segment");
    let _owner = Shared::<Words64>::create(place(), KIND, 1).unwrap();
    let why = |outcome: Outcome| match outcome.unwrap_err() {
        OpenError::Envelope { path: Some(path), why } => {
            assert_eq!(path, directory.0.join("segment"));
            why
        }
        error => panic!("{error:?}"),
    };
    let (found, expected) = (KIND, Kind::new(*b"ELSE"));
    assert_eq!(why(Shared::open(place(), expected, 1)), EnvelopeError::Kind { found, expected });
    let version = EnvelopeError::Version { found: 1, supported: 2 };
    assert_eq!(why(Shared::open(place(), KIND, 2)), version);
    let path = directory.0.join("segment");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(130).unwrap();
    assert!(matches!(why(open(&directory)), EnvelopeError::TooShort { len: 130, .. }));
    file.set_len(10).unwrap();
    assert!(matches!(why(open(&directory)), EnvelopeError::TooShort { len: 10, .. }));
    file.set_len(0).unwrap();
    file.set_len(4096).unwrap();
    assert_eq!(why(open(&directory)), EnvelopeError::NotASegment);
}

#[test]
fn a_file_that_other_users_may_write_or_that_is_anothers_is_not_trusted() {
    let directory = Directory::new();
    let _owner = Shared::<Words64>::create(directory.place("segment"), KIND, 1).unwrap();
    let why = |outcome: Outcome| match outcome.unwrap_err() {
        OpenError::Untrusted { why, .. } => why,
        error => panic!("{error:?}"),
    };
    let path = directory.0.join("segment");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(why(open(&directory)), Untrusted::Writable { mode: 0o666 });
    let others = Shared::open(directory.place("segment").owner(12_345), KIND, 1);
    assert!(matches!(why(others), Untrusted::Owner { expected: 12_345, .. }));
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(matches!(why(open(&directory)), Untrusted::NotAFile { .. }));
}

#[test]
fn a_group_gets_the_rights_that_it_is_given() {
    let directory = Directory::new();
    let group = Some(rustix::process::getegid().as_raw());
    for (main, mode) in [(Rights::None, 0o600), (Rights::Read, 0o640), (Rights::Write, 0o660)] {
        let access = Access { group, main, companion: Rights::None };
        let place = directory.place("segment");
        let _owner = Shared::<Words64>::create_for(place, KIND, 1, access).unwrap();
        let found = fs::metadata(directory.0.join("segment")).unwrap().mode() & 0o777;
        assert_eq!(found, mode);
        assert!(open(&directory).is_ok());
    }
}

#[test]
fn a_segment_without_a_name_is_handed_over_sealed() {
    const LENGTHS: Lengths = Lengths { main: 4096, companion: Some(8192) };
    const SEATS: SeatBytes =
        SeatBytes { in_companion: true, first: 0, cleaning: 5000, lives: 10_000 };
    let (files, mapping, instance) = Anonymous::create(LENGTHS, SEATS).unwrap();
    let (start, len) = mapping.main().unwrap();
    let envelope = Envelope::new(KIND, 3, instance, len as u64);
    for (i, word) in envelope.encode().into_iter().enumerate() {
        // SAFETY: in the mapping, which is longer than an envelope.
        let at = unsafe { start.cast::<u32>().add(i) };
        // SAFETY: mapped for writing, aligned, and not shared yet.
        unsafe { at.write(word) };
    }
    files.seal().unwrap();
    let (here, there) = UnixStream::pair().unwrap();
    files.hand_off(&here).unwrap();
    let received = Anonymous::receive(&there).unwrap();
    let (peer, found) = received.open(KIND, 3, SEATS).unwrap();
    assert_eq!(found, envelope);
    assert_eq!((peer.main().unwrap().1, peer.companion().unwrap().unwrap().1), (4096, 8192));
    assert!(received.open(Kind::new(*b"ELSE"), 3, SEATS).is_err());
    let (main, _) = received.into_fds();
    let error = rustix::fs::ftruncate(&main, 100).unwrap_err();
    assert!([rustix::io::Errno::PERM, rustix::io::Errno::INVAL].contains(&error), "{error}");
    files.hand_off_to_read(&here).unwrap();
    assert!(Anonymous::receive(&there).unwrap().companion_file().is_none());
    let null = fs::File::open("/dev/null").unwrap();
    let refused = Anonymous::from_fds(null.into(), None);
    assert!(matches!(refused, Err(InheritError::NotSealed)), "{refused:?}");
}
