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

/// What the next process under the name gets, after one that plays a role and is killed when it has
/// said that.
fn after_the_death_of(role: &str, said: &str) -> Vec<u64> {
    let place = Place::new(role);
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, role, "");
    child.hears("ready");
    producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
    child.hears(said);
    child.dies();
    let mut keeper = open(&place).subscribe_durable("keeper", Start::Next).unwrap();
    producer.close().unwrap();
    keeper.iter().collect::<Result<_, _>>().unwrap()
}

#[test]
fn what_the_dead_had_not_released_comes_again() {
    assert_eq!(after_the_death_of("held::one", "has 2"), [2, 3, 4, 5]);
    assert_eq!(after_the_death_of("held::many", "holds 3"), [1, 2, 3, 4, 5]);
}
