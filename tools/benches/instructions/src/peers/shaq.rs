//! shaq: its SPSC queue and its broadcast queue, and for workers its MPMC queue.

use std::fs::File;
use std::hint::black_box;
use std::num::NonZeroUsize;

use shaq::broadcast::{self, Broadcast, BroadcastConfig, ProducerId};
use shaq::{mpmc, spsc};

use super::{Handle, Message, Receiving, Sending, peers};
use crate::{BATCH, MESSAGES, Wide};

const MANY: NonZeroUsize = NonZeroUsize::new(BATCH).unwrap();

fn spsc_empty<T: Message>() -> Sending<spsc::Producer<T>, spsc::Consumer<T>> {
    let (producer, consumer) = spsc::pair(MESSAGES).expect("memory");
    Sending(producer, consumer)
}

fn spsc_full<T: Message>() -> Receiving<spsc::Producer<T>, spsc::Consumer<T>> {
    let Sending(mut producer, consumer) = spsc_empty();
    spsc_write(&mut producer);
    Receiving(producer, consumer)
}

#[inline(always)]
fn spsc_write<T: Message>(producer: &mut spsc::Producer<T>) {
    for number in 0..MESSAGES as u64 {
        assert!(producer.try_write(T::of(number)).is_ok(), "room for all");
    }
}

#[inline(always)]
fn spsc_read<T: Message>(consumer: &mut spsc::Consumer<T>) {
    let sum = |sum, _| sum ^ consumer.try_read().expect("it is there").sum();
    black_box((0..MESSAGES).fold(0, sum));
}

#[inline(always)]
fn spsc_write_batches<T: Message>(producer: &mut spsc::Producer<T>) {
    for batch in 0..MESSAGES / BATCH {
        let first = (batch * BATCH) as u64;
        let mut cells = producer.write_batch();
        for number in first..first + BATCH as u64 {
            // SAFETY: a slot that is lent is written before the batch is dropped.
            let cell = unsafe { cells.try_as_mut() };
            cell.expect("room for all").write(T::of(number));
        }
    }
}

#[inline(always)]
fn spsc_read_batches<T: Message>(consumer: &mut spsc::Consumer<T>) {
    let mut sum = 0;
    for _ in 0..MESSAGES / BATCH {
        let batch = consumer.try_reserve_read_batch(MANY).expect("they are there");
        let (head, tail) = batch.as_slices();
        sum = head.iter().chain(tail).fold(sum, |sum, message| sum ^ message.sum());
    }
    black_box(sum);
}

/// A broadcast queue of one producer and one consumer, in an unnamed file.
fn broadcast_empty<T: Message>() -> Sending<broadcast::Producer<T>, broadcast::Consumer<T>> {
    let file = unnamed_file();
    let config = BroadcastConfig { capacity: MESSAGES, producer_slots: 1, consumer_slots: 1 };
    // SAFETY: only this function has the file, and numbers are valid wherever they are.
    let queue = unsafe { Broadcast::<T>::create(&file, config) }.expect("a queue");
    let consumer = queue.consumer().expect("a place");
    Sending(queue.producer(ProducerId::new(1)).expect("a lane"), consumer)
}

/// A file of /dev/shm, whose name is gone at once.
fn unnamed_file() -> File {
    let path = format!("/dev/shm/ringway-instructions-{}-shaq", std::process::id());
    let options = File::options().read(true).write(true).create_new(true).open(&path);
    let file = options.expect("a file of /dev/shm");
    std::fs::remove_file(&path).expect("made just now");
    file
}

fn broadcast_full<T: Message>() -> Receiving<broadcast::Producer<T>, broadcast::Consumer<T>> {
    let Sending(mut producer, consumer) = broadcast_empty();
    broadcast_write(&mut producer);
    Receiving(producer, consumer)
}

#[inline(always)]
fn broadcast_write<T: Message>(producer: &mut broadcast::Producer<T>) {
    for number in 0..MESSAGES as u64 {
        assert!(producer.try_write(T::of(number)).is_ok(), "room for all");
    }
}

#[inline(always)]
fn broadcast_read<T: Message>(consumer: &mut broadcast::Consumer<T>) {
    let sum = |sum, _| sum ^ consumer.try_read().expect("it is there").sum();
    black_box((0..MESSAGES).fold(0, sum));
}

#[inline(always)]
fn broadcast_write_batches<T: Message>(producer: &mut broadcast::Producer<T>) {
    for batch in 0..MESSAGES / BATCH {
        // SAFETY: every cell is written before the batch is dropped.
        let cells = unsafe { producer.try_reserve_write_batch(MANY) };
        let mut cells = cells.expect("room for all");
        for i in 0..BATCH {
            // SAFETY: one of the `BATCH` that are reserved.
            unsafe { cells.write(i, T::of((batch * BATCH + i) as u64)) };
        }
    }
}

#[inline(always)]
fn broadcast_read_batches<T: Message>(consumer: &mut broadcast::Consumer<T>) {
    let mut sum = 0;
    for _ in 0..MESSAGES / BATCH {
        let batch = consumer.try_reserve_read_batch(MANY).expect("they are there");
        let (head, tail) = batch.as_slices();
        sum = head.iter().chain(tail).fold(sum, |sum, message| sum ^ message.sum());
    }
    black_box(sum);
}

fn mpmc_full() -> Receiving<mpmc::Producer<u64>, mpmc::Consumer<u64>> {
    let (producer, consumer) = mpmc::pair(MESSAGES).expect("memory");
    for number in 0..MESSAGES as u64 {
        assert!(producer.try_write(number).is_ok(), "room for all");
    }
    Receiving(producer, consumer)
}

type SpscProducer<T> = spsc::Producer<T>;
type SpscConsumer<T> = spsc::Consumer<T>;
type LaneProducer<T> = broadcast::Producer<T>;
type LaneConsumer<T> = broadcast::Consumer<T>;

peers! {
    count_shaq_spsc_write_8(p: SpscProducer<u64>) beside send_8, spsc_empty() => spsc_write(p);
    count_shaq_spsc_write_56(p: SpscProducer<Wide>) beside send_56, spsc_empty() => spsc_write(p);
    count_shaq_spsc_read_8(c: SpscConsumer<u64>) beside recv_8, spsc_full() => spsc_read(c);
    count_shaq_spsc_read_56(c: SpscConsumer<Wide>) beside recv_56, spsc_full() => spsc_read(c);
    count_shaq_spsc_write_batch_8(p: SpscProducer<u64>) beside send_iter_8, spsc_empty() =>
        spsc_write_batches(p);
    count_shaq_spsc_write_batch_56(p: SpscProducer<Wide>) beside send_iter_56, spsc_empty() =>
        spsc_write_batches(p);
    count_shaq_spsc_read_batch_8(c: SpscConsumer<u64>) beside recv_refs_8, spsc_full() =>
        spsc_read_batches(c);
    count_shaq_spsc_read_batch_56(c: SpscConsumer<Wide>) beside recv_refs_56, spsc_full() =>
        spsc_read_batches(c);
    count_shaq_broadcast_write_8(p: LaneProducer<u64>) beside send_8, broadcast_empty() =>
        broadcast_write(p);
    count_shaq_broadcast_write_56(p: LaneProducer<Wide>) beside send_56, broadcast_empty() =>
        broadcast_write(p);
    count_shaq_broadcast_read_8(c: LaneConsumer<u64>) beside recv_8, broadcast_full() =>
        broadcast_read(c);
    count_shaq_broadcast_read_56(c: LaneConsumer<Wide>) beside recv_56, broadcast_full() =>
        broadcast_read(c);
    count_shaq_broadcast_write_batch_8(p: LaneProducer<u64>) beside send_iter_8,
        broadcast_empty() => broadcast_write_batches(p);
    count_shaq_broadcast_write_batch_56(p: LaneProducer<Wide>) beside send_iter_56,
        broadcast_empty() => broadcast_write_batches(p);
    count_shaq_broadcast_read_batch_8(c: LaneConsumer<u64>) beside recv_refs_8,
        broadcast_full() => broadcast_read_batches(c);
    count_shaq_broadcast_read_batch_56(c: LaneConsumer<Wide>) beside recv_refs_56,
        broadcast_full() => broadcast_read_batches(c);
    count_shaq_mpmc_read_8(c: mpmc::Consumer<u64>) beside work_8, mpmc_full() => {
        let sum = |sum, _| sum ^ c.try_reserve_read().expect("it is there").as_ref();
        black_box((0..MESSAGES).fold(0, sum));
    };
    count_shaq_mpmc_read_batch_8(c: mpmc::Consumer<u64>) beside work_batch_8, mpmc_full() => {
        let mut sum = 0;
        for _ in 0..MESSAGES / BATCH {
            let batch = c.try_reserve_read_batch(MANY).expect("they are there");
            let (head, tail) = batch.as_slices();
            sum = head.iter().chain(tail).fold(sum, |sum, message| sum ^ message);
        }
        black_box(sum);
    };
}
