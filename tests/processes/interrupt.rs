//! A signal ends a call that blocks, by a handler that raises an interrupt.

use std::time::{Duration, Instant};

use ringway::wait::Interrupt;
use ringway::{Options, Producer, Ring, Start, Worker};
use rustix::process::Signal;

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;
use crate::restrict::{Restriction, Unrestricted};

/// Long enough for a process that has nothing to do to be asleep.
const A_WHILE: Duration = Duration::from_millis(50);

/// The calls that a process is started for.
const CALLS: [&str; 7] = ["recv", "wait_ready", "iter", "worker", "send", "flush", "consumers"];

/// One that Ctrl-C raises.
fn raised_by_ctrl_c() -> Interrupt {
    let stop = Interrupt::new();
    let raised = stop.clone();
    let action = move || raised.raise();
    // SAFETY: raising an interrupt is async-signal-safe.
    unsafe { signal_hook::low_level::register(libc::SIGINT, action) }.unwrap();
    stop
}

/// A producer with a full ring and a consumer that does not receive, or the consumer itself.
enum Side {
    Producer(Producer<u64>),
    Subscriber(ringway::Subscriber<u64>),
    Worker(Worker<u64>),
}

/// Makes the call that the argument says, and says what it was told and how long after it was.
fn call(task: &Task, call: &str, side: &mut Side) -> String {
    let begun = Instant::now();
    let told = match (call, side) {
        ("recv", Side::Subscriber(it)) => format!("{:?}", it.recv()),
        ("wait_ready", Side::Subscriber(it)) => format!("{:?}", it.wait_ready()),
        ("iter", Side::Subscriber(it)) => format!("{:?}", it.iter().next().unwrap()),
        ("worker", Side::Worker(it)) => format!("{:?}", it.recv().map(drop)),
        ("send", Side::Producer(it)) => format!("{:?}", it.send(&9)),
        ("flush", Side::Producer(it)) => format!("{:?}", it.flush(LONG)),
        ("consumers", Side::Producer(it)) => format!("{:?}", it.wait_for_consumers(9, LONG)),
        other => panic!("there is no call {}", other.0),
    };
    assert!(begun.elapsed() >= A_WHILE / 2, "{} did not wait", task.argument());
    told
}

fn side(task: &Task, name: &str, stop: &Interrupt) -> Side {
    let options = Options::<u64>::new(4).subscribers(16).groups(1);
    if matches!(name, "send" | "flush" | "consumers") {
        let mut producer = options.create(task.segment("ring")).unwrap();
        let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
        std::mem::forget(ring.subscribe(Start::Next).unwrap());
        producer.send_batch(&[0; 4]).unwrap();
        return Side::Producer(producer.interrupted_by(stop));
    }
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    match name {
        "worker" => Side::Worker(Worker::join(&ring, "a").unwrap().interrupted_by(stop)),
        _ => Side::Subscriber(ring.subscribe(Start::Next).unwrap().interrupted_by(stop)),
    }
}

/// Waits in the call that the argument says until it is interrupted, twice.
pub(crate) fn waiter(task: &Task) {
    let stop = raised_by_ctrl_c();
    let name = task.argument().to_owned();
    let mut side = side(task, &name, &stop);
    for _ in 0..2 {
        task.say("waits");
        let told = call(task, &name, &mut side);
        task.say(told);
        stop.clear();
    }
    task.wait();
}

/// The same without `futex_waitv`, in the thread that waits.
pub(crate) fn restricted(task: &Task) {
    let stop = raised_by_ctrl_c();
    let name = task.argument().to_owned();
    let mut side = side(task, &name, &stop);
    match Restriction::NoWaitv.apply(&task.path("ring"), &task.path("empty")) {
        Ok(()) => task.say("restricted"),
        Err(Unrestricted::Missing(what)) => return task.say(format_args!("missing {what}")),
        Err(void) => panic!("{void}"),
    }
    task.say("waits");
    let told = call(task, &name, &mut side);
    task.say(told);
    task.wait();
}

/// How long after the signal it is told.
fn interrupts(child: &Child) -> Duration {
    child.hears("waits");
    std::thread::sleep(A_WHILE);
    let begun = Instant::now();
    child.signal(Signal::INT);
    let told = child.hear();
    let after = begun.elapsed();
    assert!(told.contains("Interrupted"), "{told}");
    after
}

/// A ring for the calls of consumers: those of producers make their own.
fn ring(place: &Place, call: &str) -> Option<Producer<u64>> {
    let consumes = !matches!(call, "send" | "flush" | "consumers");
    consumes.then(|| {
        let options = Options::<u64>::new(4).subscribers(16).groups(1);
        options.create(place.segment("ring")).unwrap()
    })
}

#[test]
fn a_signal_handler_ends_each_call_that_blocks() {
    for call in CALLS {
        let place = Place::new(&format!("interrupt {call}"));
        let _producer = ring(&place, call);
        let mut child = Child::start(&place, "interrupt::waiter", call);
        for _ in 0..2 {
            let after = interrupts(&child);
            println!("{call}: {after:?}");
        }
        child.go();
        child.ends();
    }
}

#[test]
fn so_it_does_where_the_kernel_cannot_wait_for_several_words() {
    for call in CALLS {
        let place = Place::new(&format!("interrupt in slices {call}"));
        let _producer = ring(&place, call);
        let mut child = Child::start(&place, "interrupt::restricted", call);
        let said = child.hear();
        if let Some(missing) = said.strip_prefix("missing ") {
            return eprintln!("not checked: what is missing here: {missing}");
        }
        assert_eq!(said, "restricted");
        let after = interrupts(&child);
        println!("{call}, in slices: {after:?}");
        child.go();
        child.ends();
    }
}
