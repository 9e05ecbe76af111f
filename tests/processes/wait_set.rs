//! Wait sets of rings of other processes, which are killed; and those of processes that have lost
//! system calls.

use std::time::{Duration, Instant};

use ringway::error::TryRecvError;
use ringway::{Options, Ring, Start, Subscriber, WaitSet, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

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
        producer.send(&n).unwrap();
        if n % 50 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Every message of producers that are killed while they send is received once, in order, and each
/// death is told soon, by the key of its ring.
#[test]
fn killed_producers_are_told_by_their_keys_and_nothing_is_lost() {
    let place = Place::new("set-kills");
    let start = |name: &str| {
        let child = Child::start(&place, "wait_set::producer", name);
        child.hears("created");
        child
    };
    let mut children = ["a", "b"].map(start).map(Some);
    let rings = ["a", "b"].map(|name| Ring::<u64>::open(place.segment(name)).unwrap());
    let set = WaitSet::new();
    let mut subscribers = rings.each_ref().map(|ring| ring.subscribe(Start::Next).unwrap());
    for (key, subscriber) in subscribers.iter_mut().enumerate() {
        set.add(subscriber, key as u64).unwrap();
    }
    let mut next = subscribers.each_ref().map(|subscriber| subscriber.position());
    let (mut ready, mut slowest) = (Vec::new(), Duration::ZERO);
    for kill in 0..kills() {
        let at = kill % 2;
        let until = next[at] + 20 + (kill as u64 * 7) % 60;
        while next[at] < until {
            set.wait_timeout(&mut ready, LONG).unwrap();
            for &key in &ready {
                let key = key as usize;
                assert_eq!(subscribers[key].try_recv(), Ok(next[key]));
                next[key] += 1;
            }
        }
        children[at].take().unwrap().dies();
        let died = Instant::now();
        'told: loop {
            set.wait_timeout(&mut ready, LONG).unwrap();
            for &key in &ready {
                let key = key as usize;
                match subscribers[key].try_recv() {
                    Ok(n) => {
                        assert_eq!(n, next[key]);
                        next[key] += 1;
                    }
                    Err(TryRecvError::ProducerDied) if key == at => break 'told,
                    other => panic!("{key} at {next:?}: {other:?}"),
                }
            }
        }
        slowest = slowest.max(died.elapsed());
        children[at] = Some(start(["a", "b"][at]));
    }
    // The machine is shared with other tests: a death is told within 150 ms of one that is not.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    println!("slowest: {slowest:?}");
}

/// What a set is told when the producer of two of its three members dies.
#[test]
fn a_death_is_told_to_a_set_that_sleeps() {
    let place = Place::new("set-death");
    let mut living = Options::<u64>::new(8).create(place.segment("living")).unwrap();
    let child = Child::start(&place, "wait_set::silent", "dying");
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

/// Creates the ring that the argument names, and waits.
pub(crate) fn silent(task: &Task) {
    let options = Options::<u64>::new(8).groups(1);
    let _producer = options.create(task.segment(task.argument())).unwrap();
    task.say("created");
    task.wait();
}

/// A subscriber that is dead makes a producer in a set ready, which then goes on without it.
#[test]
fn a_producer_in_a_set_is_told_of_a_subscriber_that_has_died() {
    let place = Place::new("set-room");
    let mut producer = Options::<u64>::new(4).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "wait_set::subscriber", "");
    child.hears("joined");
    producer.send_batch(&[1, 2, 3, 4]).unwrap();
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    let mut ready = Vec::new();
    let short = Duration::from_millis(100);
    set.wait_timeout(&mut ready, short).unwrap_err();
    child.dies();
    assert_eq!(set.wait_timeout(&mut ready, LONG), Ok(1));
    assert_eq!(producer.try_send(&5), Ok(()));
}

/// Subscribes to the ring `ring`, and receives nothing.
pub(crate) fn subscriber(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let _subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    task.wait();
}

/// A producer is woken once at most for a set that was killed in its sleep.
#[test]
fn a_killed_set_costs_its_rings_one_needless_wake_at_most() {
    let place = Place::new("set-killed");
    let names = ["a", "b", "c"];
    let mut producers =
        names.map(|name| Options::<u64>::new(64).create(place.segment(name)).unwrap());
    let child = Child::start(&place, "wait_set::sleeper", "");
    child.hears("waits");
    child.is_silent_for(Duration::from_millis(200));
    child.dies();
    let rings = names.map(|name| Ring::<u64>::open(place.segment(name)).unwrap());
    for (producer, ring) in producers.iter_mut().zip(&rings) {
        let before = ring.stats().wakes;
        (0..20).for_each(|n| producer.send(&n).unwrap());
        assert!(ring.stats().wakes - before <= 1);
    }
}

/// Waits in a set of observers of three rings.
pub(crate) fn sleeper(task: &Task) {
    let set = WaitSet::new();
    let mut observers: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| Ring::<u64>::open(task.segment(name)).unwrap().observe(Start::Next).unwrap())
        .collect();
    for (observer, key) in observers.iter_mut().zip(0..) {
        set.add(observer, key).unwrap();
    }
    task.say("waits");
    set.wait(&mut Vec::new()).unwrap();
    task.say("woken");
}

/// A thread that may do nothing but write waits as often as it likes while a member has something.
#[test]
fn no_system_call_while_a_member_is_ready() {
    let place = Place::new("set-strict");
    let mut producer = Options::<u64>::new(64).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "wait_set::strict", "");
    child.hears("joined");
    producer.send(&1).unwrap();
    child.hears("waited 100000 times");
    child.dies();
}

/// Has the kernel end the process if this thread makes any system call but `write`.
fn allow_writing_alone() {
    let instruction =
        |code: u32, k: u32, jf: u8| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let mut filter = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_write as u32, 1),
        instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
        instruction(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_KILL_PROCESS, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: it takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the kernel reads the program, whose instructions are there.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &program) }, 0);
}

pub(crate) fn strict(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    // One whose producer cannot die: of others the kernel is asked now and then.
    let (_silence, silent) = Options::<u64>::new(8).heap().unwrap();
    let mut silent = silent.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut silent, 2).unwrap();
    let mut ready = Vec::with_capacity(2);
    task.say("joined");
    set.wait(&mut ready).unwrap();
    allow_writing_alone();
    let mut times = 0;
    for _ in 0..100_000 {
        times += set.wait(&mut ready).unwrap();
    }
    task.say(format_args!("waited {times} times"));
    loop {
        std::hint::spin_loop();
    }
}
