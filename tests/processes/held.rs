//! Processes that die with messages that they have received and not released.

use ringway::{Options, Ring, Start};

use crate::child::{Child, Task};
use crate::place::Place;

fn open(place: &Place) -> Ring<u64> {
    Ring::open(place.segment("ring")).unwrap()
}

/// Deals with two messages and has a third, which is all that it says of it.
pub(crate) fn one(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe_durable("keeper", Start::Next).unwrap();
    task.say("ready");
    for _ in 0..2 {
        subscriber.recv_held().unwrap().release();
    }
    let message = subscriber.recv_held().unwrap();
    task.say(format_args!("has {}", *message));
    task.wait();
}

/// Has five messages, and has dealt with the first and the fourth.
pub(crate) fn many(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let subscriber = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let mut holding = subscriber.holding([false; 64]);
    task.say("ready");
    let positions: Vec<_> = (0..5).map(|_| holding.recv().unwrap().0).collect();
    assert!(holding.release(positions[3]) && holding.release(positions[0]));
    task.say(format_args!("holds {}", holding.held()));
    task.wait();
}

/// Reads two messages in place, and has not finished.
pub(crate) fn in_place(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let subscriber = ring.subscribe_durable("keeper", Start::Next).unwrap();
    // SAFETY: the test's processes use this library.
    let mut subscriber = unsafe { subscriber.assume_protocol() };
    task.say("ready");
    let messages = loop {
        let messages = subscriber.recv_refs(2).unwrap();
        if messages.len() == 2 {
            break messages;
        }
        messages.keep_after(0);
    };
    task.say(format_args!("reads {}", messages.iter().sum::<u64>()));
    task.wait();
}

/// What the next process under the name gets, after one that plays a role and is killed when it has
/// said that; and for each message whether it may have been given before.
fn after_the_death_of(role: &str, said: &str) -> Vec<(u64, bool)> {
    let place = Place::new(role);
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, role, "");
    child.hears("ready");
    producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
    child.hears(said);
    child.dies();
    let mut keeper = open(&place).subscribe_durable("keeper", Start::Next).unwrap();
    producer.close().unwrap();
    let mut got = Vec::new();
    while let Ok(message) = keeper.recv_held() {
        got.push((*message, message.redelivered()));
        message.release();
    }
    got
}

#[test]
fn what_the_dead_had_not_released_comes_again_with_a_mark() {
    let came = |marked: &[u64], new: &[u64]| -> Vec<_> {
        let marked = marked.iter().map(|&message| (message, true));
        marked.chain(new.iter().map(|&message| (message, false))).collect()
    };
    assert_eq!(after_the_death_of("held::one", "has 2"), came(&[2], &[3, 4, 5]));
    assert_eq!(after_the_death_of("held::many", "holds 3"), came(&[1, 2, 3, 4], &[5]));
    assert_eq!(after_the_death_of("held::in_place", "reads 1"), came(&[0, 1], &[2, 3, 4, 5]));
}
