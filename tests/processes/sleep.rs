//! Who sleeps in one process is woken by another.

use std::time::Duration;

use ringway::error::RecvError;
use ringway::{Options, Ring, Start};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

/// Long enough for whoever has nothing to do to be asleep.
const A_WHILE: Duration = Duration::from_millis(300);

const ROUNDS: u64 = 3;

#[test]
fn a_consumer_that_sleeps_is_woken_by_one_message_and_by_the_end() {
    let place = Place::new("sleep");
    let consumers =
        ["subscriber", "observer"].map(|kind| Child::start(&place, "sleep::receiver", kind));
    let mut sender = Child::start(&place, "sleep::sender", "");
    for consumer in &consumers {
        consumer.hears("joined");
    }
    for n in 0..ROUNDS {
        for consumer in &consumers {
            consumer.is_silent_for(A_WHILE);
        }
        sender.go();
        for consumer in &consumers {
            consumer.hears(&n.to_string());
        }
    }
    for consumer in &consumers {
        consumer.is_silent_for(A_WHILE);
    }
    sender.go();
    sender.ends();
    for consumer in consumers {
        consumer.hears("closed");
        consumer.ends();
    }
    place.is_empty();
}

/// Sends one message each time it is told to.
pub(crate) fn sender(task: &Task) {
    let mut producer = Options::<u64>::new(8).create(task.segment("ring")).unwrap();
    producer.wait_for_consumers(1, LONG).unwrap();
    for n in 0..ROUNDS {
        task.wait();
        producer.send(&n).unwrap();
    }
    task.wait();
}

pub(crate) fn receiver(task: &Task) {
    let ring = Ring::<u64>::open_wait(task.segment("ring"), LONG).unwrap();
    if task.argument() == "subscriber" {
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        report_each(task, || subscriber.recv());
    } else {
        let mut observer = ring.observe(Start::Next).unwrap();
        report_each(task, || observer.recv());
    }
}

fn report_each(task: &Task, mut receive: impl FnMut() -> Result<u64, RecvError>) {
    task.say("joined");
    for n in 0..ROUNDS {
        assert_eq!(receive(), Ok(n));
        task.say(n);
    }
    assert_eq!(receive(), Err(RecvError::Closed));
    task.say("closed");
}

const CAPACITY: u64 = 8;

#[test]
fn a_producer_that_sleeps_is_woken_by_a_slot_that_is_released() {
    let place = Place::new("full");
    let mut receiver = Child::start(&place, "sleep::slow_receiver", "");
    let sender = Child::start(&place, "sleep::blocked_sender", "");
    sender.hears("full");
    for n in 0..ROUNDS {
        sender.is_silent_for(A_WHILE);
        receiver.go();
        receiver.hears("received");
        sender.hears(&format!("sent {n}"));
    }
    receiver.go();
    receiver.ends();
    sender.ends();
    place.is_empty();
}

pub(crate) fn blocked_sender(task: &Task) {
    let options = Options::<u64>::new(CAPACITY as usize);
    let mut producer = options.create(task.segment("ring")).unwrap();
    producer.wait_for_consumers(1, LONG).unwrap();
    (0..CAPACITY).for_each(|n| producer.send(&n).unwrap());
    task.say("full");
    for n in 0..ROUNDS {
        producer.send(&(CAPACITY + n)).unwrap();
        task.say(format_args!("sent {n}"));
    }
}

/// Receives one message each time it is told to.
pub(crate) fn slow_receiver(task: &Task) {
    let ring = Ring::<u64>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..ROUNDS {
        task.wait();
        assert_eq!(subscriber.recv(), Ok(n));
        task.say("received");
    }
    task.wait();
    assert!(subscriber.iter().eq((ROUNDS..ROUNDS + CAPACITY).map(Ok)));
}
