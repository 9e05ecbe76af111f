//! Deaths of producers, as a wait set is told of them.

use std::thread;
use std::time::{Duration, Instant};

use ringway::error::TryRecvError;
use ringway::wait::DeathWatch;
use ringway::{Observer, Options, Ring, Start, Subscriber, WaitSet, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

/// On a machine that has time a death is told within 150 ms. This one is shared with other tests.
const SOON: Duration = Duration::from_secs(2);

/// A look that comes so long after the last one is due to ask.
const DUE: Duration = Duration::from_millis(30);

/// Producers that are killed one after the other. Many more where `RINGWAY_KILLS` says so.
fn kills() -> usize {
    std::env::var("RINGWAY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(30)
}

/// Sends without an end to the ring that the argument names, with a pause now and then.
pub(crate) fn producer(task: &Task) {
    let options = Options::<u64>::new(64).groups(1);
    let mut producer = options.create_or_resume(task.segment(task.argument())).unwrap();
    task.say("created");
    loop {
        let n = producer.head();
        #[allow(clippy::unnecessary_cast)] // It is a `u64` already where a word is.
        producer.send(&(n as u64)).unwrap();
        if n % 50 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Creates the ring that the argument names, and waits.
pub(crate) fn silent(task: &Task) {
    let options = Options::<u64>::new(8).groups(1);
    let _producer = options.create(task.segment(task.argument())).unwrap();
    task.say("created");
    task.wait();
}

/// Kills it, and returns when the kernel has given up its lock: the earliest time to tell of it.
fn dies(child: Child, witness: &Observer<u64>) -> Instant {
    child.dies();
    while witness.is_producer_alive().unwrap() {
        thread::sleep(Duration::from_micros(50));
    }
    Instant::now()
}

/// Two rings of processes of their own, in one set.
struct Rings<'a> {
    place: &'a Place,
    set: WaitSet,
    subscribers: [Subscriber<u64>; 2],
    witnesses: [Observer<u64>; 2],
    children: [Option<Child>; 2],
    next: [u64; 2],
    ready: Vec<u64>,
}

impl Rings<'_> {
    const NAMES: [&'static str; 2] = ["a", "b"];

    fn start(place: &Place, at: usize) -> Child {
        let child = Child::start(place, "set_deaths::producer", Rings::NAMES[at]);
        child.hears("created");
        child
    }

    fn new(place: &Place) -> Rings<'_> {
        let children = [0, 1].map(|at| Some(Rings::start(place, at)));
        let rings = Rings::NAMES.map(|name| Ring::<u64>::open(place.segment(name)).unwrap());
        let set = WaitSet::new();
        let mut subscribers = rings.each_ref().map(|ring| ring.subscribe(Start::Next).unwrap());
        for (key, subscriber) in subscribers.iter_mut().enumerate() {
            set.add(subscriber, key as u64).unwrap();
        }
        #[allow(clippy::unnecessary_cast)] // As in `producer`.
        let next = subscribers.each_ref().map(|subscriber| subscriber.position() as u64);
        let witnesses = rings.map(|ring| ring.observe(Start::Next).unwrap());
        Rings { place, set, subscribers, witnesses, children, next, ready: Vec::new() }
    }

    /// Receives one message of each that is ready. Whether that ring was, and whether it was told
    /// to be dead.
    fn receive(&mut self, at: usize) -> (bool, bool) {
        let mut outcome = (false, false);
        for &key in &self.ready {
            let key = key as usize;
            outcome.0 |= key == at;
            match self.subscribers[key].try_recv() {
                Ok(n) => {
                    assert_eq!(n, self.next[key]);
                    self.next[key] += 1;
                }
                Err(TryRecvError::ProducerDied) if key == at => outcome.1 = true,
                other => panic!("{key} at {:?}: {other:?}", self.next),
            }
        }
        outcome
    }

    /// Is told of that death by a thread that waits.
    fn is_told(&mut self, at: usize) {
        loop {
            self.set.wait_timeout(&mut self.ready, LONG).unwrap();
            if self.receive(at).1 {
                return;
            }
        }
    }

    /// Is told of that death by one look that is due, after the messages.
    fn is_told_by_one_look(&mut self, at: usize) {
        loop {
            self.set.try_wait(&mut self.ready).unwrap();
            match self.receive(at) {
                (_, true) => return,
                (true, false) => {}
                (false, false) => break,
            }
        }
        thread::sleep(DUE);
        self.set.try_wait(&mut self.ready).unwrap();
        assert_eq!(self.receive(at), (true, true), "one look did not tell of it");
    }
}

/// Every message of producers that are killed while they send is received once, in order, and each
/// death is told soon, by the key of its ring: to a thread that waits, and by one look that is due.
#[test]
fn killed_producers_are_told_by_their_keys_and_nothing_is_lost() {
    let place = Place::new("set-kills");
    let mut rings = Rings::new(&place);
    let mut slowest = Duration::ZERO;
    for kill in 0..kills() {
        let at = kill % 2;
        let until = rings.next[at] + 20 + (kill as u64 * 7) % 60;
        while rings.next[at] < until {
            rings.set.wait_timeout(&mut rings.ready, LONG).unwrap();
            assert!(!rings.receive(at).1);
        }
        let died = dies(rings.children[at].take().unwrap(), &rings.witnesses[at]);
        match kill % 4 < 2 {
            true => {
                rings.is_told(at);
                slowest = slowest.max(died.elapsed());
            }
            false => rings.is_told_by_one_look(at),
        }
        rings.children[at] = Some(Rings::start(rings.place, at));
    }
    println!("slowest, from the free lock to the return of the wait: {slowest:?}");
    assert!(slowest < SOON, "{slowest:?}");
}

/// Looks that came before, however often and close together, put no question off.
#[test]
fn one_look_that_is_due_tells_of_a_death_whatever_looks_came_before() {
    for looks in [0, 1, 2, 3, 1_000] {
        let place = Place::new("set-look");
        let mut producer = Options::<u64>::new(8).groups(1).create(place.segment("ring")).unwrap();
        let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut worker = Worker::join(&ring, "group").unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let set = WaitSet::new();
        set.add(&mut subscriber, 1).unwrap();
        set.add(&mut worker, 2).unwrap();
        set.add(&mut observer, 3).unwrap();
        let mut ready = Vec::new();
        producer.send(&7).unwrap();
        assert_eq!(set.try_wait(&mut ready), Ok(3));
        assert_eq!((subscriber.try_recv(), observer.try_recv()), (Ok(7), Ok(7)));
        worker.try_recv().unwrap().done().unwrap();
        for _ in 0..looks {
            assert_eq!(set.try_wait(&mut ready), Ok(0));
        }
        producer.detach();
        thread::sleep(DUE);
        assert_eq!(set.try_wait(&mut ready), Ok(3), "after {looks} looks");
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::ProducerDied));
        assert_eq!(observer.try_recv(), Err(TryRecvError::ProducerDied));
        assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::ProducerDied);
        // It stays so.
        assert_eq!(set.try_wait(&mut ready), Ok(3));
    }
}

/// How long after a kill a thread is told that waits in a set.
fn told_after(watch: Option<&DeathWatch>, while_asleep: Duration) -> Duration {
    let place = Place::new("set-watched");
    let child = Child::start(&place, "set_deaths::silent", "ring");
    child.hears("created");
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    let (mut before, mut after) =
        (Worker::join(&ring, "group").unwrap(), ring.subscribe(Start::Next).unwrap());
    let set = WaitSet::new();
    set.add(&mut before, 1).unwrap();
    if let Some(watch) = watch {
        set.watched_by(watch).unwrap();
    }
    set.add(&mut after, 2).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let (mut ready, mut told) = (Vec::new(), [false; 2]);
            // The news of the two come one after the other, and a look may be between them.
            while told != [true; 2] {
                set.wait_timeout(&mut ready, LONG).unwrap();
                ready.iter().for_each(|&key| told[key as usize - 1] = true);
            }
            Instant::now()
        });
        thread::sleep(while_asleep);
        let killed = Instant::now();
        child.dies();
        waiter.join().unwrap().saturating_duration_since(killed)
    })
}

/// How long after a kill, that comes so long after it began to wait, a thread is told.
type ToldAfter = fn(Option<&DeathWatch>, Duration) -> Duration;

/// The median of 30 of them, of kills at various times within `spread`.
fn median(
    who: &str,
    told_after: ToldAfter,
    watch: Option<&DeathWatch>,
    spread: Duration,
) -> Duration {
    let asleep = |n: u64| DUE + Duration::from_micros(n * 7_919 % spread.as_micros() as u64);
    let mut times: Vec<_> = (0..30).map(|n| told_after(watch, asleep(n))).collect();
    times.sort_unstable();
    let (watched, median, worst) = (watch.is_some(), times[15], times[29]);
    println!("{who}, watched: {watched}, median {median:?}, worst {worst:?}");
    median
}

/// Members from before and after the set was given its watch.
#[test]
fn a_watched_set_is_told_of_a_death_at_once() {
    let watch = DeathWatch::start().unwrap();
    let median = |watch| median("producer", told_after, watch, Duration::from_millis(20));
    let (watched, unwatched) = (median(Some(&watch)), median(None));
    // Of sleeps of 50 ms the kills come in the midst.
    assert!(watched < unwatched / 2, "{watched:?}, and without a watch {unwatched:?}");
}

/// Takes the ring's one message as a worker, and keeps it.
pub(crate) fn worker(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut worker = Worker::join(&ring, "group").unwrap();
    let job = worker.recv().unwrap();
    task.say("has it");
    task.wait();
    drop(job);
}

/// How long after a worker was killed another one that a thread waits for in a set is told of the
/// message that the dead had.
fn given_back_after(watch: Option<&DeathWatch>, while_asleep: Duration) -> Duration {
    let place = Place::new("set-worker");
    let options = Options::<u64>::new(8).groups(1).workers(4);
    let mut producer = options.create(place.segment("ring")).unwrap();
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    let mut worker = Worker::join(&ring, "group").unwrap();
    producer.send(&7).unwrap();
    let child = Child::start(&place, "set_deaths::worker", "");
    child.hears("has it");
    let set = WaitSet::new();
    if let Some(watch) = watch {
        set.watched_by(watch).unwrap();
    }
    set.add(&mut worker, 1).unwrap();
    let took = is_told(&set, child, while_asleep);
    let job = worker.try_recv().unwrap();
    assert_eq!((*job, job.redelivered()), (7, true));
    took
}

/// Subscribes to the ring `ring`, and receives nothing.
pub(crate) fn subscriber(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let _subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    task.wait();
}

/// The same of a subscriber that is in the way of a producer, for which a thread waits in a set.
fn has_room_after(watch: Option<&DeathWatch>, while_asleep: Duration) -> Duration {
    let place = Place::new("set-in-the-way");
    let mut producer = Options::<u64>::new(2).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "set_deaths::subscriber", "");
    child.hears("joined");
    producer.send_batch(&[1, 2]).unwrap();
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    if let Some(watch) = watch {
        set.watched_by(watch).unwrap();
    }
    let took = is_told(&set, child, while_asleep);
    producer.try_send(&3).unwrap();
    took
}

/// Kills that process while a thread waits in the set, for the key 1.
fn is_told(set: &WaitSet, child: Child, while_asleep: Duration) -> Duration {
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut ready = Vec::new();
            set.wait_timeout(&mut ready, LONG).unwrap();
            assert_eq!(ready, [1]);
            Instant::now()
        });
        thread::sleep(while_asleep);
        let killed = Instant::now();
        child.dies();
        waiter.join().unwrap().saturating_duration_since(killed)
    })
}

/// A worker's dead peers, and a producer's dead consumers.
#[test]
fn a_watched_set_is_told_of_dead_consumers_at_once() {
    let watch = DeathWatch::start().unwrap();
    let all: [(&str, ToldAfter); 2] =
        [("worker", given_back_after), ("subscriber", has_room_after)];
    for (who, told_after) in all {
        let median = |watch| {
            let median = median(who, told_after, watch, Duration::from_millis(90));
            assert!(median <= Duration::from_millis(150), "{who}: {median:?}");
            median
        };
        let (watched, unwatched) = (median(Some(&watch)), median(None));
        assert!(watched < unwatched, "{who}: {watched:?}, and without a watch {unwatched:?}");
    }
}

/// What a set is told when the producer of two of its three members dies.
#[test]
fn a_death_is_told_to_a_set_that_sleeps() {
    let place = Place::new("set-death");
    let mut living = Options::<u64>::new(8).create(place.segment("living")).unwrap();
    let child = Child::start(&place, "set_deaths::silent", "dying");
    child.hears("created");
    let ring = Ring::<u64>::open(place.segment("dying")).unwrap();
    let (mut subscriber, mut worker) =
        (ring.subscribe(Start::Next).unwrap(), Worker::join(&ring, "group").unwrap());
    let other = Ring::<u64>::open(place.segment("living")).unwrap();
    let mut other: Subscriber<u64> = other.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut worker, 2).unwrap();
    set.add(&mut other, 3).unwrap();
    let mut ready = Vec::new();
    let short = Duration::from_millis(200);
    set.wait_timeout(&mut ready, short).unwrap_err();
    child.dies();
    let mut told = [false; 2];
    let died = Instant::now();
    while told != [true; 2] {
        set.wait_timeout(&mut ready, LONG).unwrap();
        for &key in &ready {
            assert!(key != 3);
            told[key as usize - 1] = true;
        }
    }
    let took = died.elapsed();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::ProducerDied));
    assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::ProducerDied);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(set.remove(&mut subscriber) && set.remove(&mut worker));
    living.send(&1).unwrap();
    assert_eq!((set.wait(&mut ready), other.try_recv()), (Ok(1), Ok(1)));
}
