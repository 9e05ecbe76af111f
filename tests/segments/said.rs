//! What errors say: enough to decide by.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Child;
use std::time::{Duration, Instant};

use ringway::error::{
    CreateError, Difference, HeaderError, JoinError, Occupant, OpenError, ResumeError,
};
use ringway::segment::Holder;
use ringway::{Options, Overflow, Producer, Ring, Segment, Start, Worker};
use rustix::process::{Pid, Signal, WaitOptions};

use crate::children::part;
use crate::directory::{CREATIONS, Directory};

const PATH: &str = "RINGWAY_TEST_PATH";

/// A process that has created the ring `ring`, and waits to be killed.
pub(crate) struct Owner(Child);

impl Owner {
    pub(crate) fn start(directory: &Directory) -> Owner {
        let child = part("owner").env(PATH, directory.path()).spawn().unwrap();
        let owner = Owner(child);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !directory.file("created").exists() {
            assert!(Instant::now() < deadline, "it creates nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
        owner
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn owner() {
    let directory = std::path::PathBuf::from(std::env::var_os(PATH).unwrap());
    let segment = Segment::new("ring").directory(&directory);
    let _producer = Options::<u64>::new(16).create(segment).unwrap();
    fs::write(directory.join("created"), "").unwrap();
    std::thread::sleep(Duration::from_secs(120));
}

#[test]
fn a_name_that_is_taken_says_by_which_process_and_whether_that_is_stopped() {
    let directory = Directory::new();
    let owner = Owner::start(&directory);
    let segment = || directory.segment("ring");
    let holder = || {
        let created = Options::<u64>::new(16).create(segment()).unwrap_err();
        let said = created.to_string();
        let CreateError::AlreadyExists { what: Occupant::Alive { producer, foreign }, .. } =
            created
        else {
            panic!("{created:?}");
        };
        assert_eq!(foreign, None);
        let again = Options::<u64>::new(16).create_or_resume(segment()).unwrap_err();
        assert_eq!(again.to_string(), said);
        let resumed = Producer::<u64>::resume(segment()).unwrap_err();
        let ResumeError::Alive { producer: same, .. } = resumed else { panic!("{resumed:?}") };
        assert_eq!(same, producer);
        let Holder { pid, stopped, .. } = producer.unwrap();
        assert!(said.contains(&format!("its producer lives (process {pid}")), "{said}");
        assert_eq!(said.contains("which is stopped"), stopped, "{said}");
        (pid, stopped)
    };
    assert_eq!(holder(), (owner.0.id(), false));
    let pid = Pid::from_child(&owner.0);
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    rustix::process::waitpid(Some(pid), WaitOptions::UNTRACED).unwrap();
    assert_eq!(holder(), (owner.0.id(), true));
}

#[test]
fn a_name_that_is_taken_says_what_has_it() {
    let directory = Directory::new();
    let create = || Options::<u64>::new(16).create(directory.segment("ring")).map(drop);
    let occupant = || match create().unwrap_err() {
        CreateError::AlreadyExists { what, path } => {
            assert_eq!(path, directory.file("ring"));
            what
        }
        error => panic!("{error:?}"),
    };
    fs::write(directory.file("ring"), "text ".repeat(100)).unwrap();
    assert_eq!(occupant(), Occupant::NotARing);
    fs::write(directory.file("ring"), "short").unwrap();
    assert_eq!(occupant(), Occupant::NotARing);
    fs::remove_file(directory.file("ring")).unwrap();
    directory.ring_without_producer();
    assert_eq!(occupant(), Occupant::Closed);
    if rustix::process::geteuid().is_root() {
        chown(directory.file("ring"), Some(12_345), None).unwrap();
        assert_eq!(occupant(), Occupant::OtherUser { uid: 12_345 });
    }
}

/// The first option that differs, by its name in `Options`.
#[test]
fn a_ring_that_differs_says_in_what() {
    type Change = fn(Options<[u8]>) -> Options<[u8]>;
    let base = || Options::bytes(16, 100).subscribers(2).groups(1).workers(3).arena(1024);
    let directory = Directory::new();
    let segment = || directory.segment("ring");
    base().create(segment()).unwrap().detach();
    const NONE: u64 = u64::MAX;
    let changes: [(&str, u64, u64, Change); 10] = [
        ("subscribers", 2, 3, |o| o.subscribers(3)),
        ("groups", 1, 2, |o| o.groups(2)),
        ("workers", 3, 5, |o| o.workers(5)),
        ("observers", 1, 0, |o| o.observers(false)),
        ("hold_in_place", 0, 1, |o| o.hold_in_place(true)),
        ("arena", 1024, 2048, |o| o.arena(2048)),
        ("line_per_slot", 15, 16, |o| o.line_per_slot(true)),
        ("max_lag", NONE, 4, |o| o.max_lag(4)),
        ("max_hold", NONE, 7, |o| o.max_hold(Duration::from_millis(7))),
        ("max_away", NONE, 8, |o| o.max_away(Duration::from_millis(8))),
    ];
    let differs = |options: Options<[u8]>| match options.create_or_resume(segment()).unwrap_err() {
        CreateError::Different { option, path } => {
            assert_eq!(path, directory.file("ring"));
            option
        }
        error => panic!("{error:?}"),
    };
    // What there is no limit to is said by no number.
    let value = |value: u64| Some(value).filter(|&value| value != NONE);
    let word = |value: Option<u64>| value.map_or("none".to_owned(), |value| value.to_string());
    let check = |option: Difference, name, found, wanted| {
        let (found, wanted) = (value(found), value(wanted));
        assert_eq!((option.name, option.found, option.wanted), (name, found, wanted));
        let (found, wanted) = (word(found), word(wanted));
        let said = format!("Options::{name} is {found} there and {wanted} here");
        assert_eq!(option.to_string(), said);
    };
    for (name, found, wanted, change) in changes {
        let option = differs(change(base()));
        if name == "line_per_slot" {
            // What it comes to in a slot depends on the width of words.
            assert_eq!(option.name, name);
        } else {
            check(option, name, found, wanted);
        }
    }
    let remade =
        |options: fn() -> Options<[u8]>| options().subscribers(2).groups(1).workers(3).arena(1024);
    check(differs(remade(|| Options::bytes(32, 100))), "bytes(capacity)", 16, 32);
    check(differs(remade(|| Options::bytes(16, 96))), "bytes(max_len)", 100, 96);
    let overwriting = Options::bytes(16, 100).arena(1024).overflow(Overflow::Overwrite);
    let overwriting = overwriting.subscribers(2).groups(1).workers(3);
    assert_eq!(differs(overwriting).name, "overflow");
    // The ring is as it was, for the same options.
    assert_eq!(base().create_or_resume(segment()).unwrap().epoch(), 1);
}

#[test]
fn a_name_in_the_ring_that_is_in_use_says_whose() {
    let directory = Directory::new();
    let _producer = Options::<u64>::new(16).groups(1).create(directory.segment("ring")).unwrap();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let _keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let _worker = Worker::join(&ring, "billing").unwrap();
    for (error, said) in [
        (ring.subscribe_durable("keeper", Start::Next).unwrap_err(), "the durable name \"keeper\""),
        (ring.remove_durable("keeper").unwrap_err(), "the durable name \"keeper\""),
        (ring.remove_group("billing").unwrap_err(), "the group \"billing\" still has workers"),
    ] {
        assert!(matches!(error, JoinError::InUse { .. }), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn what_the_system_says_is_said_in_words() {
    let error = JoinError::Lock { os_error: libc::EMFILE };
    assert!(error.to_string().contains("Too many open files"), "{error}");
}

#[test]
fn the_tag_of_a_segment_counts_at_creation() {
    let directory = Directory::new();
    let segment = || directory.segment("ring").expect_tag(5);
    for create in CREATIONS {
        for options in [Options::new(16), Options::new(16).tag(5)] {
            let producer = create(options, segment()).unwrap();
            assert!(Ring::<u64>::open(segment()).is_ok());
            let error = Ring::<u64>::open(segment().expect_tag(0)).unwrap_err();
            let OpenError::Header { why: HeaderError::MessageType { found, .. }, .. } = error
            else {
                panic!("{error:?}");
            };
            assert_eq!(found.tag, 5);
            drop(producer);
        }
        let error = directory.refused(|| create(Options::new(16).tag(6), segment()));
        assert!(matches!(error, CreateError::Tags { options: 6, segment: 5 }), "{error:?}");
        // The options' alone, as ever.
        drop(create(Options::new(16).tag(6), directory.segment("ring")).unwrap());
    }
}

/// Every error about a file names it.
#[test]
fn errors_about_files_say_which() {
    let directory = Directory::new();
    let path = directory.file("ring");
    let segment = || directory.segment("ring");
    let names_it = |error: &dyn std::error::Error| {
        let said = error.to_string();
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    };
    names_it(&Ring::<u64>::open(segment()).unwrap_err());
    names_it(&Ring::<u64>::open_wait(segment(), Duration::ZERO).unwrap_err());
    names_it(&Producer::<u64>::resume(segment()).unwrap_err());
    directory.orphan(segment());
    names_it(&Options::<u64>::new(16).create(segment()).unwrap_err());
    names_it(&Options::<u64>::new(32).create_or_resume(segment()).unwrap_err());
    names_it(&Ring::<u32>::open(segment()).unwrap_err());
    names_it(&Producer::<u32>::resume(segment()).unwrap_err());
    names_it(&Options::<u32>::new(16).create_or_resume(segment()).unwrap_err());
    fs::write(&path, "no ring").unwrap();
    names_it(&Ring::<u64>::open(segment()).unwrap_err());
    names_it(&ringway::segment::unlink(segment()).unwrap_err());
}
