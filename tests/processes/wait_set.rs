//! Wait sets of rings of other processes, and those of processes that are killed, or have lost system
//! calls.

use std::time::Duration;

use ringway::{Options, Ring, Start, WaitSet};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

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
