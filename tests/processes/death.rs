//! Processes that are killed, or stopped, and what the others learn of it.

use std::fs;
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Duration;

use ringway::error::{
    CreateError, JoinError, RecvError, RecvTimeoutError, ResumeError, TrySendError, WaitError,
};
use ringway::segment::unlink;
use ringway::{Observer, Options, Overflow, Position, Producer, Ring, Start, Subscriber};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

/// Sends as many messages as the argument says when it is told to, and waits to be killed.
pub(crate) fn sends_when_told(task: &Task, producer: &mut Producer<u64>) {
    task.say("created");
    task.wait();
    for n in 0..task.argument().parse().unwrap() {
        producer.send(&n).unwrap();
    }
    task.say("sent");
    task.wait();
}

/// Creates the ring `ring` of 8 messages for one subscriber, sends as many as the argument says when
/// it is told to, and waits to be killed.
pub(crate) fn producer(task: &Task) {
    let mut producer = Options::<u64>::new(8).subscribers(1).create(task.segment("ring")).unwrap();
    sends_when_told(task, &mut producer);
}

/// Creates the ring `ring` of 4 messages that overwrites, sends 10, and waits to be killed.
pub(crate) fn overwriter(task: &Task) {
    let options = Options::<u64>::new(4).overflow(Overflow::Overwrite);
    let mut producer = options.create(task.segment("ring")).unwrap();
    assert_eq!(producer.try_send_batch(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 10);
    task.say("sent");
    task.wait();
}

/// Subscribes, receives as many messages as the argument says, and waits to be killed.
pub(crate) fn subscriber(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    for n in 0..task.argument().parse().unwrap() {
        assert_eq!(subscriber.recv(), Ok(n));
    }
    task.say("received");
    task.wait();
}

/// Subscribes, and says how its first message failed.
pub(crate) fn evicted(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    task.say(format_args!("{:?}", subscriber.recv().unwrap_err()));
}

/// The number of the message at a position, of which these tests have few.
// Positions are as wide as numbers, or not.
#[allow(clippy::useless_conversion)]
fn number(position: Position) -> u64 {
    position.into()
}

fn open(place: &Place) -> Ring<u64> {
    Ring::open(place.segment("ring")).unwrap()
}

/// A producer of the role above that has sent, seen by a subscriber that was there before.
fn sent(place: &Place, messages: u64) -> (Child, Subscriber<u64>) {
    let mut child = Child::start(place, "death::producer", &messages.to_string());
    child.hears("created");
    let subscriber = open(place).subscribe(Start::Next).unwrap();
    child.go();
    child.hears("sent");
    (child, subscriber)
}

#[test]
fn all_that_a_killed_producer_sent_comes_before_its_death() {
    let place = Place::new("all_that_a_killed_producer_sent_comes_before_its_death");
    let (child, mut subscriber) = sent(&place, 5);
    let mut observer = open(&place).observe(Start::Oldest).unwrap();
    assert!(subscriber.is_producer_alive().unwrap() && observer.is_producer_alive().unwrap());
    child.dies();
    assert!(!subscriber.is_producer_alive().unwrap() && !observer.is_producer_alive().unwrap());
    assert!(!subscriber.is_closed());
    for n in 0..5 {
        assert_eq!((subscriber.recv(), observer.recv()), (Ok(n), Ok(n)));
    }
    for _ in 0..2 {
        assert_eq!(subscriber.recv(), Err(RecvError::ProducerDied));
        assert_eq!(observer.recv_timeout(LONG), Err(RecvTimeoutError::ProducerDied));
    }
}

#[test]
fn whoever_sleeps_learns_of_a_death() {
    let place = Place::new("whoever_sleeps_learns_of_a_death");
    let (child, mut subscriber) = sent(&place, 0);
    let mut observer = open(&place).observe(Start::Next).unwrap();
    let sleepers =
        [thread::spawn(move || subscriber.recv()), thread::spawn(move || observer.recv())];
    thread::sleep(Duration::from_millis(100));
    child.dies();
    for sleeper in sleepers {
        assert_eq!(sleeper.join().unwrap(), Err(RecvError::ProducerDied));
    }
}

#[test]
fn a_producer_that_is_stopped_is_not_dead() {
    let place = Place::new("a_producer_that_is_stopped_is_not_dead");
    let (mut child, mut subscriber) = sent(&place, 1);
    child.stops();
    assert_eq!(subscriber.recv(), Ok(0));
    let a_while = Duration::from_millis(400);
    assert_eq!(subscriber.recv_timeout(a_while), Err(RecvTimeoutError::Timeout));
    assert!(subscriber.is_producer_alive().unwrap());
    let resumed = Producer::<u64>::resume(place.segment("ring"));
    assert!(matches!(resumed, Err(ResumeError::Alive { .. })), "{resumed:?}");
    child.continues();
    child.go();
    child.ends();
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
}

#[test]
fn a_successor_goes_on_where_the_dead_stopped() {
    let place = Place::new("a_successor_goes_on_where_the_dead_stopped");
    // More than a lap, and not at a refill of the credit.
    for messages in [0, 1, 3, 7] {
        let (child, mut subscriber) = sent(&place, messages);
        let mut patient = open(&place).observe(Start::Next).unwrap().wait_for_successor(true);
        child.dies();
        let waiting = thread::spawn(move || (patient.recv(), patient.epoch()));
        thread::sleep(Duration::from_millis(60));
        let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
        assert_eq!((number(successor.head()), successor.epoch()), (messages, 1));
        assert!(subscriber.is_producer_alive().unwrap());
        successor.send(&messages).unwrap();
        assert_eq!(waiting.join().unwrap(), (Ok(messages), 1));
        for n in 0..=messages {
            assert_eq!(subscriber.recv(), Ok(n));
        }
        let second = Producer::<u64>::resume(place.segment("ring"));
        assert!(matches!(second, Err(ResumeError::Alive { .. })), "{second:?}");
        drop(successor);
        assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        assert!(!unlink(place.segment("ring")).unwrap());
    }
}

#[test]
fn a_successor_does_not_overwrite_what_the_dead_could_not() {
    let place = Place::new("a_successor_does_not_overwrite_what_the_dead_could_not");
    let (child, mut subscriber) = sent(&place, 8);
    child.dies();
    let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
    assert_eq!(successor.try_send(&8), Err(TrySendError::Full));
    assert_eq!(subscriber.recv(), Ok(0));
    assert_eq!(successor.try_send(&8), Ok(()));
    for n in 1..9 {
        assert_eq!(subscriber.recv(), Ok(n));
    }
}

#[test]
fn who_was_told_of_the_death_goes_on_with_the_successor() {
    let place = Place::new("who_was_told_of_the_death_goes_on_with_the_successor");
    let child = Child::start(&place, "death::overwriter", "");
    child.hears("sent");
    let mut observer: Observer<u64> = open(&place).observe(Start::Oldest).unwrap();
    child.dies();
    for n in 6..10 {
        assert_eq!(observer.recv(), Ok(n));
    }
    assert_eq!(observer.recv(), Err(RecvError::ProducerDied));
    let mut successor = Producer::<u64>::resume(place.segment("ring")).unwrap();
    assert_eq!(observer.epoch(), 1);
    successor.try_send(&10).unwrap();
    assert_eq!(observer.recv(), Ok(10));
}

#[test]
fn creating_says_what_is_there_and_goes_on_with_it() {
    let place = Place::new("creating_says_what_is_there_and_goes_on_with_it");
    let segment = place.segment("ring");
    let options = || Options::<u64>::new(8).subscribers(1);
    let (child, mut subscriber) = sent(&place, 3);
    let refused = options().create(&segment);
    assert!(matches!(refused, Err(CreateError::AlreadyExists { .. })), "{refused:?}");
    let refused = options().create_or_resume(&segment);
    assert!(matches!(refused, Err(CreateError::AlreadyExists { .. })), "{refused:?}");
    child.dies();
    let refused = options().create(&segment);
    assert!(matches!(refused, Err(CreateError::ProducerDied { .. })), "{refused:?}");
    let limited = options().max_hold(Duration::from_secs(1));
    let others =
        [Options::<u64>::new(16).subscribers(1), Options::new(8), options().tag(1), limited];
    for other in others {
        let refused = other.create_or_resume(&segment);
        assert!(matches!(refused, Err(CreateError::Different { .. } | CreateError::Resume(_))));
    }
    let mut successor = options().create_or_resume(&segment).unwrap();
    assert_eq!((successor.head(), successor.epoch()), (3, 1));
    successor.send(&3).unwrap();
    for n in 0..4 {
        assert_eq!(subscriber.recv(), Ok(n));
    }
    drop(successor);
    assert_eq!(options().create_or_resume(&segment).unwrap().epoch(), 0);
}

#[test]
fn a_killed_subscriber_holds_nobody_back_and_gives_its_entry_up() {
    let place = Place::new("a_killed_subscriber_holds_nobody_back_and_gives_its_entry_up");
    let segment = place.segment("ring");
    let mut producer = Options::<u64>::new(4).subscribers(1).create(&segment).unwrap();
    let subscriber = |messages: &str| {
        let child = Child::start(&place, "death::subscriber", messages);
        child.hears("joined");
        child
    };

    // A send that blocks.
    let child = subscriber("2");
    producer.send_batch(&[0, 1, 2, 3]).unwrap();
    child.hears("received");
    producer.send_batch(&[4, 5]).unwrap();
    let refused = open(&place).subscribe(Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::NoFreeEntry { entries: 1 });
    child.dies();
    producer.send(&6).unwrap();
    assert_eq!(producer.consumers(), 0);

    // One that does not.
    let child = subscriber("0");
    producer.send_batch(&[7, 8, 9, 10]).unwrap();
    assert_eq!(producer.try_send(&11), Err(TrySendError::Full));
    child.dies();
    while producer.try_send(&11).is_err() {
        thread::sleep(Duration::from_millis(1));
    }

    // A joiner, while the producer does nothing.
    let child = subscriber("0");
    child.dies();
    let mut next = open(&place).subscribe(Start::Next).unwrap();
    producer.send(&12).unwrap();
    assert_eq!(next.recv(), Ok(12));
}

#[test]
fn a_subscriber_that_is_stopped_keeps_its_place() {
    let place = Place::new("a_subscriber_that_is_stopped_keeps_its_place");
    let mut producer = Options::<u64>::new(4).subscribers(1).create(place.segment("ring")).unwrap();
    let mut child = Child::start(&place, "death::subscriber", "5");
    child.hears("joined");
    child.stops();
    producer.send_batch(&[0, 1, 2, 3]).unwrap();
    assert!(producer.send_timeout(&4, Duration::from_millis(300)).is_err());
    child.continues();
    producer.send(&4).unwrap();
    child.hears("received");
}

#[test]
fn a_subscriber_that_is_stopped_for_too_long_is_evicted_and_told() {
    let place = Place::new("evicted");
    let options = Options::<u64>::new(4).subscribers(1).max_hold(Duration::from_millis(50));
    let mut producer = options.create(place.segment("ring")).unwrap();
    let mut child = Child::start(&place, "death::evicted", "");
    child.hears("joined");
    child.stops();
    producer.send_batch(&[0, 1, 2, 3, 4]).unwrap();
    assert_eq!(producer.consumers(), 0);
    // Its entry is still its own.
    let refused = open(&place).subscribe(Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::NoFreeEntry { entries: 1 });
    producer.send_batch(&[5, 6, 7, 8]).unwrap();
    child.continues();
    child.hears("Evicted { missed: 9 }");
    child.ends();
    let mut next = open(&place).subscribe(Start::Oldest).unwrap();
    for n in number(next.position())..9 {
        assert_eq!(next.recv(), Ok(n));
    }
    producer.send(&9).unwrap();
    assert_eq!(next.recv(), Ok(9));
}

/// Receives under a name as many messages as the argument says, more than once if it is told to go on,
/// and says each time where it stands.
pub(crate) fn durable(task: &Task) {
    let ring = Ring::<u64>::open(task.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe_durable("the book keeper", Start::Next).unwrap();
    task.say(format_args!("at {}", subscriber.position()));
    loop {
        task.wait();
        for _ in 0..task.argument().parse().unwrap() {
            let next = number(subscriber.position());
            assert_eq!(subscriber.recv(), Ok(next));
        }
        task.say(format_args!("at {}", subscriber.position()));
    }
}

#[test]
fn a_durable_subscriber_goes_on_behind_what_it_received_however_it_went() {
    let place = Place::new("durable");
    let segment = place.segment("ring");
    let mut producer = Options::<u64>::new(13).subscribers(2).create(&segment).unwrap();
    let mut position = 0;
    let mut sent = 0;
    for (round, messages) in [3, 7, 1, 11, 5].into_iter().enumerate() {
        let mut child = Child::start(&place, "death::durable", &messages.to_string());
        child.hears(&format!("at {position}"));
        let second = open(&place).subscribe_durable("the book keeper", Start::Next);
        assert!(matches!(second, Err(JoinError::InUse { .. })));
        child.go();
        // Some of them are there already, some come while it waits, and one is left behind.
        while sent <= position + messages {
            producer.send(&sent).unwrap();
            sent += 1;
        }
        position += messages;
        child.hears(&format!("at {position}"));
        child.dies();
        assert_eq!(producer.consumers(), 1, "round {round}");
        // Others come and go, and take its entry for theirs no more than the producer does.
        let other = open(&place).subscribe(Start::Next).unwrap();
        let refused = open(&place).subscribe(Start::Next).unwrap_err();
        assert_eq!(refused, JoinError::NoFreeEntry { entries: 2 });
        drop(other);
    }
    // What it holds back stays.
    while producer.try_send(&sent).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, position + 16);
    let again = || open(&place).subscribe_durable("the book keeper", Start::Oldest).unwrap();
    let mut subscriber = again();
    for n in position..position + 2 {
        assert_eq!(subscriber.recv(), Ok(n));
    }
    // Also over the death of a producer, and its own orderly end.
    drop(subscriber);
    assert_eq!(number(again().position()), position + 2);
    assert_eq!(open(&place).remove_durable("somebody else"), Ok(false));
    assert_eq!(open(&place).remove_durable("the book keeper"), Ok(true));
    assert_eq!(
        (producer.consumers(), open(&place).remove_durable("the book keeper")),
        (0, Ok(false))
    );
    producer.send(&sent).unwrap();
}

#[test]
fn a_durable_subscriber_that_is_away_for_too_long_is_evicted_and_told() {
    let place = Place::new("away");
    let options = Options::<u64>::new(4)
        .max_away(Duration::from_millis(30))
        .max_hold(Duration::from_millis(30));
    let mut producer = options.create(place.segment("ring")).unwrap();
    let join = || open(&place).subscribe_durable("a name", Start::Next);
    drop(join().unwrap());
    producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
    assert_eq!(join().unwrap_err(), JoinError::Evicted { missed: 6 });
    let mut anew = join().unwrap();
    producer.send(&6).unwrap();
    assert_eq!((anew.position(), anew.recv()), (6, Ok(6)));
    // Once it has been told, its name is free.
    producer.send_batch(&[7, 8, 9, 10, 11, 12]).unwrap();
    assert_eq!(anew.recv(), Err(RecvError::Evicted { missed: 6 }));
    drop(anew);
    assert_eq!(join().unwrap().position(), 13);
    let too_long = "n".repeat(81);
    for name in ["", &too_long] {
        let refused = open(&place).subscribe_durable(name, Start::Next).unwrap_err();
        assert_eq!(refused, JoinError::Name { len: name.len(), max: 80 });
    }
}

/// Writes a word of the one ring's first entry.
fn forge(place: &Place, offset: u64, value: u32) {
    let mut files = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path());
    let control = files.find(|path| path.extension().is_some_and(|e| e == "ctl")).unwrap();
    let control = fs::OpenOptions::new().write(true).open(control).unwrap();
    control.write_all_at(&value.to_ne_bytes(), 384 + offset).unwrap();
}

#[test]
fn a_forged_generation_does_not_outlast_the_limit() {
    let place = Place::new("forged generation");
    let options = Options::<u64>::new(8).max_hold(Duration::from_millis(40));
    let mut producer = options.create(place.segment("ring")).unwrap();
    let mut subscriber = open(&place).subscribe(Start::Next).unwrap();
    forge(&place, 8, 0);
    for n in 0..30 {
        producer.send_timeout(&n, LONG).unwrap();
    }
    // It is told what it lost, as forged as it is.
    let told = subscriber.recv();
    assert!(matches!(told, Err(RecvError::Lagged(22))), "{told:?}");
}

#[test]
fn many_short_waits_learn_of_a_death_too() {
    let place = Place::new("short waits");
    let (child, mut subscriber) = sent(&place, 0);
    child.dies();
    let short = Duration::from_millis(3);
    while subscriber.recv_timeout(short) == Err(RecvTimeoutError::Timeout) {}
    assert_eq!(subscriber.recv_timeout(LONG), Err(RecvTimeoutError::ProducerDied));
}

#[test]
fn whoever_waits_for_consumers_does_not_count_the_dead() {
    let place = Place::new("dead consumers");
    let mut producer = Options::<u64>::new(8).create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "death::subscriber", "0");
    child.hears("joined");
    producer.wait_for_consumers(1, LONG).unwrap();
    child.dies();
    let joined = WaitError::Timeout { joined: 0 };
    assert_eq!(producer.wait_for_consumers(1, Duration::ZERO), Err(joined));
}

#[test]
fn an_owner_that_nobody_can_be_keeps_nobody_out() {
    let place = Place::new("forged owner");
    let mut producer = Options::<u64>::new(4).subscribers(1).create(place.segment("ring")).unwrap();
    forge(&place, 0, 7);
    let mut subscriber = open(&place).subscribe(Start::Next).unwrap();
    producer.send(&1).unwrap();
    assert_eq!(subscriber.recv(), Ok(1));
    let refused = open(&place).subscribe(Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::NoFreeEntry { entries: 1 });
}

/// The slots of a new ring look as if there had been a lap before the first message.
#[test]
fn a_forged_place_before_the_first_message_is_none() {
    let place = Place::new("forged place");
    let options = Options::<u64>::new(8).origin(100);
    let mut producer = options.create(place.segment("ring")).unwrap();
    drop(open(&place).subscribe_durable("a name", Start::Next).unwrap());
    producer.send_batch(&[0, 1, 2]).unwrap();
    forge(&place, 16, 2 * 98 + 1);
    let refused = open(&place).subscribe_durable("a name", Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::Corrupt);
}
