//! Workers that are killed, or stopped, and which workers get what they had.

use std::ffi::CString;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{JoinError, RecvError, RecvTimeoutError};
use ringway::{Anonymous, Group, Options, Producer, Ring, SpinThenSleep, Start, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

/// Joins the group of the argument's name and takes a message, which it is done with when it is
/// told to be.
pub(crate) fn worker(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut worker = Worker::join(&ring, task.argument()).unwrap();
    task.say("joined");
    let job = worker.recv().unwrap();
    task.say(format_args!("{} {}", *job, job.redelivered()));
    task.wait();
    task.say(format_args!("{:?}", job.done()));
    task.wait();
}

/// Joins, may not ask about locks any more, and says what its calls say.
pub(crate) fn unasked(task: &Task) {
    let ring = open(task.segment("ring"));
    let mut worker = Worker::join(&ring, "a").unwrap();
    crate::ends::filter_questions(libc::SECCOMP_RET_ERRNO | libc::ENOLCK as u32);
    let told = |error| match error {
        RecvTimeoutError::Liveness(error) => error.os_error(),
        error => panic!("{error}"),
    };
    let mut all =
        vec![told(worker.recv().unwrap_err().into()), told(worker.recv_timeout(LONG).unwrap_err())];
    let until = Instant::now() + LONG;
    loop {
        match worker.try_recv().unwrap_err() {
            ringway::error::TryRecvError::Liveness(error) => break all.push(error.os_error()),
            ringway::error::TryRecvError::Empty => assert!(Instant::now() < until),
            error => panic!("{error}"),
        }
    }
    assert_eq!(all, [libc::ENOLCK; 3]);
    for outcome in [ring.remove_group("a").map(drop), Worker::join(&ring, "a").map(drop)] {
        assert_eq!(outcome, Err(JoinError::Lock { os_error: libc::ENOLCK }));
    }
    // What is sent comes all the same.
    task.say("told");
    task.wait();
    assert_eq!(*worker.try_recv().unwrap(), 7);
    task.say("received");
}

/// Names the files of a ring without names to a child.
const VARIABLE: &str = "RINGWAY_TEST_FILES";

/// The same in a ring that it was given.
pub(crate) fn inheritor(task: &Task) {
    // SAFETY: the test set the variable for this process, and this is the only call.
    let files = unsafe { Anonymous::from_env(VARIABLE) }.unwrap();
    let ring = files.ring::<u64>(0).unwrap();
    let mut worker = Worker::join(&ring, task.argument()).unwrap();
    task.say("joined");
    let job = worker.recv().unwrap();
    task.say(format_args!("{} {}", *job, job.redelivered()));
    task.wait();
    task.say(format_args!("{:?}", job.done()));
    match worker.recv() {
        Err(RecvError::Evicted { .. }) => task.say("evicted"),
        outcome => panic!("{outcome:?}"),
    }
}

/// Joins and waits, several times having been beaten, so that it has reserved a position.
pub(crate) fn waiter(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let wait = SpinThenSleep { spins: 0 };
    let mut worker = Worker::join(&ring, task.argument()).unwrap().with_wait(wait);
    task.say("joined");
    let job = worker.recv().unwrap();
    task.say(format_args!("{} {}", *job, job.redelivered()));
    task.wait();
}

/// Creates the ring `ring`, and the group, sends as many messages as the argument says, and waits
/// to be killed.
pub(crate) fn producer(task: &Task) {
    let options = Options::<u64>::new(8).groups(1);
    let mut producer = options.create(task.segment("ring")).unwrap();
    drop(Worker::join(&open(task.segment("ring")), "a").unwrap());
    for n in 0..task.argument().parse().unwrap() {
        producer.send(&n).unwrap();
    }
    task.say("sent");
    task.wait();
}

/// Joins the ring `ring` with three workers, of which each takes a message and keeps it.
pub(crate) fn three_workers(task: &Task) {
    let ring = open(task.segment("ring"));
    let mut workers = [(); 3].map(|()| Worker::join(&ring, "a").unwrap());
    task.say("joined");
    let [first, second, third] = &mut workers;
    let jobs = [first.recv().unwrap(), second.recv().unwrap(), third.recv().unwrap()];
    task.say("has three");
    task.wait();
    drop(jobs);
}

/// Opens the ring `ring`, loses sight of `/proc`, and says what becomes of joining, before and
/// after the ring has lost its names.
pub(crate) fn without_proc(task: &Task) {
    let ring = open(task.segment("ring"));
    let root = CString::new(task.argument()).unwrap();
    // SAFETY: a string that ends.
    if unsafe { libc::chroot(root.as_ptr()) } != 0 {
        task.say("may not");
        return;
    }
    let joined = Worker::join(&ring, "a").map(drop);
    task.say(format_args!("{:?} {:?}", joined, ring.subscribe(Start::Next).map(drop)));
    task.wait();
    let joined = Worker::join(&ring, "a").map(drop);
    task.say(format_args!("{:?} {:?}", joined, ring.subscribe(Start::Next).map(drop)));
}

fn open(segment: ringway::Segment) -> Ring<u64> {
    Ring::open(segment).unwrap()
}

/// A ring, and a worker of it in another process that has the first message.
fn with_message(place: &Place, options: Options<u64>) -> (Producer<u64>, Ring<u64>, Child) {
    let mut producer = options.create(place.segment("ring")).unwrap();
    let child = Child::start(place, "groups::worker", "a");
    child.hears("joined");
    producer.send(&0).unwrap();
    child.hears("0 false");
    (producer, open(place.segment("ring")), child)
}

fn options() -> Options<u64> {
    Options::new(4).groups(1).workers(2)
}

#[test]
fn what_a_killed_worker_had_goes_to_one_that_sleeps() {
    let place = Place::new("killed worker");
    let (mut producer, ring, child) = with_message(&place, options());
    let mut worker = Worker::join(&ring, "a").unwrap();
    let sleeper = thread::spawn(move || {
        // How long that takes is the battery's to measure, on a machine that does nothing else.
        let received = worker.recv_timeout(LONG).map(|job| (*job, job.redelivered()));
        (received, worker)
    });
    thread::sleep(Duration::from_millis(100));
    child.dies();
    let (received, mut worker) = sleeper.join().unwrap();
    assert_eq!(received, Ok((0, true)));
    producer.send_batch(&[1, 2, 3, 4]).unwrap();
    for n in 1..5 {
        let job = worker.recv().unwrap();
        assert_eq!((*job, job.redelivered()), (n, false));
    }
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_worker_that_cannot_ask_who_lives_is_told_that() {
    let place = Place::new("unasked worker");
    let mut producer = options().create(place.segment("ring")).unwrap();
    let mut child = Child::start(&place, "groups::unasked", "a");
    child.hears("told");
    producer.send(&7).unwrap();
    child.go();
    child.hears("received");
    child.ends();
}

/// The worker that looks whether all live, while all others wait, is stopped. The others see that
/// it does not look.
#[test]
fn what_a_killed_worker_had_goes_to_another_though_the_one_that_looks_is_stopped() {
    let place = Place::new("stopped patroller");
    let (_producer, ring, child) = with_message(&place, options().workers(3));
    let mut looking = Child::start(&place, "groups::waiter", "a");
    looking.hears("joined");
    // It has slept for long enough to look for all.
    thread::sleep(Duration::from_millis(300));
    let mut worker = Worker::join(&ring, "a").unwrap();
    let sleeper = thread::spawn(move || worker.recv_timeout(LONG).map(|job| *job));
    thread::sleep(Duration::from_millis(300));
    looking.stops();
    child.dies();
    assert_eq!(sleeper.join().unwrap(), Ok(0));
    looking.continues();
    looking.dies();
}

/// Also if it finds messages whenever it asks.
#[test]
fn what_a_killed_worker_had_goes_to_one_that_is_busy() {
    let place = Place::new("busy worker");
    let (mut producer, ring, child) = with_message(&place, options());
    let mut worker = Worker::join(&ring, "a").unwrap();
    child.dies();
    let killed = Instant::now();
    let mut next = 1;
    loop {
        // As far as the message that is not done lets it.
        let _ = producer.send_timeout(&next, Duration::from_millis(1)).map(|()| next += 1);
        match worker.try_recv() {
            Ok(job) if *job == 0 => break assert!(job.redelivered()),
            Ok(job) => assert!(!job.redelivered()),
            Err(_) => {}
        }
        assert!(killed.elapsed() < LONG);
    }
}

#[test]
fn a_worker_that_is_stopped_keeps_what_it_has() {
    let place = Place::new("stopped worker");
    let (_producer, ring, mut child) = with_message(&place, options());
    child.stops();
    let mut worker = Worker::join(&ring, "a").unwrap();
    let a_while = Duration::from_millis(400);
    assert_eq!(worker.recv_timeout(a_while).unwrap_err(), RecvTimeoutError::Timeout);
    child.continues();
    child.go();
    child.hears("Ok(())");
    assert_eq!(worker.lag(), 0);
}

#[test]
fn whoever_joins_gets_what_the_dead_had() {
    let place = Place::new("joining after death");
    let (mut producer, ring, child) = with_message(&place, options().workers(1));
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::NoFreeWorker { workers: 1 });
    assert!(matches!(ring.remove_group("a"), Err(JoinError::InUse { .. })));
    child.dies();
    let mut worker = Worker::join(&ring, "a").unwrap();
    let job = worker.try_recv().unwrap();
    assert_eq!((*job, job.redelivered()), (0, true));
    drop(job);
    producer.send_batch(&[1, 2, 3, 4]).unwrap();
    assert_eq!(worker.recv_batch(&mut [0; 8]).unwrap().len(), 4);
}

#[test]
fn at_most_once_what_a_killed_worker_had_is_skipped() {
    let place = Place::new("at most once");
    let mut producer = options().create(place.segment("ring")).unwrap();
    let ring = open(place.segment("ring"));
    let mut worker = Worker::join(&ring, Group::new("a").at_most_once()).unwrap();
    producer.send(&0).unwrap();
    // A process that dies with it, but for the process.
    std::mem::forget(worker.recv().unwrap());
    drop(worker);
    producer.send_batch(&[1, 2, 3, 4]).unwrap();
    let mut worker = Worker::join(&ring, Group::new("a").at_most_once()).unwrap();
    assert_eq!(*worker.recv().unwrap(), 1);
}

#[test]
fn a_producer_that_needs_room_finds_the_dead() {
    let place = Place::new("room");
    let options = options().max_away(Duration::from_millis(30));
    let (mut producer, ring, child) = with_message(&place, options);
    child.dies();
    // No worker is in the group, which is evicted then.
    producer.send_batch(&[1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Evicted { missed: 7 });
    let mut worker = Worker::join(&ring, "a").unwrap();
    producer.send(&7).unwrap();
    assert_eq!(*worker.recv().unwrap(), 7);
}

#[test]
fn a_group_that_somebody_stopped_holds_for_too_long_is_evicted() {
    let place = Place::new("held");
    let options = options().max_hold(Duration::from_millis(30));
    let (mut producer, ring, mut child) = with_message(&place, options);
    let mut worker = Worker::join(&ring, "a").unwrap();
    child.stops();
    producer.send_batch(&[1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(worker.recv().unwrap_err(), RecvError::Evicted { missed: 7 });
    drop(worker);
    // It begins anew beside the worker that is stopped, which is told when it goes on.
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Evicted { missed: 7 });
    let mut anew = Worker::join(&ring, "a").unwrap();
    producer.send(&7).unwrap();
    let job = anew.recv().unwrap();
    assert_eq!((*job, job.redelivered()), (7, false));
    child.continues();
    child.go();
    child.hears("Err(ClaimLost)");
    assert_eq!(job.done(), Ok(()));
    child.dies();
    producer.send(&8).unwrap();
    assert_eq!(*anew.recv().unwrap(), 8);
    assert!(producer.is_empty());
}

/// The same of a ring without names, and a group that is forgotten.
#[test]
fn an_evicted_group_is_forgotten_beside_a_worker_that_is_stopped() {
    let place = Place::new("held anonymous");
    let options = options().max_hold(Duration::from_millis(30));
    let (mut producer, files) = options.anonymous().unwrap();
    let ring = files.ring::<u64>(0).unwrap();
    let program = std::env::current_exe().unwrap();
    let give = |command: &mut Command| files.pass_to(command, VARIABLE).unwrap();
    let mut child = Child::start_with(&program, &place, "groups::inheritor", "a", give);
    child.hears("joined");
    producer.send(&0).unwrap();
    child.hears("0 false");
    child.stops();
    producer.send_batch(&[1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(ring.remove_group("a"), Ok(true));
    let mut worker = Worker::join(&ring, "b").unwrap();
    producer.send(&7).unwrap();
    assert_eq!(*worker.recv().unwrap(), 7);
    child.continues();
    child.go();
    child.hears("Err(ClaimLost)");
    child.hears("evicted");
    child.ends();
    producer.send(&8).unwrap();
    assert_eq!(*worker.recv().unwrap(), 8);
    assert!(producer.is_empty());
}

/// A position that was reserved is not lost with the worker that had it, and was not delivered.
#[test]
fn what_a_killed_worker_had_reserved_is_not_marked() {
    let place = Place::new("reserved");
    let options = Options::<u64>::new(64).groups(1);
    let mut producer = options.create(place.segment("ring")).unwrap();
    let ring = open(place.segment("ring"));
    let mut worker = Worker::join(&ring, "a").unwrap();
    let child = Child::start(&place, "groups::waiter", "a");
    child.hears("joined");
    let mut n = 0;
    loop {
        thread::sleep(Duration::from_millis(5));
        producer.send(&n).unwrap();
        n += 1;
        if worker.try_recv().is_err() {
            // It has reserved that one, or was faster; in any case it has it.
            break;
        }
    }
    child.hears(&format!("{} false", n - 1));
    child.dies();
    let job = worker.recv_timeout(LONG).unwrap();
    assert_eq!((*job, job.redelivered()), (n - 1, true));
}

/// Without `/proc` a lock of its own can be had by the file's name. Where that is gone too, joining
/// is an error: with a shared lock a worker would be taken for dead.
#[test]
fn a_worker_that_could_not_be_seen_to_live_does_not_join() {
    let place = Place::new("without proc");
    let _producer = options().create(place.segment("ring")).unwrap();
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let mut child = Child::start(&place, "groups::without_proc", empty.to_str().unwrap());
    let said = child.hear();
    // SAFETY: it only asks.
    if unsafe { libc::geteuid() } != 0 && said == "may not" {
        eprintln!("not checked: only root may chroot");
        return;
    }
    assert_eq!(said, "Ok(()) Ok(())");
    assert!(ringway::segment::unlink(place.segment("ring")).unwrap());
    child.go();
    let refused = "Err(Lock { os_error: 2 })";
    child.hears(&format!("{refused} {refused}"));
}

#[test]
fn all_that_a_killed_producer_sent_is_done_before_its_death_is_told() {
    let place = Place::new("killed producer");
    let child = Child::start(&place, "groups::producer", "3");
    child.hears("sent");
    let ring = open(place.segment("ring"));
    let [mut first, mut second] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    child.dies();
    let job = first.recv().unwrap();
    assert_eq!(*job, 0);
    for n in 1..3 {
        assert_eq!(*second.recv().unwrap(), n);
    }
    let waiting = thread::spawn(move || {
        let job = second.recv().unwrap();
        assert_eq!((*job, job.redelivered()), (0, true));
        job.done().unwrap();
        assert_eq!(second.recv().unwrap_err(), RecvError::ProducerDied);
        second
    });
    // It may come back: no worker is told the end before it is done.
    thread::sleep(Duration::from_millis(100));
    job.nack().unwrap();
    let mut second = waiting.join().unwrap();
    let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
    successor.send(&3).unwrap();
    assert_eq!(*second.recv().unwrap(), 3);
    successor.close().unwrap();
    assert_eq!(second.recv().unwrap_err(), RecvError::Closed);
    let refused = ring.subscribe(Start::Next).map(drop);
    assert_eq!(refused, Ok(()));
}

/// The first worker of the next process gets the entry of the first that died. The others of the
/// dead process are not taken for workers of the next one.
#[test]
fn what_workers_of_one_dead_process_had_comes_again_though_one_of_their_entries_is_taken() {
    let place = Place::new("three dead");
    let mut producer = options().workers(4).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "groups::three_workers", "");
    child.hears("joined");
    assert_eq!(producer.try_send_batch(&[0, 1, 2]), 3);
    child.hears("has three");
    child.dies();
    let ring = open(place.segment("ring"));
    let mut worker = Worker::join(&ring, "a").unwrap();
    for n in 0..3 {
        let job = worker.recv_timeout(LONG).unwrap();
        assert_eq!((*job, job.redelivered()), (n, true));
    }
}
