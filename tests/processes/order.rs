//! Who starts first, and who ends first.

use std::time::Duration;

use ringway::error::{RecvError, RecvTimeoutError, TryRecvError};
use ringway::{Options, Ring, Start};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::{Name, Place};

const MESSAGES: u64 = 1000;

#[test]
fn programs_start_in_any_order() {
    let place = Place::new("order");
    let orders = [
        ["consumer", "consumer", "producer"],
        ["consumer", "producer", "consumer"],
        ["producer", "consumer", "consumer"],
    ];
    for (n, order) in orders.into_iter().enumerate() {
        // In the default directory, where a name is all that programs have to agree on.
        let name = Name::new(&format!("order-{n}"));
        let mut children: Vec<Child> = Vec::new();
        for role in order {
            // Nobody gets anywhere before all are there.
            for child in &children {
                child.is_silent_for(Duration::from_millis(50));
            }
            let child = Child::start(&place, &format!("order::{role}"), &name.0);
            child.hears("started");
            children.push(child);
        }
        for child in children {
            child.hears("done");
            child.ends();
        }
        assert!(!ringway::segment::unlink(&name.0).unwrap(), "the name was left");
    }
}

pub(crate) fn consumer(task: &Task) {
    task.say("started");
    let ring = Ring::<u64>::open_wait(task.argument(), LONG).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let received: Result<Vec<u64>, _> = subscriber.iter().collect();
    assert!(received.unwrap().into_iter().eq(0..MESSAGES));
    task.say("done");
}

pub(crate) fn producer(task: &Task) {
    task.say("started");
    let mut producer = Options::<u64>::new(64).create(task.argument()).unwrap();
    producer.wait_for_consumers(2, LONG).unwrap();
    (0..MESSAGES).for_each(|n| producer.send(&n).unwrap());
    drop(producer);
    task.say("done");
}

const LEFT: u64 = 10;

#[test]
fn a_ring_whose_producer_has_ended_is_drained_and_then_closed() {
    let place = Place::new("closed");
    let mut drainer = Child::start(&place, "order::drainer", "");
    let closer = Child::start(&place, "order::closer", "");
    drainer.hears("joined");
    closer.ends();
    place.is_empty();
    drainer.go();
    drainer.hears("drained");
    drainer.ends();
}

pub(crate) fn closer(task: &Task) {
    let mut producer = Options::<u64>::new(64).create(task.segment("ring")).unwrap();
    producer.wait_for_consumers(1, LONG).unwrap();
    (0..LEFT).for_each(|n| producer.send(&n).unwrap());
    producer.close().unwrap();
}

pub(crate) fn drainer(task: &Task) {
    let ring = Ring::<u64>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    task.wait();
    assert!(subscriber.is_closed());
    assert_eq!(subscriber.lag(), LEFT);
    for n in 0..LEFT {
        assert_eq!(subscriber.recv(), Ok(n));
    }
    for _ in 0..3 {
        assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
        let timed = subscriber.recv_timeout(LONG);
        assert_eq!(timed, Err(RecvTimeoutError::Closed));
    }
    task.say("drained");
}
