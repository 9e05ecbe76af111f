//! Whose a ring is, in a user namespace where one number stands for many users.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use ringway::error::{CreateError, Occupant, OpenError, ResumeError, Untrusted};
use ringway::segment::{Prune, SegmentState, prune, segments_in};
use ringway::{Options, Producer, Ring, Segment, Start};

use crate::children::{check, part};
use crate::directory::Directory;

const PATH: &str = "RINGWAY_TEST_PATH";
/// The overflow user, and a user who has no number in the namespace.
const OVERFLOW: u32 = 65534;
pub(crate) const FOREIGNER: u32 = 12_345;

fn segment() -> Segment {
    Segment::new("ring").directory(env::var_os(PATH).unwrap())
}

/// A dead ring, whose files belong to that user.
fn orphan_of(directory: &Directory, uid: u32) {
    directory.orphan(directory.segment("ring"));
    for file in [directory.file("ring"), directory.control_file()] {
        chown(file, Some(uid), Some(uid)).unwrap();
    }
    chown(directory.path(), Some(uid), Some(uid)).unwrap();
    // So that what keeps others from it is not its permissions.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
}

/// One of a user who has no number in the namespaces here, and that every user may read.
pub(crate) fn foreign_orphan() -> Directory {
    let directory = Directory::new();
    orphan_of(&directory, FOREIGNER);
    for file in [directory.file("ring"), directory.control_file()] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    directory
}

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: only root can give files away");
    }
    root
}

/// A process in a user namespace of its own in which no user has a number.
pub(crate) fn in_a_namespace(name: &str, uid: u32, directory: &Directory) {
    let mut child = part(name);
    child.env(PATH, directory.path()).uid(uid).gid(uid);
    let unshare = || {
        // SAFETY: takes a number only.
        match unsafe { libc::unshare(libc::CLONE_NEWUSER) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork and exec it makes one system call, and neither allocates nor locks.
    unsafe { child.pre_exec(unshare) };
    match child.output() {
        Err(error) => println!("skipped: no user namespace to be had: {error}"),
        Ok(output) => check(&output),
    }
}

/// The files are readable by all, and their owner shows as the process's own number: by numbers alone
/// they would be its own.
#[test]
fn a_file_of_another_user_without_a_number_is_not_ones_own() {
    if !is_root() {
        return;
    }
    let directory = foreign_orphan();
    let before = directory.listing();
    in_a_namespace("without a number", FOREIGNER + 1, &directory);
    assert_eq!(directory.listing(), before);
}

pub(crate) fn without_a_number() {
    let me = rustix::process::geteuid().as_raw();
    let shown = std::os::unix::fs::MetadataExt::uid(
        &fs::metadata(PathBuf::from(env::var_os(PATH).unwrap()).join("ring")).unwrap(),
    );
    assert_eq!((me, shown), (OVERFLOW, OVERFLOW), "not such a namespace");
    let unproven = Untrusted::Unproven { found: OVERFLOW };
    for segment in [segment(), segment().owner(OVERFLOW)] {
        let error = Ring::<u64>::open(&segment).unwrap_err();
        assert!(matches!(error, OpenError::Untrusted { why, .. } if why == unproven), "{error:?}");
        let error = Producer::<u64>::resume(&segment).unwrap_err();
        assert!(
            matches!(
                error,
                ResumeError::Open(OpenError::Untrusted { .. } | OpenError::PermissionDenied { .. })
            ),
            "{error:?}"
        );
        let error = Options::<u64>::new(16).create_or_resume(&segment).unwrap_err();
        assert!(
            matches!(
                error,
                CreateError::AlreadyExists { what: Occupant::OtherUser { uid: OVERFLOW }, .. }
            ),
            "{error:?}"
        );
    }
    let directory = PathBuf::from(env::var_os(PATH).unwrap());
    let rings = segments_in(&directory).unwrap();
    assert_eq!(rings[0].state, SegmentState::Inaccessible);
    assert!(prune(Prune::all().directory(directory)).unwrap().is_empty());
}

/// The same number, and truly its own.
#[test]
fn in_such_a_namespace_ones_own_ring_is_ones_own() {
    if !is_root() {
        return;
    }
    let directory = Directory::new();
    orphan_of(&directory, FOREIGNER);
    in_a_namespace("own", FOREIGNER, &directory);
    assert_eq!(directory.names(), [""; 0]);
}

/// As the user whose number the overflow user has, outside of any namespace.
#[test]
fn who_truly_is_user_65534_has_rings_like_others() {
    if !is_root() {
        return;
    }
    let directory = Directory::new();
    orphan_of(&directory, OVERFLOW);
    let mut child = part("own");
    child.env(PATH, directory.path()).uid(OVERFLOW).gid(OVERFLOW);
    check(&child.output().unwrap());
    assert_eq!(directory.names(), [""; 0]);
}

/// Opens, lists, takes over and prunes what belongs to it.
pub(crate) fn own() {
    let directory = PathBuf::from(env::var_os(PATH).unwrap());
    assert_eq!(segments_in(&directory).unwrap()[0].state, SegmentState::ProducerDied);
    for segment in [segment(), segment().owner(OVERFLOW)] {
        let mut observer = Ring::<u64>::open(&segment).unwrap().observe(Start::Oldest).unwrap();
        assert_eq!(observer.try_recv(), Ok(0));
        let producer = Options::<u64>::new(16).create_or_resume(&segment).unwrap();
        assert_eq!(producer.head(), 3);
        producer.detach();
    }
    assert_eq!(prune(Prune::all().directory(&directory)).unwrap().rings, ["ring"]);
}
