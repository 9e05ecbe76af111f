//! Calls that block, without an operating system: the main loop waits for an event.

use firmware::board::{Event, again_in, pauses, start};
use firmware::message::Sample;
use firmware::{Given, Random, println, ring};
use ringway::{Overflow, Producer, RecvError, Static, Subscriber};

const END: u32 = 5_000;

struct Source {
    producer: Producer<Sample, Event>,
    sent: u32,
}

static SOURCE: Given<Source> = Given::nothing();

fn send_one() {
    // SAFETY: this is the handler.
    let slot = unsafe { SOURCE.get() };
    let Some(source) = slot else { return };
    if source.sent == END {
        // Closes the ring, of which the one who waits is notified too.
        *slot = None;
        return;
    }
    source.producer.try_send(&Sample::new(source.sent)).unwrap();
    source.sent += 1;
}

/// Each message comes from an interrupt of its own, at any time before or after the receiver has looked for it in vain,
/// and the next one only after this was received: whoever misses an event waits for ever.
pub fn for_messages() {
    let parts = ring!(Static<Sample, 4>).split_mut(Overflow::Wait, 0).unwrap();
    let [subscriber] = parts.subscribers;
    let mut subscriber = subscriber.with_wait(Event);
    let producer = parts.producer.with_wait(Event);
    // SAFETY: the timer stands still.
    *unsafe { SOURCE.get() } = Some(Source { producer, sent: 0 });
    let (before, mut random) = (pauses(), Random::new(9));
    start(send_one);
    for number in 0..END {
        assert_eq!(subscriber.recv(), Ok(Sample::new(number)));
        again_in(1 + random.below(4));
        for _ in 0..random.below(128) {
            core::hint::spin_loop();
        }
    }
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    let pauses = pauses() - before;
    assert!(pauses > 0, "it never had to wait");
    println!("    {END} received, {pauses} pauses");
}

struct Sink {
    subscriber: Subscriber<Sample, Event>,
    next: u32,
    random: Random,
}

static SINK: Given<Sink> = Given::nothing();

fn receive_one() {
    // SAFETY: this is the handler.
    let Some(sink) = (unsafe { SINK.get() }) else { return };
    if let Ok(sample) = sink.subscriber.try_recv() {
        assert_eq!(sample, Sample::new(sink.next));
        sink.next += 1;
    }
    again_in(1 + sink.random.below(128));
}

pub fn for_room() {
    let parts = ring!(Static<Sample, 4>).split_mut(Overflow::Wait, 0).unwrap();
    let [subscriber] = parts.subscribers;
    let subscriber = subscriber.with_wait(Event);
    let mut producer = parts.producer.with_wait(Event);
    // SAFETY: the timer stands still.
    *unsafe { SINK.get() } = Some(Sink { subscriber, next: 0, random: Random::new(11) });
    let before = pauses();
    start(receive_one);
    for number in 0..END {
        producer.send(&Sample::new(number)).unwrap();
    }
    // Until the interrupt has received the last one, too.
    while !producer.is_empty() {}
    firmware::board::stop();
    // SAFETY: the timer stands still.
    assert_eq!(unsafe { SINK.get() }.as_ref().map(|sink| sink.next), Some(END));
    let pauses = pauses() - before;
    assert!(pauses > 0, "it never had to wait");
    println!("    {END} sent, {pauses} pauses");
}
