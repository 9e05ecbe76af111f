//! ringfire: messages that are copied in and out, through a file of /dev/shm.

use std::hint::black_box;
use std::path::PathBuf;

use ringfire::{FlowControl, RingConsumer, RingProducer, RingProducerBuilder};

use super::{Handle, Message, peers};
use crate::{BATCH, MESSAGES, Wide};

/// Both ends, and the file, which is removed at the end.
struct Link<T: Copy + 'static> {
    producer: RingProducer<T>,
    consumer: RingConsumer<T>,
    path: PathBuf,
}

impl<T: Copy + 'static> Drop for Link<T> {
    fn drop(&mut self) {
        // The producer removes it too, if it comes first.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl<T: Copy + 'static> Handle<RingProducer<T>> for Link<T> {
    fn handle(&mut self) -> &mut RingProducer<T> {
        &mut self.producer
    }
}

impl<T: Copy + 'static> Handle<RingConsumer<T>> for Link<T> {
    fn handle(&mut self) -> &mut RingConsumer<T> {
        &mut self.consumer
    }
}

fn empty<T: Message>() -> Link<T> {
    let path = format!("/dev/shm/ringway-instructions-{}-ringfire", std::process::id());
    let path = PathBuf::from(path);
    let builder = RingProducerBuilder::new(MESSAGES as u64);
    let builder = builder.flow_control(FlowControl::LosslessBackpressure).max_readers(1);
    let producer = builder.build(&path).expect("a file of /dev/shm");
    let consumer = RingConsumer::builder().start_from_head().attach(&path).expect("a ring");
    Link { producer, consumer, path }
}

fn full<T: Message>() -> Link<T> {
    let mut link = empty();
    push(&mut link.producer);
    link
}

#[inline(always)]
fn push<T: Message>(producer: &mut RingProducer<T>) {
    for number in 0..MESSAGES as u64 {
        producer.push(&T::of(number));
    }
}

#[inline(always)]
fn try_recv<T: Message>(consumer: &mut RingConsumer<T>) {
    let sum = |sum, _| sum ^ consumer.try_recv().expect("it is there").sum();
    black_box((0..MESSAGES).fold(0, sum));
}

#[inline(always)]
fn push_batches<T: Message>(producer: &mut RingProducer<T>) {
    let messages = [T::of(7); BATCH];
    for _ in 0..MESSAGES / BATCH {
        producer.push_batch(black_box(&messages));
    }
}

#[inline(always)]
fn recv_batches<T: Message>(consumer: &mut RingConsumer<T>) {
    let mut buffer = [T::default(); BATCH];
    for _ in 0..MESSAGES / BATCH {
        assert_eq!(consumer.recv_batch(&mut buffer), BATCH);
        black_box(&buffer);
    }
}

peers! {
    count_ringfire_push_8(p: RingProducer<u64>) beside send_8, empty() => push(p);
    count_ringfire_push_56(p: RingProducer<Wide>) beside send_56, empty() => push(p);
    count_ringfire_recv_8(c: RingConsumer<u64>) beside recv_8, full() => try_recv(c);
    count_ringfire_recv_56(c: RingConsumer<Wide>) beside recv_56, full() => try_recv(c);
    count_ringfire_push_batch_8(p: RingProducer<u64>) beside send_batch_8, empty() =>
        push_batches(p);
    count_ringfire_push_batch_56(p: RingProducer<Wide>) beside send_batch_56, empty() =>
        push_batches(p);
    count_ringfire_recv_batch_8(c: RingConsumer<u64>) beside recv_batch_8, full() =>
        recv_batches(c);
    count_ringfire_recv_batch_56(c: RingConsumer<Wide>) beside recv_batch_56, full() =>
        recv_batches(c);
}
