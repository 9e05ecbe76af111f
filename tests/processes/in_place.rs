//! Messages that another process reads where they lie.

use std::time::Duration;

use ringway::error::{RecvError, TryRecvError, TrySendError};
use ringway::{Options, Ring, Start, Subscriber, Worker};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

type Frame = [u64; 1024];

fn subscribe(task: &Task) -> Subscriber<Frame> {
    let ring = Ring::<Frame>::open(task.segment("ring")).unwrap();
    // SAFETY: the tests' processes all use this library.
    let subscriber = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
    task.say("joined");
    subscriber
}

/// Reads frames in place until the ring is closed, and says how many were whole.
pub(crate) fn reader(task: &Task) {
    let mut subscriber = subscribe(task);
    let mut frames = 0;
    loop {
        match subscriber.recv_ref() {
            Ok(frame) => assert!(frame.iter().all(|&word| word == frames)),
            Err(error) => break assert_eq!(error, RecvError::Closed),
        }
        frames += 1;
    }
    task.say(frames);
}

/// Takes hold of a frame, and waits to be killed.
pub(crate) fn holder(task: &Task) {
    let mut subscriber = subscribe(task);
    let _frame = subscriber.recv_ref().unwrap();
    task.say("holds it");
    task.wait();
}

#[test]
fn frames_are_read_in_place_by_other_processes() {
    let place = Place::new("frames");
    let options = Options::<Frame>::new(4).observers(false);
    let mut producer = options.create(place.segment("ring")).unwrap();
    let readers = [(); 2].map(|()| Child::start(&place, "in_place::reader", ""));
    for reader in &readers {
        reader.hears("joined");
    }
    for n in 0..2000 {
        let mut loan = producer.reserve().unwrap();
        loan.get_mut().unwrap().fill(n);
        loan.commit();
    }
    producer.flush(LONG).unwrap();
    producer.close().unwrap();
    for reader in readers {
        reader.hears("2000");
    }
}

/// Whoever is evicted over a frame that it reads keeps that, and the dead keep nothing.
#[test]
fn a_frame_is_held_by_the_living_alone() {
    let place = Place::new("held frame");
    let options = Options::<Frame>::new(4).max_lag(2).hold_in_place(true);
    let mut producer = options.create(place.segment("ring")).unwrap();
    let child = Child::start(&place, "in_place::holder", "");
    child.hears("joined");
    producer.send(&[0; 1024]).unwrap();
    child.hears("holds it");
    for n in 1..4 {
        producer.try_send(&[n; 1024]).unwrap();
    }
    assert_eq!(producer.try_send(&[4; 1024]), Err(TrySendError::Full));
    assert!(producer.send_timeout(&[4; 1024], Duration::from_millis(100)).is_err());
    child.dies();
    producer.send_timeout(&[4; 1024], LONG).unwrap();
    producer.flush(LONG).unwrap();
}

#[test]
fn others_memory_is_not_referred_to_without_a_promise() {
    let place = Place::new("no promise");
    let mut producer = Options::<u64>::new(4).create(place.segment("ring")).unwrap();
    let ring = Ring::<u64>::open(place.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[1, 2]).unwrap();
    assert_eq!(subscriber.try_recv_ref().unwrap_err(), TryRecvError::NotInPlace);
    assert_eq!(subscriber.recv_refs(2).unwrap_err(), RecvError::NotInPlace);
    assert_eq!(subscriber.recv(), Ok(1));
    // SAFETY: nobody else knows of the ring.
    let mut subscriber = unsafe { subscriber.assume_protocol() };
    assert_eq!(*subscriber.recv_ref().unwrap(), 2);

    // A worker needs no less.
    let mut producer = Options::<u64>::new(4).groups(1).create(place.segment("jobs")).unwrap();
    let ring = Ring::<u64>::open(place.segment("jobs")).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    producer.send(&1).unwrap();
    assert_eq!(worker.try_recv_ref().unwrap_err(), TryRecvError::NotInPlace);
    // SAFETY: as above.
    let mut worker = unsafe { worker.assume_protocol() };
    assert_eq!(*worker.recv_ref().unwrap(), 1);

    // Whoever can be evicted takes more than trust: the creator's leave to hold the producer.
    let mut producer = Options::<u64>::new(4).max_lag(2).create(place.segment("other")).unwrap();
    let ring = Ring::<u64>::open(place.segment("other")).unwrap();
    // SAFETY: as above.
    let mut subscriber = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
    producer.send(&1).unwrap();
    assert_eq!(subscriber.peek().unwrap_err(), TryRecvError::NotInPlace);
    assert_eq!(subscriber.recv(), Ok(1));
}
