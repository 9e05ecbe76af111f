//! Everything that can be done with a ring, at random.

use std::hint::black_box;
use std::mem::forget;
use std::time::Duration;

use ringway::consumer::Held;
use ringway::error::TryRecvError;
use ringway::group::{Batch, BytesJob, Job};
use ringway::{Group, Observer, Producer, Ring, Segment, Start, Subscriber, Worker};

use super::rings::{AWAY, HERE, TEAM};
use crate::payload::{Payload, Seven, Stamp};

/// Most calls that are made in one case; most cases make far fewer.
const MOST: u64 = 1_000;

/// A kind of messages whose consumers can be called in every way.
pub trait Touched: Payload {
    fn subscriber_call(subscriber: &mut Subscriber<Self>, call: u8);
    fn observer_call(observer: &mut Observer<Self>, call: u8);
    fn worker_call(worker: &mut Worker<Self>, call: u8);

    /// Receives a message, which is never done.
    fn hold(worker: &mut Worker<Self>);
}

/// The calls that all workers have.
macro_rules! worker_call {
    ($worker:ident, $call:ident) => {
        match $call {
            0 => drop(black_box($worker.lag())),
            1 => drop(black_box(($worker.is_closed(), $worker.is_producer_alive()))),
            2 => drop(black_box(format!("{:?}", $worker))),
            3 => assert_eq!($worker.try_recv_ref().err(), Some(TryRecvError::NotInPlace)),
            12 => drop(black_box($worker.ready())),
            _ => {}
        }
    };
}

/// The calls that all consumers have.
macro_rules! call {
    ($consumer:ident, $call:ident) => {
        match $call {
            0 => drop(black_box($consumer.lag())),
            1 => drop(black_box($consumer.head())),
            2 => drop(black_box(($consumer.len(), $consumer.is_empty()))),
            3 => drop(black_box(($consumer.is_closed(), $consumer.is_producer_alive()))),
            4 => drop(black_box(($consumer.epoch(), $consumer.position()))),
            5 => drop(black_box(format!("{:?}", $consumer))),
            14 => drop(black_box($consumer.ready())),
            15 => drop(black_box($consumer.keep_newest(3))),
            _ => {}
        }
    };
}

macro_rules! plain {
    ($type:ty, $zero:expr) => {
        impl Touched for $type {
            fn subscriber_call(consumer: &mut Subscriber<Self>, call: u8) {
                match call {
                    16 => drop(consumer.try_recv_held().map(Held::release)),
                    17 => drop(black_box(consumer.try_recv_held())),
                    _ => plain!(@calls consumer, call, $zero),
                }
            }

            fn observer_call(consumer: &mut Observer<Self>, call: u8) {
                plain!(@calls consumer, call, $zero);
            }

            fn worker_call(worker: &mut Worker<Self>, call: u8) {
                match call {
                    4..7 => drop(black_box(worker.try_recv())),
                    7 => drop(black_box(worker.recv_timeout(Duration::ZERO))),
                    8 => drop(black_box(worker.try_recv_batch(&mut [$zero; 5]))),
                    9 => drop(black_box(worker.try_recv().map(Job::nack))),
                    10 => drop(black_box(worker.try_recv_batch(&mut [$zero; 5]).map(Batch::nack))),
                    11 => forget(worker.try_recv()),
                    _ => worker_call!(worker, call),
                }
            }

            fn hold(worker: &mut Worker<Self>) {
                forget(worker.try_recv());
            }
        }
    };
    (@calls $consumer:ident, $call:ident, $zero:expr) => {
        match $call {
            6..10 => drop(black_box($consumer.try_recv())),
            10 => drop(black_box($consumer.recv_timeout(Duration::ZERO))),
            11 => drop(black_box($consumer.try_recv_batch(&mut [$zero; 5]))),
            12 => drop(black_box($consumer.try_recv_batch(&mut []))),
            // Not where it would wait.
            13 if !$consumer.is_empty() => drop(black_box($consumer.recv_timeout(Duration::ZERO))),
            _ => call!($consumer, $call),
        }
    };
}

plain!(u64, 0);
plain!(Seven, [0; 7]);

macro_rules! bytes {
    ($consumer:ident, $call:ident) => {
        match $call {
            6..9 => drop(black_box($consumer.try_recv_into(&mut [0; 200]))),
            9 => drop(black_box($consumer.recv_into_timeout(&mut [0; 200], Duration::ZERO))),
            10 => drop(black_box($consumer.try_recv_into(&mut [0; 20]))),
            11 => drop(black_box($consumer.try_recv_into(&mut []))),
            12 => {
                let outcome = $consumer.try_recv_into(&mut [0; 3]);
                if let Err(TryRecvError::BufferTooSmall { needed }) = outcome {
                    assert!(needed <= $consumer.max_len(), "{needed} bytes would be needed");
                }
            }
            16 => drop(black_box($consumer.try_recv_vec())),
            17 => drop(black_box($consumer.try_recv_batch_into(&mut [0; 200], &mut [0; 5]))),
            _ => call!($consumer, $call),
        }
    };
}

impl Touched for [u8] {
    fn subscriber_call(consumer: &mut Subscriber<Self>, call: u8) {
        bytes!(consumer, call);
    }

    fn observer_call(consumer: &mut Observer<Self>, call: u8) {
        bytes!(consumer, call);
    }

    fn worker_call(worker: &mut Worker<Self>, call: u8) {
        match call {
            4..8 => drop(black_box(worker.try_recv_into(&mut [0; 200]))),
            8 => drop(black_box(worker.recv_into_timeout(&mut [0; 200], Duration::ZERO))),
            9 => drop(black_box(worker.try_recv_into(&mut [0; 20]))),
            10 => drop(black_box(worker.try_recv_into(&mut [0; 200]).map(BytesJob::nack))),
            11 => forget(worker.try_recv_into(&mut [0; 200])),
            _ => worker_call!(worker, call),
        }
    }

    fn hold(worker: &mut Worker<Self>) {
        forget(worker.try_recv_into(&mut [0; 200]));
    }
}

/// Joins, leaves and receives. Returns how many calls that were.
pub fn use_ring<T: Touched + ?Sized>(ring: &Ring<T>, random: &mut fastrand::Rng) -> u64 {
    let calls = if random.u8(0..50) == 0 { MOST } else { random.u64(1..60) };
    let (mut subscribers, mut observers, mut workers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..calls {
        match random.u8(0..26) {
            20 => match random.u8(0..4) {
                0 => drop(black_box(ring.remove_group(TEAM))),
                1 => workers.extend(Worker::join(ring, "others").ok()),
                _ => workers.extend(Worker::join(ring, Group::new(TEAM).start(start(random))).ok()),
            },
            21 if workers.len() > 1 => drop(workers.swap_remove(random.usize(0..workers.len()))),
            21..26 => {
                if let Some(worker) = random.choice(&mut workers) {
                    T::worker_call(worker, random.u8(0..13));
                }
            }
            0 => subscribers.extend(ring.subscribe(start(random)).ok()),
            1 => {
                let name = random.choice([AWAY, HERE, "new"]).unwrap_or("new");
                match random.u8(0..4) {
                    0 => drop(black_box(ring.remove_durable(name))),
                    _ => subscribers.extend(ring.subscribe_durable(name, start(random)).ok()),
                }
            }
            2 | 3 => observers.extend(ring.observe(start(random)).ok()),
            4 if !subscribers.is_empty() => {
                let subscriber = subscribers.swap_remove(random.usize(0..subscribers.len()));
                if random.bool() {
                    subscriber.leave();
                }
            }
            5 if observers.len() > 3 => observers.clear(),
            6..13 => {
                if let Some(subscriber) = random.choice(&mut subscribers) {
                    T::subscriber_call(subscriber, random.u8(0..18));
                }
            }
            _ => {
                if let Some(observer) = random.choice(&mut observers) {
                    T::observer_call(observer, random.u8(0..18));
                }
            }
        }
    }
    calls
}

fn start(random: &mut fastrand::Rng) -> Start {
    match random.u8(0..5) {
        0 | 1 => Start::Oldest,
        2 | 3 => Start::Next,
        _ => Start::At(if random.bool() { random.u64(0..60) } else { random.u64(..) }),
    }
}

/// Takes the ring over and sends, if that can be done.
pub fn take_over<T: Touched + ?Sized>(segment: &Segment, random: &mut fastrand::Rng) -> bool {
    let Ok(mut producer) = Producer::<T>::resume(segment) else { return false };
    for _ in 0..random.u8(0..60) {
        match random.u8(0..8) {
            0 => drop(black_box(producer.consumers())),
            1 => drop(black_box((producer.len(), producer.is_empty(), producer.epoch()))),
            2 => drop(black_box(producer.wait_for_consumers(1, Duration::ZERO))),
            _ => {
                let stamp = Stamp::new(1, producer.head() & 0xffff);
                black_box(T::send_timeout(&mut producer, stamp, Duration::ZERO));
            }
        }
    }
    let left = Ring::<T>::open(segment);
    left.is_ok_and(|ring| use_ring(&ring, random) > 0)
}
