//! When each kind of member is ready.

use std::time::{Duration, Instant};

use ringway::error::{TryRecvError, TrySendError, WaitSetError};
use ringway::producer::Room;
use ringway::wait::Interrupt;
use ringway::{Options, Overflow, Segment, Spin, Start, WaitSet, Worker};

use crate::{ready, waits};

#[test]
fn a_consumer_is_ready_for_messages_losses_and_the_end() {
    let options = Options::<u64>::new(4).overflow(Overflow::Overwrite);
    let (mut producer, ring) = options.heap().unwrap();
    let mut observer = ring.observe(Start::Next).unwrap().with_wait(Spin);
    let set = WaitSet::new();
    set.add(&mut observer, 9).unwrap();
    assert_eq!(ready(&set), []);
    producer.send(&1).unwrap();
    // It stays so until it has been dealt with.
    assert_eq!((ready(&set), ready(&set)), (vec![9], vec![9]));
    assert_eq!(observer.try_recv(), Ok(1));
    assert_eq!(ready(&set), []);
    producer.send_batch(&[2, 3, 4, 5, 6, 7]).unwrap();
    assert_eq!(ready(&set), [9]);
    assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(2)));
    assert_eq!(observer.by_ref_iter(), [4, 5, 6, 7]);
    assert_eq!(ready(&set), []);
    drop(producer);
    assert_eq!(waits(&set), [9]);
    assert_eq!(observer.try_recv(), Err(TryRecvError::Closed));
}

trait Rest {
    fn by_ref_iter(&mut self) -> Vec<u64>;
}

impl<W: ringway::Wait> Rest for ringway::Observer<u64, W> {
    fn by_ref_iter(&mut self) -> Vec<u64> {
        std::iter::from_fn(|| self.try_recv().ok()).collect()
    }
}

/// On a heap ring, whose subscribers take steps that a set does not see, unless they are followed.
#[test]
fn each_way_to_receive_is_seen() {
    let (mut producer, ring) = Options::<u64>::new(16).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
    // From here on it knows several messages to be there.
    assert_eq!(subscriber.recv(), Ok(0));
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    assert_eq!(subscriber.recv(), Ok(1));
    assert_eq!(subscriber.try_recv_batch(&mut [0; 3]), Ok(3));
    assert_eq!(*subscriber.recv_ref().unwrap(), 5);
    drop(subscriber.recv_held().unwrap());
    assert_eq!(ready(&set), [1]);
    while subscriber.try_recv().is_ok() {
        assert!(subscriber.ready().is_ok() == (ready(&set) == [1]));
    }
    assert_eq!(ready(&set), []);
    producer.send_batch(&[10, 11, 12]).unwrap();
    assert_eq!(subscriber.keep_newest(1), 2);
    assert_eq!(ready(&set), [1]);
    assert!(set.remove(&mut subscriber));
    assert_eq!((subscriber.recv(), ready(&set)), (Ok(12), vec![]));
    // Plain again, and back.
    producer.send(&13).unwrap();
    set.add(&mut subscriber, 2).unwrap();
    assert_eq!((ready(&set), subscriber.recv(), ready(&set)), (vec![2], Ok(13), vec![]));
}

/// A set is told of a message before that is taken; and otherwise, if it is not.
#[test]
fn what_a_call_leaves_is_ready_still() {
    let (mut producer, ring) = Options::bytes(8, 16).heap().unwrap();
    let (mut subscriber, mut observer) =
        (ring.subscribe(Start::Next).unwrap(), ring.observe(Start::Next).unwrap());
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut observer, 2).unwrap();
    let (mut long, mut short) = ([0; 16], [0; 2]);
    for message in [&b"first"[..], b"second"] {
        producer.send(message).unwrap();
        assert!(subscriber.try_recv_into(&mut short).is_err());
        assert!(observer.try_recv_into(&mut short).is_err());
        assert_eq!(ready(&set), [1, 2]);
        // A guard that is dropped without a release leaves its message.
        drop(subscriber.recv_held_into(&mut long).unwrap());
        assert!(subscriber.ready().is_ok());
        assert_eq!(ready(&set), [1, 2]);
        assert_eq!(subscriber.recv_into(&mut long), Ok(message.len()));
        assert_eq!(ready(&set), [2]);
        assert_eq!(observer.recv_into(&mut long), Ok(message.len()));
        assert_eq!(ready(&set), []);
    }
    // Also by a call that had to wait.
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        producer.send(b"third").unwrap();
        producer
    });
    assert!(subscriber.recv_into(&mut short).is_err());
    assert_eq!(ready(&set), [1, 2]);
    assert_eq!((subscriber.recv_into(&mut long), ready(&set)), (Ok(5), vec![2]));
    drop(late.join().unwrap());
}

#[test]
fn an_evicted_subscriber_is_told() {
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    producer.send_batch(&[0; 12]).unwrap();
    assert_eq!(ready(&set), [1]);
    assert!(matches!(subscriber.try_recv(), Err(TryRecvError::Evicted { .. })));
}

#[test]
fn a_worker_is_ready_for_what_no_worker_has() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let mut first = Worker::join(&ring, "billing").unwrap();
    let mut second = Worker::join(&ring, "billing").unwrap();
    let set = WaitSet::new();
    set.add(&mut first, 1).unwrap();
    set.add(&mut second, 2).unwrap();
    assert_eq!(ready(&set), []);
    producer.send(&7).unwrap();
    assert_eq!(ready(&set), [1, 2]);
    let job = first.try_recv().unwrap();
    assert_eq!(ready(&set), []);
    job.nack().unwrap();
    assert_eq!(ready(&set), [1, 2]);
    let job = second.try_recv().unwrap();
    producer.close().unwrap();
    // To the first it may come back; for the second there is the end, or what it gives back itself.
    assert_eq!(ready(&set), [2]);
    job.done().unwrap();
    assert_eq!(waits(&set), [1, 2]);
    assert_eq!(first.try_recv().unwrap_err(), TryRecvError::Closed);
}

#[test]
fn a_producer_is_ready_when_it_has_that_room() {
    let (mut producer, ring) = Options::bytes(8, 16).arena(4096).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    let too_much = set.add_room(&mut producer, 9, 1).unwrap_err();
    assert!(matches!(too_much, WaitSetError::Room(_)), "{too_much}");
    set.add_room(&mut producer, 8, 1).unwrap();
    assert_eq!(ready(&set), [1]);
    producer.send(b"one").unwrap();
    assert_eq!(ready(&set), []);
    assert!(set.remove(&mut producer));
    set.add(&mut producer, 2).unwrap();
    assert_eq!(ready(&set), [2]);
    (0..7).for_each(|_| producer.send(b"more").unwrap());
    assert_eq!(ready(&set), []);
    subscriber.recv_into(&mut [0; 16]).unwrap();
    assert_eq!((ready(&set), producer.try_send(b"last")), (vec![2], Ok(())));
    assert_eq!(producer.try_send(b"none"), Err(TrySendError::Full));
    assert_eq!(ready(&set), []);
}

#[test]
fn a_producer_waits_for_room_in_the_arena() {
    let (mut producer, ring) = Options::bytes(8, 16).arena(4096).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&[0; 2048]).unwrap();
    producer.send(&[0; 1024]).unwrap();
    let set = WaitSet::new();
    set.add_room(&mut producer, Room::Bytes(2048), 1).unwrap();
    assert_eq!(ready(&set), []);
    subscriber.recv_into(&mut [0; 2048]).unwrap();
    // The next 2,048 bytes begin where the first did, and reach no further.
    assert_eq!((ready(&set), producer.ready(Room::Bytes(2048))), (vec![1], Ok(())));
}

#[test]
fn a_handle_is_in_one_set_and_leaves_it_when_it_is_dropped() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let (set, other) = (WaitSet::new(), WaitSet::new());
    set.add(&mut subscriber, 1).unwrap();
    assert_eq!(other.add(&mut subscriber, 1), Err(WaitSetError::InASet));
    assert!(!other.remove(&mut subscriber));
    // A set that is dropped lets go of it.
    drop(set);
    other.add(&mut subscriber, 2).unwrap();
    producer.send(&1).unwrap();
    assert_eq!((ready(&other), other.len()), (vec![2], 1));
    let subscriber = subscriber.with_wait(Spin);
    assert_eq!(ready(&other), [2]);
    drop(subscriber);
    assert_eq!((ready(&other), other.is_empty()), (vec![], true));
}

#[test]
fn an_interrupt_and_the_time_end_a_wait_and_what_is_ready_comes_first() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let (set, interrupt) = (WaitSet::new(), Interrupt::new());
    set.add(&mut subscriber, 1).unwrap();
    set.interrupted_by(&interrupt).unwrap();
    let mut ready = vec![3];
    let short = Duration::from_millis(20);
    let start = Instant::now();
    assert_eq!(set.wait_timeout(&mut ready, short), Err(WaitSetError::Timeout));
    assert!(start.elapsed() >= short);
    assert_eq!((ready.len(), set.try_wait(&mut ready)), (0, Ok(0)));
    interrupt.raise();
    assert_eq!(set.wait(&mut ready), Err(WaitSetError::Interrupted));
    producer.send(&1).unwrap();
    assert_eq!(set.wait(&mut ready), Ok(1));
    interrupt.clear();
    assert_eq!(subscriber.try_recv(), Ok(1));
    assert_eq!(set.wait_timeout(&mut ready, Duration::ZERO), Err(WaitSetError::Timeout));
}

/// The set learns of a death before the handle would ask.
#[test]
fn an_end_that_is_told_is_one_that_the_next_call_tells() {
    let name = format!("wait-set-{}", std::process::id());
    let options = || Options::<u64>::new(8).groups(1);
    let producer = options().create(Segment::new(&name)).unwrap();
    let ring = ringway::Ring::<u64>::open(name.as_str()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut patient = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "group").unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut patient, 2).unwrap();
    set.add(&mut worker, 3).unwrap();
    let mut patient = patient.wait_for_successor(true);
    let start = Instant::now();
    producer.detach();
    let mut told = Vec::new();
    while told.len() < 2 {
        for key in waits(&set) {
            if !told.contains(&key) {
                told.push(key);
                match key {
                    1 => assert_eq!(subscriber.try_recv(), Err(TryRecvError::ProducerDied)),
                    3 => assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::ProducerDied),
                    other => panic!("{other} is ready"),
                }
            }
        }
    }
    assert!(start.elapsed() < Duration::from_millis(150), "{:?}", start.elapsed());
    assert_eq!(ready(&set), [1, 3]);
    let mut producer = options().create_or_resume(Segment::new(&name)).unwrap();
    assert_eq!(ready(&set), []);
    producer.send(&5).unwrap();
    assert_eq!((ready(&set), patient.try_recv()), (vec![1, 2, 3], Ok(5)));
    assert_eq!((subscriber.try_recv(), *worker.try_recv().unwrap()), (Ok(5), 5));
    assert_eq!(ready(&set), []);
}
