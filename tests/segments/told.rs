//! What the kernel refuses is told, and is not read as a state of the world.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{CreateError, OpenError, ResumeError};
use ringway::segment::{Prune, SegmentState, prune, segments_in};
use ringway::{Options, Segment};
use rustix::fs::FlockOperation;

use crate::children::{part, succeeds};
use crate::directory::{CREATIONS, Directory, VERSION, set_word};
use crate::scarce::limit;

const PATH: &str = "RINGWAY_TEST_PATH";

/// The producer's byte of the data file, and the creator's of the control file.
const PRODUCER: u16 = 0;
const CREATOR: u16 = 4097;

fn directory_of_the_part() -> PathBuf {
    std::env::var_os(PATH).unwrap().into()
}

fn own(name: &str) -> Segment {
    Segment::new(name).directory(directory_of_the_part())
}

/// Whether a process has that lock, seen from a description that has none.
fn is_locked(file: &File, byte: u16) -> bool {
    let mut about = libc::flock {
        l_type: libc::F_RDLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: byte.into(),
        l_len: 1,
        l_pid: 0,
    };
    // SAFETY: the kernel reads and writes the one structure.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &mut about) }, 0);
    i32::from(about.l_type) != libc::F_UNLCK
}

/// A child that does nothing, until this is dropped.
struct Child(libc::pid_t);

impl Child {
    fn fork() -> Child {
        // SAFETY: the child makes system calls only.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "no fork");
        if pid == 0 {
            // SAFETY: takes a number. It ends the child, should its parent not.
            unsafe { libc::alarm(60) };
            loop {
                // SAFETY: has no conditions.
                unsafe { libc::pause() };
            }
        }
        Child(pid)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: it is this process's child, which was not waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: nothing is written.
        unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) };
    }
}

/// A removal locks the file that it removes. A child that is forked meanwhile does not keep the
/// lock.
fn removing_leaves_no_lock(path: &Path, byte: u16, remove: impl FnOnce() + Send) {
    let (outside, reader) = (File::open(path).unwrap(), File::open(path).unwrap());
    // For this a removal waits for a while, with its own lock taken.
    rustix::fs::flock(&reader, FlockOperation::LockShared).unwrap();
    let child = thread::scope(|scope| {
        let remover = scope.spawn(remove);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_locked(&outside, byte) {
            assert!(!remover.is_finished(), "it took no lock");
            assert!(Instant::now() < deadline, "it takes no lock");
        }
        let child = Child::fork();
        remover.join().unwrap();
        child
    });
    assert!(!path.exists(), "not removed");
    assert!(!is_locked(&outside, byte), "the child has the lock");
    drop(child);
}

#[test]
fn a_child_that_is_forked_while_a_dead_ring_is_removed_keeps_no_lock_of_it() {
    for part_of in ["pruning a ring", "pruning a control file", "unlinking another layout"] {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        succeeds(part(&format!("told: {part_of}")).env(PATH, directory.path()));
    }
}

fn control_file() -> PathBuf {
    let entries = fs::read_dir(directory_of_the_part()).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|end| end == "ctl")).unwrap()
}

fn prunes_one() {
    let pruned = prune(Prune::all().directory(directory_of_the_part())).unwrap();
    assert_eq!((pruned.rings.len() + pruned.controls.len(), pruned.failed.len()), (1, 0));
}

fn pruning_a_ring() {
    removing_leaves_no_lock(&directory_of_the_part().join("ring"), PRODUCER, prunes_one);
}

fn pruning_a_control_file() {
    fs::remove_file(directory_of_the_part().join("ring")).unwrap();
    removing_leaves_no_lock(&control_file(), CREATOR, prunes_one);
}

fn unlinking_another_layout() {
    let path = directory_of_the_part().join("ring");
    set_word(&path, VERSION, 99);
    removing_leaves_no_lock(&path, PRODUCER, || {
        assert!(ringway::segment::unlink(own("ring")).unwrap())
    });
}

/// Calls this with none, one, two … descriptors left, and at last with all that are needed.
fn with_few_descriptors(mut call: impl FnMut(usize)) {
    limit(libc::RLIMIT_NOFILE, 64);
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    for left in 0..files.len().min(16) {
        call(left);
        files.pop();
    }
}

/// Of a name that was not looked at it is not said what has it.
#[test]
fn too_few_descriptors_to_look_who_has_a_name_are_that_error() {
    for part_of in ["creating where one lives", "creating where one is dead"] {
        let directory = Directory::new();
        let alive = part_of.ends_with("lives").then(|| directory.ring());
        if alive.is_none() {
            directory.orphan(directory.segment("ring"));
        }
        let before = directory.listing();
        succeeds(part(&format!("told: {part_of}")).env(PATH, directory.path()));
        assert_eq!(directory.listing(), before);
    }
}

/// Whether it is what an operating system says that has no more descriptors.
fn is_short(error: &CreateError) -> bool {
    let (CreateError::Io { source, .. }
    | CreateError::Directory { source, .. }
    | CreateError::Resume(ResumeError::Open(OpenError::Io { source, .. }))) = error
    else {
        return false;
    };
    source.raw_os_error() == Some(libc::EMFILE)
}

fn creating_where_one_lives() {
    let mut looked_at = false;
    with_few_descriptors(|left| {
        for create in CREATIONS {
            let error = create(Options::new(16), own("ring")).unwrap_err();
            looked_at = matches!(&error, CreateError::AlreadyExists { what, .. }
                if matches!(what, ringway::error::Occupant::Alive { .. }));
            assert!(looked_at || is_short(&error), "{left}: {error:?}");
        }
    });
    assert!(looked_at);
}

fn creating_where_one_is_dead() {
    let mut looked_at = false;
    with_few_descriptors(|left| {
        let error = Options::<u64>::new(16).create(own("ring")).unwrap_err();
        looked_at = matches!(error, CreateError::ProducerDied { obstacle: None, .. });
        assert!(looked_at || is_short(&error), "{left}: {error:?}");
        match Options::<u64>::new(16).create_or_resume(own("ring")) {
            Ok(producer) => producer.detach(),
            Err(error) => assert!(is_short(&error), "{left}: {error:?}"),
        }
    });
    assert!(looked_at);
}

/// A ring that could not be looked at is not left out as if it were none.
#[test]
fn too_few_descriptors_to_look_which_rings_there_are_are_that_error() {
    let directory = Directory::new();
    directory.orphan(directory.segment("ring"));
    succeeds(part("told: looking for rings").env(PATH, directory.path()));
    fs::remove_file(directory.file("ring")).unwrap();
    succeeds(part("told: looking for control files").env(PATH, directory.path()));
}

fn looking_for_rings() {
    let path = directory_of_the_part();
    let (mut found, mut told, mut pruned) = (false, false, false);
    with_few_descriptors(|left| {
        match segments_in(&path) {
            Ok(rings) => {
                found = true;
                assert_eq!(rings.len(), 1, "{left}");
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("os error 24"), "{error}");
                assert!(error.contains(path.to_str().unwrap()), "{error}");
                told |= error.contains(path.join("ring").to_str().unwrap());
            }
        }
        let dry = Prune::all().directory(&path).dry_run(true);
        if let Ok(all) = prune(dry) {
            pruned = all.rings == ["ring"];
            let ring = path.join("ring");
            let failed = all.failed.iter().any(|(path, _)| *path == ring);
            assert!(pruned || failed, "{left}: {all:?}");
        }
    });
    assert!(found && told && pruned);
}

fn looking_for_control_files() {
    let (path, control) = (directory_of_the_part(), control_file());
    let (mut told, mut pruned) = (false, false);
    with_few_descriptors(|left| {
        let dry = Prune::all().directory(&path).dry_run(true);
        if let Ok(all) = prune(dry) {
            pruned = all.controls.len() == 1;
            let failed = all.failed.iter().any(|(path, _)| *path == control);
            told |= failed;
            assert!(pruned || failed, "{left}: {all:?}");
        }
    });
    assert!(told && pruned);
}

/// A drop cannot tell that it may not remove the names. They stay as after a death, for all to see.
#[test]
fn names_that_a_dropped_producer_may_not_remove_are_listed_and_pruned() {
    let directory = Directory::new();
    succeeds(part("told: dropping without the right").env(PATH, directory.path()));
    let rings = segments_in(directory.path()).unwrap();
    assert_eq!((rings.len(), rings[0].state), (1, SegmentState::ProducerDied));
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let pruned = prune(Prune::all().directory(directory.path())).unwrap();
    assert_eq!(pruned.rings, ["ring"]);
    assert!(directory.names().is_empty());
}

fn dropping_without_the_right() {
    let producer = Options::<u64>::new(8).create(own("ring")).unwrap();
    fs::set_permissions(directory_of_the_part(), fs::Permissions::from_mode(0o555)).unwrap();
    // SAFETY: takes a number only. Where it is not permitted this user has no more rights already.
    unsafe { libc::setuid(65534) };
    drop(producer);
    assert!(directory_of_the_part().join("ring").exists());
}

/// What processes do that these tests start.
pub(crate) fn play(part: &str) -> Option<()> {
    match part {
        "pruning a ring" => pruning_a_ring(),
        "pruning a control file" => pruning_a_control_file(),
        "unlinking another layout" => unlinking_another_layout(),
        "creating where one lives" => creating_where_one_lives(),
        "creating where one is dead" => creating_where_one_is_dead(),
        "dropping without the right" => dropping_without_the_right(),
        "looking for rings" => looking_for_rings(),
        "looking for control files" => looking_for_control_files(),
        _ => return None,
    }
    Some(())
}
