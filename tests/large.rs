//! Messages that are larger than a thread's stack are received, and sent, by way of the heap alone.
//!
//! A debug build makes more copies than any other: what holds here holds there. A stack that overflows ends
//! the process, and so the test.
#![cfg(feature = "std")]

use std::thread;
use std::time::Duration;

use ringway::error::{RecvError, RecvTimeoutError, TryRecvError};
use ringway::{Options, Overflow, Start, Worker};
use zerocopy::FromZeros;

/// A picture of 2 megapixels, 3 bytes each.
const LEN: usize = 6 << 20;

type Frame = [u8; LEN];

/// Runs it with a stack on which no frame has room.
fn with_small_stack(run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

fn frame(fill: u8) -> Box<Frame> {
    let mut frame = Frame::new_box_zeroed().unwrap();
    frame.fill(fill);
    frame
}

fn is_whole(frame: &Frame, fill: u8) -> bool {
    frame.iter().all(|byte| *byte == fill)
}

#[test]
fn a_subscriber_receives_frames_into_a_box() {
    with_small_stack(|| {
        let (mut producer, ring) = Options::<Frame>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut received = frame(0);
        for n in 1..=3 {
            producer.try_send(&frame(n)).unwrap();
            subscriber.try_recv_to(&mut received).unwrap();
            assert!(is_whole(&received, n));
            producer.send(&frame(n + 10)).unwrap();
            subscriber.recv_to(&mut received).unwrap();
            assert!(is_whole(&received, n + 10));
            producer.send_timeout(&frame(n + 20), Duration::from_secs(5)).unwrap();
            subscriber.recv_to_timeout(&mut received, Duration::from_secs(5)).unwrap();
            assert!(is_whole(&received, n + 20));
        }
        assert_eq!(subscriber.try_recv_to(&mut received), Err(TryRecvError::Empty));
        let soon = Duration::from_millis(5);
        let late = subscriber.recv_to_timeout(&mut received, soon);
        assert_eq!(late, Err(RecvTimeoutError::Timeout));
        producer.close().unwrap();
        assert_eq!(subscriber.recv_to(&mut received), Err(RecvError::Closed));
    });
}

#[test]
fn an_observer_receives_frames_into_a_box() {
    with_small_stack(|| {
        let options = Options::<Frame>::new(2).overflow(Overflow::Overwrite);
        let (mut producer, ring) = options.heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let mut received = frame(0);
        for n in 0..3 {
            producer.send(&frame(n)).unwrap();
        }
        assert_eq!(observer.try_recv_to(&mut received), Err(TryRecvError::Lagged(1)));
        assert_eq!(observer.recv_to(&mut received), Ok(()));
        assert!(is_whole(&received, 1));
        assert_eq!(observer.recv_to_timeout(&mut received, Duration::from_secs(5)), Ok(()));
        assert!(is_whole(&received, 2));
    });
}

#[test]
fn a_worker_receives_frames_into_a_box() {
    with_small_stack(|| {
        let (mut producer, ring) = Options::<Frame>::new(2).groups(1).heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        let mut received = frame(0);
        producer.send(&frame(1)).unwrap();
        worker.try_recv_to(&mut received).unwrap().nack().unwrap();
        let job = worker.recv_to(&mut received).unwrap();
        assert!(is_whole(&received, 1) && job.redelivered(0) && job.position() == 0);
        job.done().unwrap();
        producer.send(&frame(2)).unwrap();
        worker.recv_to_timeout(&mut received, Duration::from_secs(5)).unwrap().done().unwrap();
        assert!(is_whole(&received, 2));
        assert_eq!(worker.try_recv_to(&mut received).unwrap_err(), TryRecvError::Empty);
    });
}

#[test]
fn batches_of_frames_are_copied_where_they_belong() {
    with_small_stack(|| {
        let (mut producer, ring) = Options::<Frame>::new(4).groups(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        let mut sent = <[Frame]>::new_box_zeroed_with_elems(3).unwrap();
        for (n, frame) in (1..).zip(&mut sent) {
            frame.fill(n);
        }
        assert_eq!(producer.try_send_batch(&sent[..1]), 1);
        producer.send_batch(&sent[1..2]).unwrap();
        assert_eq!(producer.send_iter(&sent[2..]), Ok(1));
        let mut received = <[Frame]>::new_box_zeroed_with_elems(2).unwrap();
        assert_eq!(subscriber.try_recv_batch(&mut received), Ok(2));
        assert!(is_whole(&received[0], 1) && is_whole(&received[1], 2));
        assert_eq!(subscriber.recv_batch(&mut received), Ok(1));
        assert!(is_whole(&received[0], 3));
        assert_eq!(observer.try_recv_batch(&mut received), Ok(2));
        assert_eq!(observer.recv_batch(&mut received), Ok(1));
        assert!(is_whole(&received[0], 3));
        assert_eq!(worker.try_recv_batch(&mut received).unwrap().len(), 2);
        assert!(is_whole(&received[0], 1) && is_whole(&received[1], 2));
        assert_eq!(worker.recv_batch(&mut received).unwrap().len(), 1);
        assert!(is_whole(&received[0], 3));
    });
}

#[test]
fn frames_are_written_and_read_in_place() {
    with_small_stack(|| {
        let options = Options::<Frame>::new(2).observers(false).groups(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        let mut loan = producer.reserve().unwrap();
        loan.write(&frame(1));
        loan.get_mut().unwrap().fill(2);
        loan.write_at(0, &[2]).unwrap();
        loan.commit();
        assert!(is_whole(&subscriber.peek().unwrap(), 2));
        assert!(is_whole(&subscriber.recv_ref().unwrap(), 2));
        assert!(is_whole(&worker.recv_ref().unwrap(), 2));
        assert_eq!(producer.send_iter([frame(3)].iter().map(|frame| &**frame)), Ok(1));
        assert_eq!(subscriber.try_recv_refs(2).unwrap().iter().count(), 1);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn frames_go_through_files_without_the_stack() {
    with_small_stack(|| {
        let (mut producer, files) = Options::<Frame>::new(2).anonymous().unwrap();
        let ring = files.ring::<Frame>(0).unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut received = frame(0);
        producer.send(&frame(7)).unwrap();
        subscriber.recv_to(&mut received).unwrap();
        assert!(is_whole(&received, 7));
    });
}
