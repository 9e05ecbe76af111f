//! A ring that overwrites, and two processes that observe it.

use ringway::{Options, Overflow, Ring, Start};
use zerocopy::IntoBytes;

use crate::LONG;
use crate::account::Account;
use crate::child::{Child, Task};
use crate::place::Place;

const CAPACITY: u64 = 64;
const MESSAGES: u64 = 100_000;

type Message = [u64; 7];

fn message(position: u64) -> Message {
    std::array::from_fn(|i| (position ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[test]
fn observers_of_an_overwriting_ring_know_exactly_what_they_missed() {
    let place = Place::new("overwrite");
    let observer = |when| Child::start(&place, "overwrite::observer", when);
    let (eager, mut late) = (observer("at once"), observer("late"));
    let mut producer = Child::start(&place, "overwrite::producer", "");
    eager.hears("joined");
    late.hears("joined");
    producer.go();

    let sent = producer.account();
    assert_eq!(sent.messages, MESSAGES);
    let account = eager.account();
    assert_eq!(account.position(), MESSAGES, "{account:?}");
    eager.ends();
    producer.ends();

    // The producer is no more, and the one that was away for all that time still gets a whole ring.
    late.go();
    let account = late.account();
    assert_eq!(account.messages, CAPACITY);
    assert_eq!(account.lagged, MESSAGES - CAPACITY);
    late.ends();
    place.is_empty();
}

pub(crate) fn producer(task: &Task) {
    let options = Options::<Message>::new(CAPACITY as usize).overflow(Overflow::Overwrite);
    let mut producer = options.create(task.segment("ring")).unwrap();
    task.wait();
    let mut account = Account::default();
    for position in 0..MESSAGES {
        let message = message(position);
        producer.send(&message).unwrap();
        account.add(message.as_bytes());
    }
    drop(producer);
    task.say(account);
}

pub(crate) fn observer(task: &Task) {
    let ring = Ring::<Message>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    task.say("joined");
    if task.argument() == "late" {
        task.wait();
    }
    let mut account = Account::default();
    for outcome in observer.iter() {
        let bytes = outcome.as_ref().map(Message::as_bytes);
        account.take(bytes.map_err(|error| *error), |position, bytes| {
            bytes == message(position).as_bytes()
        });
    }
    task.say(account);
}
