//! Who may do what. Other users are played by other processes, which takes root.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{CreateError, JoinError, OpenError, UnlinkError};
use ringway::segment::{Prune, prune, unlink};
use ringway::stats::Liveness;
use ringway::{Options, Ring, Segment, Start, Untyped, Worker};

use crate::children::{check, part, succeeds};
use crate::directory::Directory;

/// A user and a group that own nothing.
pub(crate) const NOBODY: u32 = 65534;
/// The variable with a child's directory.
const DIRECTORY: &str = "RINGWAY_TEST_DIRECTORY";

/// The ring called `ring` in the directory that the parent chose.
fn segment() -> Segment {
    Segment::new("ring").directory(env::var_os(DIRECTORY).unwrap())
}

fn child(name: &str, directory: &Directory) -> Command {
    let mut child = part(name);
    child.env(DIRECTORY, directory.path());
    child
}

/// Runs a part as another user, if this one may.
#[track_caller]
pub(crate) fn as_nobody(name: &str, directory: &Directory) {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can be somebody else");
        return;
    }
    let mut child = child(name, directory);
    child.uid(NOBODY).gid(NOBODY);
    match child.output() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            println!("skipped: another user cannot start this test's program");
        }
        output => check(&output.unwrap()),
    }
}

fn modes(directory: &Directory) -> [(u32, u32); 2] {
    [directory.file("ring"), directory.control_file()].map(|file| {
        let metadata = fs::metadata(file).unwrap();
        (metadata.mode() & 0o7777, metadata.gid())
    })
}

#[test]
fn by_default_a_ring_is_its_owners_alone() {
    let directory = Directory::new();
    let _producer = directory.ring();
    let [data, control] = modes(&directory);
    assert_eq!((data.0, control.0), (0o600, 0o600));
    as_nobody("stranger", &directory);
}

pub(crate) fn stranger() {
    let error = Ring::<u64>::open(segment().owner(0)).unwrap_err();
    assert!(matches!(error, OpenError::PermissionDenied { .. }), "{error:?}");
    let error = unlink(segment()).unwrap_err();
    assert!(matches!(error, UnlinkError::PermissionDenied { .. }), "{error:?}");
}

#[test]
fn what_could_not_be_pruned_is_told_with_its_path() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give files away");
        return;
    }
    let directory = Directory::new();
    directory.orphan(directory.segment("ring"));
    for file in [directory.file("ring"), directory.control_file()] {
        std::os::unix::fs::chown(file, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let before = directory.listing();
    as_nobody("pruner", &directory);
    assert_eq!(directory.listing(), before);
}

/// Its own ring, in a directory where it may remove nothing.
pub(crate) fn pruner() {
    let path = std::path::PathBuf::from(env::var_os(DIRECTORY).unwrap());
    let pruned = prune(Prune::all().directory(&path)).unwrap();
    assert!(pruned.rings.is_empty() && pruned.controls.is_empty(), "{pruned:?}");
    let [(file, error)] = &pruned.failed[..] else { panic!("{pruned:?}") };
    assert_eq!((file, error.kind()), (&path.join("ring"), ErrorKind::PermissionDenied));
}

#[test]
fn nobody_creates_a_ring_where_he_may_not_write() {
    let directory = Directory::new();
    let before = directory.listing();
    as_nobody("creator", &directory);
    assert_eq!(directory.listing(), before);
}

pub(crate) fn creator() {
    let error = Options::<u64>::new(16).create(segment()).unwrap_err();
    assert!(matches!(error, CreateError::PermissionDenied { .. }), "{error:?}");
    // Nor with a group that is not his, where he may.
    let name = format!("ringway-test-creator-{}", std::process::id());
    let foreign = Options::<u64>::new(16).create(Segment::new(&name).observer_group(0));
    let error = foreign.unwrap_err();
    assert!(matches!(error, CreateError::PermissionDenied { .. }), "{error:?}");
    assert!(!unlink(name).unwrap());
}

#[test]
fn a_group_may_observe() {
    let directory = Directory::new();
    let gid = if rustix::process::geteuid().is_root() {
        NOBODY
    } else {
        rustix::process::getegid().as_raw()
    };
    let segment = directory.segment("ring").observer_group(gid);
    let mut producer = Options::<u64>::new(16).create(segment).unwrap();
    let [data, control] = modes(&directory);
    assert_eq!((data, control.0), ((0o640, gid), 0o600));
    producer.try_send(&42).unwrap();
    as_nobody("observer", &directory);
}

pub(crate) fn observer() {
    let ring = Ring::<u64>::open(segment().owner(0)).unwrap();
    assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::ReadOnly);
    let mut observer = ring.observe(Start::Oldest).unwrap();
    assert_eq!(observer.recv(), Ok(42));
    // Without the other owner being named, it is not trusted.
    let error = Ring::<u64>::open(segment()).unwrap_err();
    assert!(matches!(error, OpenError::Untrusted { .. }), "{error:?}");
}

#[test]
fn whoever_may_read_the_data_sees_what_was_sent() {
    let directory = Directory::new();
    let gid = if rustix::process::geteuid().is_root() {
        NOBODY
    } else {
        rustix::process::getegid().as_raw()
    };
    let segment = directory.segment("ring").observer_group(gid);
    let mut producer = Options::<u64>::new(16).create(segment).unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                producer.try_send(&42).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let outcome = catch_unwind(AssertUnwindSafe(|| as_nobody("onlooker", &directory)));
        over.store(true, Ordering::Relaxed);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

pub(crate) fn onlooker() {
    let ring = Ring::<u64>::open(segment().owner(0)).unwrap();
    // Those of consumers are in the control segment.
    assert!(ring.consumer_stats().is_none());
    let start = Instant::now();
    let (mut last, mut grown) = (ring.stats(), 0);
    while grown < 3 {
        let now = ring.stats();
        assert!(now.sent >= last.sent && now.evictions == 0 && now.blocked.is_zero());
        grown += u32::from(now.sent > last.sent);
        last = now;
        assert!(start.elapsed() < Duration::from_secs(60), "nothing more is sent");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_group_may_see_consumers_without_holding_anything_back() {
    let directory = Directory::new();
    let gid = if rustix::process::geteuid().is_root() {
        NOBODY
    } else {
        rustix::process::getegid().as_raw()
    };
    let segment = directory.segment("ring").monitor_group(gid);
    let mut producer = Options::<u64>::new(16).groups(1).create(segment).unwrap();
    assert_eq!(modes(&directory), [(0o640, gid), (0o640, gid)]);
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let _worker = Worker::join(&ring, "workers").unwrap();
    drop(ring.subscribe_durable("away", Start::Next).unwrap());
    assert_eq!(producer.try_send_batch(&[1, 2, 3]), 3);
    assert_eq!(keeper.recv(), Ok(1));
    while producer.send_timeout(&4, Duration::from_millis(100)).is_ok() {}
    as_nobody("monitor", &directory);
}

pub(crate) fn monitor() {
    let ring = Ring::<u64>::open(segment().owner(0)).unwrap();
    assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::ReadOnly);
    assert!(ring.observe(Start::Next).is_ok());
    for _ in 0..2 {
        let all: Vec<_> = ring.consumer_stats().unwrap().collect();
        let [keeper, away, group, worker] = all[..] else { panic!("{all:?}") };
        assert_eq!(keeper.name.unwrap().as_str(), "keeper");
        assert_eq!((keeper.present, keeper.received, keeper.lag), (true, 1, 15));
        let held_by = ring.stats().held_by.unwrap();
        assert!([away.id, group.id].contains(&held_by), "{held_by:?}");
        for living in [keeper, group, worker] {
            assert_eq!(ring.liveness(living.id), Ok(Liveness::Alive), "{living:?}");
        }
        assert_eq!(ring.liveness(away.id), Ok(Liveness::Away));
    }
    // What has no type of its own sees the same.
    let untyped = Ring::<Untyped>::open(segment().owner(0)).unwrap();
    assert_eq!(untyped.consumer_stats().unwrap().count(), 4);
}

#[test]
fn a_group_may_subscribe() {
    let directory = Directory::new();
    let gid = if rustix::process::geteuid().is_root() {
        NOBODY
    } else {
        rustix::process::getegid().as_raw()
    };
    let segment = directory.segment("ring").subscriber_group(gid);
    let mut producer = Options::<u64>::new(16).create(segment).unwrap();
    assert_eq!(modes(&directory), [(0o640, gid), (0o660, gid)]);
    producer.try_send(&42).unwrap();
    as_nobody("subscriber", &directory);
    assert_eq!(producer.consumers(), 0);
}

pub(crate) fn subscriber() {
    let ring = Ring::<u64>::open(segment().owner(0)).unwrap();
    let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
    assert_eq!(subscriber.recv(), Ok(42));
    // The data stays out of reach.
    let path = format!("{}/ring", env::var(DIRECTORY).unwrap());
    let error = fs::File::options().write(true).open(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn the_last_of_observe_and_subscribe_counts() {
    let directory = Directory::new();
    let gid = rustix::process::getegid().as_raw();
    let segment = directory.segment("ring").subscriber_group(gid).observer_group(gid);
    let _producer = Options::<u64>::new(16).create(segment).unwrap();
    let [data, control] = modes(&directory);
    assert_eq!((data.0, control.0), (0o640, 0o600));
}

#[test]
fn what_is_no_group_is_refused() {
    let directory = Directory::new();
    let segment = directory.segment("ring").observer_group(u32::MAX);
    let error = directory.refused(|| Options::<u64>::new(16).create(segment));
    assert!(matches!(error, CreateError::Io { path: Some(_), .. }), "{error:?}");
}

#[test]
fn the_umask_does_not_matter() {
    let directory = Directory::new();
    succeeds(&mut child("without umask", &directory));
    assert!(directory.names().is_empty());
}

pub(crate) fn creator_without_umask() {
    for mask in [0o000, 0o777] {
        // A process of its own, because this is the process's.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
        let _producer = Options::<u64>::new(16).create(segment()).unwrap();
        let path = format!("{}/ring", env::var(DIRECTORY).unwrap());
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o600);
        assert!(Ring::<u64>::open(segment()).is_ok());
    }
}

/// An access list as the kernel keeps it (acl(5), `linux/posix_acl_xattr.h`): a version, and for each
/// entry a tag, permissions, and whose they are.
fn access_list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn a_directorys_default_access_list_lets_nobody_in() {
    const NOT_AN_ID: u32 = u32::MAX;
    let [owner, user, group, mask, other] = [0x01, 0x02, 0x04, 0x10, 0x20];
    let directory = Directory::new();
    let list = access_list(&[
        (owner, 7, NOT_AN_ID),
        (user, 6, NOBODY),
        (group, 0, NOT_AN_ID),
        (mask, 7, NOT_AN_ID),
        (other, 0, NOT_AN_ID),
    ]);
    let flags = rustix::fs::XattrFlags::empty();
    let given = rustix::fs::setxattr(directory.path(), c"system.posix_acl_default", &list, flags);
    if let Err(error) = given {
        println!("skipped: no access lists here: {error}");
        return;
    }
    let gid = rustix::process::getegid().as_raw();
    let producer =
        Options::<u64>::new(16).create(directory.segment("ring").subscriber_group(gid)).unwrap();
    for file in [directory.file("ring"), directory.control_file()] {
        let mut buffer = [0_u8; 256];
        let list = rustix::fs::getxattr(&file, c"system.posix_acl_access", &mut buffer[..]);
        assert_eq!(list.err(), Some(rustix::io::Errno::NODATA), "{}", file.display());
    }
    assert_eq!(fs::metadata(directory.control_file()).unwrap().mode() & 0o777, 0o660);
    drop(producer);
}
