//! What is asked for cannot be: a typed error each, and nothing is left behind.

use std::fs;

use ringway::error::{
    ConfigError, CreateError, JoinError, NameError, OpenError, TrySendError, UnlinkError,
};
use ringway::segment::unlink;
use ringway::{Options, Overflow, Ring, Spin, Start};

use crate::directory::Directory;

#[track_caller]
fn refused_name(name: &str) -> NameError {
    let directory = Directory::new();
    let segment = || directory.segment(name);
    let create = directory.refused(|| Options::<u64>::new(8).create(segment()));
    let open = directory.refused(|| Ring::<u64>::open(segment()));
    let unlinked = directory.refused(|| unlink(segment()));
    let CreateError::Name(error) = create else {
        panic!("{create:?}");
    };
    assert!(matches!(open, OpenError::Name(e) if e == error), "{open:?}");
    assert!(matches!(unlinked, UnlinkError::Name(e) if e == error), "{unlinked:?}");
    error
}

#[test]
fn a_name_that_is_empty() {
    assert_eq!(refused_name(""), NameError::Empty);
}

#[test]
fn a_name_that_is_too_long_and_the_longest_that_is_not() {
    let (len, max) = (219, 218);
    let error = refused_name(&"n".repeat(len));
    assert_eq!(error, NameError::TooLong { len, max });

    let directory = Directory::new();
    let segment = directory.segment(&"n".repeat(max));
    let producer = Options::<u64>::new(8).create(&segment).unwrap();
    assert!(Ring::<u64>::open(&segment).is_ok());
    drop(producer);
    assert!(directory.names().is_empty());
}

#[test]
fn a_name_with_a_slash() {
    assert_eq!(refused_name("a/b"), NameError::Slash);
    assert_eq!(refused_name("/absolute"), NameError::Slash);
    assert_eq!(refused_name("../up"), NameError::Slash);
}

#[test]
fn a_name_that_cannot_be_a_file_or_could_be_a_control_file() {
    assert_eq!(refused_name("a\0b"), NameError::Nul);
    assert_eq!(refused_name("."), NameError::Dots);
    assert_eq!(refused_name(".."), NameError::Dots);
    assert_eq!(refused_name("ring.ctl"), NameError::Reserved);
}

#[track_caller]
fn refused_options(options: Options<[u8]>) -> ConfigError {
    let directory = Directory::new();
    let named = directory.refused(|| options.clone().create(directory.segment("ring")));
    let anonymous = directory.refused(|| options.anonymous());
    let CreateError::Config(error) = named else {
        panic!("{named:?}");
    };
    assert!(matches!(anonymous, CreateError::Config(e) if e == error));
    error
}

#[test]
fn a_capacity_of_0_or_one_that_cannot_be_represented() {
    let zero = refused_options(Options::bytes(0, 8));
    assert_eq!(zero, ConfigError::ZeroCapacity);
    for capacity in [usize::MAX / 2 + 1, usize::MAX] {
        let error = refused_options(Options::bytes(capacity, 8));
        assert!(matches!(error, ConfigError::CapacityTooLarge { .. }), "{error:?}");
    }
}

#[test]
fn a_message_larger_than_any_can_be() {
    let error = refused_options(Options::bytes(8, usize::MAX));
    assert!(matches!(error, ConfigError::MessageTooLarge { len: usize::MAX, .. }), "{error:?}");
}

#[test]
fn a_message_larger_than_the_rings_maximum() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let mut producer = Options::bytes(8, 100).create(&segment).unwrap();
    let ring = Ring::<[u8]>::open(&segment).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let error = directory.refused(|| producer.try_send(&[0; 101]));
    assert_eq!(error, TrySendError::TooLarge { len: 101, max: 100 });
    producer.try_send(&[7; 100]).unwrap();
    assert_eq!(subscriber.try_recv_into(&mut [0; 100]), Ok(100));
}

#[test]
fn a_segment_that_is_missing() {
    let directory = Directory::new();
    let error = directory.refused(|| Ring::<u64>::open(directory.segment("ring")));
    assert!(
        matches!(&error, OpenError::NotFound { path } if *path == directory.file("ring")),
        "{error:?}"
    );
}

#[test]
fn a_segment_that_is_already_there() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    let mut subscriber =
        Ring::<u64>::open(directory.segment("ring")).unwrap().subscribe(Start::Next).unwrap();
    let create = || Options::<u64>::new(16).create(directory.segment("ring"));
    let error = directory.refused(create);
    assert!(
        matches!(&error, CreateError::AlreadyExists { path, .. } if *path == directory.file("ring")),
        "{error:?}"
    );
    producer.try_send(&3).unwrap();
    assert_eq!(subscriber.try_recv(), Ok(3));
}

#[test]
fn something_else_that_has_the_name() {
    let directory = Directory::new();
    fs::write(directory.file("file"), "not a ring").unwrap();
    fs::create_dir(directory.file("directory")).unwrap();
    std::os::unix::fs::symlink("nowhere", directory.file("link")).unwrap();
    for name in ["file", "directory", "link"] {
        let create = || Options::<u64>::new(16).create(directory.segment(name));
        let error = directory.refused(create);
        assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error:?}");
    }
}

#[test]
fn a_file_system_that_is_full() {
    let file_system = rustix::fs::statvfs("/dev/shm").unwrap();
    let total = file_system.f_blocks * file_system.f_frsize;
    if total == 0 {
        println!("skipped: /dev/shm has no limit here, so that this would fill the memory");
        return;
    }
    // The kernel refuses at once what is more than all of it: nothing is filled up.
    let len = 1 << 20;
    let capacity = usize::try_from(total).unwrap() / len + 1;
    let options = Options::bytes(capacity, len);
    let (data_len, control_len) = options.segment_lengths().unwrap();

    let directory = Directory::new();
    let error = directory.refused(|| options.create(directory.segment("ring")));
    let expected = (data_len + control_len) as u64;
    assert!(
        matches!(error, CreateError::NoSpace { needed, .. } if needed == expected),
        "{error:?}"
    );
}

#[test]
fn no_free_consumer_entry() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let producer = Options::<u64>::new(16).subscribers(2).create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let again = Ring::<u64>::open(&segment).unwrap();
    let first = ring.subscribe(Start::Next).unwrap();
    let _second = again.subscribe(Start::Next).unwrap();
    let error = directory.refused(|| ring.subscribe(Start::Next));
    assert_eq!(error, JoinError::NoFreeEntry { entries: 2 });
    drop(first);
    assert!(again.subscribe(Start::Next).is_ok());
    drop(producer);
}

#[test]
fn an_entry_that_somebody_has_or_that_is_none() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let mut producer = Options::<u64>::new(16).subscribers(2).groups(1).create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let again = Ring::<u64>::open(&segment).unwrap();
    // SAFETY: nobody else joins, here and below.
    let join = |ring: &Ring<u64>, entry| unsafe { ring.subscribe_in(entry, Start::Next, Spin) };
    let mut second = join(&ring, 1).unwrap();
    for entry in [1, 2, usize::MAX] {
        let error = directory.refused(|| join(&again, entry));
        assert_eq!(error, JoinError::EntryInUse { entry, entries: 2 });
    }
    // Others keep off it, and it off theirs.
    let first = again.subscribe(Start::Next).unwrap();
    let error = directory.refused(|| again.subscribe(Start::Next));
    assert_eq!(error, JoinError::NoFreeEntry { entries: 2 });
    let error = directory.refused(|| join(&ring, 0));
    assert_eq!(error, JoinError::EntryInUse { entry: 0, entries: 2 });
    assert_eq!(producer.try_send_batch(&[7; 20]), 16);
    assert_eq!(second.try_recv(), Ok(7));
    drop((first, second));
    assert_eq!(producer.try_send_batch(&[8; 20]), 20);
    let mut second = join(&again, 1).unwrap();
    producer.try_send(&9).unwrap();
    assert_eq!(second.try_recv(), Ok(9));
}

#[test]
fn a_subscriber_of_a_ring_that_overwrites() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let options = Options::<u64>::new(16).overflow(Overflow::Overwrite);
    let _producer = options.create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let error = directory.refused(|| ring.subscribe(Start::Next));
    assert_eq!(error, JoinError::Overwrites);
}

#[test]
fn a_directory_that_is_missing_or_is_none() {
    let directory = Directory::new();
    fs::write(directory.file("file"), "").unwrap();
    for name in ["missing", "file"] {
        let segment = directory.segment("ring").directory(directory.file(name));
        let create = directory.refused(|| Options::<u64>::new(8).create(&segment));
        assert!(matches!(create, CreateError::Directory { .. }), "{create:?}");
        let open = directory.refused(|| Ring::<u64>::open(&segment));
        assert!(matches!(open, OpenError::Directory { .. }), "{open:?}");
        let unlinked = directory.refused(|| unlink(&segment));
        assert!(matches!(unlinked, UnlinkError::Directory { .. }), "{unlinked:?}");
    }
}

#[test]
fn a_directory_without_files_that_have_no_name() {
    let directory = Directory::new();
    let segment = directory.segment("ring").directory("/proc");
    let error = directory.refused(|| Options::<u64>::new(8).create(&segment));
    // A user other than root is stopped before that.
    assert!(
        matches!(
            error,
            CreateError::UnsupportedDirectory { .. } | CreateError::PermissionDenied { .. }
        ),
        "{error:?}"
    );
}

#[test]
fn errors_say_what_to_do() {
    let directory = Directory::new();
    let missing = Ring::<u64>::open(directory.segment("ring")).unwrap_err();
    let path = directory.file("ring");
    assert_eq!(
        missing.to_string(),
        format!("there is no ring {}: is its producer running?", path.display())
    );
    let slash = Options::<u64>::new(8).create("a/b").unwrap_err();
    assert_eq!(
        slash.to_string(),
        "the name has a slash in it: give the directory apart from it (`directory`)"
    );
}
