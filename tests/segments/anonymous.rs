//! Rings without a name, also in the hands of another process.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use memmap2::MmapOptions;
use ringway::error::{HeaderError, InheritError, JoinError, OpenError, RecvError};
use ringway::stats::Liveness;
use ringway::{Anonymous, Options, Start};
use rustix::fs::{MemfdFlags, OFlags, SealFlags};
use rustix::io::FdFlags;

use crate::children::{part, succeeds};
use crate::directory::Directory;

const VARIABLE: &str = "RINGWAY_TEST_RING";
const MESSAGES: u64 = 10_000;

/// The two files of a ring.
fn both(files: Anonymous) -> (OwnedFd, OwnedFd) {
    let (data, control) = files.into_fds();
    (data, control.unwrap())
}

#[test]
fn nobody_can_change_the_sizes_or_write_the_data() {
    let (mut producer, files) = Options::<u64>::new(16).anonymous().unwrap();
    let (data, control) = both(files);
    let sizes = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    let data_seals = rustix::fs::fcntl_get_seals(&data).unwrap();
    let control_seals = rustix::fs::fcntl_get_seals(&control).unwrap();
    assert!(data_seals.contains(sizes | SealFlags::FUTURE_WRITE));
    assert!(control_seals.contains(sizes));

    let (mut data, control) = (File::from(data), File::from(control));
    let denied = ErrorKind::PermissionDenied;
    for file in [&data, &control] {
        for len in [0, 1 << 20] {
            assert_eq!(file.set_len(len).unwrap_err().kind(), denied);
        }
    }
    assert_eq!(data.write(b"x").unwrap_err().kind(), denied);
    let writable = MmapOptions::new().map_raw(&data);
    assert_eq!(writable.unwrap_err().kind(), denied);
    assert!(MmapOptions::new().map_raw_read_only(&data).is_ok());

    // The producer still can.
    let files = Anonymous::from_fds(data.into(), Some(control.into())).unwrap();
    let ring = files.ring::<u64>(0).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    drop(files);
    for n in 0..100 {
        producer.try_send(&n).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(n));
    }
}

#[test]
fn a_child_process_receives_everything_in_order() {
    let options = Options::<u64>::new(64).tag(7).subscribers(1);
    let (mut producer, files) = options.anonymous().unwrap();
    let mut command = part("heir");
    files.pass_to(&mut command, VARIABLE).unwrap();
    drop(files);
    // One after the other, with the same command.
    for _ in 0..2 {
        let mut child = command.spawn().unwrap();
        producer.wait_for_consumers(1, Duration::from_secs(60)).unwrap();
        for n in 0..MESSAGES {
            producer.send(&n).unwrap();
        }
        assert!(child.wait().unwrap().success());
    }
}

pub(crate) fn heir() {
    // SAFETY: the parent set the variable for this process, and this is the only call.
    let files = unsafe { Anonymous::from_env(VARIABLE) }.unwrap();
    let wrong = files.ring::<u64>(8).unwrap_err();
    assert!(
        matches!(wrong, OpenError::Header { why: HeaderError::MessageType { .. }, .. }),
        "{wrong:?}"
    );
    let ring = files.ring::<u64>(7).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..MESSAGES {
        assert_eq!(subscriber.recv(), Ok(n % MESSAGES));
    }
    let (data, control) = both(files);
    for fd in [data, control] {
        let flags = rustix::io::fcntl_getfd(&fd).unwrap();
        assert!(flags.contains(FdFlags::CLOEXEC));
    }
}

#[test]
fn what_was_not_passed_is_not_taken() {
    let values = ["", "3;", "3,", "a,b", "3,4,5", "-1,-2", "5,5", "1000,1001", "0,1"];
    for value in values {
        succeeds(part("heir of nothing").env(VARIABLE, value));
    }
    // A ring that is there in this process is not in a child that it was not passed to.
    let (_producer, files) = Options::<u64>::new(16).anonymous().unwrap();
    let (data, control) = both(files);
    let number = std::os::fd::AsRawFd::as_raw_fd;
    let value = format!("{},{}", number(&data), number(&control));
    succeeds(part("heir of nothing").env(VARIABLE, value));
}

pub(crate) fn heir_of_nothing() {
    let value = std::env::var(VARIABLE).unwrap();
    // SAFETY: what the variable holds are no descriptors, or not such as are taken.
    let error = unsafe { Anonymous::from_env(VARIABLE) }.unwrap_err();
    let expected = match (value.as_str(), &error) {
        ("0,1", InheritError::NotSealed) => true,
        ("0,1" | "1000,1001", error) => matches!(error, InheritError::NotOpen { .. }),
        (_, InheritError::Malformed { variable }) => variable == VARIABLE,
        // The numbers of the parent's, which may be this process's own files.
        (_, InheritError::NotOpen { .. } | InheritError::NotSealed) => value.len() > 2,
        _ => false,
    };
    assert!(expected, "{value}: {error:?}");
}

#[test]
fn files_whose_sizes_can_change_are_refused() {
    let directory = Directory::new();
    let named = || OwnedFd::from(File::create(directory.file("file")).unwrap());
    let memory = |seals| {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = rustix::fs::memfd_create("test", flags).unwrap();
        rustix::fs::fcntl_add_seals(&fd, seals).unwrap();
        fd
    };
    let device = || OwnedFd::from(File::open("/dev/null").unwrap());
    let sealed = || memory(SealFlags::SHRINK | SealFlags::GROW);
    for (data, control) in [
        (named(), named()),
        (device(), device()),
        (sealed(), memory(SealFlags::SHRINK)),
        (memory(SealFlags::GROW), sealed()),
        (memory(SealFlags::empty()), memory(SealFlags::empty())),
    ] {
        let error = Anonymous::from_fds(data, Some(control)).unwrap_err();
        assert!(matches!(error, InheritError::NotSealed), "{error:?}");
    }
    // Sealed, and empty.
    let files = Anonymous::from_fds(sealed(), Some(sealed())).unwrap();
    let error = files.ring::<u64>(0).unwrap_err();
    let OpenError::Header { path: None, why: HeaderError::TooSmall { len: 0, .. } } = error else {
        panic!("{error:?}");
    };
}

#[test]
fn the_two_files_of_different_rings_or_in_the_wrong_order_are_refused() {
    let fds = || both(Options::<u64>::new(16).anonymous().unwrap().1);
    let ((first, first_control), (second, second_control)) = (fds(), fds());
    let refused = |data, control| {
        let files = Anonymous::from_fds(data, Some(control)).unwrap();
        match files.ring::<u64>(0).unwrap_err() {
            OpenError::Header { why, .. } => why,
            error => panic!("{error:?}"),
        }
    };
    assert_eq!(refused(first, second_control), HeaderError::Unpaired);
    assert_eq!(refused(first_control, second), HeaderError::NotARing);
}

#[test]
fn consumers_drain_what_a_producer_that_is_gone_has_sent() {
    let (mut producer, files) = Options::<u64>::new(16).anonymous().unwrap();
    let mut subscriber = files.ring::<u64>(0).unwrap().subscribe(Start::Next).unwrap();
    producer.try_send(&1).unwrap();
    drop((producer, files));
    assert_eq!(subscriber.recv(), Ok(1));
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
}

#[test]
fn what_is_handed_off_are_open_files_of_the_receivers_own() {
    let (here, there) = UnixStream::pair().unwrap();
    let (mut producer, files) = Options::<u64>::new(16).anonymous().unwrap();
    files.hand_off(&here).unwrap();
    files.hand_off_to_observe(&here).unwrap();
    let (data, control) = both(Anonymous::receive(&there).unwrap());
    let access = rustix::fs::fcntl_getfl(&data).unwrap() & OFlags::ACCMODE;
    assert_eq!(access, OFlags::RDONLY);
    for fd in [&data, &control] {
        assert!(rustix::io::fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
    }
    let received = Anonymous::from_fds(data, Some(control)).unwrap();
    let to_observe = Anonymous::receive(&there).unwrap().ring::<u64>(0).unwrap();
    drop(files);

    let ring = received.ring::<u64>(0).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = to_observe.observe(Start::Next).unwrap();
    let consumer = ring.consumer_stats().unwrap().next().unwrap().id;
    assert_eq!(ring.liveness(consumer), Ok(Liveness::Alive));
    // Without the control file it is not known, and is no death.
    assert!(to_observe.consumer_stats().is_none());
    assert!(to_observe.liveness(consumer).is_err());
    assert_eq!(to_observe.subscribe(Start::Next).unwrap_err(), JoinError::ReadOnly);
    assert!(subscriber.is_producer_alive().unwrap() && observer.is_producer_alive().unwrap());
    producer.send(&7).unwrap();
    assert_eq!((subscriber.recv(), observer.recv()), (Ok(7), Ok(7)));
    drop(producer);
    assert_eq!(observer.recv(), Err(RecvError::Closed));
}

#[test]
fn what_is_not_handed_off_is_not_taken() {
    let (here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let nothing = Anonymous::receive(&there).unwrap_err();
    assert!(matches!(nothing, InheritError::Io { .. }), "{nothing:?}");
    (&here).write_all(b"something else").unwrap();
    let other = Anonymous::receive(&there).unwrap_err();
    assert!(matches!(other, InheritError::NotASegment), "{other:?}");
    drop(here);
    while matches!(Anonymous::receive(&there), Err(InheritError::NotASegment)) {}
    let ended = Anonymous::receive(&there).unwrap_err();
    assert!(matches!(ended, InheritError::Io { .. }), "{ended:?}");
}
