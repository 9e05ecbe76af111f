//! Statistics: what a ring says of itself is what was done with it, and asking changes nothing.
#![cfg(feature = "std")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway::error::{JoinError, TryRecvError, TrySendError, WaitError};
use ringway::raw::RawParts;
use ringway::stats::{ConsumerKind, ConsumerStats, Stats};
use ringway::{
    Group, Observer, Options, Overflow, Position, Producer, Ring, SpinThenSleep, Start, Static,
    Subscriber, Worker,
};

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

/// Sleeps at once.
const ASLEEP: SpinThenSleep = SpinThenSleep { spins: 0 };

const LAST_POSITION: Position = Position::MAX >> 1;

fn consumers(ring: &Ring<u64>) -> Vec<ConsumerStats> {
    ring.consumer_stats().unwrap().collect()
}

fn name(stats: &ConsumerStats) -> Option<&str> {
    stats.name.as_ref().map(|name| name.as_str())
}

/// What is left of a subscriber's or an observer's numbers.
fn counts(stats: &ConsumerStats) -> [u64; 3] {
    [stats.received, stats.lagged, stats.lag]
}

/// Waits until something is so, which others see to.
fn wait_until(mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < LONG, "stuck");
        thread::yield_now();
    }
}

#[test]
fn a_new_ring_has_done_nothing() {
    let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    assert_eq!(ring.stats(), Stats::default());
    assert_eq!(producer.stats(), Stats::default());
    assert_eq!(consumers(&ring), []);
}

/// One step. What names a consumer is taken modulo their number.
#[derive(Clone, Debug)]
enum Op {
    Send(usize),
    Subscribe(Start),
    Observe,
    Receive(usize, usize),
    Leave(usize),
    /// Durable subscribers, by number.
    Come(usize),
    Go(usize),
    Forget(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..6usize).prop_map(Op::Send),
        prop_oneof![Just(Start::Next), Just(Start::Oldest)].prop_map(Op::Subscribe),
        Just(Op::Observe),
        (any::<usize>(), 0..6usize).prop_map(|(who, most)| Op::Receive(who, most)),
        any::<usize>().prop_map(Op::Leave),
        (0..2usize).prop_map(Op::Come),
        (0..2usize).prop_map(Op::Go),
        (0..2usize).prop_map(Op::Forget),
    ]
}

enum Handle {
    Subscriber(Subscriber<u64>),
    Observer(Observer<u64>),
}

/// A consumer, as the model has it.
struct Consumer {
    /// `None`: it is durable, and away.
    handle: Option<Handle>,
    name: Option<&'static str>,
    /// How many messages had been sent where it began.
    start: u64,
    received: u64,
    lagged: u64,
}

const NAMES: [&str; 2] = ["a", "the other one"];

struct Run {
    origin: Position,
    producer: Producer<u64>,
    ring: Ring<u64>,
    sent: u64,
    consumers: Vec<Consumer>,
}

impl Run {
    fn step(&mut self, op: &Op) {
        match op {
            Op::Send(messages) => {
                let messages: Vec<_> = (self.sent..).take(*messages).collect();
                self.sent += self.producer.try_send_batch(&messages) as u64;
            }
            Op::Subscribe(start) => {
                if let Ok(subscriber) = self.ring.subscribe(*start) {
                    self.add(subscriber.position(), Handle::Subscriber(subscriber), None);
                }
            }
            Op::Observe => {
                let observer = self.ring.observe(Start::Oldest).unwrap();
                self.add(observer.position(), Handle::Observer(observer), None);
            }
            Op::Receive(who, most) => self.receive(*who, *most),
            Op::Leave(who) => {
                if let Some(who) = who.checked_rem(self.consumers.len()) {
                    // Durable ones by going.
                    if self.consumers[who].name.is_none() {
                        self.consumers.remove(who);
                    }
                }
            }
            Op::Come(which) => self.come(NAMES[*which]),
            Op::Go(which) => {
                if let Some(known) = self.known(NAMES[*which]) {
                    known.handle = None;
                }
            }
            Op::Forget(which) => {
                if self.ring.remove_durable(NAMES[*which]) == Ok(true) {
                    self.consumers.retain(|known| known.name != Some(NAMES[*which]));
                }
            }
        }
    }

    fn known(&mut self, name: &str) -> Option<&mut Consumer> {
        self.consumers.iter_mut().find(|known| known.name == Some(name))
    }

    fn come(&mut self, name: &'static str) {
        match self.ring.subscribe_durable(name, Start::Next) {
            Ok(subscriber) => {
                let start = subscriber.position();
                let handle = Handle::Subscriber(subscriber);
                match self.known(name) {
                    Some(known) => known.handle = Some(handle),
                    None => self.add(start, handle, Some(name)),
                }
            }
            Err(JoinError::InUse { .. } | JoinError::NoFreeEntry { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn add(&mut self, position: Position, handle: Handle, name: Option<&'static str>) {
        #[allow(clippy::unnecessary_cast)] // A position is a `u64` already where a word is.
        let start = (position.wrapping_sub(self.origin) & LAST_POSITION) as u64;
        let handle = Some(handle);
        self.consumers.push(Consumer { handle, name, start, received: 0, lagged: 0 });
    }

    fn receive(&mut self, who: usize, most: usize) {
        let Some(who) = who.checked_rem(self.consumers.len()) else { return };
        let consumer = &mut self.consumers[who];
        for _ in 0..most {
            let received = match &mut consumer.handle {
                None => return,
                Some(Handle::Subscriber(subscriber)) => subscriber.try_recv(),
                Some(Handle::Observer(observer)) => observer.try_recv(),
            };
            match received {
                Ok(_) => consumer.received += 1,
                Err(TryRecvError::Lagged(n)) => consumer.lagged += n,
                Err(TryRecvError::Empty) => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn compare(&self) {
        let stats = self.ring.stats();
        assert_eq!(stats, self.producer.stats());
        assert_eq!((stats.sent, stats.blocked), (self.sent, Duration::ZERO));
        assert_eq!((stats.wakes, stats.evictions), (0, 0));
        let mut all: Vec<_> = consumers(&self.ring);
        assert!(all.iter().all(|stats| stats.kind == ConsumerKind::Subscriber));
        for known in &self.consumers {
            let lag = self.sent - known.start - known.received - known.lagged;
            let expected = [known.received, known.lagged, lag];
            if let Some(Handle::Observer(observer)) = &known.handle {
                assert_eq!(counts(&observer.stats()), expected);
                continue;
            }
            // Which of them has which entry does not show.
            let same = |stats: &ConsumerStats| {
                name(stats) == known.name
                    && stats.present == known.handle.is_some()
                    && !stats.evicted
                    && counts(stats) == expected
            };
            let found = all.iter().position(same);
            assert!(found.is_some(), "{expected:?} of {:?} not in {all:#?}", known.name);
            all.swap_remove(found.unwrap());
        }
        assert_eq!(all, []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 300 }, ..ProptestConfig::default()
    })]

    #[test]
    fn the_numbers_are_those_of_a_model(
        ops in prop::collection::vec(op(), 1..60),
        shift in 1u32..4,
        before_wrap in 0..20 as Position,
    ) {
        // Where positions start again from 0, and where their signs do.
        let origin = (LAST_POSITION >> (shift - 1)).wrapping_sub(before_wrap);
        let (producer, ring) =
            Options::<u64>::new(8).subscribers(3).origin(origin).heap().unwrap();
        let mut run = Run { origin, producer, ring, sent: 0, consumers: Vec::new() };
        for op in &ops {
            run.step(op);
            run.compare();
        }
    }
}

#[test]
fn a_subscribers_numbers_begin_anew_with_the_next_owner_of_its_entry() {
    let (mut producer, ring) = Options::<u64>::new(8).subscribers(1).heap().unwrap();
    for _ in 0..3 {
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        assert_eq!(counts(&consumers(&ring)[0]), [0, 0, 0]);
        producer.send_batch(&[1, 2, 3]).unwrap();
        subscriber.recv().unwrap();
        assert_eq!(counts(&consumers(&ring)[0]), [1, 0, 2]);
    }
    assert_eq!(consumers(&ring), []);
    assert_eq!(ring.stats().sent, 9);
}

#[test]
fn the_subscribers_of_a_static_ring_begin_with_it() {
    static RING: Static<u64, 4> = Static::new();
    let origin = LAST_POSITION - 1;
    let mut parts = RING.split_with(Overflow::Wait, origin).unwrap();
    parts.producer.send_batch(&[1, 2, 3]).unwrap();
    parts.subscribers[0].recv().unwrap();
    assert_eq!(parts.ring.stats().sent, 3);
    assert_eq!(counts(&consumers(&parts.ring)[0]), [1, 0, 2]);
}

#[test]
fn an_eviction_is_counted_once_and_what_is_sent_from_then_on_is_lost() {
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let mut other = ring.subscribe(Start::Next).unwrap();
    for n in 0..20 {
        producer.try_send(&n).unwrap();
        assert_eq!(other.try_recv(), Ok(n));
        if n == 0 {
            keeper.recv().unwrap();
        }
    }
    assert_eq!(ring.stats().evictions, 1);
    let all = consumers(&ring);
    assert_eq!((counts(&all[0]), all[0].evicted), ([1, 19, 0], true));
    assert_eq!((counts(&all[1]), all[1].evicted), ([20, 0, 0], false));
    assert_eq!(keeper.try_recv(), Err(TryRecvError::Evicted { missed: 19 }));
    drop(keeper);
    assert_eq!(consumers(&ring).len(), 1);

    let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    producer.try_send(&20).unwrap();
    keeper.recv().unwrap();
    let [now, _] = consumers(&ring)[..] else { panic!() };
    assert_eq!((counts(&now), now.evicted, name(&now)), ([1, 0, 0], false, Some("keeper")));
    assert_eq!(ring.stats().evictions, 1);
}

#[test]
fn a_message_read_in_place_counts_once_it_is_released() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&1).unwrap();
    let message = subscriber.recv_ref().unwrap();
    assert_eq!(counts(&consumers(&ring)[0]), [0, 0, 1]);
    drop(message);
    assert_eq!(counts(&consumers(&ring)[0]), [1, 0, 0]);
}

#[test]
fn a_send_to_one_who_sleeps_is_a_wake_and_one_to_nobody_is_not() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    producer.send_batch(&[1, 2, 3]).unwrap();
    assert_eq!(ring.stats().wakes, 0);
    let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(ASLEEP);
    thread::scope(|scope| {
        scope.spawn(move || while subscriber.recv().is_ok() {});
        // Whether it sleeps, only the producer sees.
        wait_until(|| {
            let before = ring.stats().wakes;
            producer.send(&4).unwrap();
            let wakes = ring.stats().wakes;
            assert!((before..=before + 1).contains(&wakes));
            wakes > 0
        });
        drop(producer);
    });
}

#[test]
fn the_time_that_a_producer_waits_for_room_is_counted_and_nothing_else_is() {
    let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let timeout = Duration::from_millis(2);
    producer.send_batch(&[1, 2]).unwrap();
    assert_eq!(producer.try_send(&3), Err(TrySendError::Full));
    assert!(producer.flush(timeout).is_err());
    assert_eq!(producer.wait_for_consumers(2, timeout), Err(WaitError::Timeout { joined: 1 }));
    assert_eq!(ring.stats().blocked, Duration::ZERO);

    let mut before = Duration::ZERO;
    for _ in 0..3 {
        let start = Instant::now();
        assert!(producer.send_timeout(&3, timeout).is_err());
        let waited = start.elapsed();
        let blocked = ring.stats().blocked;
        assert!(blocked > before, "{blocked:?} after {before:?}");
        // A microsecond can be made up of parts of earlier ones.
        assert!(blocked - before <= waited + Duration::from_micros(1));
        before = blocked;
    }
    drop(subscriber);
    producer.send(&3).unwrap();
    let blocked = ring.stats().blocked;
    producer.send(&4).unwrap();
    assert_eq!(ring.stats().blocked, blocked);
}

#[test]
fn others_see_how_long_a_producer_has_been_waiting_while_it_waits() {
    let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[1, 2]).unwrap();
    let sent = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            producer.send(&3).unwrap();
            sent.store(true, Ordering::Relaxed);
        });
        let mut last = Duration::ZERO;
        for _ in 0..2 {
            wait_until(|| ring.stats().blocked > last);
            last = ring.stats().blocked;
        }
        assert!(!sent.load(Ordering::Relaxed));
        assert_eq!(ring.stats().sent, 2);
        drop(subscriber);
    });
}

/// A group and its workers, in this order.
fn of_group(ring: &Ring<u64>) -> Vec<(ConsumerKind, u64, u64, u64, bool)> {
    let all = consumers(ring);
    assert!(all.iter().all(|stats| name(stats) == Some("jobs") && stats.lagged == 0));
    all.iter().map(|s| (s.kind, s.received, s.lag, s.redelivered, s.present)).collect()
}

#[test]
fn a_group_counts_what_is_done_and_its_workers_what_they_were_given() {
    use ConsumerKind::{Group as TheGroup, Worker as AWorker};
    let (mut producer, ring) = Options::<u64>::new(16).groups(1).workers(2).heap().unwrap();
    producer.send(&0).unwrap();
    let mut first = Worker::join(&ring, "jobs").unwrap();
    let mut second = Worker::join(&ring, "jobs").unwrap();
    producer.send_batch(&[1, 2, 3, 4, 5]).unwrap();
    let job = first.try_recv().unwrap();
    let both = [(AWorker, 1, 0, 0, true), (AWorker, 0, 0, 0, true)];
    assert_eq!(of_group(&ring), [(TheGroup, 0, 5, 0, true), both[0], both[1]]);
    job.nack().unwrap();

    // Two of four are new.
    let mut buffer = [0; 4];
    first.try_recv_batch(&mut buffer[..2]).unwrap().nack().unwrap();
    let batch = second.try_recv_batch(&mut buffer).unwrap();
    assert_eq!(batch.len(), 4);
    assert_eq!((0..4).filter(|&at| batch.redelivered(at)).count(), 2);
    batch.done().unwrap();
    // The first of its batch had been given back before.
    let both = [(AWorker, 3, 0, 1, true), (AWorker, 4, 0, 2, true)];
    assert_eq!(of_group(&ring), [(TheGroup, 4, 1, 3, true), both[0], both[1]]);

    // A worker's numbers go with it, the group's stay.
    drop(second);
    assert_eq!(of_group(&ring), [(TheGroup, 4, 1, 3, true), both[0]]);
    drop(first);
    assert_eq!(of_group(&ring), [(TheGroup, 4, 1, 3, false)]);
    let third = Worker::join(&ring, "jobs").unwrap();
    assert_eq!(of_group(&ring), [(TheGroup, 4, 1, 3, true), (AWorker, 0, 0, 0, true)]);
    drop(third);

    // Another group begins at 0.
    assert_eq!(ring.remove_group("jobs"), Ok(true));
    assert_eq!(consumers(&ring), []);
    let worker = Worker::join(&ring, Group::new("jobs").start(Start::Next)).unwrap();
    assert_eq!(of_group(&ring), [(TheGroup, 0, 0, 0, true), (AWorker, 0, 0, 0, true)]);
    drop(worker);
}

/// Memory for a ring, of 128 bytes that are aligned as many.
#[repr(align(128))]
#[derive(Clone, Copy)]
struct Line([u8; 128]);

fn memory(len: usize) -> Vec<Line> {
    vec![Line([0xee; 128]); len.div_ceil(128)]
}

fn bytes(lines: &[Line]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.0).collect()
}

#[test]
fn looking_changes_no_byte_of_the_ring() {
    let options = Options::<u64>::new(8).groups(1).workers(2).subscribers(2).max_lag(4);
    let (data_len, control_len) = options.segment_lengths().unwrap();
    let (mut data, mut control) = (memory(data_len), memory(control_len));
    let parts = RawParts {
        data: NonNull::from(&mut data[..]).cast(),
        data_len,
        control: Some(NonNull::from(&mut control[..]).cast()),
        control_len,
    };
    let snapshot = || {
        // SAFETY: initialised, and nobody writes there while this runs: all handles are this thread's.
        let lines = |at: NonNull<u8>, len: usize| unsafe {
            std::slice::from_raw_parts(at.as_ptr().cast::<Line>(), len.div_ceil(128))
        };
        (bytes(lines(parts.data, data_len)), bytes(lines(parts.control.unwrap(), control_len)))
    };
    // SAFETY: aligned, initialised, and longer-lived than the handles.
    let mut producer = unsafe { options.create_raw(parts) }.unwrap();
    // SAFETY: as above; it is a ring.
    let ring = unsafe { Ring::<u64>::open_raw(parts, 0) }.unwrap();
    // Whatever was there before: a new ring has done nothing.
    assert_eq!(ring.stats(), Stats::default());
    assert_eq!(consumers(&ring), []);

    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let _keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "jobs").unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    for n in 0..20 {
        producer.try_send(&n).unwrap();
        subscriber.try_recv().unwrap();
        drop(worker.try_recv().unwrap());
    }
    assert!(observer.try_recv().is_err());
    let before = snapshot();
    let stats = (ring.stats(), consumers(&ring), observer.stats());
    assert_eq!((stats.0.sent, stats.0.evictions, stats.1.len(), stats.2.lagged), (20, 1, 4, 12));
    assert!(before == snapshot(), "a byte has changed");

    // SAFETY: as above, and what is not given is not accessed.
    let blind = unsafe { Ring::<u64>::open_raw(RawParts { control: None, ..parts }, 0) }.unwrap();
    assert_eq!(blind.stats(), stats.0);
    assert!(blind.consumer_stats().is_none());
}

#[test]
fn numbers_that_are_read_while_all_run_are_possible_ones() {
    const MESSAGES: u64 = if cfg!(miri) { 50 } else { 50_000 };
    let (mut producer, ring) = Options::<u64>::new(64).subscribers(2).heap().unwrap();
    let over = AtomicBool::new(false);
    let mut all = ring.subscribe(Start::Next).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..MESSAGES {
                producer.send(&n).unwrap();
            }
            drop(producer);
        });
        scope.spawn(|| {
            while all.recv().is_ok() {}
            over.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            // In and out of the other entry.
            while !over.load(Ordering::Relaxed) {
                let mut subscriber = ring.subscribe(Start::Next).unwrap();
                for _ in 0..3 {
                    let _ = subscriber.try_recv();
                }
            }
        });
        let (mut sent, mut received) = (0, 0);
        while !over.load(Ordering::Relaxed) {
            let before = ring.stats();
            assert!((sent..=MESSAGES).contains(&before.sent));
            sent = before.sent;
            for (index, stats) in ring.consumer_stats().unwrap().enumerate() {
                let after = ring.stats().sent;
                assert!(stats.received <= after && stats.lag <= 64 && stats.lagged == 0);
                if index == 0 && stats.received > 3 {
                    assert!(stats.received >= received && stats.received + stats.lag >= sent);
                    received = stats.received;
                }
            }
        }
    });
}
