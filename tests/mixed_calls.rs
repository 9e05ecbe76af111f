//! Random calls of all kinds on one ring, by one thread, against a model.
#![cfg(feature = "std")]
// Positions have 32 bits where words do; guards that are leaked may have nothing to drop.
#![allow(clippy::forget_non_drop, clippy::unnecessary_cast, clippy::useless_conversion)]

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ringway::error::TryRecvError;
use ringway::{
    Observer, Options, Overflow, Plain, Position, Producer, Ring, Start, Subscriber, Worker,
};
use ringway::{Spin, SpinThenSleep};

struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }
}

trait Make: Plain + Copy + PartialEq + std::fmt::Debug + Sync {
    fn make(n: u64) -> Self;
}
impl Make for u64 {
    fn make(n: u64) -> u64 {
        n
    }
}
impl<const N: usize> Make for [u64; N] {
    fn make(n: u64) -> Self {
        std::array::from_fn(|i| n.wrapping_mul(31).wrapping_add(i as u64))
    }
}
impl Make for [u8; 13] {
    fn make(n: u64) -> Self {
        std::array::from_fn(|i| (n as u8).wrapping_mul(7).wrapping_add(i as u8))
    }
}

const MASK: Position = Position::MAX >> 1;

struct Sub<T: Make> {
    sub: Option<Subscriber<T>>,
    next: u64,
    evicted: bool,
}
struct Obs<T: Make> {
    obs: Option<Observer<T>>,
    next: u64,
}

struct World<T: Make> {
    origin: Position,
    head: u64,
    capacity: u64,
    producer: Option<Producer<T>>,
    ring: Ring<T>,
    subs: Vec<Sub<T>>,
    obs: Vec<Obs<T>>,
    worker: Option<Worker<T>>,
    worker_next: u64,
    evicts: bool,
    overwrites: bool,
    name: Option<String>,
}

struct Panics;
impl<T: Make> World<T> {
    fn pos(&self, n: u64) -> Position {
        self.origin.wrapping_add(n as Position) & MASK
    }

    fn send(&mut self, rng: &mut Rng) {
        let producer = self.producer.as_mut().unwrap();
        let head = self.head;
        let count = 1 + rng.below(2 * self.capacity + 3);
        let op = rng.below(9);
        if std::env::var_os("REVIEW_SAY").is_some() {
            eprintln!(
                "send {op} at {} of {}, evicts {}, name {:?}, over {}",
                self.head, self.capacity, self.evicts, self.name, self.overwrites
            );
        }
        match op {
            0 | 1 => {
                for _ in 0..count {
                    if producer.try_send(&T::make(self.head)).is_ok() {
                        self.head += 1;
                    } else {
                        break;
                    }
                }
            }
            2 => {
                let all: Vec<T> = (0..count).map(|n| T::make(head + n)).collect();
                self.head += producer.try_send_batch(&all) as u64;
            }
            3 => {
                // As many as there is room for is not known: try one, then an iterator that panics.
                if producer.try_reserve().is_err() {
                    return;
                }
                let mut brought = 0;
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    let room = 1u64;
                    producer.send_iter((0..room + 1).map(|n| {
                        if n == room {
                            std::panic::resume_unwind(Box::new(Panics));
                        }
                        brought += 1;
                        T::make(head + n)
                    }))
                }));
                // Only called where there is room for one.
                assert!(outcome.is_err());
                self.head += brought;
            }
            4 => {
                if let Ok(mut loan) = producer.try_reserve() {
                    loan.write(&T::make(head));
                    match rng.below(3) {
                        0 => {
                            assert_eq!(
                                loan.commit(),
                                self.origin.wrapping_add(head as Position) & MASK
                            );
                            self.head += 1;
                        }
                        1 => drop(loan),
                        _ => forget(loan),
                    }
                }
            }
            5 | 6 => {
                let max = producer.max_reserved() as u64;
                let n = rng.below(max + 1) as usize;
                let outcome = if rng.below(2) == 0 {
                    producer.try_reserve_batch(n)
                } else {
                    producer.try_reserve_up_to(n)
                };
                if let Ok(mut loans) = outcome {
                    let len = loans.len();
                    match rng.below(4) {
                        0 => assert_eq!(loans.write_iter((0..).map(|n| T::make(head + n))), len),
                        1 => {
                            for i in (0..len).rev() {
                                loans.write(i, &T::make(head + i as u64)).unwrap();
                            }
                        }
                        2 => {
                            for i in 0..len {
                                let message = T::make(head + i as u64);
                                let bytes = message.as_bytes();
                                let at = bytes.len() / 2;
                                loans.write_at(i, at, &bytes[at..]).unwrap();
                                loans.write_at(i, 0, &bytes[..at]).unwrap();
                            }
                        }
                        _ => {
                            let places = loans.iter_mut().map(|places| {
                                places
                                    .enumerate()
                                    .for_each(|(i, place)| *place = T::make(head + i as u64));
                            });
                            if places.is_none() {
                                loans.write_iter((0..).map(|n| T::make(head + n)));
                            }
                        }
                    }
                    match rng.below(5) {
                        0 | 1 => {
                            loans.commit();
                            self.head += len as u64;
                        }
                        2 => {
                            let some = rng.below(len as u64 + 1);
                            loans.commit_first(some as usize);
                            self.head += some;
                        }
                        3 => drop(loans),
                        _ => forget(loans),
                    }
                }
            }
            7 => {
                let producer = self.producer.take().unwrap();
                self.producer = Some(if let (Some(name), 0) = (&self.name, rng.below(3)) {
                    producer.detach();
                    Producer::resume(&**name).unwrap()
                } else if rng.below(2) == 0 {
                    producer.with_wait(Spin).with_wait(Default::default())
                } else {
                    producer
                });
            }
            _ => {
                if producer.try_send(&T::make(head)).is_ok() {
                    self.head += 1;
                }
            }
        }
        let producer = self.producer.as_ref().unwrap();
        assert_eq!(producer.head(), self.pos(self.head));
    }

    fn can_send(&mut self) -> bool {
        // Room for one, so that send_iter does not wait.
        self.overwrites
            || self.evicts
            || self.subs.iter().all(|s| s.sub.is_none() || self.head - s.next < self.capacity)
                && (self.worker.is_none() || self.head - self.worker_next < self.capacity)
    }
}

fn note_error(
    error: TryRecvError,
    next: &mut u64,
    head: u64,
    holds: bool,
    evicts: bool,
    evicted: &mut bool,
    capacity: u64,
) {
    match error {
        TryRecvError::Empty => {
            assert!(*next == head || (holds && evicts), "empty at {next} of {head}")
        }
        TryRecvError::Lagged(n) => {
            assert!(!holds, "a subscriber lags");
            *next += n;
            assert!(*next <= head && head - *next <= capacity, "{next} {head} {n}");
        }
        TryRecvError::Evicted { missed } if holds && evicts => {
            // `Holding` counts from behind what is held.
            assert!(missed <= head - *next);
            *evicted = true;
        }
        other => panic!("{other:?} at {next} of {head}"),
    }
}

fn receive<T: Make, K: ringway::consumer::Kind>(
    c: &mut ringway::Consumer<K, T>,
    rng: &mut Rng,
    next: &mut u64,
    head: u64,
) -> Result<(), TryRecvError> {
    match rng.below(5) {
        0 => {
            for _ in 0..rng.below(40) {
                let message = c.try_recv()?;
                assert_eq!(message, T::make(*next), "at {next} of {head}");
                *next += 1;
            }
        }
        1 => {
            let mut buffer = vec![T::make(u64::MAX); rng.below(50) as usize];
            let n = c.try_recv_batch(&mut buffer)?;
            for message in &buffer[..n] {
                assert_eq!(*message, T::make(*next), "batch at {next} of {head}");
                *next += 1;
            }
        }
        2 => {
            let keep = rng.below(20);
            let skipped = c.keep_newest(keep);
            *next += skipped;
            assert!(head - *next <= keep);
        }
        3 => {
            let mut message = T::make(u64::MAX);
            c.try_recv_to(&mut message)?;
            assert_eq!(message, T::make(*next));
            *next += 1;
        }
        _ => {
            assert_eq!(c.lag(), head - *next);
            c.ready().map(drop)?;
        }
    }
    Ok(())
}

fn receive_sub<T: Make>(
    s: &mut Sub<T>,
    ring: &Ring<T>,
    rng: &mut Rng,
    head: u64,
    origin: Position,
    in_place: bool,
) -> Result<(), TryRecvError> {
    let next = &mut s.next;
    let sub = s.sub.as_mut().unwrap();
    match rng.below(9) {
        0 => {
            let held = sub.try_recv_held()?;
            assert_eq!(*held, T::make(*next));
            match rng.below(3) {
                0 => {
                    held.release();
                    *next += 1;
                }
                1 => drop(held),
                _ => forget(held),
            }
        }
        1 => {
            let mut buffer = vec![T::make(u64::MAX); rng.below(50) as usize];
            let batch = sub.try_recv_held_batch(&mut buffer)?;
            let n = batch.len();
            let r = rng.below(n as u64 + 1) as usize;
            match rng.below(3) {
                0 => {
                    batch.release();
                    for (i, m) in buffer[..n].iter().enumerate() {
                        assert_eq!(*m, T::make(*next + i as u64));
                    }
                    *next += n as u64;
                }
                1 => {
                    batch.release_first(r);
                    *next += r as u64;
                }
                _ => drop(batch),
            }
        }
        2 if in_place => {
            let refs = sub.try_recv_refs(1 + rng.below(30) as usize)?;
            for (i, m) in refs.iter().enumerate() {
                assert_eq!(*m, T::make(*next + i as u64));
            }
            let n = refs.len() as u64;
            match rng.below(3) {
                0 => *next += n,
                1 => {
                    let k = rng.below(n + 1);
                    refs.keep_after(k as usize);
                    *next += k;
                }
                _ => {
                    forget(refs);
                }
            }
        }
        3 if in_place => {
            let m = sub.peek()?;
            assert_eq!(*m, T::make(*next));
        }
        4 if in_place => {
            let m = sub.try_recv_ref()?;
            assert_eq!(*m, T::make(*next));
            *next += 1;
        }
        5 => {
            let sub = s.sub.take().unwrap();
            let mut holding = sub.holding(vec![false; 1 + rng.below(20) as usize]);
            let mut got = vec![];
            let mut error = None;
            for _ in 0..rng.below(12) {
                match holding.try_recv() {
                    Ok((p, m)) => {
                        let n = *next + got.len() as u64;
                        assert_eq!(m, T::make(n));
                        assert_eq!(p, origin.wrapping_add(n as Position) & MASK);
                        got.push(p);
                    }
                    Err(TryRecvError::TooManyHeld { .. }) => break,
                    Err(e) => {
                        error = Some(e);
                        break;
                    }
                }
            }
            let k = rng.below(got.len() as u64 + 1);
            for p in &got[..k as usize] {
                assert!(holding.release(*p));
            }
            *next += k;
            s.sub = Some(holding.into_subscriber());
            match error {
                None | Some(TryRecvError::Empty) => {}
                Some(e) => return Err(e),
            }
        }
        6 => {
            let sub = s.sub.take().unwrap();
            s.sub = Some(sub.with_wait(SpinThenSleep { spins: 1 }).with_wait(Default::default()));
        }
        7 => {
            if rng.below(4) == 0 {
                s.sub = None;
                let sub = ring
                    .subscribe(if rng.below(2) == 0 { Start::Oldest } else { Start::Next })
                    .unwrap();
                *next = u64::from((sub.position() as Position).wrapping_sub(origin) & MASK);
                s.sub = Some(sub);
            }
        }
        _ => return receive(sub, rng, next, head),
    }
    Ok(())
}

fn run<T: Make>(seed: u64, steps: usize) {
    let mut rng = Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..8 {
        rng.next();
    }
    let capacity = 1u64 << rng.below(7);
    let named = cfg!(target_os = "linux") && !cfg!(miri) && rng.below(2) == 0;
    let overwrites = rng.below(4) == 0;
    let observers = overwrites || rng.below(3) > 0;
    let evicts = !overwrites && rng.below(3) == 0;
    let pins = evicts && rng.below(2) == 0;
    let groups = if overwrites { 0 } else { rng.below(2) as usize };
    let origin = match rng.below(4) {
        0 => 0,
        1 => MASK - rng.below(capacity * 4) as Position,
        2 => (MASK >> 1) - rng.below(capacity * 4) as Position,
        _ => rng.next() as Position & MASK,
    };
    let mut options = Options::<T>::new(capacity as usize)
        .origin(origin)
        .observers(observers)
        .line_per_slot(rng.below(2) == 0)
        .asymmetric_fences(rng.below(3) > 0);
    if overwrites {
        options = options.overflow(Overflow::Overwrite);
    } else {
        options = options.subscribers(3).groups(groups);
    }
    if evicts {
        options = options.max_lag(1 + rng.below(capacity) as usize).hold_in_place(pins);
    }
    let name =
        named.then(|| format!("review-model-{}-{seed}-{}", std::process::id(), size_of::<T>()));
    let (producer, ring) = match &name {
        Some(name) => {
            let producer = options.create(&**name).unwrap();
            (producer, Ring::open(&**name).unwrap())
        }
        None => options.heap().unwrap(),
    };
    let in_place = name.is_none() && (!evicts || pins);
    let mut w = World {
        origin,
        head: 0,
        capacity,
        producer: Some(producer),
        subs: vec![],
        obs: vec![],
        worker: None,
        worker_next: 0,
        evicts,
        overwrites,
        ring,
        name,
    };
    if !overwrites {
        for _ in 0..1 + rng.below(2) {
            w.subs.push(Sub {
                sub: Some(w.ring.subscribe(Start::Next).unwrap()),
                next: 0,
                evicted: false,
            });
        }
        if groups > 0 && !evicts {
            w.worker = Some(Worker::join(&w.ring, "group").unwrap());
        }
    }
    if observers {
        for _ in 0..2 {
            w.obs.push(Obs { obs: Some(w.ring.observe(Start::Next).unwrap()), next: 0 });
        }
    }
    for _ in 0..steps {
        match rng.below(3) {
            0 => {
                if w.can_send() {
                    w.send(&mut rng);
                }
            }
            1 if !w.subs.is_empty() => {
                let i = rng.below(w.subs.len() as u64) as usize;
                let head = w.head;
                let s = &mut w.subs[i];
                let outcome = receive_sub(s, &w.ring, &mut rng, head, origin, in_place);
                if let Err(error) = outcome {
                    note_error(error, &mut s.next, head, true, evicts, &mut s.evicted, capacity);
                    if s.evicted {
                        s.sub = None;
                        let sub = w.ring.subscribe(Start::Next).unwrap();
                        s.next = head;
                        s.sub = Some(sub);
                        s.evicted = false;
                    }
                }
                if let Some(sub) = &s.sub {
                    assert_eq!(sub.position(), origin.wrapping_add(s.next as Position) & MASK);
                }
            }
            _ if !w.obs.is_empty() && rng.below(2) == 0 => {
                let i = rng.below(w.obs.len() as u64) as usize;
                let head = w.head;
                let o = &mut w.obs[i];
                if rng.below(20) == 0 {
                    let clone = o.obs.as_ref().unwrap().try_clone().unwrap();
                    o.obs = Some(clone.with_wait(Spin).with_wait(Default::default()));
                }
                let outcome = receive(o.obs.as_mut().unwrap(), &mut rng, &mut o.next, head);
                if let Err(error) = outcome {
                    note_error(error, &mut o.next, head, false, evicts, &mut false, capacity);
                }
                assert_eq!(
                    o.obs.as_ref().unwrap().position(),
                    origin.wrapping_add(o.next as Position) & MASK
                );
            }
            _ => {
                let Some(worker) = &mut w.worker else { continue };
                let next = &mut w.worker_next;
                let end = rng.below(3);
                let done = match rng.below(3) {
                    0 => worker.try_recv().map(|job| {
                        assert_eq!(*job, T::make(*next));
                        if end == 0 {
                            job.nack().unwrap();
                            0
                        } else {
                            job.done().unwrap();
                            1
                        }
                    }),
                    1 => {
                        let mut buffer = vec![T::make(u64::MAX); rng.below(20) as usize];
                        let n = worker.try_recv_batch(&mut buffer).map(|batch| {
                            let n = batch.len() as u64;
                            if end == 0 {
                                batch.nack().unwrap();
                                (n, 0)
                            } else {
                                drop(batch);
                                (n, n)
                            }
                        });
                        n.map(|(n, done)| {
                            for (i, m) in buffer[..n as usize].iter().enumerate() {
                                assert_eq!(*m, T::make(*next + i as u64));
                            }
                            done
                        })
                    }
                    _ if in_place => worker.try_recv_refs(rng.below(20) as usize).map(|jobs| {
                        let n = jobs.len() as u64;
                        for (i, m) in jobs.iter().enumerate() {
                            assert_eq!(*m, T::make(*next + i as u64));
                        }
                        if end == 0 {
                            jobs.nack().unwrap();
                            0
                        } else {
                            jobs.done().unwrap();
                            n
                        }
                    }),
                    _ => Ok(0),
                };
                match done {
                    Ok(n) => *next += n,
                    Err(TryRecvError::Empty) => assert_eq!(*next, w.head),
                    Err(e) => panic!("{e:?}"),
                }
            }
        }
    }
}

fn seeds() -> std::ops::Range<u64> {
    let first = std::env::var("REVIEW_SEED").ok().and_then(|s| s.parse().ok());
    let count = std::env::var("REVIEW_COUNT").ok().and_then(|s| s.parse().ok()).unwrap_or(150);
    match first {
        Some(first) => first..first + count,
        None => 1..1 + count,
    }
}

fn all<T: Make>() {
    for seed in seeds() {
        let outcome = catch_unwind(|| run::<T>(seed, 1500));
        if outcome.is_err() {
            panic!("seed {seed}");
        }
    }
}

#[test]
fn words() {
    all::<u64>();
}
#[test]
fn lines() {
    all::<[u64; 11]>();
}
#[test]
fn odd() {
    all::<[u8; 13]>();
}
