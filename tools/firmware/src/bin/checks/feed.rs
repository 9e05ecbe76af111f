//! One side is an interrupt, which comes at any point of the other.

use firmware::board::{again_in, start};
use firmware::message::{MAX_LEN, Sample, bytes_of};
use firmware::{Given, Random, println, ring};
use ringway::error::{TryRecvError, TrySendError};
use ringway::{Bytes, Observer, Overflow, Position, Producer, Start, Static, Subscriber};

/// Ticks of the timer between two interrupts are fewer than this.
const TICKS: u32 = 32;

/// What an interrupt that sends has.
struct Source<T: ringway::Message + ?Sized> {
    /// Dropped when all is sent, which closes the ring.
    producer: Option<Producer<T>>,
    sent: u32,
    end: u32,
    random: Random,
}

impl<T: ringway::Message + ?Sized> Source<T> {
    fn new(producer: Producer<T>, end: u32) -> Self {
        Source { producer: Some(producer), sent: 0, end, random: Random::new(7) }
    }

    /// Sends a few, as long as there is room.
    fn interrupt(&mut self, send: impl Fn(&mut Producer<T>, u32) -> Result<(), TrySendError>) {
        for _ in 0..=self.random.below(4) {
            let Some(producer) = self.producer.as_mut().filter(|_| self.sent < self.end) else {
                self.producer = None;
                return;
            };
            match send(producer, self.sent) {
                Ok(()) => self.sent += 1,
                Err(error) => {
                    assert_eq!(error, TrySendError::Full);
                    REFUSED.add(1);
                    break;
                }
            }
        }
        again_in(1 + self.random.below(TICKS));
        // Moves the next interrupt by less than a tick.
        for _ in 0..self.random.below(32) {
            core::hint::spin_loop();
        }
    }
}

/// Counts that the handler keeps and the main program reads.
struct Count(core::sync::atomic::AtomicU32);

impl Count {
    fn add(&self, n: u32) {
        self.0.store(self.get() + n, core::sync::atomic::Ordering::Relaxed);
    }

    fn get(&self) -> u32 {
        self.0.load(core::sync::atomic::Ordering::Relaxed)
    }

    fn take(&self) -> u32 {
        let n = self.get();
        self.0.store(0, core::sync::atomic::Ordering::Relaxed);
        n
    }
}

/// Sends that found the ring full.
static REFUSED: Count = Count(core::sync::atomic::AtomicU32::new(0));

/// What an observer has seen, which has to add up to what was sent.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    received: u32,
    lagged: u32,
}

impl Seen {
    /// Counts an outcome. `false`: there is nothing more for now.
    fn note(&mut self, outcome: Result<Sample, TryRecvError>) -> bool {
        match outcome {
            Ok(sample) => {
                sample.expect(self.received + self.lagged);
                self.received += 1;
                true
            }
            Err(TryRecvError::Lagged(n)) => {
                self.lagged += n as u32;
                true
            }
            Err(TryRecvError::Empty | TryRecvError::Closed) => false,
            Err(error) => panic!("an observer is told: {error}"),
        }
    }
}

static SAMPLES: Given<Source<Sample>> = Given::nothing();

fn send_sample() {
    // SAFETY: this is the handler.
    if let Some(source) = unsafe { SAMPLES.get() } {
        source.interrupt(|producer, number| producer.try_send(&Sample::new(number)));
    }
}

/// Has the interrupt send so many, receives them all, and looks on with an observer now and then.
fn receive_all(
    producer: Producer<Sample>,
    subscriber: &mut Subscriber<Sample>,
    observer: &mut Observer<Sample>,
    end: u32,
) {
    let (mut seen, mut random, mut next) = (Seen::default(), Random::new(1), 0);
    REFUSED.take();
    // SAFETY: the timer stands still.
    *unsafe { SAMPLES.get() } = Some(Source::new(producer, end));
    start(send_sample);
    loop {
        match subscriber.try_recv() {
            Ok(sample) => {
                sample.expect(next);
                next += 1;
            }
            Err(TryRecvError::Empty) => {}
            Err(error) => {
                assert_eq!(error, TryRecvError::Closed);
                break;
            }
        }
        if random.below(8) == 0 {
            for _ in 0..random.below(16) {
                seen.note(observer.try_recv());
            }
        }
    }
    while seen.note(observer.try_recv()) {}
    assert_eq!(next, end);
    assert_eq!(seen.received + seen.lagged, end);
    assert!(seen.received > 0 && seen.lagged > 0 && REFUSED.get() > 0, "nothing was tried");
    println!(
        "    {next} received, {} observed, {} lagged, {} refused",
        seen.received,
        seen.lagged,
        REFUSED.get()
    );
}

pub fn an_interrupt_sends() {
    let parts = ring!(Static<Sample, 8>).split_mut(Overflow::Wait, 0).unwrap();
    let [mut subscriber] = parts.subscribers;
    let mut observer = parts.ring.observe(Start::Next).unwrap();
    receive_all(parts.producer, &mut subscriber, &mut observer, 50_000);
}

pub fn positions_wrap_around() {
    // The last but 4,999 of all positions.
    let origin = (Position::MAX >> 1) - 5000;
    let parts = ring!(Static<Sample, 4>).split_mut(Overflow::Wait, origin).unwrap();
    let [mut subscriber] = parts.subscribers;
    let mut observer = parts.ring.observe(Start::Next).unwrap();
    assert_eq!(subscriber.position(), origin);
    receive_all(parts.producer, &mut subscriber, &mut observer, 10_000);
    assert_eq!(subscriber.position(), 10_000 - 5001);
}

static LENGTHS: Given<Source<[u8]>> = Given::nothing();

fn send_bytes() {
    // SAFETY: this is the handler.
    if let Some(source) = unsafe { LENGTHS.get() } {
        source.interrupt(|producer, number| producer.try_send(bytes_of(number, &mut [0; MAX_LEN])));
    }
}

pub fn lengths() {
    const END: u32 = 20_000;
    let parts = ring!(Static<Bytes<MAX_LEN>, 16>).split_mut(Overflow::Wait, 0).unwrap();
    let [mut subscriber] = parts.subscribers;
    let mut observer = parts.ring.observe(Start::Next).unwrap();
    // SAFETY: the timer stands still.
    *unsafe { LENGTHS.get() } = Some(Source::new(parts.producer, END));
    start(send_bytes);
    let (mut next, mut seen, mut lagged, mut total) = (0, 0, 0, 0);
    let (mut found, mut expected, mut random) = ([0; MAX_LEN], [0; MAX_LEN], Random::new(2));
    // `false`: there is nothing more for now.
    let mut observe = |found: &mut [u8; MAX_LEN], expected: &mut [u8; MAX_LEN]| {
        match observer.try_recv_into(found) {
            Ok(len) => {
                assert_eq!(found[..len], *bytes_of(seen + lagged, expected));
                seen += 1;
            }
            Err(TryRecvError::Lagged(n)) => lagged += n as u32,
            Err(error) => {
                assert!(matches!(error, TryRecvError::Empty | TryRecvError::Closed));
                return false;
            }
        }
        true
    };
    loop {
        match subscriber.try_recv_into(&mut found) {
            Ok(len) => {
                assert_eq!(found[..len], *bytes_of(next, &mut expected));
                (next, total) = (next + 1, total + len);
            }
            Err(TryRecvError::Empty) => {}
            Err(error) => {
                assert_eq!(error, TryRecvError::Closed);
                break;
            }
        }
        if random.below(8) == 0 {
            for _ in 0..random.below(16) {
                observe(&mut found, &mut expected);
            }
        }
    }
    while observe(&mut found, &mut expected) {}
    assert_eq!((next, seen + lagged), (END, END));
    assert!(seen > 0 && lagged > 0, "nothing was tried");
    println!("    {next} received, {total} bytes; {seen} observed, {lagged} lagged");
}

/// What an interrupt that receives has.
struct Sink {
    subscriber: Subscriber<Sample>,
    observer: Observer<Sample>,
    next: u32,
    seen: Seen,
    random: Random,
}

static SINK: Given<Sink> = Given::nothing();

fn receive_some() {
    // SAFETY: this is the handler.
    let Some(sink) = (unsafe { SINK.get() }) else { return };
    for _ in 0..=sink.random.below(4) {
        match sink.subscriber.try_recv() {
            Ok(sample) => {
                sample.expect(sink.next);
                sink.next += 1;
            }
            Err(error) => {
                assert_eq!(error, TryRecvError::Empty);
                break;
            }
        }
    }
    if sink.random.below(4) == 0 {
        for _ in 0..sink.random.below(16) {
            sink.seen.note(sink.observer.try_recv());
        }
    }
    again_in(1 + sink.random.below(TICKS));
    for _ in 0..sink.random.below(32) {
        core::hint::spin_loop();
    }
}

pub fn an_interrupt_receives() {
    const END: u32 = 50_000;
    let parts = ring!(Static<Sample, 8>).split_mut(Overflow::Wait, 0).unwrap();
    let [subscriber] = parts.subscribers;
    let observer = parts.ring.observe(Start::Next).unwrap();
    let mut producer = parts.producer;
    let (next, seen, random) = (0, Seen::default(), Random::new(3));
    // SAFETY: the timer stands still.
    *unsafe { SINK.get() } = Some(Sink { subscriber, observer, next, seen, random });
    start(receive_some);
    let mut refused = 0u32;
    for number in 0..END {
        while let Err(error) = producer.try_send(&Sample::new(number)) {
            assert_eq!(error, TrySendError::Full);
            refused += 1;
        }
    }
    while !producer.is_empty() {}
    firmware::board::stop();
    // SAFETY: the timer stands still.
    let sink = unsafe { SINK.get() }.as_mut().unwrap();
    while sink.seen.note(sink.observer.try_recv()) {}
    let Seen { received, lagged } = sink.seen;
    assert_eq!((sink.next, received + lagged), (END, END));
    assert!(received > 0 && lagged > 0 && refused > 0, "nothing was tried");
    println!("    {END} received, {received} observed, {lagged} lagged, {refused} refused");
}

pub fn an_interrupt_overwrites() {
    const END: u32 = 50_000;
    let parts = ring!(Static<Sample, 4, 0>).split_mut(Overflow::Overwrite, 0).unwrap();
    let mut observer = parts.ring.observe(Start::Next).unwrap();
    REFUSED.take();
    // SAFETY: the timer stands still.
    *unsafe { SAMPLES.get() } = Some(Source::new(parts.producer, END));
    start(send_sample);
    let (mut seen, mut random) = (Seen::default(), Random::new(5));
    while !observer.is_closed() {
        seen.note(observer.try_recv());
        // Sometimes it is away for long.
        if random.below(16) == 0 {
            for _ in 0..random.below(2048) {
                core::hint::spin_loop();
            }
        }
    }
    while seen.note(observer.try_recv()) {}
    assert_eq!(seen.received + seen.lagged, END);
    assert!(seen.received > 0 && seen.lagged > 0 && REFUSED.get() == 0);
    println!("    {} received, {} lagged", seen.received, seen.lagged);
}
