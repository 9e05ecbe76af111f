//! Producers that are stopped on purpose and started again, and what has to be found without them.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ringway::error::{
    CloseError, CreateError, Occupant, OpenError, RecvError, ResumeError, TryRecvError,
    TrySendError,
};
use ringway::segment::{SegmentState, segments_in, unlink};
use ringway::{Options, Producer, Ring, Start, Subscriber};
use rustix::process::Signal;

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

/// Messages that each incarnation of the producer sends.
const EACH: u64 = 2_000;

static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: libc::c_int) {
    STOP.store(true, Ordering::Relaxed);
}

fn options() -> Options<u64> {
    Options::new(8192).subscribers(2)
}

/// Goes on with the ring, or creates it; sends; and leaves it when it is told to end, as a service does.
pub(crate) fn service(task: &Task) {
    let handler = stop as extern "C" fn(libc::c_int);
    // SAFETY: the handler does no more than store to an atomic.
    unsafe { libc::signal(libc::SIGTERM, handler as libc::sighandler_t) };
    let mut producer = options().create_or_resume(task.segment("ring")).unwrap();
    task.say("ready");
    task.wait();
    let first = u64::from(producer.epoch()) * EACH;
    for n in first..first + EACH {
        producer.send(&n).unwrap();
    }
    task.say("sent");
    while !STOP.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
    producer.detach();
    task.say("left");
}

fn open(place: &Place) -> Ring<u64> {
    Ring::open(place.segment("ring")).unwrap()
}

fn started(place: &Place) -> Child {
    let mut child = Child::start(place, "restart::service", "");
    child.hears("ready");
    child.go();
    child.hears("sent");
    child
}

fn ends_well(child: Child) {
    child.signal(Signal::TERM);
    child.hears("left");
    child.ends();
}

fn keeper(place: &Place) -> Subscriber<u64> {
    open(place).subscribe_durable("keeper", Start::Next).unwrap()
}

#[test]
fn restarts_lose_nothing_for_a_durable_consumer_that_is_away() {
    let place = Place::new("restarts");
    let mut first = Child::start(&place, "restart::service", "");
    first.hears("ready");
    drop(keeper(&place));
    first.go();
    first.hears("sent");
    ends_well(first);
    ends_well(started(&place));
    // And one that gets no chance to do anything about it.
    started(&place).dies();
    ends_well(started(&place));

    // Before it is taken over again, and while no producer has it.
    let mut keeper = keeper(&place);
    for n in 0..4 * EACH {
        assert_eq!(keeper.recv(), Ok(n));
    }
    assert_eq!(keeper.recv(), Err(RecvError::ProducerDied));
    let successor = options().create_or_resume(place.segment("ring")).unwrap();
    assert_eq!(successor.epoch(), 4);
    let next = keeper.position();
    assert_eq!(successor.head(), next);
    successor.close().unwrap();
    place.is_empty();
}

#[test]
fn who_waits_learns_that_the_producer_has_left_or_goes_on_with_the_next() {
    let place = Place::new("left");
    let producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let ring = open(&place);
    let mut told = ring.subscribe(Start::Next).unwrap();
    let mut patient = ring.subscribe(Start::Next).unwrap().wait_for_successor(true);
    thread::scope(|scope| {
        let told = scope.spawn(move || (told.recv(), told));
        let patient = scope.spawn(move || patient.recv());
        thread::sleep(Duration::from_millis(30));
        producer.detach();
        let (outcome, mut told) = told.join().unwrap();
        assert_eq!(outcome, Err(RecvError::ProducerDied));
        assert!(!told.is_closed() && !told.is_producer_alive().unwrap());
        let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
        successor.send(&7).unwrap();
        assert_eq!(patient.join().unwrap(), Ok(7));
        assert_eq!(told.recv(), Ok(7));
    });
    place.is_empty();
}

/// A small ring that is full when its producer leaves: the successor waits for the same subscriber.
#[test]
fn what_a_producer_leaves_is_as_full_as_it_was() {
    let place = Place::new("full");
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let mut subscriber = open(&place).subscribe(Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), 8);
    producer.detach();
    let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
    assert_eq!(successor.try_send(&8), Err(TrySendError::Full));
    for n in 0..8 {
        assert_eq!(subscriber.recv(), Ok(n));
    }
    assert_eq!(successor.try_send(&8), Ok(()));
    assert_eq!(subscriber.recv(), Ok(8));
}

#[test]
fn what_was_closed_and_kept_goes_on() {
    let place = Place::new("kept");
    let segment = place.segment("ring").keep(true);
    let mut producer = Options::<u64>::new(8).create(&segment).unwrap();
    let ring = open(&place);
    let (mut subscriber, mut observer) =
        (ring.subscribe(Start::Next).unwrap(), ring.observe(Start::Next).unwrap());
    drop(ring.subscribe_durable("keeper", Start::Next).unwrap());
    producer.send(&0).unwrap();
    producer.close().unwrap();
    assert_eq!((subscriber.recv(), observer.recv()), (Ok(0), Ok(0)));
    for _ in 0..2 {
        assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        assert_eq!(observer.try_recv(), Err(TryRecvError::Closed));
    }
    let refused = Options::<u64>::new(8).create(&segment);
    assert!(
        matches!(refused, Err(CreateError::AlreadyExists { what: Occupant::Closed, .. })),
        "{refused:?}"
    );

    let mut successor = Producer::<u64>::resume(&segment).unwrap();
    assert_eq!((successor.head(), successor.epoch()), (1, 1));
    assert!(!subscriber.is_closed() && subscriber.is_producer_alive().unwrap());
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    successor.send(&1).unwrap();
    assert_eq!((subscriber.recv(), observer.recv()), (Ok(1), Ok(1)));
    drop(successor);
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));

    // By the other way, and by one that does not keep it any more.
    let mut successor = Options::<u64>::new(8).create_or_resume(place.segment("ring")).unwrap();
    assert_eq!(successor.epoch(), 2);
    successor.send(&2).unwrap();
    let mut keeper = keeper(&place);
    successor.close().unwrap();
    place.is_empty();
    for n in 0..3 {
        assert_eq!(keeper.recv(), Ok(n));
    }
    assert_eq!(keeper.recv(), Err(RecvError::Closed));
}

/// Overwrites a word of the ring's data: `closed` is at byte 136, `kept` at 176.
fn set_word(place: &Place, at: u64, value: u32) {
    let file = File::options().write(true).open(place.path().join("ring")).unwrap();
    file.write_all_at(&value.to_ne_bytes(), at).unwrap();
}

/// As its producer leaves it that dies between closing it and removing its names.
#[test]
fn what_was_closed_and_not_kept_is_created_anew() {
    let place = Place::new("not kept");
    let mut producer = Options::<u64>::new(8).create(place.segment("ring").keep(true)).unwrap();
    producer.send(&0).unwrap();
    producer.close().unwrap();
    set_word(&place, 176, 0);
    let refused = Producer::<u64>::resume(place.segment("ring"));
    assert!(matches!(refused, Err(ResumeError::Closed { .. })), "{refused:?}");
    let producer = Options::<u64>::new(8).create_or_resume(place.segment("ring")).unwrap();
    assert_eq!((producer.head(), producer.epoch()), (0, 0));
}

/// The dead has closed nothing; its control file is gone, with which consumers would come.
#[test]
fn a_ring_that_has_lost_its_control_file_is_created_anew() {
    for kept in [false, true] {
        let place = Place::new("lost");
        let segment = place.segment("ring");
        if kept {
            drop(options().create(segment.clone().keep(true)).unwrap());
        } else {
            started(&place).dies();
        }
        for entry in fs::read_dir(place.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "ctl") {
                fs::remove_file(path).unwrap();
            }
        }
        let refused = options().create(&segment);
        let Err(CreateError::ProducerDied { obstacle: Some(obstacle), .. }) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            matches!(*obstacle, ResumeError::Open(OpenError::ControlMissing { .. })),
            "{obstacle:?}"
        );
        let refused = Producer::<u64>::resume(&segment);
        let Err(ResumeError::Open(error @ OpenError::ControlMissing { .. })) = refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().contains("lost its control file"), "{error}");

        let mut producer = options().create_or_resume(&segment).unwrap();
        assert_eq!((producer.head(), producer.epoch()), (0, 0));
        let mut subscriber = open(&place).subscribe(Start::Next).unwrap();
        producer.send(&1).unwrap();
        assert_eq!(subscriber.recv(), Ok(1));
    }
}

/// While its producer lives it is not removed, whatever has become of its control file.
#[test]
fn a_living_ring_without_its_control_file_is_left_alone() {
    let place = Place::new("lost alive");
    let child = started(&place);
    for entry in fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "ctl") {
            fs::remove_file(path).unwrap();
        }
    }
    let refused = options().create_or_resume(place.segment("ring"));
    assert!(
        matches!(
            &refused,
            Err(CreateError::AlreadyExists { what: Occupant::WithoutControl { .. }, .. })
        ),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    ends_well(child);
}

/// What no successor can find is closed: a consumer would wait for one in vain.
#[test]
fn a_ring_without_a_name_is_closed_when_its_producer_leaves() {
    let place = Place::new("nameless");
    let named = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let mut of_named = open(&place).subscribe(Start::Next).unwrap().wait_for_successor(true);
    assert!(unlink(place.segment("ring")).unwrap());
    let (anonymous, files) = Options::<u64>::new(8).anonymous().unwrap();
    let mut of_anonymous = files.ring::<u64>(0).unwrap().subscribe(Start::Next).unwrap();
    let (heap, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut of_heap = ring.subscribe(Start::Next).unwrap();
    for (producer, subscriber) in
        [(named, &mut of_named), (anonymous, &mut of_anonymous), (heap, &mut of_heap)]
    {
        producer.detach();
        assert_eq!(subscriber.recv_timeout(LONG), Err(ringway::error::RecvTimeoutError::Closed));
    }
}

#[test]
fn what_was_left_is_listed_as_without_a_producer() {
    let place = Place::new("listed");
    Options::<u64>::new(8).create(place.segment("ring").keep(true)).unwrap().detach();
    let listed = segments_in(place.path()).unwrap();
    assert_eq!((listed.len(), listed[0].state), (1, SegmentState::ProducerDied));
    assert_eq!(Producer::<u64>::resume(place.segment("ring")).unwrap().epoch(), 1);
    place.is_empty();
}

/// Loses the right to remove the names, and closes the ring.
pub(crate) fn unprivileged(task: &Task) {
    let producer = Options::<u64>::new(8).create(task.segment("ring")).unwrap();
    task.say("created");
    task.wait();
    // SAFETY: takes a number only. All threads of the process change with it.
    assert_eq!(unsafe { libc::setuid(65534) }, 0);
    let Err(CloseError::Name { path, source }) = producer.close() else {
        panic!("it could still be removed");
    };
    assert_eq!(path.file_name().unwrap(), "ring");
    assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
    task.say("closed");
    task.wait();
}

#[test]
fn closing_says_which_name_stays() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root has privileges to lose");
        return;
    }
    let place = Place::new("stays");
    let mut child = Child::start(&place, "restart::unprivileged", "");
    child.hears("created");
    let mut subscriber = open(&place).subscribe(Start::Next).unwrap();
    child.go();
    child.hears("closed");
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    assert!(unlink(place.segment("ring")).unwrap());
    place.is_empty();
    child.go();
    child.ends();
}

/// Who removes the dead has the producer's lock for a moment, and may be about to find that it has to remove
/// nothing.
#[test]
fn a_producer_that_starts_again_waits_for_one_that_only_looks() {
    let place = Place::new("only looks");
    options().create(place.segment("ring")).unwrap().detach();
    let data = File::options().read(true).write(true).open(place.path().join("ring")).unwrap();
    let mut about = libc::flock {
        l_type: libc::F_WRLCK as _,
        l_whence: libc::SEEK_SET as _,
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    };
    // SAFETY: the kernel reads one `flock`, which is ours.
    let taken = unsafe { libc::fcntl(data.as_raw_fd(), libc::F_OFD_SETLK, &mut about) };
    assert_eq!(taken, 0);
    thread::scope(|scope| {
        let starts = scope.spawn(|| options().create_or_resume(place.segment("ring")));
        thread::sleep(Duration::from_millis(10));
        // With its last descriptor the lock goes.
        drop(data);
        assert_eq!(starts.join().unwrap().expect("only looked").epoch(), 1);
    });
}
