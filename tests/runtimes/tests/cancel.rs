//! Futures that are dropped while they are pending, or before they were polled: nothing is lost,
//! nothing comes out of order, and nothing hangs.
//!
//! The long form: `cargo test --release --test cancel -- --ignored --nocapture`.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::process::id;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use ringway::error::RecvError;
use ringway::future::Async;
use ringway::producer::Room;
use ringway::{Options, Producer, Ring, Start, Subscriber, Worker};
use ringway_runtimes::Random;

/// The futures that are dropped, in the order in which they are counted.
const KINDS: [&str; 11] = [
    "send",
    "send_batch",
    "room",
    "flush",
    "recv",
    "recv_held",
    "recv_batch",
    "ready",
    "job",
    "jobs",
    "free",
];

const CAPACITY: usize = 4;

type Handles = (Async<Producer<u64>>, Async<Subscriber<u64>>, [Async<Worker<u64>>; 2]);

fn handles(name: &str, heap: bool) -> Handles {
    let name = format!("cancel-{name}-{}", id());
    let options = Options::<u64>::new(CAPACITY).groups(1);
    let (producer, ring) = if heap {
        options.heap().unwrap()
    } else {
        let producer = options.create(name.as_str()).unwrap();
        (producer, Ring::open(name.as_str()).unwrap())
    };
    let subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    let workers = [(); 2].map(|()| Worker::join(&ring, "group").unwrap().into_async());
    (producer.into_async(), subscriber, workers)
}

/// What the ring has to hold, and how many futures of each kind were dropped.
struct Model {
    random: Random,
    sent: u64,
    /// What the subscriber has not received.
    due: VecDeque<u64>,
    /// What no worker is done with.
    undone: VecDeque<u64>,
    dropped: [u64; KINDS.len()],
}

impl Model {
    fn room(&self) -> usize {
        CAPACITY - self.due.len().max(self.undone.len())
    }

    fn sends(&mut self, count: usize) {
        for _ in 0..count {
            self.due.push_back(self.sent);
            self.undone.push_back(self.sent);
            self.sent += 1;
        }
    }

    /// Polls a future up to twice, and drops it. `None`: it has not returned, and was not to.
    fn once<R>(&mut self, kind: usize, future: impl Future<Output = R>, is_due: bool) -> Option<R> {
        let polls = self.random.below(3);
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
                assert!(is_due, "{} returned", KINDS[kind]);
                return Some(outcome);
            }
        }
        assert!(polls == 0 || !is_due, "{} did not return", KINDS[kind]);
        self.dropped[kind] += 1;
        None
    }

    fn send(&mut self, producer: &mut Async<Producer<u64>>, kind: usize) {
        let room = self.room();
        match kind {
            0 => {
                let message = self.sent;
                if let Some(outcome) = self.once(0, producer.send(&message), room > 0) {
                    outcome.unwrap();
                    self.sends(1);
                }
            }
            1 => {
                let all: Vec<u64> = (self.sent..).take(1 + self.random.below(6) as usize).collect();
                let mut left = &all[..];
                let fits = all.len() <= room;
                if let Some(outcome) = self.once(1, producer.send_batch(&mut left), fits) {
                    outcome.unwrap();
                }
                let sent = all.len() - left.len();
                assert!(sent == 0 || sent == room.min(all.len()));
                self.sends(sent);
            }
            2 => {
                let two = Room::Messages(2);
                if let Some(outcome) = self.once(2, producer.ready(two), room >= 2) {
                    outcome.unwrap();
                }
            }
            _ => {
                if let Some(outcome) = self.once(3, producer.flush(), room == CAPACITY) {
                    outcome.unwrap();
                }
            }
        }
    }

    fn receive(&mut self, subscriber: &mut Async<Subscriber<u64>>, kind: usize) {
        let is_due = !self.due.is_empty();
        match kind {
            4 => {
                if let Some(message) = self.once(4, subscriber.recv(), is_due) {
                    assert_eq!(message.ok(), self.due.pop_front());
                }
            }
            5 => {
                if let Some(held) = self.once(5, subscriber.recv_held(), is_due) {
                    let held = held.unwrap();
                    assert_eq!(Some(&*held), self.due.front());
                    if self.random.below(2) == 0 {
                        held.release();
                        self.due.pop_front();
                    }
                }
            }
            6 => {
                let mut buffer = [0; 3];
                if let Some(count) = self.once(6, subscriber.recv_batch(&mut buffer), is_due) {
                    let count = count.unwrap();
                    assert!(buffer[..count].iter().copied().eq(self.due.drain(..count)));
                }
            }
            _ => self.once(7, subscriber.ready(), is_due).map_or((), Result::unwrap),
        }
    }

    fn work(&mut self, worker: &mut Async<Worker<u64>>, kind: usize) {
        let is_due = !self.undone.is_empty();
        match kind {
            8 => {
                if let Some(job) = self.once(8, worker.recv(), is_due) {
                    let job = job.unwrap();
                    assert_eq!(Some(&*job), self.undone.front());
                    if self.random.below(3) == 0 {
                        job.nack().unwrap();
                    } else {
                        job.done().unwrap();
                        self.undone.pop_front();
                    }
                }
            }
            9 => {
                let mut buffer = [0; 3];
                if let Some(batch) = self.once(9, worker.recv_batch(&mut buffer), is_due) {
                    let batch = batch.unwrap();
                    let count = batch.len();
                    batch.done().unwrap();
                    assert!(buffer[..count].iter().copied().eq(self.undone.drain(..count)));
                }
            }
            _ => self.once(10, worker.ready(), is_due).map_or((), Result::unwrap),
        }
    }
}

/// Random calls against a model, until so many futures of each kind have been dropped.
fn against_a_model(dropped: u64, seed: u64, heap: bool) {
    let (mut producer, mut subscriber, mut workers) =
        handles(&format!("model-{seed}-{heap}"), heap);
    let (due, undone) = (VecDeque::new(), VecDeque::new());
    let mut model = Model { random: Random(seed), sent: 0, due, undone, dropped: [0; KINDS.len()] };
    let start = Instant::now();
    while model.dropped.iter().any(|&count| count < dropped) {
        match model.random.below(KINDS.len() as u64) as usize {
            kind @ 0..4 => model.send(&mut producer, kind),
            kind @ 4..8 => model.receive(&mut subscriber, kind),
            kind => {
                let worker = model.random.below(2) as usize;
                model.work(&mut workers[worker], kind);
            }
        }
    }
    let (sent, time) = (model.sent, start.elapsed());
    println!("seed {seed}, heap {heap}: {sent} sent, {time:?}");
    println!("  dropped {:?}", KINDS.iter().zip(model.dropped).collect::<Vec<_>>());
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future until it returns or has been pending for so long; `None`: then it is dropped.
fn within<R>(most: Option<Duration>, future: impl Future<Output = R>) -> Option<R> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    let hangs = Duration::from_secs(60);
    let end = Instant::now() + most.unwrap_or(hangs);
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return Some(outcome);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            assert!(most.is_some(), "a task was not woken for a minute");
            return None;
        }
        thread::park_timeout(left);
    }
}

/// How long to wait for a future: mostly not at all or for a moment, and now and then to the end.
fn patience(random: &mut Random) -> Option<Duration> {
    match random.below(50) {
        0 => None,
        1..20 => Some(Duration::ZERO),
        _ => Some(Duration::from_micros(random.below(30))),
    }
}

fn produce(mut producer: Async<Producer<u64>>, seed: u64, over: &AtomicBool) -> (u64, u64) {
    let (mut random, mut sent, mut dropped) = (Random(seed), 0, 0);
    while !over.load(Ordering::Relaxed) {
        let most = patience(&mut random);
        let returned = match random.below(4) {
            0 => within(most, producer.send(&sent)).map(|outcome| {
                outcome.unwrap();
                sent += 1;
            }),
            1 => {
                let all: Vec<u64> = (sent..).take(1 + random.below(6) as usize).collect();
                let mut left = &all[..];
                let outcome = within(most, producer.send_batch(&mut left)).map(Result::unwrap);
                sent += (all.len() - left.len()) as u64;
                outcome
            }
            2 => within(most, producer.ready(2)).map(Result::unwrap),
            _ => within(most, producer.flush()).map(Result::unwrap),
        };
        dropped += u64::from(returned.is_none());
    }
    (sent, dropped)
}

/// Returns how many messages came, all in order, and how many futures were dropped.
fn consume(mut subscriber: Async<Subscriber<u64>>, seed: u64, counter: &AtomicU64) -> (u64, u64) {
    let (mut random, mut expected, mut dropped) = (Random(seed), 0, 0);
    let mut buffer = [0; 3];
    loop {
        let most = patience(&mut random);
        let returned = match random.below(4) {
            0 => within(most, subscriber.recv()).map(|message| {
                message.map(|message| {
                    assert_eq!(message, expected);
                    expected += 1;
                })
            }),
            1 => within(most, subscriber.recv_held()).map(|held| {
                held.map(|held| {
                    assert_eq!(*held, expected);
                    if random.below(2) == 0 {
                        held.release();
                        expected += 1;
                    }
                })
            }),
            2 => within(most, subscriber.recv_batch(&mut buffer)).map(|count| {
                count.map(|count| {
                    for message in &buffer[..count] {
                        assert_eq!(*message, expected);
                        expected += 1;
                    }
                })
            }),
            _ => within(most, subscriber.ready()),
        };
        match returned {
            None => dropped += 1,
            Some(Ok(())) => {}
            Some(Err(RecvError::Closed)) => return (expected, dropped),
            Some(Err(error)) => panic!("{error}"),
        }
        counter.store(dropped, Ordering::Relaxed);
    }
}

/// The messages that this worker was done with, in the order in which it was, and how many futures
/// were dropped.
fn work(mut worker: Async<Worker<u64>>, seed: u64) -> (Vec<u64>, u64) {
    let (mut random, mut done, mut dropped) = (Random(seed), Vec::new(), 0);
    let mut buffer = [0; 3];
    loop {
        let most = patience(&mut random);
        let returned = match random.below(3) {
            0 => within(most, worker.recv()).map(|job| {
                job.map(|job| {
                    let message = *job;
                    if random.below(4) == 0 {
                        job.nack().unwrap();
                    } else {
                        job.done().unwrap();
                        done.push(message);
                    }
                })
            }),
            1 => {
                let count = within(most, worker.recv_batch(&mut buffer)).map(|batch| {
                    batch.map(|batch| {
                        let count = batch.len();
                        batch.done().unwrap();
                        count
                    })
                });
                count.map(|count| count.map(|count| done.extend(&buffer[..count])))
            }
            _ => within(most, worker.ready()),
        };
        match returned {
            None => dropped += 1,
            Some(Ok(())) => {}
            Some(Err(RecvError::Closed)) => return (done, dropped),
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

/// The same on four threads, until the subscriber has dropped so many futures.
fn under_load(dropped: u64, seed: u64, heap: bool) {
    let (producer, subscriber, workers) = handles(&format!("load-{seed}-{heap}"), heap);
    let (over, counter) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        let (over, counter) = (&over, &counter);
        let producer = scope.spawn(move || produce(producer, seed, over));
        let subscriber = scope.spawn(move || consume(subscriber, seed + 1, counter));
        let workers = workers.map(|worker| scope.spawn(move || work(worker, seed + 2)));
        while counter.load(Ordering::Relaxed) < dropped && !subscriber.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
        over.store(true, Ordering::Relaxed);
        let (sent, of_producer) = producer.join().unwrap();
        let (received, of_subscriber) = subscriber.join().unwrap();
        let (mut all, mut of_workers) = (Vec::new(), 0);
        for worker in workers {
            let (done, dropped) = worker.join().unwrap();
            all.extend(done);
            of_workers += dropped;
        }
        all.sort_unstable();
        assert_eq!(received, sent, "the subscriber has lost something");
        assert!(all.into_iter().eq(0..sent), "the group has lost something, or had it twice");
        let time = start.elapsed();
        println!(
            "seed {seed}, heap {heap}: {sent} sent; dropped by the producer {of_producer}, the \
             subscriber {of_subscriber}, the workers {of_workers}; {time:?}"
        );
    });
}

#[test]
fn futures_that_are_dropped_lose_nothing() {
    for heap in [false, true] {
        against_a_model(2000, 7, heap);
        under_load(2000, 9, heap);
    }
}

#[test]
#[ignore = "long"]
fn a_million_futures_of_each_kind_that_are_dropped_lose_nothing() {
    for heap in [false, true] {
        against_a_model(1_000_000, 16, heap);
    }
}

#[test]
#[ignore = "long"]
fn a_million_futures_that_are_dropped_under_load_lose_nothing() {
    for heap in [false, true] {
        under_load(1_000_000, 17, heap);
    }
}
