//! Calls that block, without an operating system: the main loop waits for an event.

use firmware::board::{Event, again_in, pauses, start};
use firmware::message::Sample;
use firmware::{Given, Random, println, ring};
use ringway::error::RecvError;
use ringway::{Options, Overflow, Producer, Ring, Start, Static, Subscriber};

use crate::places;

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
}

static SINK: Given<Sink> = Given::nothing();

fn receive_one() {
    // SAFETY: this is the handler.
    let Some(sink) = (unsafe { SINK.get() }) else { return };
    assert_eq!(sink.subscriber.try_recv(), Ok(Sample::new(sink.next)));
    sink.next += 1;
}

/// The ring is full, and each place in it comes from an interrupt of its own, as the messages above do.
pub fn for_room() {
    const CAPACITY: u32 = 4;
    let parts = ring!(Static<Sample, { CAPACITY as usize }>).split_mut(Overflow::Wait, 0).unwrap();
    let [subscriber] = parts.subscribers;
    let subscriber = subscriber.with_wait(Event);
    let mut producer = parts.producer.with_wait(Event);
    // SAFETY: the timer stands still.
    *unsafe { SINK.get() } = Some(Sink { subscriber, next: 0 });
    for number in 0..CAPACITY {
        producer.send(&Sample::new(number)).unwrap();
    }
    let (before, mut random) = (pauses(), Random::new(11));
    start(receive_one);
    for number in CAPACITY..END {
        producer.send(&Sample::new(number)).unwrap();
        again_in(1 + random.below(4));
        for _ in 0..random.below(128) {
            core::hint::spin_loop();
        }
    }
    // The interrupt for which nobody has waited.
    while producer.len() == CAPACITY as usize {}
    firmware::board::stop();
    // SAFETY: the timer stands still.
    let next = unsafe { SINK.get() }.as_ref().map(|sink| sink.next);
    assert_eq!(next, Some(END - CAPACITY + 1));
    let pauses = pauses() - before;
    assert!(pauses > 0, "it never had to wait");
    println!("    {END} sent, {pauses} pauses");
}

struct Closer {
    producer: Producer<Sample, Event>,
    sent: u32,
    end: u32,
    /// Each message comes from an interrupt of its own, and so does the end.
    apart: bool,
}

static CLOSER: Given<Closer> = Given::nothing();

fn send_and_close() {
    // SAFETY: this is the handler.
    let slot = unsafe { CLOSER.get() };
    while let Some(closer) = slot {
        if closer.sent == closer.end {
            *slot = None;
            return;
        }
        closer.producer.try_send(&Sample::new(closer.sent)).unwrap();
        closer.sent += 1;
        if closer.apart {
            return again_in(1);
        }
    }
}

/// Many rings that are closed, after a few messages or none, while the main loop looks or waits: it receives them
/// all, and then learns of the end.
pub fn for_the_end() {
    const ROUNDS: u32 = 2_000;
    let (before, mut random, mut received) = (pauses(), Random::new(13), 0);
    for round in 0..ROUNDS {
        let (producer, parts) = places::create(Options::<Sample>::new(4).subscribers(1));
        // SAFETY: the memory of a ring, and no other ring is made there before this one's handles have gone.
        let ring = unsafe { Ring::<Sample>::open_raw(parts, 0) }.unwrap();
        // SAFETY: nobody else joins.
        let mut subscriber = unsafe { ring.subscribe_in(0, Start::Next, Event) }.unwrap();
        let (producer, end) = (producer.with_wait(Event), random.below(4));
        // SAFETY: the timer stands still.
        *unsafe { CLOSER.get() } = Some(Closer { producer, sent: 0, end, apart: round % 2 == 0 });
        start(send_and_close);
        again_in(1 + random.below(4));
        for _ in 0..random.below(256) {
            core::hint::spin_loop();
        }
        for number in 0..end {
            assert_eq!(subscriber.recv(), Ok(Sample::new(number)));
        }
        assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        firmware::board::stop();
        received += end;
    }
    let pauses = pauses() - before;
    assert!(pauses > 0 && received > 0, "nothing was tried");
    println!("    {ROUNDS} rings, {received} received, {pauses} pauses");
}
