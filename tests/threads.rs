//! Real threads: what holds at full speed, who is woken, how long a call blocks.
//!
//! Every message is made from its position, so that a torn one, a lost one and one out of order all
//! show.
#![cfg(feature = "std")]

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{
    BatchError, JoinError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, SplitError,
    TryRecvError, WaitError,
};
use ringway::wait::{AdaptiveSpin, Pause, SpinThenYield};
use ringway::{
    Bytes, Message, Observer, Options, Overflow, Position, Ring, Spin, SpinThenSleep, Start,
    Static, Subscriber, Wait,
};

/// Fewer where everything is a thousand times slower.
const fn under_miri(there: u64, elsewhere: u64) -> u64 {
    if cfg!(miri) { there } else { elsewhere }
}

const MESSAGES: u64 = under_miri(100, 300_000);

/// The longest that anybody sleeps without looking again. Who is woken does not wait for its end.
const SLICE: Duration = Duration::from_millis(50);

/// Sleeps at once. Finds lost wake-ups that a little patience would hide.
const ASLEEP: SpinThenSleep = SpinThenSleep { spins: 0 };

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

/// Fills a cache line with its slot's state; every word of it is made from the position.
type Words = [u64; 7];

fn words(position: u64) -> Words {
    std::array::from_fn(|i| {
        (position ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15 + 2 * i as u64)
    })
}

/// The position that a message was made from, if it is whole.
fn position_of(message: Words) -> u64 {
    const INVERSE: u64 = 0xf1de_83e1_9937_733d;
    let position = message[0].wrapping_mul(INVERSE);
    assert_eq!(message, words(position), "torn");
    position
}

/// As many bytes as the position says, every one made from it.
fn bytes(position: u64, buffer: &mut [u8; 64]) -> &[u8] {
    let len = 8 + (position % 57) as usize;
    buffer[..8].copy_from_slice(&position.to_le_bytes());
    for (i, byte) in buffer[8..len].iter_mut().enumerate() {
        *byte = (position as u8).wrapping_mul(31).wrapping_add(i as u8);
    }
    &buffer[..len]
}

fn position_of_bytes(message: &[u8]) -> u64 {
    let position = u64::from_le_bytes(message[..8].try_into().unwrap());
    assert_eq!(message, bytes(position, &mut [0; 64]), "torn");
    position
}

/// The account of an observer.
#[derive(Debug, Default)]
struct Seen {
    received: u64,
    lagged: u64,
}

impl Seen {
    fn next(&self) -> u64 {
        self.received + self.lagged
    }

    fn message(&mut self, position: u64) {
        assert_eq!(position, self.next(), "out of order, or lost and not told");
        self.received += 1;
    }

    fn lagged(&mut self, n: u64) {
        assert!(n > 0);
        self.lagged += n;
    }
}

/// Receives until the ring is closed.
fn watch<W: Wait>(mut observer: Observer<Words, W>) -> Seen {
    let mut seen = Seen::default();
    loop {
        match observer.recv() {
            Ok(message) => seen.message(position_of(message)),
            Err(RecvError::Lagged(n)) => seen.lagged(n),
            Err(error) => {
                assert_eq!(error, RecvError::Closed);
                return seen;
            }
        }
    }
}

/// Receives from the first message to the end, and returns how many there were.
fn receive_all<W: Wait>(mut subscriber: Subscriber<Words, W>) -> u64 {
    let mut received = 0;
    while let Ok(message) = subscriber.recv() {
        assert_eq!(position_of(message), received);
        received += 1;
    }
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
    received
}

/// Random enough.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % n
    }
}

#[test]
fn subscribers_get_everything_and_observers_know_exactly_what_they_missed() {
    for (capacity, sent) in [(1, MESSAGES / 100), (8, MESSAGES / 20), (1024, MESSAGES)] {
        let (mut producer, ring) = Options::new(capacity).heap().unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                let subscriber = ring.subscribe(Start::Next).unwrap();
                scope.spawn(move || assert_eq!(receive_all(subscriber), sent));
            }
            let observers = [(); 2].map(|()| {
                let observer = ring.observe(Start::Next).unwrap();
                scope.spawn(move || watch(observer))
            });
            for position in 0..sent {
                producer.send(&words(position)).unwrap();
            }
            producer.close().unwrap();
            for observer in observers {
                assert_eq!(observer.join().unwrap().next(), sent);
            }
        });
    }
}

#[test]
fn batches_larger_than_the_ring_arrive_whole_and_in_order() {
    let sent = MESSAGES / 10;
    let (mut producer, ring) = Options::new(16).heap().unwrap();
    thread::scope(|scope| {
        for room in [1, 7, 100] {
            let mut subscriber = ring.subscribe(Start::Next).unwrap();
            scope.spawn(move || {
                let (mut buffer, mut next) = (vec![[0; 7]; room], 0);
                while let Ok(received) = subscriber.recv_batch(&mut buffer) {
                    assert!(received > 0);
                    for &message in &buffer[..received] {
                        assert_eq!(position_of(message), next);
                        next += 1;
                    }
                }
                assert_eq!(next, sent);
            });
        }
        let (mut next, mut random) = (0, Random(1));
        while next < sent {
            let end = (next + random.below(40)).min(sent);
            let batch: Vec<_> = (next..end).map(words).collect();
            producer.send_batch(&batch).unwrap();
            next = end;
        }
        producer.close().unwrap();
    });
}

#[test]
fn batches_of_slices_arrive_whole_and_in_order() {
    let sent = MESSAGES / 10;
    let (mut producer, ring) = Options::bytes(4, 64).heap().unwrap();
    thread::scope(|scope| {
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        scope.spawn(move || {
            let mut buffer = [0; 64];
            for position in 0..sent {
                let len = subscriber.recv_into(&mut buffer).unwrap();
                assert_eq!(position_of_bytes(&buffer[..len]), position);
            }
            assert_eq!(subscriber.recv_into(&mut buffer), Err(RecvError::Closed));
        });
        let mut buffers = vec![[0; 64]; 11];
        for first in (0..sent).step_by(11) {
            let positions = first..(first + 11).min(sent);
            let batch = positions.zip(&mut buffers).map(|(p, buffer)| bytes(p, buffer));
            let batch: Vec<_> = batch.collect();
            assert_eq!(producer.send_batch(&batch), Ok(()));
        }
        let error = SendError::TooLarge { len: 65, max: 64 };
        let refused = producer.send_batch(&[&[0; 65]]);
        assert_eq!(refused, Err(BatchError { sent: 0, error }));
        producer.close().unwrap();
    });
}

#[test]
fn no_message_is_returned_torn_however_fast_it_is_overwritten() {
    for capacity in [1, 2, 4, 64] {
        let options = Options::new(capacity).overflow(Overflow::Overwrite);
        let (mut producer, ring) = options.heap().unwrap();
        thread::scope(|scope| {
            let watchers = [
                scope.spawn({
                    let observer = ring.observe(Start::Next).unwrap();
                    move || watch(observer.with_wait(Spin))
                }),
                scope.spawn({
                    let observer = ring.observe(Start::Oldest).unwrap();
                    move || watch(observer)
                }),
            ];
            for position in 0..MESSAGES {
                producer.try_send(&words(position)).unwrap();
            }
            producer.close().unwrap();
            for watcher in watchers {
                assert_eq!(watcher.join().unwrap().next(), MESSAGES);
            }
        });
    }
}

#[test]
fn no_slice_is_returned_torn_however_fast_it_is_overwritten() {
    for capacity in [1, 2, 8] {
        let options = Options::bytes(capacity, 64).overflow(Overflow::Overwrite);
        let (mut producer, ring) = options.heap().unwrap();
        thread::scope(|scope| {
            let mut observer = ring.observe(Start::Next).unwrap();
            scope.spawn(move || {
                let (mut seen, mut buffer, mut random) = (Seen::default(), [0; 64], Random(3));
                loop {
                    let room = 64 - random.below(40) as usize;
                    match observer.recv_into(&mut buffer[..room]) {
                        Ok(len) => seen.message(position_of_bytes(&buffer[..len])),
                        Err(RecvError::Lagged(n)) => seen.lagged(n),
                        // Not consumed; the length is the message's own, not one from a later one.
                        Err(RecvError::BufferTooSmall { needed }) => {
                            assert_eq!(needed as u64, 8 + seen.next() % 57);
                            assert!(needed > room);
                        }
                        Err(error) => break assert_eq!(error, RecvError::Closed),
                    }
                }
                assert_eq!(seen.next(), MESSAGES);
            });
            let mut buffer = [0; 64];
            for position in 0..MESSAGES {
                producer.try_send(bytes(position, &mut buffer)).unwrap();
            }
            producer.close().unwrap();
        });
    }
}

#[test]
fn what_an_observer_misses_in_the_middle_of_a_batch_it_is_told_too() {
    let sent = MESSAGES * 5;
    for capacity in [1, 4, 32] {
        let options = Options::new(capacity).overflow(Overflow::Overwrite);
        let (mut producer, ring) = options.heap().unwrap();
        thread::scope(|scope| {
            let mut observer = ring.observe(Start::Next).unwrap();
            scope.spawn(move || {
                let (mut seen, mut buffer) = (Seen::default(), [[0; 7]; 32]);
                loop {
                    match observer.recv_batch(&mut buffer) {
                        Ok(received) => {
                            for &message in &buffer[..received] {
                                seen.message(position_of(message));
                            }
                        }
                        Err(RecvError::Lagged(n)) => seen.lagged(n),
                        Err(error) => break assert_eq!(error, RecvError::Closed),
                    }
                }
                assert_eq!(seen.next(), sent);
            });
            for position in 0..sent {
                producer.try_send(&words(position)).unwrap();
            }
            producer.close().unwrap();
        });
    }
}

/// What a producer says while it sends: how many messages it has begun to send, and has sent.
#[derive(Default)]
struct Progress {
    begun: AtomicU64,
    done: AtomicU64,
}

/// Joins, receives for a while, leaves, and again.
fn come_and_go(ring: &Ring<Words>, progress: &Progress, mut random: Random) {
    let capacity = ring.capacity() as u64;
    let promised = capacity - (capacity / 8).max(1);
    let mut joined = 0;
    while joined < under_miri(3, 500) {
        let before = progress.done.load(Ordering::SeqCst);
        let start = match random.below(4) {
            0 => Start::Next,
            1 => Start::Oldest,
            _ => Start::At(before.saturating_sub(random.below(2 * capacity)) as Position),
        };
        let outcome = ring.subscribe(start);
        let after = progress.begun.load(Ordering::SeqCst);
        let mut subscriber = match (start, outcome) {
            (Start::At(_), Err(JoinError::TooOld { .. })) => continue,
            (_, outcome) => outcome.unwrap(),
        };
        joined += 1;
        #[allow(clippy::useless_conversion, reason = "positions have 32 bits elsewhere")]
        let first = u64::from(subscriber.position());
        match start {
            // Nothing that was sent before, and everything whose sending began after.
            Start::Next => assert!(before <= first && first <= after),
            Start::At(position) => assert_eq!(subscriber.position(), position),
            _ => assert!(first <= after.saturating_sub(promised)),
        }
        for position in first..first + random.below(3 * capacity) {
            assert_eq!(position_of(subscriber.recv().unwrap()), position);
        }
    }
}

#[test]
fn who_joins_and_leaves_at_full_speed_loses_nothing_in_between() {
    for (capacity, held_back) in [(1, false), (2, true), (8, false), (64, false), (64, true)] {
        let (mut producer, ring) = Options::new(capacity).subscribers(3).heap().unwrap();
        let progress = Progress::default();
        thread::scope(|scope| {
            let always = held_back.then(|| {
                let subscriber = ring.subscribe(Start::Next).unwrap();
                scope.spawn(move || receive_all(subscriber))
            });
            let others = [1, 2].map(|seed| {
                let (ring, progress) = (&ring, &progress);
                scope.spawn(move || come_and_go(ring, progress, Random(seed)))
            });
            let mut sent = 0;
            while !others.iter().all(|thread| thread.is_finished()) {
                progress.begun.store(sent + 1, Ordering::SeqCst);
                producer.send(&words(sent)).unwrap();
                sent += 1;
                progress.done.store(sent, Ordering::SeqCst);
            }
            producer.close().unwrap();
            if let Some(always) = always {
                assert_eq!(always.join().unwrap(), sent);
            }
        });
    }
}

#[test]
fn a_stream_flows_while_others_try_in_vain_to_join() {
    let (producer, ring) = Options::new(8).heap().unwrap();
    let mut producer = producer.with_wait(ASLEEP);
    let subscriber = ring.subscribe(Start::Next).unwrap();
    thread::scope(|scope| {
        let receiver = scope.spawn(move || receive_all(subscriber));
        scope.spawn(|| {
            // Each holds the producer back for a moment, and then is refused.
            for _ in 0..MESSAGES {
                let future = Start::At(1 << 29);
                assert!(matches!(ring.subscribe(future), Err(JoinError::NotYet { .. })));
            }
        });
        let begun = Instant::now();
        (0..ROUNDS).for_each(|position| producer.send(&words(position)).unwrap());
        assert_woken(begun);
        producer.close().unwrap();
        assert_eq!(receiver.join().unwrap(), ROUNDS);
    });
}

/// A ring whose both sides sleep whenever they can.
fn sleepy<T: Message + ?Sized>(
    options: Options<T>,
) -> (ringway::Producer<T, SpinThenSleep>, Subscriber<T, SpinThenSleep>) {
    let (producer, ring) = options.subscribers(1).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer.with_wait(ASLEEP), subscriber.with_wait(ASLEEP))
}

const ROUNDS: u64 = under_miri(20, 20_000);

/// Every round slept to the end of its slice: that is what lost wake-ups look like. Nothing tighter
/// would hold on a machine that is busy.
fn assert_woken(begun: Instant) {
    assert!(begun.elapsed() < SLICE * ROUNDS as u32);
}

#[test]
fn a_question_and_its_answer_wake_each_other() {
    for (capacity, asymmetric) in [(1, true), (1, false), (2, true), (2, false)] {
        let options = || Options::<u64>::new(capacity).asymmetric_fences(asymmetric);
        let (mut questions, mut asked) = sleepy(options());
        let (mut answers, mut answered) = sleepy(options());
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(move || {
                while let Ok(question) = asked.recv() {
                    answers.send(&(question + 1)).unwrap();
                }
            });
            for round in 0..ROUNDS {
                questions.send(&round).unwrap();
                assert_eq!(answered.recv(), Ok(round + 1));
            }
            questions.close().unwrap();
            assert_eq!(answered.recv(), Err(RecvError::Closed));
        });
        assert_woken(begun);
    }
}

#[test]
fn a_full_ring_and_an_empty_one_wake_each_other() {
    for (capacity, asymmetric) in [(1, true), (1, false), (2, true), (2, false)] {
        let options = Options::<u64>::new(capacity).asymmetric_fences(asymmetric);
        let (mut producer, mut subscriber) = sleepy(options);
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(move || (0..ROUNDS).for_each(|n| producer.send(&n).unwrap()));
            let all: Result<Vec<_>, _> = subscriber.iter().collect();
            assert!(all.unwrap().into_iter().eq(0..ROUNDS));
        });
        assert_woken(begun);
    }
}

#[test]
fn who_has_been_counted_receives_what_is_sent_next() {
    for round in 0..under_miri(3, 3_000) {
        let (mut producer, ring) = Options::<u64>::new(1024).heap().unwrap();
        // The joiner has to search for the end of these.
        assert_eq!(producer.try_send_batch(&[u64::MAX; 100]), 100);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut subscriber = ring.subscribe(Start::Next).unwrap();
                assert_eq!(subscriber.recv(), Ok(round));
                assert_eq!(subscriber.recv(), Err(RecvError::Closed));
            });
            while producer.consumers() == 0 {
                std::hint::spin_loop();
            }
            producer.send(&round).unwrap();
            producer.close().unwrap();
        });
    }
}

#[test]
fn the_last_message_is_received_before_the_end() {
    for round in 0..under_miri(10, 3_000) {
        let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        let mut observer = ring.observe(Start::Next).unwrap().with_wait(Spin);
        thread::scope(|scope| {
            scope.spawn(move || {
                producer.send(&round).unwrap();
                producer.close().unwrap();
            });
            if round % 2 == 0 {
                assert_eq!(subscriber.recv(), Ok(round));
                assert_eq!(subscriber.recv(), Err(RecvError::Closed));
            } else {
                assert_eq!(observer.recv(), Ok(round));
                assert_eq!(observer.recv(), Err(RecvError::Closed));
            }
        });
    }
}

#[test]
fn a_producer_that_waits_goes_on_when_the_slowest_subscriber_leaves() {
    let (producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let mut producer = producer.with_wait(ASLEEP);
    let mut fast = ring.subscribe(Start::Next).unwrap();
    let slow = ring.subscribe(Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[0, 1]), 2);
    assert_eq!(fast.recv_batch(&mut [0; 2]), Ok(2));
    thread::scope(|scope| {
        scope.spawn(move || producer.send(&2));
        thread::sleep(SLICE / 5);
        assert_eq!(fast.try_recv(), Err(TryRecvError::Empty));
        drop(slow);
        assert_eq!(fast.recv_timeout(LONG), Ok(2));
    });
}

/// Says whether a producer that found some room has asked for more.
struct Lingering<'a>(&'a AtomicU64);

impl Wait for Lingering<'_> {
    fn pause(&mut self, _round: u32) -> Pause {
        thread::yield_now();
        Pause::Again
    }

    fn linger(&mut self, _round: u32) -> bool {
        // For ever, if the library lets it.
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

#[test]
fn a_producer_in_a_full_ring_goes_on_with_the_room_that_there_is() {
    let lingered = AtomicU64::new(0);
    let (producer, ring) = Options::<u64>::new(64).heap().unwrap();
    let mut producer = producer.with_wait(Lingering(&lingered));
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[0; 64]).unwrap();
    let sent = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(5));
            // Room for one, and no more until that has been sent.
            subscriber.recv().unwrap();
            let begun = Instant::now();
            while sent.load(Ordering::Acquire) == 0 {
                assert!(begun.elapsed() < LONG, "the producer waits for more than there will be");
                thread::yield_now();
            }
        });
        assert_eq!(producer.send_timeout(&1, LONG), Ok(()));
        sent.store(1, Ordering::Release);
    });
    assert_ne!(lingered.load(Ordering::Relaxed), 0);
}

/// An event that stays until somebody has waited for it, as a core's event register does.
#[derive(Default)]
struct Event(Mutex<bool>, Condvar);

/// Waits for an event of its own as long as it takes, and causes the other side's.
struct Events<'a> {
    mine: &'a Event,
    theirs: &'a Event,
}

impl Wait for Events<'_> {
    fn pause(&mut self, _round: u32) -> Pause {
        let happened = self.mine.0.lock().unwrap();
        let (mut happened, outcome) =
            self.mine.1.wait_timeout_while(happened, LONG, |happened| !*happened).unwrap();
        assert!(!outcome.timed_out(), "an event that has been used up is waited for");
        *happened = false;
        Pause::Again
    }

    fn notify(&mut self) {
        *self.theirs.0.lock().unwrap() = true;
        self.theirs.1.notify_all();
    }
}

#[test]
fn one_event_is_enough_for_a_producer_in_a_full_ring() {
    let (one, other) = (Event::default(), Event::default());
    let (producer, ring) = Options::<u64>::new(64).heap().unwrap();
    let mut producer = producer.with_wait(Events { mine: &one, theirs: &other });
    let events = Events { mine: &other, theirs: &one };
    let mut subscriber = ring.subscribe_with(Start::Next, events).unwrap();
    producer.send_batch(&[0; 64]).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(5));
            // One event, room for one, and none of either any more until that has been sent.
            for message in (0..64).map(|_| 0).chain([1]) {
                assert_eq!(subscriber.recv(), Ok(message));
                if subscriber.position() == 1 {
                    // Waits for something else than room: for the message that there is room for.
                    while subscriber.head() < 65 {
                        thread::yield_now();
                    }
                }
            }
        });
        producer.send(&1).unwrap();
    });
}

#[test]
fn the_end_reaches_everybody_who_sleeps() {
    let (producer, ring) = Options::<u64>::new(2).heap().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(ASLEEP);
            scope.spawn(move || assert_eq!(subscriber.recv(), Err(RecvError::Closed)));
            let mut observer = ring.observe(Start::Next).unwrap().with_wait(ASLEEP);
            scope.spawn(move || assert_eq!(observer.recv(), Err(RecvError::Closed)));
        }
        thread::sleep(SLICE / 5);
        drop(producer);
    });
}

/// How long a call took.
fn timed<R>(call: impl FnOnce() -> R) -> (R, Duration) {
    let begun = Instant::now();
    (call(), begun.elapsed())
}

fn a_time_out_is_kept<W: Wait>(mut wait: impl FnMut() -> W) {
    let timeout = Duration::from_millis(20);
    let kept = |took: Duration| assert!(took >= timeout && took < LONG, "{took:?}");
    let (producer, ring) = Options::<u64>::new(1).heap().unwrap();
    let mut producer = producer.with_wait(wait());
    let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wait());
    let mut observer = ring.observe(Start::Next).unwrap().with_wait(wait());

    let (outcome, took) = timed(|| subscriber.recv_timeout(timeout));
    assert_eq!(outcome, Err(RecvTimeoutError::Timeout));
    kept(took);
    let (outcome, took) = timed(|| observer.recv_timeout(timeout));
    assert_eq!(outcome, Err(RecvTimeoutError::Timeout));
    kept(took);
    assert_eq!(producer.send_timeout(&1, timeout), Ok(()));
    let (outcome, took) = timed(|| producer.send_timeout(&2, timeout));
    assert_eq!(outcome, Err(SendTimeoutError::Timeout));
    kept(took);
    let (outcome, took) = timed(|| producer.wait_for_consumers(2, timeout));
    assert_eq!(outcome, Err(WaitError::Timeout { joined: 1 }));
    kept(took);

    // What is there needs no time, and what was refused was not sent.
    producer.wait_for_consumers(1, Duration::ZERO).unwrap();
    assert_eq!(subscriber.recv_timeout(Duration::ZERO), Ok(1));
    assert_eq!(observer.recv_timeout(Duration::ZERO), Ok(1));
    let no_time = Err(RecvTimeoutError::Timeout);
    assert_eq!(subscriber.recv_timeout(Duration::ZERO), no_time);
    assert_eq!(producer.send_timeout(&3, Duration::ZERO), Ok(()));
    assert_eq!(subscriber.recv_timeout(Duration::MAX), Ok(3));
    drop(producer);
    assert_eq!(subscriber.recv_timeout(Duration::MAX), Err(RecvTimeoutError::Closed));
    assert_eq!(observer.recv_timeout(Duration::MAX), Ok(3));
    assert_eq!(observer.recv_timeout(Duration::MAX), Err(RecvTimeoutError::Closed));
}

#[test]
fn a_time_out_is_kept_however_a_handle_waits() {
    a_time_out_is_kept(|| Spin);
    a_time_out_is_kept(AdaptiveSpin::new);
    a_time_out_is_kept(SpinThenSleep::default);
    a_time_out_is_kept(|| ASLEEP);
    a_time_out_is_kept(|| SpinThenYield { spins: 10, yield_now: thread::yield_now });
}

#[test]
fn a_time_out_is_kept_where_every_pause_is_long() {
    let (nap, naps) = (Duration::from_millis(10), Cell::new(0));
    let yield_now = || {
        naps.set(naps.get() + 1);
        thread::sleep(nap);
    };
    let wait = SpinThenYield { spins: 0, yield_now };
    let (_producer, ring) = Options::<u64>::new(1).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wait);
    assert_eq!(subscriber.recv_timeout(nap), Err(RecvTimeoutError::Timeout));
    // One is the time-out; looking at the clock in every 64th round would take as many.
    assert!(naps.get() <= 4, "{} naps of the length of the time-out", naps.get());
}

#[test]
fn a_call_with_a_time_out_returns_as_soon_as_it_can() {
    let soon = SLICE / 5;
    let (producer, ring) = Options::bytes(1, 8).heap().unwrap();
    let mut producer = producer.with_wait(ASLEEP);
    let (_, took) = timed(|| {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(soon);
                let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(ASLEEP);
                let mut buffer = [0; 8];
                assert_eq!(subscriber.recv_into_timeout(&mut buffer, LONG), Ok(5));
                thread::sleep(soon);
                assert_eq!(subscriber.recv_into_timeout(&mut buffer, LONG), Ok(6));
                assert_eq!(&buffer, b"second\0\0");
            });
            producer.wait_for_consumers(1, LONG).unwrap();
            thread::sleep(soon);
            assert_eq!(producer.send_timeout(b"first", LONG), Ok(()));
            assert_eq!(producer.send_timeout(b"second", LONG), Ok(()));
        });
    });
    assert!(took < LONG);
}

#[test]
fn every_way_to_wait_gets_everything() {
    fn stream<P: Wait + Send, C: Wait + Send>(p: P, c: C, sent: u64) {
        let (producer, ring) = Options::new(16).heap().unwrap();
        let mut producer = producer.with_wait(p);
        let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(c);
        thread::scope(|scope| {
            scope.spawn(move || assert_eq!(receive_all(subscriber), sent));
            (0..sent).for_each(|position| producer.send(&words(position)).unwrap());
            producer.close().unwrap();
        });
    }
    let yielding = || SpinThenYield { spins: 5, yield_now: thread::yield_now };
    stream(Spin, Spin, MESSAGES / 10);
    stream(yielding(), yielding(), MESSAGES);
    stream(ASLEEP, yielding(), MESSAGES / 3);
    stream(yielding(), ASLEEP, MESSAGES / 3);
    stream(SpinThenSleep::DEFAULT, Spin, MESSAGES / 10);
    stream(AdaptiveSpin::new(), AdaptiveSpin::new(), MESSAGES / 10);
}

#[test]
fn an_iterator_ends_with_the_ring_and_tells_what_was_lost() {
    let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[0, 1, 2, 3, 4, 5]), 6);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(SLICE / 5);
            producer.send_batch(&[6, 7]).unwrap();
        });
        let items: Vec<_> = subscriber.iter().collect();
        assert_eq!(items, [Ok(6), Ok(7)]);
    });
    let items: Vec<_> = observer.iter().collect();
    assert_eq!(items, [Err(RecvError::Lagged(4)), Ok(4), Ok(5), Ok(6), Ok(7)]);
    assert_eq!(observer.iter().next(), None);
    assert_eq!(subscriber.iter().next(), None);
}

#[test]
fn a_static_ring_carries_a_stream_to_all_its_subscribers() {
    let sent = MESSAGES / 5;
    static RING: Static<Words, 16, 2> = Static::new();
    let parts = RING.split().unwrap();
    let mut producer = parts.producer;
    thread::scope(|scope| {
        for subscriber in parts.subscribers {
            scope.spawn(move || assert_eq!(receive_all(subscriber), sent));
        }
        let observer = parts.ring.observe(Start::Next).unwrap();
        let observer = scope.spawn(move || watch(observer));
        (0..sent).for_each(|position| producer.send(&words(position)).unwrap());
        drop(producer);
        assert_eq!(observer.join().unwrap().next(), sent);
    });
}

#[test]
fn a_static_ring_of_slices_carries_each_at_its_own_length() {
    let sent = MESSAGES / 10;
    static RING: Static<Bytes<64>, 4> = Static::new();
    let parts = RING.split().unwrap();
    let (mut producer, [mut subscriber]) = (parts.producer, parts.subscribers);
    assert_eq!((producer.max_len(), producer.capacity()), (64, 4));
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut buffer = [0; 64];
            (0..sent).for_each(|p| producer.send(bytes(p, &mut buffer)).unwrap());
        });
        let mut buffer = [0; 64];
        for position in 0..sent {
            let len = subscriber.recv_into(&mut buffer).unwrap();
            assert_eq!(position_of_bytes(&buffer[..len]), position);
        }
        assert_eq!(subscriber.recv_into(&mut buffer), Err(RecvError::Closed));
    });
}

#[test]
fn a_static_ring_is_split_once_whoever_tries() {
    static RING: Static<u64, 4, 3> = Static::new();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| RING.split())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (split, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((split.len(), refused.len()), (1, 3));
    for refused in refused {
        assert_eq!(refused.unwrap_err(), SplitError::AlreadySplit);
    }
}

#[test]
fn a_static_ring_whose_split_failed_can_still_be_split() {
    static RING: Static<u64, 4, 1> = Static::new();
    let refused = RING.split_with(Overflow::Overwrite, 0).unwrap_err();
    assert_eq!(refused, SplitError::Overwrites);
    let refused = RING.split_with(Overflow::Wait, Position::MAX).unwrap_err();
    assert!(matches!(refused, SplitError::Config(_)));
    let mut parts = RING.split().unwrap();
    parts.producer.try_send(&1).unwrap();
    assert_eq!(parts.subscribers[0].try_recv(), Ok(1));
}

#[test]
fn a_static_ring_overwrites_and_starts_where_it_is_told_to() {
    static RING: Static<u64, 4, 0> = Static::new();
    let last = Position::MAX >> 1;
    let mut parts = RING.split_with(Overflow::Overwrite, last).unwrap();
    let mut observer = parts.ring.observe(Start::Oldest).unwrap();
    assert_eq!(observer.position(), last);
    assert_eq!(parts.producer.try_send_batch(&[0, 1, 2, 3, 4, 5]), 6);
    assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(2)));
    assert_eq!((observer.try_recv(), observer.position()), (Ok(2), 2));
    let refused = parts.ring.subscribe(Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::Overwrites);
}

#[test]
fn a_static_subscriber_that_leaves_makes_its_entry_free_for_others() {
    static RING: Static<u64, 2, 1> = Static::new();
    let mut parts = RING.split().unwrap();
    let refused = parts.ring.subscribe(Start::Next).unwrap_err();
    assert_eq!(refused, JoinError::NoFreeEntry { entries: 1 });
    assert_eq!(parts.producer.try_send_batch(&[0; 9]), 2);
    drop(parts.subscribers);
    assert_eq!(parts.producer.try_send_batch(&[1; 9]), 9);
    let mut subscriber = parts.ring.subscribe(Start::Next).unwrap();
    parts.producer.try_send(&2).unwrap();
    assert_eq!(subscriber.try_recv(), Ok(2));
}

#[test]
fn whoever_lags_too_far_is_evicted_and_the_others_get_everything() {
    let options = Options::<[u64; 3]>::new(64).max_lag(32);
    let (mut producer, ring) = options.heap().unwrap();
    let sender = thread::spawn({
        let mut fast = ring.subscribe(Start::Next).unwrap();
        let mut slow = ring.subscribe(Start::Next).unwrap();
        move || {
            for n in 0..20_000 {
                producer.send(&[n; 3]).unwrap();
                // The slow one looks when it has been evicted long since, or nearly.
                assert_eq!(fast.recv(), Ok([n; 3]));
                if n % 40 == 39 && slow.try_recv().is_err() {
                    slow = ring.subscribe(Start::Oldest).unwrap();
                    assert!(slow.lag() <= 64);
                }
            }
        }
    });
    sender.join().unwrap();
}

#[test]
fn received_and_missed_are_all_that_was_sent() {
    let (mut producer, ring) = Options::<[u64; 5]>::new(16).max_lag(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    const SENT: u64 = 100_000;
    let receiver = thread::spawn(move || {
        let mut next = 0;
        loop {
            match subscriber.recv() {
                Ok(message) => assert_eq!(message, [next; 5]),
                Err(RecvError::Evicted { missed }) => break (subscriber, next, missed),
                Err(error) => panic!("{error} after {next}"),
            }
            next += 1;
        }
    });
    for n in 0..SENT {
        producer.send(&[n; 5]).unwrap();
    }
    let (mut subscriber, received, missed) = receiver.join().unwrap();
    assert!(received + missed <= SENT);
    let missed = SENT - received;
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed }));
    assert_eq!(producer.consumers(), 0);
}
