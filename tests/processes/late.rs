//! Processes that join late, and still get what there is: `Start::Oldest`.

use ringway::error::{RecvError, TryRecvError};
use ringway::{Options, Producer, Ring, Segment, Start};

use crate::LONG;
use crate::account::Account;
use crate::child::{Child, Task};
use crate::place::Place;

const CAPACITY: u64 = 64;
/// How much of the ring may be promised to a producer that is not there yet.
const CREDIT: u64 = CAPACITY / 8;

fn create(segment: impl Into<Segment>) -> Producer<u64> {
    Options::new(CAPACITY as usize).create(segment).unwrap()
}

fn open(task: &Task) -> Ring<u64> {
    Ring::open_wait(task.segment("ring"), LONG).unwrap()
}

fn send(producer: &mut Producer<u64>, positions: std::ops::Range<u64>) {
    for position in positions {
        producer.send(&position).unwrap();
    }
}

fn take(account: &mut Account, outcome: Result<u64, RecvError>) -> bool {
    let bytes = outcome.map(u64::to_le_bytes);
    account.take(bytes, |position, bytes| bytes == position.to_le_bytes())
}

fn receive_all(account: &mut Account, mut receive: impl FnMut() -> Result<u64, RecvError>) {
    while take(account, receive()) {}
}

const BEFORE: u64 = 1000;
const AFTER: u64 = 500;

#[test]
fn who_joins_late_gets_the_oldest_that_is_left_and_everything_after() {
    let place = Place::new("late");
    let mut producer = Child::start(&place, "late::idle_producer", "");
    producer.hears("sent");
    let subscriber = Child::start(&place, "late::subscriber", "");
    let observer = Child::start(&place, "late::observer", "");
    subscriber.hears("joined");
    observer.hears("joined");
    producer.go();

    let account = subscriber.account();
    let oldest = BEFORE - CAPACITY;
    assert!((oldest..=oldest + 2 * CREDIT).contains(&account.first), "{account:?}");
    assert_eq!(account.lagged, 0);
    assert_eq!(account.position(), BEFORE + AFTER, "{account:?}");
    let account = observer.account();
    assert_eq!(account.first, oldest);
    assert_eq!(account.position(), BEFORE + AFTER, "{account:?}");
    for child in [producer, subscriber, observer] {
        child.ends();
    }
    place.is_empty();
}

pub(crate) fn idle_producer(task: &Task) {
    let mut producer = create(task.segment("ring"));
    send(&mut producer, 0..BEFORE);
    task.say("sent");
    task.wait();
    send(&mut producer, BEFORE..BEFORE + AFTER);
}

pub(crate) fn subscriber(task: &Task) {
    let mut subscriber = open(task).subscribe(Start::Oldest).unwrap();
    task.say("joined");
    let mut account = Account::from(subscriber.position());
    receive_all(&mut account, || subscriber.recv());
    task.say(account);
}

pub(crate) fn observer(task: &Task) {
    let mut observer = open(task).observe(Start::Oldest).unwrap();
    task.say("joined");
    let mut account = Account::from(observer.position());
    receive_all(&mut account, || observer.recv());
    task.say(account);
}

#[test]
fn who_joins_a_running_stream_misses_nothing_from_there_on() {
    let place = Place::new("running");
    let companion = Child::start(&place, "late::companion", "");
    let mut producer = Child::start(&place, "late::running_producer", "");
    companion.hears("running");
    let joiners: Vec<_> = (0..4).map(|_| Child::start(&place, "late::joiner", "")).collect();
    for joiner in &joiners {
        joiner.hears("has a lot");
    }
    producer.go();

    let sent = producer.account();
    assert_eq!(companion.account(), sent);
    for joiner in joiners {
        let account = joiner.account();
        assert!(account.first > 0);
        assert_eq!(account.lagged, 0);
        assert_eq!(account.position(), sent.messages, "{account:?}");
        joiner.ends();
    }
    producer.ends();
    companion.ends();
    place.is_empty();
}

/// Sends until it is told to stop.
pub(crate) fn running_producer(task: &Task) {
    let mut producer = create(task.segment("ring"));
    producer.wait_for_consumers(1, LONG).unwrap();
    let mut account = Account::default();
    while !task.told() {
        producer.send(&account.messages).unwrap();
        account.add(&account.messages.to_le_bytes());
    }
    drop(producer);
    task.say(account);
}

/// Is there from the first message on.
pub(crate) fn companion(task: &Task) {
    let mut subscriber = open(task).subscribe(Start::Next).unwrap();
    let mut account = Account::default();
    while account.messages < 10 * CAPACITY {
        assert!(take(&mut account, subscriber.recv()));
    }
    task.say("running");
    receive_all(&mut account, || subscriber.recv());
    task.say(account);
}

/// Joins in the middle, and says when it has seen the ring go round a few times.
pub(crate) fn joiner(task: &Task) {
    let mut subscriber = open(task).subscribe(Start::Oldest).unwrap();
    let mut account = Account::from(subscriber.position());
    while account.messages < 10 * CAPACITY {
        assert!(take(&mut account, subscriber.recv()));
    }
    task.say("has a lot");
    receive_all(&mut account, || subscriber.recv());
    task.say(account);
}

#[test]
fn a_ring_that_keeps_its_name_can_be_read_after_its_producer_has_ended() {
    let place = Place::new("kept");
    Child::start(&place, "late::finished_producer", "").ends();
    // Twice: reading takes nothing away.
    for _ in 0..2 {
        let reader = Child::start(&place, "late::reader", "");
        let account = reader.account();
        assert_eq!(account.position(), BEFORE);
        assert!(account.messages >= CAPACITY - 2 * CREDIT, "{account:?}");
        reader.ends();
    }
    assert!(ringway::segment::unlink(place.segment("ring")).unwrap());
    place.is_empty();
}

pub(crate) fn finished_producer(task: &Task) {
    let mut producer = create(task.segment("ring").keep(true));
    send(&mut producer, 0..BEFORE);
}

pub(crate) fn reader(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
    let mut account = Account::from(subscriber.position());
    receive_all(&mut account, || subscriber.recv());
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
    task.say(account);
}
