//! rtrb: single elements, chunks (in place) and slices (copied).

use std::hint::black_box;

use rtrb::{Consumer, Producer, RingBuffer};

use super::{Handle, Message, Receiving, Sending, peers};
use crate::{BATCH, MESSAGES, Wide};

fn empty<T>() -> Sending<Producer<T>, Consumer<T>> {
    let (producer, consumer) = RingBuffer::new(MESSAGES);
    Sending(producer, consumer)
}

fn full<T: Message>() -> Receiving<Producer<T>, Consumer<T>> {
    let (mut producer, consumer) = RingBuffer::new(MESSAGES);
    push(&mut producer);
    Receiving(producer, consumer)
}

#[inline(always)]
fn push<T: Message>(producer: &mut Producer<T>) {
    for number in 0..MESSAGES as u64 {
        assert!(producer.push(T::of(number)).is_ok(), "room for all");
    }
}

#[inline(always)]
fn pop<T: Message>(consumer: &mut Consumer<T>) {
    let sum = (0..MESSAGES).fold(0, |sum, _| sum ^ consumer.pop().expect("it is there").sum());
    black_box(sum);
}

#[inline(always)]
fn fill_chunks<T: Message>(producer: &mut Producer<T>) {
    for batch in 0..MESSAGES / BATCH {
        let chunk = producer.write_chunk_uninit(BATCH).expect("room for all");
        let first = (batch * BATCH) as u64;
        assert_eq!(chunk.fill_from_iter((first..).map(T::of)), BATCH);
    }
}

#[inline(always)]
fn read_chunks<T: Message>(consumer: &mut Consumer<T>) {
    let mut sum = 0;
    for _ in 0..MESSAGES / BATCH {
        let chunk = consumer.read_chunk(BATCH).expect("they are there");
        let (head, tail) = chunk.as_slices();
        sum = head.iter().chain(tail).fold(sum, |sum, message| sum ^ message.sum());
        chunk.commit_all();
    }
    black_box(sum);
}

#[inline(always)]
fn push_slices<T: Message>(producer: &mut Producer<T>) {
    let messages = [T::of(7); BATCH];
    for _ in 0..MESSAGES / BATCH {
        producer.push_entire_slice(black_box(&messages)).expect("room for all");
    }
}

#[inline(always)]
fn pop_slices<T: Message>(consumer: &mut Consumer<T>) {
    let mut buffer = [T::default(); BATCH];
    for _ in 0..MESSAGES / BATCH {
        consumer.pop_entire_slice(&mut buffer).expect("they are there");
        black_box(&buffer);
    }
}

peers! {
    count_rtrb_push_8(p: Producer<u64>) beside send_8, empty() => push(p);
    count_rtrb_push_56(p: Producer<Wide>) beside send_56, empty() => push(p);
    count_rtrb_pop_8(c: Consumer<u64>) beside recv_8, full() => pop(c);
    count_rtrb_pop_56(c: Consumer<Wide>) beside recv_56, full() => pop(c);
    count_rtrb_fill_chunk_8(p: Producer<u64>) beside send_iter_8, empty() => fill_chunks(p);
    count_rtrb_fill_chunk_56(p: Producer<Wide>) beside send_iter_56, empty() => fill_chunks(p);
    count_rtrb_read_chunk_8(c: Consumer<u64>) beside recv_refs_8, full() => read_chunks(c);
    count_rtrb_read_chunk_56(c: Consumer<Wide>) beside recv_refs_56, full() => read_chunks(c);
    count_rtrb_push_slice_8(p: Producer<u64>) beside send_batch_8, empty() => push_slices(p);
    count_rtrb_push_slice_56(p: Producer<Wide>) beside send_batch_56, empty() => push_slices(p);
    count_rtrb_pop_slice_8(c: Consumer<u64>) beside recv_batch_8, full() => pop_slices(c);
    count_rtrb_pop_slice_56(c: Consumer<Wide>) beside recv_batch_56, full() => pop_slices(c);
    count_rtrb_pop_empty_8(c: Consumer<u64>) beside find_empty_8, {
        let Sending(producer, consumer) = empty();
        Receiving(producer, consumer)
    } => for _ in 0..MESSAGES {
        assert!(black_box(c.pop()).is_err());
    };
}
