//! What an error advises, the library accepts: every text that tells what to do is here with a test
//! that gets the error, and then does just that.
//!
//! Each text stands here as it does in the sources of the errors, above the test that follows its
//! advice: those of calls in `calls.rs`, those about files below.
//! [`every_text_that_advises_is_here`] reads the sources. It fails for a text that has neither a
//! test nor a place among the [`EXPLANATIONS`] or the [`mailboxes::UNTRIED`], and for a text here that the sources do not have.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringway::error::{CreateError, InheritError, NameError};
use ringway::segment::{Prune, prune, unlink};
use ringway::{Anonymous, Options, Producer, Ring, Segment, Start};

use crate::children::{part, succeeds};
use crate::directory::{CLOSED, Directory, VERSION, WORD_SIZE, set_word};
use crate::permissions::{NOBODY, as_nobody};

/// Texts that look like advice, and only say why.
const EXPLANATIONS: &[&str] = &[
    "there is no room, and the kernel did not say which of the consumers in the way are dead",
    "not everything was released, and the kernel did not say which consumers are dead",
    "not all consumers have joined, and the kernel did not say which of those that have are dead",
    "no message, and the kernel did not say whether the producer lives",
    "{} was not removed: it is {what}",
    "descriptor {fd} is not open: it was not inherited",
    "no member of the wait set became ready in that time",
    // Advice, which takes a fork to follow: see `forked_set.rs`.
    "the wait set was made by the process that forked this one: make another one here, of handles \
     that were opened here",
];

/// Fails unless an error says that text, whatever stands in its places.
#[track_caller]
fn says(text: &str, error: &dyn Display) {
    let said = error.to_string();
    let mut rest = said.as_str();
    for piece in text.split(['{', '}']).step_by(2) {
        let Some(at) = rest.find(piece) else {
            panic!("{said:?} does not say {text:?}: no {piece:?}");
        };
        rest = &rest[at + piece.len()..];
    }
}

macro_rules! advice {
    ($($text:literal => fn $test:ident($said:ident) $body:block)*) => {
        /// All that are here.
        pub(super) const TEXTS: &[&str] = &[$($text),*];
        $(
            #[test]
            fn $test() {
                let $said = |error: &dyn std::fmt::Display| crate::advice::says($text, error);
                $body
            }
        )*
    };
}

mod calls;
mod chains;
mod mailboxes;
mod sets;

/// Whether this process may play other users.
fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: only root can be another user");
    }
    root
}

advice! {
    "the ring is closed, and {} could not be removed: unlink it as its owner" =>
    fn closed_and_still_named(said) {
        if !root() {
            return;
        }
        let directory = Directory::new();
        succeeds(part("advice: close").env(PATH, directory.path()));
        said(&heard(&directory));
        fs::remove_file(directory.file("said")).unwrap();
        assert!(unlink(directory.segment("ring")).unwrap());
        assert!(directory.names().is_empty());
    }

    "layout version {found}, but this build reads {supported}: rebuild one of the two sides" =>
    fn other_version(said) {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        let ours = word(&directory, VERSION);
        set_word(&directory.file("ring"), VERSION, 9);
        said(&Ring::<u64>::open(directory.segment("ring")).unwrap_err());
        // The other side, rebuilt.
        set_word(&directory.file("ring"), VERSION, ours);
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }

    "made by a {}-bit build, and this one has {} bits: use one width on both sides" =>
    fn other_width(said) {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        let ours = word(&directory, WORD_SIZE);
        set_word(&directory.file("ring"), WORD_SIZE, 12 - ours);
        said(&Ring::<u64>::open(directory.segment("ring")).unwrap_err());
        set_word(&directory.file("ring"), WORD_SIZE, ours);
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }

    "the producer of {} closed it and died before its name was removed: unlink it, or use \
     create_or_resume" =>
    fn closed_and_left_behind(said) {
        for unlinked in [true, false] {
            let directory = Directory::new();
            let segment = || directory.segment("ring");
            directory.orphan(segment());
            set_word(&directory.file("ring"), CLOSED, 1);
            said(&Producer::<u64>::resume(segment()).unwrap_err());
            let created = if unlinked {
                assert!(unlink(segment()).unwrap());
                Options::<u64>::new(16).create(segment())
            } else {
                Options::<u64>::new(16).create_or_resume(segment())
            };
            assert_eq!(created.unwrap().head(), 0);
        }
    }

    "the name has a slash in it: give the directory apart from it (`directory`)" =>
    fn slash(said) {
        let directory = Directory::new();
        let path = directory.file("ring");
        said(&Options::<u64>::new(8).create(path.to_str().unwrap()).unwrap_err());
        assert!(Options::<u64>::new(8).create(Segment::new("ring").directory(directory.path())).is_ok());
    }

    "the name is empty: choose one of a byte or more" =>
    fn no_name(said) {
        let directory = Directory::new();
        said(&Options::<u64>::new(8).create(directory.segment("")).unwrap_err());
        assert!(Options::<u64>::new(8).create(directory.segment("r")).is_ok());
    }

    "a name of {len} bytes is too long: choose one of {max} or fewer" =>
    fn long_name(said) {
        let directory = Directory::new();
        let error = Options::<u64>::new(8).create(directory.segment(&"r".repeat(256))).unwrap_err();
        said(&error);
        let CreateError::Name(NameError::TooLong { max, .. }) = error else { panic!("{error:?}") };
        assert!(Options::<u64>::new(8).create(directory.segment(&"r".repeat(max))).is_ok());
    }

    "the name has a zero byte in it: choose another name" =>
    fn zero_byte(said) {
        let directory = Directory::new();
        said(&Options::<u64>::new(8).create(directory.segment("a\0b")).unwrap_err());
        assert!(Options::<u64>::new(8).create(directory.segment("ab")).is_ok());
    }

    "names that end in .ctl are for control files: choose another name" =>
    fn reserved_name(said) {
        let directory = Directory::new();
        said(&Options::<u64>::new(8).create(directory.segment("ring.ctl")).unwrap_err());
        assert!(Options::<u64>::new(8).create(directory.segment("ring.control")).is_ok());
    }

    "other messages: the ring's are {found}, the program's {expected}: attach with the type and the \
     tag that its creator chose" =>
    fn other_messages(said) {
        let directory = Directory::new();
        let segment = || directory.segment("ring");
        let _producer = Options::<u64>::new(8).tag(7).create(segment()).unwrap();
        said(&Ring::<u32>::open(segment().expect_tag(7)).unwrap_err());
        said(&Ring::<[u8]>::open(segment().expect_tag(7)).unwrap_err());
        said(&Ring::<u64>::open(segment().expect_tag(8)).unwrap_err());
        assert!(Ring::<u64>::open(segment().expect_tag(7)).is_ok());
    }

    "`.` and `..` are directories: choose another name" =>
    fn dots(said) {
        let directory = Directory::new();
        said(&Options::<u64>::new(8).create(directory.segment("..")).unwrap_err());
        assert!(Options::<u64>::new(8).create(directory.segment("...")).is_ok());
    }

    "the options have the tag {options:#x} and the segment expects {segment:#x}: give one tag" =>
    fn two_tags(said) {
        let directory = Directory::new();
        let options = || Options::<u64>::new(8);
        let tagged = || directory.segment("ring").expect_tag(1);
        said(&options().tag(2).create(tagged()).unwrap_err());
        assert!(options().create(tagged()).is_ok());
        assert!(options().tag(2).create(directory.segment("ring")).is_ok());
    }

    "{} is there already, and its producer is gone: resume it, use create_or_resume, or unlink it" =>
    fn orphaned(said) {
        for way in 0..3 {
            let directory = Directory::new();
            let segment = || directory.segment("ring");
            directory.orphan(segment());
            said(&Options::<u64>::new(16).create(segment()).unwrap_err());
            let producer = match way {
                0 => Producer::<u64>::resume(segment()).unwrap(),
                1 => Options::<u64>::new(16).create_or_resume(segment()).unwrap(),
                _ => {
                    assert!(unlink(segment()).unwrap());
                    Options::<u64>::new(16).create(segment()).unwrap()
                }
            };
            assert_eq!(producer.head(), if way == 2 { 0 } else { 3 });
        }
    }

    "{} is there already, its producer is gone, and it cannot be resumed ({why}): unlink it" =>
    fn orphaned_for_good(said) {
        let spoil: [fn(&Directory); 3] = [
            |directory| fs::remove_file(directory.control_file()).unwrap(),
            |directory| set_word(&directory.file("ring"), CLOSED, 1),
            |directory| {
                let mode = fs::Permissions::from_mode(0o666);
                fs::set_permissions(directory.file("ring"), mode).unwrap();
            },
        ];
        for spoil in spoil {
            let directory = Directory::new();
            let segment = || directory.segment("ring");
            directory.orphan(segment());
            spoil(&directory);
            said(&Options::<u64>::new(16).create(segment()).unwrap_err());
            assert!(unlink(segment()).unwrap());
            assert!(Options::<u64>::new(16).create(segment()).is_ok());
        }
    }

    "{} has no producer and other options ({option}): use the same, or unlink it" =>
    fn different(said) {
        let directory = Directory::new();
        let segment = || directory.segment("ring");
        directory.orphan(segment());
        said(&Options::<u64>::new(32).create_or_resume(segment()).unwrap_err());
        let resumed = Options::<u64>::new(16).create_or_resume(segment()).unwrap();
        assert_eq!(resumed.head(), 3);
        resumed.detach();
        assert!(unlink(segment()).unwrap());
        assert!(Options::<u64>::new(32).create_or_resume(segment()).is_ok());
    }

    " in {}: make the ring smaller, or use a directory with more memory" =>
    fn no_space(said) {
        let directory = Directory::new();
        succeeds(part("advice: no space").env(PATH, directory.path()));
        match fs::read_to_string(directory.file("said")) {
            Ok(error) => said(&error),
            Err(_) => println!("skipped: no file system can be mounted here"),
        }
    }

    " of memory: make the ring smaller" =>
    fn no_memory(said) {
        let directory = Directory::new();
        succeeds(part("advice: no memory").env(PATH, directory.path()));
        said(&heard(&directory));
    }

    "a file of {needed} bytes is needed, and this process may make none above {limit} (RLIMIT_FSIZE): \
     raise the limit, or make the ring smaller" =>
    fn file_size(said) {
        let directory = Directory::new();
        succeeds(part("advice: file size").env(PATH, directory.path()));
        said(&heard(&directory));
    }

    "{} is on {file_system}, which has no files such as rings are made of: use a directory on a tmpfs, \
     such as /dev/shm" =>
    fn unsupported(said) {
        let directory = Directory::new();
        let error = Options::<u64>::new(8).create(Segment::new("ring").directory("/proc")).unwrap_err();
        if !matches!(error, CreateError::PermissionDenied { .. }) {
            said(&error);
        }
        assert!(Options::<u64>::new(8).create(directory.segment("ring")).is_ok());
        let name = format!("ringway-test-advice-{}", std::process::id());
        assert!(Options::<u64>::new(8).create(Segment::new(name).directory("/dev/shm")).is_ok());
    }

    ": open it, or choose another name" =>
    fn taken(said) {
        let directory = Directory::new();
        let _producer = directory.ring();
        said(&Options::<u64>::new(16).create(directory.segment("ring")).unwrap_err());
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
        assert!(Options::<u64>::new(16).create(directory.segment("another")).is_ok());
    }

    ", but its control file is lost: unlink it, or choose another name" =>
    fn taken_and_out_of_reach(said) {
        let directory = Directory::new();
        let _producer = directory.ring();
        fs::remove_file(directory.control_file()).unwrap();
        let create = |name: &str| Options::<u64>::new(16).create_or_resume(directory.segment(name));
        said(&create("ring").unwrap_err());
        assert!(create("another").is_ok());
        assert!(unlink(directory.segment("ring")).unwrap());
        assert!(create("ring").is_ok());
    }

    " with another layout ({why}): choose another name" =>
    fn taken_by_another_layout(said) {
        let directory = Directory::new();
        let _producer = directory.ring();
        set_word(&directory.file("ring"), VERSION, 9);
        said(&Options::<u64>::new(16).create(directory.segment("ring")).unwrap_err());
        assert!(Options::<u64>::new(16).create(directory.segment("another")).is_ok());
    }

    "was closed by its producer, and kept: use create_or_resume to go on with it, open it to read what \
     is left, or unlink it" =>
    fn taken_and_closed(said) {
        let directory = Directory::new();
        let segment = || directory.segment("ring").keep(true);
        directory.ring_without_producer();
        said(&Options::<u64>::new(16).create(segment()).unwrap_err());
        assert!(Ring::<u64>::open(segment()).unwrap().observe(Start::Oldest).unwrap().is_closed());
        assert_eq!(Options::<u64>::new(16).create_or_resume(segment()).unwrap().epoch(), 1);
        assert!(unlink(segment()).unwrap());
        assert!(Options::<u64>::new(16).create(segment()).is_ok());
    }

    "without a producer, and cannot be resumed by this build ({why}): unlink it" =>
    fn dead_of_another_layout(said) {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        set_word(&directory.file("ring"), VERSION, 9);
        said(&Options::<u64>::new(16).create(directory.segment("ring")).unwrap_err());
        said(&Options::<u64>::new(16).create_or_resume(directory.segment("ring")).unwrap_err());
        assert!(unlink(directory.segment("ring")).unwrap());
        assert!(Options::<u64>::new(16).create(directory.segment("ring")).is_ok());
    }

    "and belongs to user {uid}: choose another name" =>
    fn taken_by_another_user(said) {
        if !root() {
            return;
        }
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        chown(directory.file("ring"), Some(12_345), None).unwrap();
        said(&Options::<u64>::new(16).create(directory.segment("ring")).unwrap_err());
        assert!(Options::<u64>::new(16).create(directory.segment("another")).is_ok());
    }

    "and is not a ring: choose another name" =>
    fn taken_by_a_file(said) {
        let directory = Directory::new();
        fs::write(directory.file("ring"), "no ring").unwrap();
        said(&Options::<u64>::new(16).create(directory.segment("ring")).unwrap_err());
        assert!(Options::<u64>::new(16).create(directory.segment("another")).is_ok());
    }

    "and is {what}: choose another name" =>
    fn taken_by_what_is_no_file(said) {
        let directory = Directory::new();
        fs::create_dir(directory.file("ring")).unwrap();
        said(&Options::<u64>::new(16).create(directory.segment("ring")).unwrap_err());
        assert!(Options::<u64>::new(16).create(directory.segment("another")).is_ok());
    }

    "and could not be looked at: choose another name" =>
    fn taken_by_what_cannot_be_opened(said) {
        if !root() {
            return;
        }
        let directory = Directory::new();
        // Its own, and not even readable: which root would not be kept from.
        fs::write(directory.file("ring"), "no ring").unwrap();
        fs::set_permissions(directory.file("ring"), fs::Permissions::from_mode(0o000)).unwrap();
        for path in [directory.file("ring"), directory.path().into()] {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        as_nobody("advice: unreadable", &directory);
        said(&heard(&directory));
    }

    "there is no ring {}: is its producer running?" =>
    fn not_found(said) {
        let directory = Directory::new();
        said(&Ring::<u64>::open(directory.segment("ring")).unwrap_err());
        let _running = directory.ring();
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }

    "the ring {} did not appear in time: is its producer running?" =>
    fn not_found_in_time(said) {
        let directory = Directory::new();
        let open = || Ring::<u64>::open_wait(directory.segment("ring"), Duration::from_millis(1));
        said(&open().unwrap_err());
        let _running = directory.ring();
        assert!(open().is_ok());
    }

    "{} has lost its control file and cannot be used: unlink it" =>
    fn lost_its_control_file(said) {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        fs::remove_file(directory.control_file()).unwrap();
        said(&Ring::<u64>::open(directory.segment("ring")).unwrap_err());
        assert!(unlink(directory.segment("ring")).unwrap());
        let _producer = directory.ring();
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }

    "no permission to open {}: have it created with Segment::observer_group or \
     Segment::subscriber_group for a group of this process" =>
    fn not_let_in(said) {
        if !root() {
            return;
        }
        let directory = Directory::new();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
        drop(directory.ring());
        let producer = directory.ring();
        as_nobody("advice: not let in", &directory);
        said(&heard(&directory));
        drop(producer);
        for segment in [directory.segment("ring").observer_group(NOBODY), directory.segment("ring").subscriber_group(NOBODY)] {
            let producer = Options::<u64>::new(16).create(segment).unwrap();
            as_nobody("advice: let in", &directory);
            drop(producer);
        }
    }

    "it is a symbolic link: name the segment itself" =>
    fn link(said) {
        let directory = Directory::new();
        let _producer = directory.ring();
        symlink("ring", directory.file("link")).unwrap();
        said(&Ring::<u64>::open(directory.segment("link")).unwrap_err());
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }

    "it belongs to user {found} and not to {expected}: if that is right, name the user with `owner`" =>
    fn of_another_user(said) {
        if !root() {
            return;
        }
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        for file in [directory.file("ring"), directory.control_file()] {
            chown(file, Some(12_345), None).unwrap();
        }
        said(&Ring::<u64>::open(directory.segment("ring")).unwrap_err());
        assert!(Ring::<u64>::open(directory.segment("ring").owner(12_345)).is_ok());
    }

    "it belongs to user {found}, which here stands for every user without a number: open it as its \
     owner, or where its owner has a number" =>
    fn of_a_user_without_a_number(said) {
        if !root() {
            return;
        }
        let directory = crate::owner::foreign_orphan();
        crate::owner::in_a_namespace("advice: unproven", crate::owner::FOREIGNER + 1, &directory);
        match fs::read_to_string(directory.file("said")) {
            Ok(error) => said(&error),
            Err(_) => return,
        }
        fs::remove_file(directory.file("said")).unwrap();
        // Where it has a number, and as itself.
        assert!(Ring::<u64>::open(directory.segment("ring").owner(crate::owner::FOREIGNER)).is_ok());
        crate::owner::in_a_namespace("own", crate::owner::FOREIGNER, &directory);
    }

    "it is writable by other users (mode {mode:04o}): unlink and recreate it" =>
    fn writable(said) {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        fs::set_permissions(directory.file("ring"), fs::Permissions::from_mode(0o666)).unwrap();
        said(&Ring::<u64>::open(directory.segment("ring")).unwrap_err());
        assert!(unlink(directory.segment("ring")).unwrap());
        let _producer = directory.ring();
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }

    "{} was not removed, being a symbolic link: name the ring itself" =>
    fn unlinking_a_link(said) {
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        symlink("ring", directory.file("link")).unwrap();
        said(&unlink(directory.segment("link")).unwrap_err());
        assert!(unlink(directory.segment("ring")).unwrap());
    }

    " with another layout ({why}): end that process first" =>
    fn unlinking_what_lives(said) {
        let directory = Directory::new();
        let owner = crate::said::Owner::start(&directory);
        set_word(&directory.file("ring"), VERSION, 9);
        said(&unlink(directory.segment("ring")).unwrap_err());
        drop(owner);
        assert!(unlink(directory.segment("ring")).unwrap());
    }

    "no permission to remove {}: do it as its owner" =>
    fn unlinking_without_permission(said) {
        if !root() {
            return;
        }
        let directory = Directory::new();
        let gid = NOBODY;
        let producer = Options::<u64>::new(16).create(directory.segment("ring").observer_group(gid)).unwrap();
        // It may say what it is told, and remove nothing.
        fs::write(directory.file("said"), "").unwrap();
        fs::set_permissions(directory.file("said"), fs::Permissions::from_mode(0o666)).unwrap();
        as_nobody("advice: unlink", &directory);
        said(&heard(&directory));
        producer.detach();
        assert!(unlink(directory.segment("ring")).unwrap());
    }

    "an empty prefix would take everything: give a prefix, or use Prune::all if all are meant" =>
    fn empty_prefix(said) {
        said(&prune("").unwrap_err());
        let directory = Directory::new();
        directory.orphan(directory.segment("ring"));
        let would = |what: Prune<'_>| prune(what.directory(directory.path()).dry_run(true)).unwrap();
        assert_eq!(would(Prune::prefix("ri")).rings, ["ring"]);
        assert_eq!(would(Prune::all()).rings, ["ring"]);
    }

    "{variable} is not set: have the process started with Anonymous::pass_to" =>
    fn not_inherited(said) {
        // SAFETY: no process sets this variable, and so it holds no numbers.
        let error = unsafe { Anonymous::from_env("RINGWAY_TEST_NEVER_SET") }.unwrap_err();
        assert!(matches!(error, InheritError::NoVariable { .. }));
        said(&error);
        let (_producer, files) = Options::<u64>::new(16).anonymous().unwrap();
        let mut child = part("advice: inherits");
        files.pass_to(&mut child, PASSED).unwrap();
        succeeds(&mut child);
    }
}

const PATH: &str = "RINGWAY_TEST_PATH";
const PASSED: &str = "RINGWAY_TEST_PASSED";

fn word(directory: &Directory, at: u64) -> u32 {
    let bytes = fs::read(directory.file("ring")).unwrap();
    let at = at as usize * 4;
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// What a part was told by an error.
fn heard(directory: &Directory) -> String {
    fs::read_to_string(directory.file("said")).unwrap()
}

/// The directory of a part, by whichever variable its parent has said it.
fn place() -> PathBuf {
    let said = ["RINGWAY_TEST_DIRECTORY", PATH].map(std::env::var_os);
    said.into_iter().flatten().next().unwrap().into()
}

fn segment() -> Segment {
    Segment::new("ring").directory(place())
}

fn tell(error: &dyn Display) {
    fs::write(place().join("said"), error.to_string()).unwrap();
}

/// The parts that processes play here: `None` for none of that name.
pub(crate) fn play(part: &str) -> Option<()> {
    match part {
        "close" => {
            let producer = Options::<u64>::new(8).create(segment()).unwrap();
            // Before it loses the right to write there.
            fs::write(place().join("said"), "").unwrap();
            chown(place().join("said"), Some(NOBODY), None).unwrap();
            // SAFETY: takes a number only.
            assert_eq!(unsafe { libc::setuid(NOBODY) }, 0);
            tell(&producer.close().unwrap_err());
        }
        "not let in" => tell(&Ring::<u64>::open(segment().owner(0)).unwrap_err()),
        "let in" => drop(Ring::<u64>::open(segment().owner(0)).unwrap()),
        "unreadable" => {
            let create =
                |name| Options::<u64>::new(8).create(Segment::new(name).directory(place()));
            tell(&create("ring").unwrap_err());
            assert!(create("another").is_ok());
        }
        "unproven" => tell(&Ring::<u64>::open(segment()).unwrap_err()),
        "unlink" => tell(&unlink(segment()).unwrap_err()),
        "inherits" => {
            // SAFETY: the parent set the variable for this process, and this is the only call.
            let files = unsafe { Anonymous::from_env(PASSED) }.unwrap();
            assert_eq!(files.ring::<u64>(0).unwrap().capacity(), 16);
        }
        "file size" => {
            let (few, many) = (libc::rlimit { rlim_cur: 1 << 16, rlim_max: 1 << 30 }, 1 << 30);
            let set = |limit: libc::rlimit| {
                // SAFETY: it reads the one structure.
                assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
            };
            set(few);
            tell(&Options::<u64>::new(1 << 16).create(segment()).unwrap_err());
            assert!(Options::<u64>::new(1 << 10).create(segment()).is_ok());
            set(libc::rlimit { rlim_cur: many, rlim_max: many });
            assert!(Options::<u64>::new(1 << 16).create(segment()).is_ok());
        }
        "no space" => {
            let small = place().join("small");
            fs::create_dir(&small).unwrap();
            let path = std::ffi::CString::new(small.to_str().unwrap()).unwrap();
            let (kind, options) = (c"tmpfs".as_ptr(), c"size=128k".as_ptr());
            let mounted = crate::scarce::own_mounts()
                // SAFETY: reads strings that are there.
                && unsafe { libc::mount(kind, path.as_ptr(), kind, 0, options.cast()) } == 0;
            if mounted {
                let there = || Segment::new("ring").directory(&small);
                tell(&Options::<u64>::new(1 << 16).create(there()).unwrap_err());
                assert!(Options::<u64>::new(1 << 8).create(there()).is_ok());
                assert!(Options::<u64>::new(1 << 16).create(segment()).is_ok());
            }
        }
        "no memory" => {
            crate::scarce::no_files_longer_than(1 << 16);
            tell(&Options::<u64>::new(1 << 16).anonymous().unwrap_err());
            assert!(Options::<u64>::new(1 << 8).anonymous().is_ok());
        }
        _ => return None,
    }
    Some(())
}

/// Whether a text tells what to do: it goes on behind a colon, or has one of the words that advice
/// has.
fn advises(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "unlink", "use", "choose", "resume", "say", "raise", "make", "rebuild", "create",
        "recreate", "observe", "start", "restart", "call", "try", "wait",
    ];
    let behind_a_colon = text.match_indices(": ").any(|(at, _)| {
        text[at + 2..].starts_with(|first: char| first.is_alphabetic() || first == '`')
    });
    let words = text.split(|c: char| !c.is_alphabetic());
    behind_a_colon || words.into_iter().any(|word| WORDS.contains(&word))
}

/// The texts that a file of the library writes: its string literals, as the compiler reads them.
fn texts(source: &str) -> BTreeSet<String> {
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut found = BTreeSet::new();
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            continue;
        }
        let mut text = String::new();
        loop {
            match letters.next().expect("a literal has an end") {
                '"' => break,
                '\\' => match letters.next().unwrap() {
                    // The line ends, and what it goes on with is indented.
                    '\n' => {
                        letters = letters.as_str().trim_start().chars();
                    }
                    letter => text.push(letter),
                },
                letter => text.push(letter),
            }
        }
        found.insert(text);
    }
    found
}

/// The files that hold the texts of errors: those below a folder, or a file, that is called
/// `error`.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap().with_extension("");
            if path.is_dir() {
                folders.push(path);
            } else if below.iter().any(|part| part == "error") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    // Those of the crate below that a ring's caller gets.
    for below in [
        "crates/shm/src/file/owner.rs",
        "crates/shm/src/segment/error/inherit.rs",
        "crates/shm/src/segment/error/name.rs",
        "crates/shm/src/segment/error/prune.rs",
    ] {
        found.push(fs::read_to_string(root.join(below)).unwrap());
    }
    found
}

#[test]
fn every_text_that_advises_is_here() {
    let all: BTreeSet<String> = sources().iter().flat_map(|source| texts(source)).collect();
    assert!(all.len() > 100, "not all of them were found: {}", all.len());
    let tried = [TEXTS, calls::TEXTS, chains::TEXTS, mailboxes::TEXTS, sets::TEXTS];
    let known = [&tried.concat()[..], EXPLANATIONS, mailboxes::UNTRIED].concat();
    let known: BTreeSet<&str> = known.into_iter().collect();
    let without: Vec<_> =
        all.iter().filter(|text| advises(text) && !known.contains(text.as_str())).collect();
    assert!(without.is_empty(), "texts that advise, and have no test: {without:#?}");
    let gone: Vec<_> = known.iter().filter(|text| !all.contains(**text)).collect();
    assert!(gone.is_empty(), "texts that are none of the library's any more: {gone:#?}");
}

#[test]
fn what_advises_is_told_from_what_does_not() {
    for advice in ["no: unlink it", "a: `b`", "unlink", "please use it", "wrong; try again"] {
        assert!(advises(advice), "{advice}");
    }
    for none in ["{}: {why}", "used", "too long (at most {max})", "nothing: {error}"] {
        assert!(!advises(none), "{none}");
    }
    let source = "// \"a comment: no\"\nwrite!(f, \"one, \\\n     two: {x}\")";
    assert_eq!(texts(source), BTreeSet::from(["one, two: {x}".to_owned()]));
}
