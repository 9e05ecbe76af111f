//! Deaths that are told at once, by a watch that the kernel tells.

use std::thread;
use std::time::{Duration, Instant};

use ringway::error::RecvError;
use ringway::segment::unlink;
use ringway::wait::DeathWatch;
use ringway::{Options, Producer, Ring, Start, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;
use crate::restrict::{Restriction, Unrestricted};

/// Long enough for a thread that has nothing to do to be asleep.
const A_WHILE: Duration = Duration::from_millis(30);

/// Within which time a death is told, watched or not, on a machine that has time. Longer only if
/// something hangs, or the machine is busy for as long.
const ALWAYS: Duration = Duration::from_millis(150);

/// The kinds of consumers.
const KINDS: [&str; 3] = ["subscriber", "observer", "worker"];

/// Creates the ring `ring`, and waits to be killed.
pub(crate) fn producer(task: &Task) {
    let options = Options::<u64>::new(8).groups(1);
    let _producer = options.create(task.segment("ring")).unwrap();
    task.say("created");
    task.wait();
}

/// Waits for a message, watched if there is a watch, and returns what it is told, and when.
fn waits(ring: &Ring<u64>, kind: &str, watch: Option<&DeathWatch>) -> (RecvError, Instant) {
    let told = match kind {
        "worker" => {
            let mut worker = Worker::join(ring, "a").unwrap().watched_by(watch);
            assert_eq!(worker.is_watched(), watch.is_some());
            worker.recv().map(drop).unwrap_err()
        }
        "observer" => {
            let mut observer = ring.observe(Start::Next).unwrap().watched_by(watch);
            assert_eq!(observer.is_watched(), watch.is_some());
            observer.recv().unwrap_err()
        }
        _ => {
            let mut subscriber = ring.subscribe(Start::Next).unwrap().watched_by(watch);
            assert_eq!(subscriber.is_watched(), watch.is_some());
            subscriber.recv().unwrap_err()
        }
    };
    (told, Instant::now())
}

/// How long after its producer was killed a consumer is told.
fn told_after(kind: &str, watch: Option<&DeathWatch>, while_asleep: Duration) -> Duration {
    let place = Place::new(&format!("news {kind}"));
    let child = Child::start(&place, "news::producer", "");
    child.hears("created");
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| waits(&ring, kind, watch));
        thread::sleep(while_asleep);
        let killed = Instant::now();
        child.dies();
        let (told, when) = waiter.join().unwrap();
        assert_eq!(told, RecvError::ProducerDied);
        when.saturating_duration_since(killed)
    })
}

#[test]
fn a_watched_consumer_of_each_kind_is_told_of_a_death() {
    let watch = DeathWatch::start().unwrap();
    for kind in KINDS {
        let mut times = [(); 5].map(|()| told_after(kind, Some(&watch), A_WHILE));
        times.sort_unstable();
        println!("{kind}: {times:?}");
        assert!(times[2] <= ALWAYS, "{kind}: {times:?}");
    }
}

/// Prints how soon that is, with a watch and without:
/// `cargo test --release --test processes news -- --ignored --nocapture`.
#[test]
#[ignore = "200 kills of each kind, with and without"]
fn how_soon_a_death_is_told() {
    let watch = DeathWatch::start().unwrap();
    for watch in [None, Some(&watch)] {
        for kind in KINDS {
            let sleep = |n: u32| A_WHILE + Duration::from_micros(u64::from(n * 7919 % 20_000));
            let mut times: Vec<_> = (0..200).map(|n| told_after(kind, watch, sleep(n))).collect();
            times.sort_unstable();
            let (median, p99, worst) = (times[100], times[198], times[199]);
            let watched = if watch.is_some() { "watched" } else { "as before" };
            println!("{kind}, {watched}: median {median:?}, p99 {p99:?}, worst {worst:?}");
        }
    }
}

#[test]
fn many_consumers_of_many_rings_are_told_by_one_watch_each_of_its_own() {
    let watch = DeathWatch::start().unwrap();
    let places = ["news a", "news b"].map(Place::new);
    let children = places.each_ref().map(|place| {
        let child = Child::start(place, "news::producer", "");
        child.hears("created");
        child
    });
    let rings = places.each_ref().map(|place| Ring::<u64>::open(place.segment("ring")).unwrap());
    let waits = |ring: &Ring<u64>, kind: &str| {
        let (ring, kind, watch) = (ring.clone(), kind.to_owned(), watch.clone());
        thread::spawn(move || waits(&ring, &kind, Some(&watch)).0)
    };
    let [first, second] = &rings;
    let of_first: Vec<_> = (0..12).map(|n| waits(first, KINDS[n % 3])).collect();
    let of_second: Vec<_> = (0..3).map(|n| waits(second, KINDS[n])).collect();
    // One that is watched no longer.
    let subscriber = first.subscribe(Start::Next).unwrap().watched_by(&watch).watched_by(None);
    assert!(!subscriber.is_watched());
    thread::sleep(A_WHILE);
    let [dies, lives] = children;
    dies.dies();
    for waiter in of_first {
        assert_eq!(waiter.join().unwrap(), RecvError::ProducerDied);
    }
    assert!(of_second.iter().all(|waiter| !waiter.is_finished()));
    // The name may go meanwhile.
    assert!(unlink(places[1].segment("ring")).unwrap());
    lives.dies();
    for waiter in of_second {
        assert_eq!(waiter.join().unwrap(), RecvError::ProducerDied);
    }
}

/// One that waits for a successor is told of many closings, and is disturbed by none.
#[test]
fn a_watched_consumer_goes_on_with_a_successor() {
    let place = Place::new("news successor");
    let watch = DeathWatch::start().unwrap();
    let child = Child::start(&place, "news::producer", "");
    child.hears("created");
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap().wait_for_successor(true);
    let mut subscriber = subscriber.watched_by(&watch);
    let waiter = thread::spawn(move || {
        let first = [subscriber.recv(), subscriber.recv(), subscriber.recv()];
        let mut subscriber = subscriber.wait_for_successor(false);
        (first, subscriber.recv())
    });
    thread::sleep(A_WHILE);
    child.dies();
    for n in 0..3 {
        let mut producer = Producer::<u64>::resume(place.segment("ring")).unwrap();
        thread::sleep(A_WHILE);
        producer.send(&n).unwrap();
        thread::sleep(A_WHILE);
        producer.detach();
    }
    let told = ([Ok(0), Ok(1), Ok(2)], Err(RecvError::ProducerDied));
    assert_eq!(waiter.join().unwrap(), told);
}

/// A ring on the heap has nothing to watch.
#[test]
fn a_ring_that_is_no_files_is_not_watched_and_works() {
    let watch = DeathWatch::start().unwrap();
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().watched_by(&watch);
    assert!(!subscriber.is_watched());
    producer.send(&7).unwrap();
    assert_eq!(subscriber.recv(), Ok(7));
}

/// Loses what the argument says, before or after it has started a watch, and waits for a death.
pub(crate) fn restricted(task: &Task) {
    let (name, first) = task.argument().split_once(' ').unwrap();
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let restriction: Restriction = name.parse().unwrap();
    let started = (first == "watch").then(|| DeathWatch::start().unwrap());
    match restriction.apply(&task.path("ring"), &task.path("empty")) {
        Ok(()) => {}
        Err(Unrestricted::Missing(what)) => return task.say(format_args!("missing {what}")),
        Err(void) => panic!("{void}"),
    }
    let watch = started.or_else(|| DeathWatch::start().ok());
    let mut subscriber = subscriber.watched_by(&watch);
    task.say(format_args!("{} {}", watch.is_some(), subscriber.is_watched()));
    task.say(format_args!("{:?}", subscriber.recv()));
    task.wait();
}

/// What a process can have that has lost it: a watch, and one that tells, if it has started it
/// before, or does afterwards.
fn without(restriction: Restriction, before: [bool; 2], afterwards: [bool; 2]) {
    for (first, due) in [("watch", before), ("loss", afterwards)] {
        let place = Place::new(&format!("news without {}", restriction.name()));
        std::fs::create_dir(place.path().join("empty")).unwrap();
        let child = Child::start(&place, "news::producer", "");
        child.hears("created");
        let argument = format!("{} {first}", restriction.name());
        let waiter = Child::start(&place, "news::restricted", &argument);
        let said = waiter.hear();
        if let Some(missing) = said.strip_prefix("missing ") {
            return eprintln!("not checked: {restriction:?} takes what is missing: {missing}");
        }
        assert_eq!(said, format!("{} {}", due[0], due[1]), "{restriction:?}, {first} first");
        thread::sleep(A_WHILE);
        let killed = Instant::now();
        child.dies();
        waiter.hears(&format!("{:?}", Err::<u64, _>(RecvError::ProducerDied)));
        let after = killed.elapsed();
        println!("{restriction:?}, {first} first: {after:?}");
        assert!(after <= LONG);
    }
}

#[test]
fn without_proc_a_death_is_told_as_before() {
    without(Restriction::NoProc, [true, false], [true, false]);
}

#[test]
fn without_inotify_a_death_is_told_as_before() {
    without(Restriction::NoInotify, [true, false], [false, false]);
}

#[test]
fn without_a_root_directory_a_death_is_told_as_before() {
    without(Restriction::Chroot, [true, false], [true, false]);
}

/// What has been opened before serves on.
#[test]
fn without_more_descriptors_a_watch_goes_on_and_cannot_be_started() {
    without(Restriction::NoDescriptors, [true, true], [false, false]);
}

/// It looks every 10 ms then.
#[test]
fn without_waiting_for_several_words_a_watch_is_of_use_all_the_same() {
    without(Restriction::NoWaitv, [true, true], [true, true]);
}
