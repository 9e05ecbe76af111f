//! Roles that are made of bytes alone, beside the library's.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use ringway::error::RecvError;
use ringway::{Options, Overflow, Producer, Ring, Start, Worker};

use crate::Place;
use crate::by_bytes::{self, Found, Given, subscriber};

fn number(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes.try_into().unwrap())
}

#[test]
fn an_observer_by_bytes_gets_every_message_or_its_count() {
    let place = Place::new("observer");
    let options = Options::<u64>::new(64).overflow(Overflow::Overwrite).subscribers(0);
    let mut producer = options.create(place.segment()).unwrap();
    let mut observer = by_bytes::Observer::open(&place.ring()).unwrap();
    const SENT: u64 = 20_000;
    let sender = thread::spawn(move || (0..SENT).for_each(|n| producer.send(&n).unwrap()));
    let (mut received, mut lost) = (0, 0);
    loop {
        match observer.recv().unwrap() {
            Some(Found::Message(bytes)) => {
                assert_eq!(number(&bytes), observer.next - 1);
                received += 1;
            }
            Some(Found::Lost(messages)) => lost += messages,
            Some(Found::Closed) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received + lost, SENT);
    sender.join().unwrap();
}

#[test]
fn a_subscriber_by_bytes_gets_every_message_and_holds_the_producer_back() {
    let place = Place::new("subscriber");
    let mut producer = Options::<u64>::new(64).create(place.segment()).unwrap();
    producer.send(&0).unwrap();
    let mut subscriber =
        by_bytes::Subscriber::join(&place.ring(), subscriber::Start::Oldest).unwrap();
    assert_eq!(producer.consumers(), 1);
    for n in 1..64 {
        producer.try_send(&n).unwrap();
    }
    assert!(producer.try_send(&64).is_err(), "the ring is full");
    const SENT: u64 = 20_000;
    let sender = thread::spawn(move || {
        for n in 64..SENT {
            producer.send(&n).unwrap();
            if n % 4096 == 0 {
                // So that the subscriber sleeps.
                thread::sleep(Duration::from_millis(3));
            }
        }
    });
    for n in 0..SENT {
        assert_eq!(subscriber.recv().unwrap(), Found::Message(n.to_ne_bytes().to_vec()));
    }
    assert_eq!(subscriber.recv().unwrap(), Found::Closed);
    sender.join().unwrap();
}

#[test]
fn a_subscriber_by_bytes_that_leaves_or_dies_holds_nothing_back() {
    let place = Place::new("leaves");
    let mut producer = Options::<u64>::new(8).subscribers(1).create(place.segment()).unwrap();
    let join = || by_bytes::Subscriber::join(&place.ring(), subscriber::Start::Next);
    let subscriber = join().unwrap();
    assert!(join().is_err(), "there is one entry");
    drop(subscriber);
    (0..20).for_each(|n| producer.try_send(&n).unwrap());
    join().unwrap().die();
    // The first that needs the entry, or room, finds that its owner is dead.
    join().unwrap().die();
    (0..20).for_each(|n| producer.send(&n).unwrap());
}

#[test]
fn a_subscriber_by_bytes_that_is_evicted_is_told_how_much_it_missed() {
    let place = Place::new("evicted");
    let options = Options::<u64>::new(8).max_lag(4);
    let mut producer = options.create(place.segment()).unwrap();
    let mut subscriber =
        by_bytes::Subscriber::join(&place.ring(), subscriber::Start::Next).unwrap();
    (0..30).for_each(|n| producer.try_send(&n).unwrap());
    assert_eq!(subscriber.try_recv().unwrap(), Found::Lost(30));
}

#[test]
fn workers_by_bytes_and_the_librarys_share_the_messages_of_a_group() {
    let place = Place::new("workers");
    let options = Options::<u64>::new(64).groups(1).workers(3);
    let mut producer = options.create(place.segment()).unwrap();
    // The one of bytes makes the group, in one test; the library finds it.
    let mut workers = [(); 2].map(|()| by_bytes::Worker::join(&place.ring(), "jobs").unwrap());
    let ring = Ring::<u64>::open(place.segment()).unwrap();
    let mut library = Worker::join(&ring, "jobs").unwrap();
    const SENT: u64 = 5_000;
    let mut done = BTreeMap::new();
    thread::scope(|scope| {
        let theirs = workers.each_mut().map(|worker| {
            scope.spawn(move || {
                let (mut done, mut back) = (Vec::new(), 0);
                while let Given::Message { position, marked, bytes } = worker.recv().unwrap() {
                    if !marked && position % 50 == 7 {
                        back += 1;
                        assert!(worker.give_back(position, marked));
                        continue;
                    }
                    assert_eq!(number(&bytes), position);
                    assert!(worker.done(position, marked));
                    done.push((position, marked));
                }
                assert!(back < SENT);
                done
            })
        });
        let ours = scope.spawn(|| {
            let mut done = Vec::new();
            loop {
                match library.recv() {
                    Ok(job) => {
                        done.push((*job, job.redelivered()));
                        job.done().unwrap();
                    }
                    Err(RecvError::Closed) => return done,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        (0..SENT).for_each(|n| producer.send(&n).unwrap());
        drop(producer);
        for side in theirs.into_iter().chain([ours]) {
            for (position, marked) in side.join().unwrap() {
                assert_eq!(done.insert(position, marked), None, "{position} was done twice");
            }
        }
    });
    assert_eq!(done.len() as u64, SENT);
}

#[test]
fn what_a_dead_worker_by_bytes_had_comes_to_the_librarys() {
    let place = Place::new("dead-worker");
    let options = Options::<u64>::new(8).groups(1).workers(2);
    let mut producer = options.create(place.segment()).unwrap();
    let ring = Ring::<u64>::open(place.segment()).unwrap();
    let mut library = Worker::join(&ring, "jobs").unwrap();
    let mut worker = by_bytes::Worker::join(&place.ring(), "jobs").unwrap();
    producer.send(&7).unwrap();
    assert!(matches!(worker.try_recv().unwrap(), Given::Message { position: 0, .. }));
    worker.die();
    let job = library.recv().unwrap();
    assert_eq!((*job, job.redelivered()), (7, true));
}

#[test]
fn what_a_dead_worker_of_either_make_had_comes_to_one_by_bytes() {
    let place = Place::new("dead-workers");
    let options = Options::<u64>::new(8).groups(1).workers(1);
    let mut producer = options.create(place.segment()).unwrap();
    let join = || by_bytes::Worker::join(&place.ring(), "jobs");
    let mut worker = join().unwrap();
    assert!(join().is_err(), "there is one entry");
    producer.send(&7).unwrap();
    let given = |marked| Given::Message { position: 0, marked, bytes: 7u64.to_ne_bytes().into() };
    assert_eq!(worker.try_recv().unwrap(), given(false));
    worker.die();
    let mut worker = join().unwrap();
    assert_eq!(worker.try_recv().unwrap(), given(true));
    assert!(worker.done(0, true));
    assert_eq!(worker.try_recv().unwrap(), Given::Nothing);
}

#[test]
fn a_producer_by_bytes_takes_a_ring_over_and_gives_it_back() {
    let place = Place::new("producer");
    let options = Options::<u64>::new(16).groups(1).workers(1);
    let mut producer = options.create(place.segment()).unwrap();
    let ring = Ring::<u64>::open(place.segment()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().wait_for_successor(true);
    let mut worker = Worker::join(&ring, "jobs").unwrap();
    assert!(by_bytes::Producer::take_over(&place.ring()).is_err(), "its producer lives");
    producer.send(&0).unwrap();
    producer.detach();

    let mut successor = by_bytes::Producer::take_over(&place.ring()).unwrap();
    const SENT: u64 = 5_000;
    let receiver = thread::spawn(move || {
        for n in 0..SENT {
            assert_eq!(subscriber.recv(), Ok(n));
        }
        subscriber
    });
    let working = thread::spawn(move || {
        for n in 0..SENT {
            let job = worker.recv().unwrap();
            assert_eq!(*job, n);
            job.done().unwrap();
        }
        worker
    });
    for n in 1..SENT {
        successor.send(&n.to_ne_bytes()).unwrap();
    }
    let mut subscriber = receiver.join().unwrap();
    let worker = working.join().unwrap();
    successor.detach();
    let mut producer = Producer::<u64>::resume(place.segment()).unwrap();
    assert_eq!((producer.head(), producer.epoch()), (SENT as _, 2));
    producer.send(&SENT).unwrap();
    assert_eq!(subscriber.recv(), Ok(SENT));
    drop((producer, worker));
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
}

#[test]
fn a_producer_by_bytes_sends_messages_of_all_lengths_and_ends_the_ring() {
    let place = Place::new("ends");
    let producer = Options::bytes(8, 20).create(place.segment()).unwrap();
    let ring = Ring::<[u8]>::open(place.segment()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.detach();
    let mut successor = by_bytes::Producer::take_over(&place.ring()).unwrap();
    for len in [0, 1, 7, 8, 9, 20] {
        successor.send(&vec![len as u8; len]).unwrap();
    }
    assert!(successor.send(&[0; 21]).is_err());
    drop(successor);
    let mut buffer = [0; 20];
    for len in [0, 1, 7, 8, 9, 20] {
        assert_eq!(subscriber.recv_into(&mut buffer), Ok(len));
        assert_eq!(buffer[..len], vec![len as u8; len]);
    }
    assert_eq!(subscriber.recv_into(&mut buffer), Err(RecvError::Closed));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
