//! Code that takes any receiver.
#![cfg(all(feature = "std", not(ringway_loom)))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ringway::error::{RecvError, RecvTimeoutError, TryRecvError};
use ringway::receive::Receive;
use ringway::wait::Deadline;
use ringway::{Message, Options, Producer, Ring, Start, Worker};

/// One of each.
fn all<T: Message + ?Sized + 'static>(ring: &Ring<T>) -> [Box<dyn Receive<Message = T>>; 3] {
    [
        Box::new(ring.subscribe(Start::Next).unwrap()),
        Box::new(ring.observe(Start::Next).unwrap()),
        Box::new(Worker::join(ring, "a").unwrap()),
    ]
}

#[test]
fn every_receiver_gets_a_message_of_a_type_and_then_the_end() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let mut receivers = all(&ring);
    let soon = || Deadline::from(Duration::from_millis(5));
    for receiver in &mut receivers {
        assert_eq!(receiver.try_receive(&mut 0), Err(TryRecvError::Empty));
        assert_eq!(receiver.receive_timeout(&mut 0, soon()), Err(RecvTimeoutError::Timeout));
        assert_eq!(receiver.wait_ready_timeout(soon()), Err(RecvTimeoutError::Timeout));
        assert_eq!((receiver.capacity(), receiver.max_len(), receiver.epoch()), (8, 8, 0));
        assert_eq!(receiver.is_producer_alive(), Ok(true));
    }
    producer.send_batch(&[5, 6, 7]).unwrap();
    producer.close().unwrap();
    for receiver in &mut receivers {
        assert_eq!((receiver.lag(), receiver.is_closed()), (3, true));
        assert_eq!((receiver.ready(), receiver.wait_ready()), (Ok(()), Ok(())));
        let mut number = 0;
        assert_eq!((receiver.try_receive(&mut number), number), (Ok(8), 5));
        assert_eq!((receiver.receive(&mut number), number), (Ok(8), 6));
        assert_eq!((receiver.receive_timeout(&mut number, soon()), number), (Ok(8), 7));
        assert_eq!(receiver.receive(&mut number), Err(RecvError::Closed));
        assert_eq!(receiver.ready(), Err(TryRecvError::Closed));
    }
}

#[test]
fn every_receiver_gets_bytes_at_the_start_of_a_buffer() {
    let options = Options::<[u8]>::bytes(8, 8).arena(1 << 12).groups(1);
    let (mut producer, ring) = options.heap().unwrap();
    let mut receivers = all(&ring);
    producer.send(b"four").unwrap();
    producer.send(&[7; 1000]).unwrap();
    for receiver in &mut receivers {
        let too_small = Err(TryRecvError::BufferTooSmall { needed: 4 });
        assert_eq!(receiver.try_receive(&mut [0; 3]), too_small);
        let mut buffer = [0; 2000];
        assert_eq!(receiver.try_receive(&mut buffer), Ok(4));
        assert_eq!(&buffer[..5], b"four\0");
        assert_eq!(receiver.receive(&mut buffer), Ok(1000));
        assert_eq!(buffer[..1000], [7; 1000]);
    }
}

/// Receives with code that fails the first time, and returns what that was given in the end.
fn in_two_attempts(mut receiver: impl Receive<Message = [u8]>) -> Vec<u8> {
    let mut buffer = [0; 32];
    let failed = catch_unwind(AssertUnwindSafe(|| {
        let _ = receiver.receive_with(&mut buffer, |_| panic!("cannot deal with it"));
    }));
    assert!(failed.is_err());
    receiver.receive_with(&mut buffer, <[u8]>::to_vec).unwrap()
}

#[test]
fn what_was_not_dealt_with_comes_again() {
    let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).groups(1).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let observer = ring.observe(Start::Next).unwrap();
    let worker = Worker::join(&ring, "a").unwrap();
    producer.send(b"four").unwrap();
    assert_eq!(in_two_attempts(subscriber), b"four");
    assert_eq!(in_two_attempts(observer), b"four");
    assert_eq!(in_two_attempts(worker), b"four");
    assert_eq!(producer.len(), 0);
}

fn holds_back(producer: &Producer<u64>, mut receiver: impl Receive<Message = u64>) -> [usize; 2] {
    let during = receiver.receive_with(&mut 0, |_| producer.len()).unwrap();
    drop(receiver);
    [during, producer.len()]
}

#[test]
fn a_message_is_its_receivers_while_it_is_dealt_with() {
    let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&7).unwrap();
    assert_eq!(holds_back(&producer, subscriber), [1, 0]);
    let worker = Worker::join(&ring, "a").unwrap();
    producer.send(&7).unwrap();
    assert_eq!(holds_back(&producer, worker), [1, 0]);
}
