//! Messages longer than a slot, against a model that knows where each one lies.
//!
//! One thread, heap rings, random shapes, lengths and operations. `PROPTEST_CASES` says how many cases.
#![cfg(feature = "alloc")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::thread;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use ringway::error::{ConfigError, TryRecvError, TrySendError};
use ringway::producer::Loan;
use ringway::raw::RawParts;
use ringway::{Observer, Options, Overflow, Position, Producer, Ring, Start, Subscriber, Worker};

/// Bytes in which the arena is shared out.
const GRANULE: usize = 64;
const LAST_POSITION: Position = Position::MAX >> 1;

#[derive(Clone, Copy, Debug)]
struct Shape {
    capacity: usize,
    slot: usize,
    arena: usize,
    overflow: Overflow,
    origin: Position,
    observers: bool,
}

impl Shape {
    fn position(&self, seq: u64) -> Position {
        self.origin.wrapping_add(seq as Position) & LAST_POSITION
    }

    /// The number of a message that was sent, or is next.
    fn seq(&self, position: Position, sent: u64) -> u64 {
        let first = sent.saturating_sub(2 * self.capacity as u64 + 2);
        (first..=sent).find(|&seq| self.position(seq) == position).expect("a position")
    }
}

/// What the ring holds.
struct Model {
    shape: Shape,
    sent: u64,
    /// The messages that can still be had, each with its bytes in the arena.
    held: BTreeMap<u64, (Vec<u8>, Range<usize>)>,
    cursor: usize,
    /// Some message has lost its place to a longer one, or nearly so.
    reclaimed: bool,
}

impl Model {
    /// Where a message of so many bytes would lie, and the first position that would stay.
    fn fit(&self, len: usize) -> (Range<usize>, u64) {
        if len <= self.shape.slot {
            return (0..0, 0);
        }
        let size = len.div_ceil(GRANULE) * GRANULE;
        let skips = self.cursor + size > self.shape.arena;
        let start = if skips { 0 } else { self.cursor };
        let place = start..start + size;
        let lost = |r: &Range<usize>| {
            !Range::is_empty(r)
                && ((r.start < place.end && place.start < r.end)
                    || (skips && r.start >= self.cursor))
        };
        let stays = self.held.iter().filter(|(_, (_, r))| lost(r)).map(|(seq, _)| seq + 1).max();
        (place, stays.unwrap_or(0))
    }

    /// Whether there is room, if the slowest subscriber is to receive that message next.
    fn has_room(&mut self, len: usize, slowest: u64) -> bool {
        let (_, stays) = self.fit(len);
        self.reclaimed |= stays > 0;
        self.sent - slowest < self.shape.capacity as u64 && stays <= slowest
    }

    /// A message is being written.
    fn begin(&mut self, len: usize) -> Range<usize> {
        let (place, stays) = self.fit(len);
        let has_slot = |seq: u64| seq + self.shape.capacity as u64 > self.sent;
        self.held.retain(|&seq, (_, r)| has_slot(seq) && (Range::is_empty(r) || seq >= stays));
        place
    }

    /// It was sent.
    fn commit(&mut self, message: Vec<u8>, mut place: Range<usize>) {
        if !Range::is_empty(&place) {
            // It may have become shorter.
            place.end = place.start + message.len().div_ceil(GRANULE).max(1) * GRANULE;
            self.cursor = place.end;
        }
        self.held.insert(self.sent, (message, place));
        self.sent += 1;
    }

    /// What one finds who is to receive that message next.
    fn find(&self, next: u64, room: usize) -> Result<Vec<u8>, TryRecvError> {
        match self.held.get(&next) {
            Some((message, _)) if message.len() > room => {
                Err(TryRecvError::BufferTooSmall { needed: message.len() })
            }
            Some((message, _)) => Ok(message.clone()),
            None if next == self.sent => Err(TryRecvError::Empty),
            None => {
                let left = self.held.range(next..).next().map_or(self.sent, |(&seq, _)| seq);
                Err(TryRecvError::Lagged(left - next))
            }
        }
    }
}

/// Lengths on both sides of whatever makes a difference.
#[derive(Clone, Copy, Debug)]
enum Len {
    Short(usize),
    /// A part of the longest, in 64ths.
    Part(usize),
    /// So much less or more than the longest.
    Longest(isize),
}

impl Len {
    fn of(self, shape: Shape, longest: usize) -> usize {
        match self {
            Len::Short(n) => n % (shape.slot + 2),
            Len::Part(n) => longest * n / 64,
            Len::Longest(n) => longest.saturating_add_signed(n),
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Send(Len, u8),
    SendBatch(Vec<(Len, u8)>),
    /// In place: as long as the first says, and then as the second.
    Loan(Len, Len, u8),
    /// Dropped, which is the same as leaking it.
    Drop(Len),
    Subscribe(bool),
    Observe(bool),
    Receive(usize, usize),
    ReceiveInPlace(usize),
    Leave(usize),
}

fn lens() -> impl Strategy<Value = Len> {
    prop_oneof![
        3 => (0..80usize).prop_map(Len::Short),
        4 => (0..=64usize).prop_map(Len::Part),
        1 => (-2..=2isize).prop_map(Len::Longest),
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (lens(), any::<u8>()).prop_map(|(len, fill)| Op::Send(len, fill)),
        1 => vec((lens(), any::<u8>()), 0..4).prop_map(Op::SendBatch),
        2 => (lens(), lens(), any::<u8>()).prop_map(|(a, b, fill)| Op::Loan(a, b, fill)),
        2 => lens().prop_map(Op::Drop),
        1 => any::<bool>().prop_map(Op::Subscribe),
        1 => any::<bool>().prop_map(Op::Observe),
        8 => (any::<usize>(), any::<usize>()).prop_map(|(who, room)| Op::Receive(who, room)),
        3 => any::<usize>().prop_map(Op::ReceiveInPlace),
        1 => any::<usize>().prop_map(Op::Leave),
    ]
}

fn shapes() -> impl Strategy<Value = Shape> {
    let powers: Vec<u32> =
        [30, 31, 62, 63].into_iter().filter(|&power| power < Position::BITS).collect();
    let below = (proptest::sample::select(powers), 1..20u8)
        .prop_map(|(power, below)| (1 << power) - Position::from(below));
    (
        proptest::sample::select(&[1usize, 2, 8, 32][..]),
        proptest::sample::select(&[0usize, 8, 48][..]),
        proptest::sample::select(&[128usize, 256, 640, 4096][..]),
        any::<bool>(),
        prop_oneof![Just(0), below],
        any::<bool>(),
    )
        .prop_map(|(capacity, slot, arena, overwrite, origin, observers)| {
            let overflow = if overwrite { Overflow::Overwrite } else { Overflow::Wait };
            Shape { capacity, slot, arena, overflow, origin, observers: observers || overwrite }
        })
}

enum Consumer {
    Subscriber(Subscriber<[u8]>),
    Observer(Observer<[u8]>),
}

struct Run {
    model: Model,
    producer: Producer<[u8]>,
    ring: Ring<[u8]>,
    /// Each with the number of the message that it is to receive next.
    consumers: Vec<(Consumer, u64)>,
}

/// A message that is being written in place: where, in the ring and in the model.
type Begun<'a> = (Loan<'a, [u8]>, &'a mut Model, Range<usize>);

/// Bytes that say where they belong.
fn message(len: usize, fill: u8) -> Vec<u8> {
    (0..len).map(|i| fill.wrapping_add(i as u8).wrapping_mul(31)).collect()
}

impl Run {
    fn new(shape: Shape) -> Run {
        let (producer, ring) = Options::bytes(shape.capacity, shape.slot)
            .arena(shape.arena)
            .overflow(shape.overflow)
            .origin(shape.origin)
            .observers(shape.observers)
            .subscribers(if shape.overflow == Overflow::Wait { 3 } else { 0 })
            .heap()
            .unwrap();
        let model = Model { shape, sent: 0, held: BTreeMap::new(), cursor: 0, reclaimed: false };
        Run { model, producer, ring, consumers: Vec::new() }
    }

    fn slowest(&self) -> u64 {
        let subscribers = self.consumers.iter().filter_map(|(consumer, next)| match consumer {
            Consumer::Subscriber(_) => Some(*next),
            Consumer::Observer(_) => None,
        });
        subscribers.min().unwrap_or(self.model.sent)
    }

    /// The outcome of asking for room.
    fn room(&mut self, len: usize) -> Result<(), TrySendError> {
        let max = self.producer.max_len();
        if len > max {
            Err(TrySendError::TooLarge { len, max })
        } else if !self.model.has_room(len, self.slowest()) {
            Err(TrySendError::Full)
        } else {
            Ok(())
        }
    }

    fn send(&mut self, len: usize, fill: u8) -> Result<(), TrySendError> {
        let bytes = message(len, fill);
        let room = self.room(len);
        assert_eq!(self.producer.try_send(&bytes), room, "{len} bytes");
        room?;
        let place = self.model.begin(len);
        self.model.commit(bytes, place);
        Ok(())
    }

    /// A loan, and its place.
    fn loan(&mut self, len: usize) -> Option<Begun<'_>> {
        let room = self.room(len);
        match self.producer.try_reserve(len) {
            Ok(loan) => {
                assert_eq!(room, Ok(()));
                assert_eq!(loan.len(), len);
                let place = self.model.begin(len);
                Some((loan, &mut self.model, place))
            }
            Err(error) => {
                assert_eq!(Err(error), room);
                None
            }
        }
    }

    fn receive(&mut self, who: usize, room: usize) {
        let Some(who) = who.checked_rem(self.consumers.len()) else { return };
        let (consumer, next) = &mut self.consumers[who];
        let mut buffer = vec![0xee; room];
        let outcome = match consumer {
            Consumer::Subscriber(subscriber) => subscriber.try_recv_into(&mut buffer),
            Consumer::Observer(observer) => observer.try_recv_into(&mut buffer),
        };
        let outcome = outcome.map(|len| buffer[..len].to_vec());
        let held: Vec<u64> = self.model.held.keys().copied().collect();
        let sent = self.model.sent;
        assert_eq!(outcome, self.model.find(*next, room), "{next} of {sent}, {held:?} held");
        match outcome {
            Ok(_) => *next += 1,
            Err(TryRecvError::Lagged(n)) => {
                assert!(matches!(consumer, Consumer::Observer(_)), "a subscriber has lagged");
                *next += n;
            }
            Err(_) => {}
        }
        self.check(who);
    }

    fn check(&self, who: usize) {
        let shape = self.model.shape;
        let (consumer, next) = &self.consumers[who];
        let (position, head, lag) = match consumer {
            Consumer::Subscriber(s) => (s.position(), s.head(), s.lag()),
            Consumer::Observer(o) => (o.position(), o.head(), o.lag()),
        };
        assert_eq!(position, shape.position(*next));
        assert_eq!(head, shape.position(self.model.sent), "the head that a consumer sees");
        assert_eq!(lag, self.model.sent - next);
    }

    fn step(&mut self, op: &Op) {
        let (shape, max) = (self.model.shape, self.producer.max_len());
        match op {
            Op::Send(len, fill) => drop(self.send(len.of(shape, max), *fill)),
            Op::SendBatch(messages) => {
                let lens: Vec<_> = messages.iter().map(|(len, _)| len.of(shape, max)).collect();
                // It would wait, and nobody else is there.
                if self.consumers.iter().all(|(c, _)| matches!(c, Consumer::Observer(_))) {
                    let all: Vec<_> =
                        lens.iter().zip(messages).map(|(&len, m)| message(len, m.1)).collect();
                    let slices: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
                    let good = lens.iter().take_while(|&&len| len <= max).count();
                    let outcome = self.producer.send_batch(&slices);
                    assert_eq!(
                        outcome.map_err(|error| error.sent).err(),
                        (good < all.len()).then_some(good)
                    );
                    for bytes in all.into_iter().take(good) {
                        let _room = self.room(bytes.len());
                        let place = self.model.begin(bytes.len());
                        self.model.commit(bytes, place);
                    }
                }
            }
            Op::Loan(len, less, fill) => {
                let (len, less) = (len.of(shape, max), less.of(shape, max));
                let Some((mut loan, model, place)) = self.loan(len) else { return };
                let mut bytes = message(len, *fill);
                for (i, chunk) in bytes.chunks(37).enumerate() {
                    loan.write_at(i * 37, chunk).unwrap();
                }
                assert!(loan.write_at(len, &[1]).is_err());
                loan.truncate(less);
                bytes.truncate(less);
                assert_eq!(loan.commit(), shape.position(model.sent));
                model.commit(bytes, place);
            }
            Op::Drop(len) => drop(self.loan(len.of(shape, max))),
            Op::Subscribe(oldest) if shape.overflow == Overflow::Wait => {
                let start = if *oldest { Start::Oldest } else { Start::Next };
                let Ok(subscriber) = self.ring.subscribe(start) else { return };
                let (sent, capacity) = (self.model.sent, shape.capacity as u64);
                let first = shape.seq(subscriber.position(), sent);
                let promised = sent.saturating_sub(capacity - (capacity / 8).max(1));
                if !oldest {
                    assert_eq!(first, sent);
                } else if !self.model.reclaimed {
                    assert!(first <= promised, "starts at {first}, and {promised} was promised");
                }
                for seq in first..sent {
                    assert!(self.model.held.contains_key(&seq), "starts where {seq} is gone");
                }
                self.consumers.push((Consumer::Subscriber(subscriber), first));
            }
            Op::Observe(oldest) if shape.observers => {
                let start = if *oldest { Start::Oldest } else { Start::Next };
                let observer = self.ring.observe(start).unwrap();
                let first = shape.seq(observer.position(), self.model.sent);
                self.consumers.push((Consumer::Observer(observer), first));
            }
            Op::Subscribe(_) | Op::Observe(_) => {}
            // Now and then the buffer is too small.
            Op::Receive(who, room) if room % 8 == 0 => self.receive(*who, room % (max + 1)),
            Op::Receive(who, _) => self.receive(*who, max),
            Op::ReceiveInPlace(who) => {
                let Some(who) = who.checked_rem(self.consumers.len()) else { return };
                let (Consumer::Subscriber(subscriber), next) = &mut self.consumers[who] else {
                    return;
                };
                let found = self.model.find(*next, usize::MAX);
                assert_eq!(subscriber.peek().map(|message| message.to_vec()), found);
                assert_eq!(subscriber.try_recv_ref().map(|message| message.to_vec()), found);
                *next += u64::from(found.is_ok());
                self.check(who);
            }
            Op::Leave(who) => {
                if let Some(who) = who.checked_rem(self.consumers.len()) {
                    self.consumers.swap_remove(who);
                }
            }
        }
    }

    /// Everything is received or counted as lost.
    fn end(mut self) {
        for who in 0..self.consumers.len() {
            while self.consumers[who].1 < self.model.sent {
                self.receive(who, self.producer.max_len());
            }
        }
        self.producer.close().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mixed_lengths_come_as_they_were_sent_or_are_counted(
        shape in shapes(),
        ops in vec(ops(), 0..if cfg!(miri) { 12 } else { 150 }),
    ) {
        let mut run = Run::new(shape);
        for op in &ops {
            run.step(op);
        }
        run.end();
    }
}

#[test]
fn half_the_arena_is_the_longest_message() {
    let (mut producer, ring) = Options::bytes(4, 8).arena(1000).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    assert_eq!((producer.max_len(), ring.max_len(), subscriber.max_len()), (512, 512, 512));
    let too_large = TrySendError::TooLarge { len: 513, max: 512 };
    assert_eq!(producer.try_send(&[0; 513]), Err(too_large));
    for n in 0..9 {
        producer.try_send(&[n; 512]).unwrap();
        assert_eq!(*subscriber.try_recv_ref().unwrap(), [n; 512]);
    }
}

#[test]
fn an_arena_that_cannot_be_is_refused() {
    for size in [usize::MAX, isize::MAX as usize] {
        let refused = Options::bytes(4, 8).arena(size).heap().unwrap_err();
        assert!(matches!(refused, ConfigError::ArenaTooLarge { .. }), "{refused:?}");
    }
}

#[test]
fn a_group_holds_the_arena_until_its_messages_are_done() {
    let (mut producer, ring) = Options::bytes(8, 8).arena(1024).groups(1).heap().unwrap();
    let mut worker = Worker::join(&ring, "a group").unwrap();
    producer.try_send(&[1; 512]).unwrap();
    producer.try_send(&[2; 512]).unwrap();
    let mut buffer = [0; 512];
    let job = worker.try_recv_into(&mut buffer).unwrap();
    assert_eq!(*job, [1; 512]);
    assert_eq!(producer.try_send(&[3; 512]), Err(TrySendError::Full));
    job.done().unwrap();
    producer.try_send(&[3; 512]).unwrap();
    for n in 2..4 {
        assert_eq!(*worker.try_recv_into(&mut buffer).unwrap(), [n; 512]);
    }
}

/// The limits count for whoever holds the arena back as for whoever holds a slot.
#[cfg(feature = "std")]
#[test]
fn whoever_holds_the_arena_for_too_long_is_evicted() {
    use std::time::Duration;
    let options = Options::bytes(64, 8).arena(1024).max_hold(Duration::from_millis(5));
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.try_send(&[1; 512]).unwrap();
    producer.try_send(&[2; 512]).unwrap();
    let pinned = subscriber.try_recv_ref().unwrap();
    let timeout = Duration::from_millis(500);
    assert!(producer.send_timeout(&[3; 512], timeout).is_err(), "it is read in place");
    assert_eq!(*pinned, [1; 512]);
    drop(pinned);
    producer.send_timeout(&[3; 512], timeout).unwrap();
    producer.send_timeout(&[4; 512], timeout).unwrap();
    let evicted = subscriber.try_recv_into(&mut [0; 512]).unwrap_err();
    assert!(matches!(evicted, TryRecvError::Evicted { .. }), "{evicted:?}");
    // And of others nothing is asked.
    producer.try_send(&[5; 512]).unwrap();
}

/// A message whose granules say whose they are, and which.
fn large(number: u64, len: usize) -> Vec<u8> {
    let granules = 0..len.div_ceil(GRANULE) as u64;
    let mut bytes: Vec<u8> = Vec::with_capacity(len + GRANULE);
    for granule in granules {
        bytes.extend_from_slice([(number << 32 | granule).to_ne_bytes(); 8].as_flattened());
    }
    bytes.truncate(len);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 1 } else { 12 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A subscriber, a group and an observer, of whom each gets some messages now and then.
    #[test]
    fn messages_of_8_bytes_to_a_mebibyte_arrive_whole(
        steps in vec((3u32..=20, 0u32..1 << 20, 0usize..4, 0usize..4, 0usize..4), 1..60),
    ) {
        let options = Options::<[u8]>::bytes(16, 56).arena(2 << 20).groups(1).subscribers(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let mut buffer = vec![0; producer.max_len()];
        prop_assert_eq!(buffer.len(), 1 << 20);
        let mut sent: Vec<usize> = Vec::new();
        let (mut received, mut done, mut seen, mut missed) = (0, 0, 0, 0);
        for (log, random, take, work, look) in steps {
            // As many of each order of size.
            let len = (1usize << log) - (random as usize >> (21 - log)).min((1 << log) - 8);
            let message = large(sent.len() as u64, len);
            match producer.try_send(&message) {
                Ok(()) => sent.push(len),
                Err(error) => prop_assert_eq!(error, TrySendError::Full),
            }
            for _ in 0..take {
                let Ok(message) = subscriber.try_recv_ref() else { break };
                prop_assert!(*message == large(received, sent[received as usize]));
                received += 1;
            }
            for _ in 0..work {
                let Ok(job) = worker.try_recv_into(&mut buffer) else { break };
                prop_assert!(*job == large(done, sent[done as usize]));
                done += 1;
            }
            for _ in 0..look {
                match observer.try_recv_into(&mut buffer) {
                    Ok(len) => {
                        let number: u64 = seen + missed;
                        prop_assert_eq!(len, sent[number as usize]);
                        prop_assert!(buffer[..len] == large(number, len));
                        seen += 1;
                    }
                    Err(TryRecvError::Lagged(n)) => missed += n,
                    Err(error) => prop_assert_eq!(error, TryRecvError::Empty),
                }
            }
        }
        while let Ok(message) = subscriber.try_recv_ref() {
            prop_assert!(*message == large(received, sent[received as usize]));
            received += 1;
        }
        while let Ok(job) = worker.try_recv_into(&mut buffer) {
            prop_assert!(*job == large(done, sent[done as usize]));
            done += 1;
        }
        prop_assert_eq!((received, done), (sent.len() as u64, sent.len() as u64));
        // All is released: there is room for one of the longest, wherever the last one lay.
        prop_assert_eq!(producer.try_send(&buffer), Ok(()));
    }
}

/// Memory that another ring lay in.
#[test]
fn what_stood_in_the_memory_before_is_not_taken_for_messages() {
    #[repr(align(128))]
    struct Memory(#[expect(dead_code, reason = "it is written to by its address")] [u8; 4096]);

    let message =
        |n: usize, len: usize| -> Vec<u8> { (n..n + len).map(|byte| byte as u8).collect() };
    for seed in 1..100usize {
        // Freed by nobody: the ring is there for as long as its handles.
        let memory = || NonNull::from(Box::leak(Box::new(Memory([0; 4096])))).cast::<u8>();
        let options = || Options::<[u8]>::bytes(8, 0).arena(512).subscribers(1);
        let (data_len, control_len) = options().segment_lengths().unwrap();
        assert!(data_len.max(control_len) <= size_of::<Memory>(), "{data_len} {control_len}");
        let parts = RawParts { data: memory(), data_len, control: Some(memory()), control_len };
        let len = |n: usize| 1 + n.wrapping_mul(0x9e37_79b9).wrapping_mul(seed) / 7 % 200;
        // SAFETY: the memory is long enough, initialised, and nobody else's.
        let mut producer = unsafe { options().create_raw(parts) }.unwrap();
        for n in 0..seed % 20 {
            producer.try_send(&message(n, len(n))).unwrap();
        }
        drop(producer);
        // SAFETY: as above: the one before has no handles any more.
        let mut producer = unsafe { options().create_raw(parts) }.unwrap();
        // SAFETY: it was just made there.
        let ring = unsafe { Ring::<[u8]>::open_raw(parts, 0) }.unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let sent =
            (0..20).take_while(|&n| producer.try_send(&message(n, len(n + 50))).is_ok()).count();
        let mut buffer = [0; 256];
        for n in 0..sent {
            let received = subscriber.try_recv_into(&mut buffer).unwrap();
            assert_eq!(buffer[..received], message(n, len(n + 50)));
        }
    }
}

/// Small messages that go on meanwhile do not keep a producer from seeing that a large one waits.
#[cfg(feature = "std")]
#[test]
fn whoever_holds_the_arena_too_long_is_evicted_though_small_messages_go_on() {
    let options = Options::<[u8]>::bytes(1 << 16, 8).arena(1024);
    let (mut producer, ring) = options.max_hold(Duration::from_millis(30)).heap().unwrap();
    let _subscriber = ring.subscribe(Start::Next).unwrap();
    for _ in 0..2 {
        producer.send(&[0; 512]).unwrap();
    }
    let start = Instant::now();
    while producer.try_send(&[0; 512]).is_err() {
        producer.try_send(&[0; 4]).unwrap();
        assert!(start.elapsed() < Duration::from_secs(30), "nobody was evicted");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(producer.stats().evictions, 1);
}
