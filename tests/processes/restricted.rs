//! Processes that have lost something after they had joined: they notice the deaths of others as
//! before.

use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use ringway::error::RecvTimeoutError;
use ringway::segment::unlink;
use ringway::{Anonymous, Options, Producer, Ring, Start, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;
use crate::restrict::{Restriction, Unrestricted};

/// Far longer than a death takes to be noticed.
const SOON: Duration = Duration::from_secs(5);
const GROUP: &str = "a";

/// Loses what the argument says. `false`: that cannot be had here, and the test is told what is
/// missing.
fn restrict(task: &Task) -> bool {
    let restriction: Restriction = task.argument().parse().unwrap();
    match restriction.apply(&task.path("ring"), &task.path("empty")) {
        Ok(()) => task.say("restricted"),
        Err(Unrestricted::Missing(what)) => {
            task.say(format_args!("missing {what}"));
            return false;
        }
        Err(void) => panic!("{void}"),
    }
    true
}

/// Creates the ring `ring` of 8 messages; sends more than that once a subscriber is dead, then one
/// for the workers; and is killed, or told to drop it.
pub(crate) fn producer(task: &Task) {
    let options = Options::<u64>::new(8).subscribers(1).groups(1).workers(2);
    let mut producer = options.create(task.segment("ring")).unwrap();
    if !restrict(task) {
        return;
    }
    task.wait();
    sends_past_a_dead_subscriber(&mut producer);
    task.say(producer.consumers());
    task.wait();
    producer.send(&9).unwrap();
    task.wait();
}

fn sends_past_a_dead_subscriber(producer: &mut Producer<u64>) {
    assert_eq!(producer.try_send_batch(&[0; 9]), 8);
    assert_eq!(producer.consumers(), 1);
    assert_eq!(producer.send_timeout(&8, SOON), Ok(()));
}

/// The same with an anonymous ring, whose files it hands to the process that listens.
pub(crate) fn anonymous_producer(task: &Task) {
    let (mut producer, files) = Options::<u64>::new(8).subscribers(1).anonymous().unwrap();
    files.hand_off(&UnixStream::connect(task.path("socket")).unwrap()).unwrap();
    drop(files);
    // There is no file of the ring: one like it.
    fs::write(task.path("ring"), "").unwrap();
    if !restrict(task) {
        return;
    }
    task.wait();
    sends_past_a_dead_subscriber(&mut producer);
    task.say(producer.consumers());
    task.wait();
}

/// Listens, subscribes to the anonymous ring that it is handed, and loses something if the argument
/// says so.
pub(crate) fn anonymous_subscriber(task: &Task) {
    let listener = UnixListener::bind(task.path("socket")).unwrap();
    task.say("listens");
    let files = Anonymous::receive(&listener.accept().unwrap().0).unwrap();
    let mut subscriber = files.ring::<u64>(0).unwrap().subscribe(Start::Next).unwrap();
    drop(files);
    task.say("joined");
    task.wait();
    if restrict(task) {
        task.say(format_args!("{:?}", subscriber.recv_timeout(LONG)));
        task.wait();
    }
}

/// Creates the ring `ring`, and drops it when it is told to.
pub(crate) fn dropper(task: &Task) {
    let producer = Options::<u64>::new(8).create(task.segment("ring")).unwrap();
    if !restrict(task) {
        return;
    }
    task.wait();
    drop(producer);
    task.say("dropped");
    task.wait();
}

/// Subscribes, and says what it is told when there is nothing more to come.
pub(crate) fn subscriber(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    if !restrict(task) {
        return;
    }
    let told = loop {
        match subscriber.recv_timeout(LONG) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    task.say(format_args!("{told:?}"));
    task.wait();
}

/// Joins the workers, and says what it gets.
pub(crate) fn worker(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut worker = Worker::join(&ring, GROUP).unwrap();
    if !restrict(task) {
        return;
    }
    let told = loop {
        match worker.recv_timeout(LONG) {
            Ok(job) => {
                task.say(format_args!("{} {}", *job, job.redelivered()));
                job.done().unwrap();
            }
            Err(error) => break error,
        }
    };
    task.say(format_args!("{told:?}"));
    task.wait();
}

/// Starts a process that loses something. `None`: it cannot.
fn restricted(place: &Place, role: &str, restriction: Restriction) -> Option<Child> {
    let child = Child::start(place, &format!("restricted::{role}"), restriction.name());
    let said = child.hear();
    match said.strip_prefix("missing ") {
        None => assert_eq!(said, "restricted"),
        Some(missing) => {
            eprintln!("not checked: {restriction:?} takes what is missing here: {missing}");
            return None;
        }
    }
    Some(child)
}

/// A place with an empty directory, to have as a root.
fn place(restriction: Restriction, test: &str) -> Place {
    let place = Place::new(&format!("{test} {}", restriction.name()));
    fs::create_dir(place.path().join("empty")).unwrap();
    place
}

/// A producer, a subscriber and a worker that have lost it notice the deaths of others.
fn deaths_are_noticed(restriction: Restriction) {
    let place = place(restriction, "noticed");
    let Some(mut producer) = restricted(&place, "producer", restriction) else { return };

    // A killed subscriber, by the producer.
    let killed = Child::start(&place, "death::subscriber", "0");
    killed.hears("joined");
    killed.dies();
    producer.go();
    producer.hears("0");

    // A killed worker, by another one. It has died with the message.
    let killed = Child::start(&place, "groups::worker", GROUP);
    killed.hears("joined");
    producer.go();
    killed.hears("9 false");
    let worker = restricted(&place, "worker", restriction).unwrap();
    killed.dies();
    worker.hears("9 true");

    // A killed producer, by a subscriber and a worker.
    let subscriber = restricted(&place, "subscriber", restriction).unwrap();
    thread::sleep(Duration::from_millis(20));
    producer.dies();
    let told = format!("{:?}", RecvTimeoutError::ProducerDied);
    subscriber.hears(&told);
    worker.hears(&told);
}

/// The same of an anonymous ring.
#[test]
fn deaths_are_noticed_on_an_anonymous_ring_after_each_restriction() {
    for restriction in Restriction::ALL {
        for producer_dies in [false, true] {
            let place = place(restriction, "anonymous");
            let mut subscriber =
                Child::start(&place, "restricted::anonymous_subscriber", restriction.name());
            subscriber.hears("listens");
            let producer = restricted(&place, "anonymous_producer", restriction);
            let Some(mut producer) = producer else { break };
            subscriber.hears("joined");
            if producer_dies {
                subscriber.go();
                subscriber.hears("restricted");
                producer.dies();
                subscriber.hears(&format!("{:?}", Err::<u64, _>(RecvTimeoutError::ProducerDied)));
            } else {
                subscriber.dies();
                producer.go();
                producer.hears("0");
            }
        }
    }
}

/// They go, unless the kernel lets the process remove nothing any more.
fn names_go(restriction: Restriction, go: bool) {
    let place = place(restriction, "names");
    let Some(mut producer) = restricted(&place, "dropper", restriction) else { return };
    producer.go();
    producer.hears("dropped");
    // What is closed and has a name is removed by those who may.
    assert_eq!(unlink(place.segment("ring")).unwrap(), !go);
    fs::remove_dir(place.path().join("empty")).unwrap();
    place.is_empty();
}

#[test]
fn deaths_are_noticed_after_setuid() {
    deaths_are_noticed(Restriction::Setuid);
}

#[test]
fn deaths_are_noticed_after_chroot() {
    deaths_are_noticed(Restriction::Chroot);
}

#[test]
fn deaths_are_noticed_after_proc_is_gone() {
    deaths_are_noticed(Restriction::NoProc);
}

#[test]
fn deaths_are_noticed_after_descriptors_are_used_up() {
    deaths_are_noticed(Restriction::NoDescriptors);
}

#[test]
fn deaths_are_noticed_after_membarrier_is_refused() {
    deaths_are_noticed(Restriction::NoMembarrier);
}

#[test]
fn deaths_are_noticed_after_landlock() {
    deaths_are_noticed(Restriction::Landlock);
}

#[test]
fn names_go_after_chroot() {
    names_go(Restriction::Chroot, true);
}

#[test]
fn names_go_after_proc_is_gone() {
    names_go(Restriction::NoProc, true);
}

#[test]
fn names_go_after_descriptors_are_used_up() {
    names_go(Restriction::NoDescriptors, true);
}

#[test]
fn names_go_after_membarrier_is_refused() {
    names_go(Restriction::NoMembarrier, true);
}

/// The directory is not this user's any more.
#[test]
fn names_stay_after_setuid_for_others_to_remove() {
    names_go(Restriction::Setuid, false);
}

#[test]
fn names_stay_after_landlock_for_others_to_remove() {
    names_go(Restriction::Landlock, false);
}
