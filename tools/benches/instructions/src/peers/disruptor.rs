//! disruptor: events that are written and read in place.

use std::hint::black_box;

use disruptor::{
    BusySpin, EventPoller, Producer, SingleConsumerBarrier, SingleProducer, SingleProducerBarrier,
    build_single_producer,
};

use super::{Handle, Message, Receiving, Sending, peers};
use crate::{BATCH, MESSAGES, Wide};

type Publisher<T> = SingleProducer<T, SingleConsumerBarrier>;
type Poller<T> = EventPoller<T, SingleProducerBarrier>;

fn empty<T: Message>() -> Sending<Publisher<T>, Poller<T>> {
    let builder = build_single_producer(MESSAGES, T::default, BusySpin);
    let (poller, builder) = builder.new_event_poller();
    Sending(builder.build(), poller)
}

fn full<T: Message>() -> Receiving<Publisher<T>, Poller<T>> {
    let Sending(mut publisher, poller) = empty();
    publish(&mut publisher);
    Receiving(publisher, poller)
}

#[inline(always)]
fn publish<T: Message>(publisher: &mut Publisher<T>) {
    for number in 0..MESSAGES as u64 {
        publisher.publish(|event| *event = T::of(number));
    }
}

#[inline(always)]
fn take<T: Message>(poller: &mut Poller<T>) {
    let mut sum = 0;
    for _ in 0..MESSAGES {
        let mut events = poller.take(1).expect("it is there");
        sum ^= (&mut events).next().expect("one event was taken").sum();
    }
    black_box(sum);
}

#[inline(always)]
fn publish_batches<T: Message>(publisher: &mut Publisher<T>) {
    for batch in 0..MESSAGES / BATCH {
        let first = (batch * BATCH) as u64;
        publisher.batch_publish(BATCH, |events| {
            for (event, number) in events.zip(first..) {
                *event = T::of(number);
            }
        });
    }
}

#[inline(always)]
fn take_batches<T: Message>(poller: &mut Poller<T>) {
    let mut sum = 0;
    for _ in 0..MESSAGES / BATCH {
        let mut events = poller.take(BATCH as u64).expect("they are there");
        sum = (&mut events).fold(sum, |sum, event| sum ^ event.sum());
    }
    black_box(sum);
}

peers! {
    count_disruptor_publish_8(p: Publisher<u64>) beside send_8, empty() => publish(p);
    count_disruptor_publish_56(p: Publisher<Wide>) beside loan_56, empty() => publish(p);
    count_disruptor_take_8(c: Poller<u64>) beside recv_8, full() => take(c);
    count_disruptor_take_56(c: Poller<Wide>) beside recv_ref_56, full() => take(c);
    count_disruptor_publish_batch_8(p: Publisher<u64>) beside send_iter_8, empty() =>
        publish_batches(p);
    count_disruptor_publish_batch_56(p: Publisher<Wide>) beside send_iter_56, empty() =>
        publish_batches(p);
    count_disruptor_take_batch_8(c: Poller<u64>) beside recv_refs_8, full() => take_batches(c);
    count_disruptor_take_batch_56(c: Poller<Wide>) beside recv_refs_56, full() => take_batches(c);
}
