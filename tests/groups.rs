//! Groups of workers: what goes to whom, how often, and what becomes of what is given back.
#![cfg(feature = "std")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway::error::{
    ConfigError, FlushError, JoinError, RecvError, RecvTimeoutError, TryRecvError, TrySendError,
};
use ringway::wait::Pause;
use ringway::{
    Group, Options, Overflow, Position, Producer, Ring, SpinThenSleep, Start, Wait, Worker,
};

/// Fewer where everything is a thousand times slower.
const fn under_miri(there: u64, elsewhere: u64) -> u64 {
    if cfg!(miri) { there } else { elsewhere }
}

const MESSAGES: u64 = under_miri(60, 50_000);

/// Sleeps at once. Finds lost wake-ups that a little patience would hide.
const ASLEEP: SpinThenSleep = SpinThenSleep { spins: 0 };

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

fn ring(capacity: usize) -> (Producer<u64>, Ring<u64>) {
    Options::new(capacity).groups(2).workers(6).heap().unwrap()
}

/// How often each message was done.
#[derive(Default)]
struct Done(Mutex<BTreeMap<u64, u32>>);

impl Done {
    fn add(&self, messages: &[u64]) {
        let mut done = self.0.lock().unwrap();
        for message in messages {
            *done.entry(*message).or_default() += 1;
        }
    }

    fn assert_each_once(self, messages: u64) {
        let done = self.0.into_inner().unwrap();
        assert!(done.values().all(|&times| times == 1), "done twice");
        assert_eq!(done.len() as u64, messages);
        assert!(done.keys().copied().eq(0..messages));
    }
}

#[test]
fn each_message_is_done_by_one_worker_of_each_group() {
    let (producer, ring) = ring(64);
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let groups = ["one", "two"].map(|name| (name, Done::default()));
    // All have to be there before the first message.
    let workers: Vec<_> = (0..6)
        .map(|i| (i, Worker::join(&ring, groups[i % 2].0).unwrap().with_wait(ASLEEP)))
        .collect();
    thread::scope(|scope| {
        for (i, mut worker) in workers {
            let done = &groups[i % 2].1;
            scope.spawn(move || {
                let mut own = Vec::new();
                loop {
                    // Some take batches, some one by one.
                    let outcome = if i < 2 {
                        let mut buffer = [0; 7];
                        worker.recv_batch(&mut buffer).map(|batch| {
                            assert!((0..batch.len()).all(|at| !batch.redelivered(at)));
                            own.extend_from_slice(&buffer[..batch.len()]);
                        })
                    } else {
                        worker.recv().map(|job| {
                            assert!(!job.redelivered());
                            own.push(*job);
                        })
                    };
                    match outcome {
                        Ok(()) => {}
                        Err(RecvError::Closed) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
                done.add(&own);
            });
        }
        let mut subscriber = subscriber.with_wait(ASLEEP);
        scope.spawn(move || {
            for n in 0..MESSAGES {
                assert_eq!(subscriber.recv(), Ok(n));
            }
        });
        let mut producer = producer.with_wait(ASLEEP);
        for n in 0..MESSAGES {
            producer.send(&n).unwrap();
            let seen = observer.try_recv();
            assert!(matches!(seen, Ok(m) if m <= n), "{seen:?}");
        }
        drop(producer);
    });
    for (_, done) in groups {
        done.assert_each_once(MESSAGES);
    }
}

#[test]
fn what_is_given_back_is_done_once_and_marked() {
    let (mut producer, ring) = ring(16);
    let done = Done::default();
    let nacked = Mutex::new(BTreeMap::<u64, u32>::new());
    let workers = [(); 4].map(|()| Worker::join(&ring, "a").unwrap().with_wait(ASLEEP));
    thread::scope(|scope| {
        for (i, mut worker) in workers.into_iter().enumerate() {
            let (done, nacked) = (&done, &nacked);
            scope.spawn(move || {
                let mut seed = i as u64;
                loop {
                    let job = match worker.recv_timeout(LONG) {
                        Ok(job) => job,
                        Err(RecvTimeoutError::Closed) => break,
                        Err(error) => panic!("{error}"),
                    };
                    let before = nacked.lock().unwrap().get(&*job).copied().unwrap_or(0);
                    assert_eq!(job.redelivered(), before > 0, "{}", *job);
                    seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    if seed >> 61 == 0 {
                        *nacked.lock().unwrap().entry(*job).or_default() += 1;
                        job.nack().unwrap();
                    } else {
                        let message = *job;
                        job.done().unwrap();
                        done.add(&[message]);
                    }
                }
            });
        }
        for n in 0..MESSAGES / 5 {
            producer.send(&n).unwrap();
        }
        producer.close().unwrap();
    });
    done.assert_each_once(MESSAGES / 5);
    assert!(!nacked.into_inner().unwrap().is_empty());
}

#[test]
fn workers_that_come_and_go_lose_nothing() {
    let (mut producer, ring) = ring(8);
    let done = Done::default();
    drop(Worker::join(&ring, "a").unwrap());
    let over = AtomicBool::new(false);
    let sum = AtomicU64::new(0);
    let messages = MESSAGES / 10;
    thread::scope(|scope| {
        for i in 0..3 {
            let (ring, done, over, sum) = (&ring, &done, &over, &sum);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let mut worker = Worker::join(ring, "a").unwrap();
                    for round in 0..3 {
                        if let Ok(job) = worker.recv_timeout(Duration::from_millis(1)) {
                            if round == i && !job.redelivered() {
                                // Its worker gives it back when it goes.
                                std::mem::forget(job);
                                break;
                            }
                            done.add(&[*job]);
                            sum.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
        for n in 0..messages {
            producer.send(&n).unwrap();
        }
        let start = Instant::now();
        while sum.load(Ordering::Relaxed) < messages {
            assert!(start.elapsed() < LONG, "{sum:?} of {messages}");
            thread::sleep(Duration::from_millis(1));
        }
        over.store(true, Ordering::Relaxed);
    });
    done.assert_each_once(messages);
    assert!(producer.is_empty());
}

#[test]
fn a_panic_gives_the_message_back() {
    let (mut producer, ring) = ring(4);
    let mut worker = Worker::join(&ring, "a").unwrap();
    producer.send(&1).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _job = worker.recv().unwrap();
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(outcome.is_err());
    let job = worker.recv().unwrap();
    assert_eq!((*job, job.redelivered()), (1, true));
}

#[test]
fn a_leaked_guard_holds_its_message_until_its_worker_goes() {
    let (mut producer, ring) = ring(2);
    let [mut first, mut second] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    assert_eq!(producer.try_send_batch(&[1, 2]), 2);
    std::mem::forget(first.recv().unwrap());
    drop(first.recv().unwrap());
    // The first is not done.
    assert_eq!(producer.try_send_batch(&[3]), 0);
    assert_eq!(second.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!(first.try_recv().unwrap_err(), TryRecvError::Empty);
    drop(first);
    let job = second.try_recv().unwrap();
    assert_eq!((*job, job.redelivered()), (1, true));
    drop(job);
    assert_eq!(producer.try_send_batch(&[3, 4, 5]), 2);
}

#[test]
fn at_most_once_nothing_comes_twice() {
    let (mut producer, ring) = ring(4);
    let group = Group::new("a").at_most_once();
    let mut worker = Worker::join(&ring, group).unwrap();
    assert_eq!(producer.try_send_batch(&[1, 2, 3]), 3);
    worker.recv().unwrap().nack().unwrap();
    std::mem::forget(worker.recv().unwrap());
    drop(worker);
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Delivery { at_most_once: true });
    let mut worker = Worker::join(&ring, group).unwrap();
    let job = worker.recv().unwrap();
    assert_eq!((*job, job.redelivered()), (3, false));
    drop(job);
    assert!(producer.is_empty());
}

#[test]
fn a_group_without_workers_keeps_its_place() {
    let (mut producer, ring) = ring(4);
    assert_eq!(producer.try_send_batch(&[0]), 1);
    drop(Worker::join(&ring, Group::new("a").start(Start::Oldest)).unwrap());
    assert_eq!(producer.try_send_batch(&[1, 2, 3, 4, 5]), 3);
    let mut worker = Worker::join(&ring, "a").unwrap();
    assert_eq!(worker.lag(), 4);
    for n in 0..4 {
        assert_eq!(*worker.recv().unwrap(), n);
    }
    assert!(matches!(ring.remove_group("a"), Err(JoinError::InUse { .. })));
    drop(worker);
    assert_eq!((ring.remove_group("a"), ring.remove_group("a")), (Ok(true), Ok(false)));
    // Names of subscribers are others.
    assert_eq!(ring.remove_durable("a"), Ok(false));
    assert_eq!(producer.try_send_batch(&[5, 6, 7, 8, 9, 10]), 6);
    assert_eq!(producer.head(), 10);
    // The entry is as good as new.
    let mut worker = Worker::join(&ring, "b").unwrap();
    producer.try_send(&10).unwrap();
    assert_eq!(*worker.recv().unwrap(), 10);
}

#[test]
fn all_workers_of_an_evicted_group_are_told() {
    let (mut producer, ring) =
        Options::<u64>::new(8).groups(1).workers(3).max_lag(4).heap().unwrap();
    let [mut first, mut second] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    assert_eq!(producer.try_send_batch(&[0, 1]), 2);
    let job = first.recv().unwrap();
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    assert_eq!(*job, 0);
    drop(job);
    // The one that was done counts.
    let evicted = TryRecvError::Evicted { missed: 21 };
    assert_eq!(first.try_recv().unwrap_err(), evicted);
    assert_eq!(second.try_recv().unwrap_err(), evicted);
    drop((first, second));
    // They were told.
    let mut anew = Worker::join(&ring, "a").unwrap();
    producer.try_send(&9).unwrap();
    assert_eq!(*anew.recv().unwrap(), 9);
    drop(anew);
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Evicted { missed: 20 });
    drop(Worker::join(&ring, "a").unwrap());
}

/// Whatever its workers do: these are not called, as if they were stopped.
#[test]
fn an_evicted_group_begins_anew_while_its_workers_are_there() {
    for groups in [1, 2] {
        let options = Options::<u64>::new(8).groups(groups).workers(4).max_lag(4);
        let (mut producer, ring) = options.heap().unwrap();
        let [mut holder, mut idle] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let job = holder.recv().unwrap();
        assert_eq!(producer.try_send_batch(&[9; 20]), 20);
        // The one that was had, too.
        assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Evicted { missed: 22 });
        let anew = Group::new("a").start(Start::Oldest);
        let mut worker = Worker::join(&ring, anew).unwrap();
        // Where there is no other place the group begins at the next message.
        assert_eq!(worker.lag() > 0, groups > 1);
        for position in 22 - worker.lag() as ringway::Position..22 {
            assert_eq!(worker.recv().unwrap().position(), position);
        }
        producer.try_send(&7).unwrap();
        let kept = worker.recv().unwrap();
        assert_eq!((*kept, kept.position(), kept.redelivered()), (7, 22, false));
        // Those of before are told, and do nothing to it.
        assert!(job.done().is_err());
        assert!(matches!(holder.try_recv(), Err(TryRecvError::Evicted { .. })));
        assert!(matches!(idle.recv(), Err(RecvError::Evicted { .. })));
        assert!(matches!(ring.remove_group("a"), Err(JoinError::InUse { .. })));
        drop((holder, idle));
        assert_eq!(kept.done(), Ok(()));
        producer.try_send(&8).unwrap();
        assert_eq!(*worker.recv().unwrap(), 8);
        assert!(producer.is_empty());
    }
}

/// It is forgotten as well, and its place is another's.
#[test]
fn an_evicted_group_is_forgotten_while_its_workers_are_there() {
    let options = Options::<u64>::new(8).groups(1).workers(4).max_lag(4);
    let (mut producer, ring) = options.heap().unwrap();
    let mut before = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    assert_eq!(ring.remove_group("a"), Ok(true));
    for (start, error) in [
        (Start::At(19), JoinError::TooOld { oldest: 20 }),
        (Start::At(21), JoinError::NotYet { head: 20 }),
    ] {
        let refused = Worker::join(&ring, Group::new("b").start(start).at_most_once());
        assert_eq!(refused.unwrap_err(), error);
    }
    let at = Group::new("b").start(Start::At(20)).at_most_once();
    let mut worker = Worker::join(&ring, at).unwrap();
    producer.try_send(&5).unwrap();
    assert_eq!(before.try_recv().unwrap_err(), TryRecvError::Evicted { missed: 21 });
    drop(before);
    assert_eq!(*worker.try_recv().unwrap(), 5);
}

/// That is what is waited for: the group's place keeps the message where it is.
#[test]
fn an_evicted_group_does_not_begin_anew_under_a_message_that_is_read_in_place() {
    let options = Options::<u64>::new(8).groups(1).workers(3).max_lag(4).hold_in_place(true);
    let (mut producer, ring) = options.heap().unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[1; 2]), 2);
    let job = worker.recv_ref().unwrap();
    assert_eq!(producer.try_send_batch(&[2; 20]), 6);
    for _ in 0..2 {
        assert!(matches!(Worker::join(&ring, "a"), Err(JoinError::InUse { .. })));
        assert!(matches!(ring.remove_group("a"), Err(JoinError::InUse { .. })));
    }
    assert_eq!(*job, 1);
    drop(job);
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Evicted { missed: 7 });
    drop(Worker::join(&ring, "a").unwrap());
    assert_eq!(producer.try_send_batch(&[2; 3]), 3);
}

/// What panics when it is asked to wait.
struct Panics {
    after: u32,
    notified: u32,
}

impl Wait for Panics {
    fn pause(&mut self, round: u32) -> Pause {
        if round >= self.after {
            self.after = u32::MAX;
            std::panic::resume_unwind(Box::new(()));
        }
        Pause::Again
    }

    fn notify(&mut self) {
        self.notified += 1;
    }
}

/// A worker that was beaten has reserved the next position when its way to wait panics.
#[test]
fn a_panic_while_waiting_gives_back_what_was_reserved() {
    let (mut producer, ring) = ring(2);
    let [mut other, slow] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    let mut slow = slow.with_wait(Panics { after: 0, notified: 0 });
    // Beaten as often as it takes.
    for n in 0..8 {
        slow = slow.with_wait(Panics { after: 0, notified: 0 });
        assert!(catch_unwind(AssertUnwindSafe(|| drop(slow.recv()))).is_err());
        producer.try_send(&n).unwrap();
        assert_eq!(*other.try_recv().unwrap(), n, "it is not kept");
    }
    assert!(producer.is_empty());
    assert_eq!(producer.try_send_batch(&[1, 2, 3]), 2);
    // The newest first, having been beaten.
    assert_eq!(*slow.recv().unwrap(), 2);
    assert_eq!(*slow.recv().unwrap(), 1);
}

#[test]
fn a_worker_reads_a_message_where_it_lies() {
    reads_in_place(Options::bytes(2, 1000));
    reads_in_place(Options::bytes(2, 100).arena(4096));
}

fn reads_in_place(options: Options<[u8]>) {
    let (mut producer, ring) = options.groups(1).heap().unwrap();
    let mut workers = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    assert_eq!(workers[0].try_recv_ref().unwrap_err(), TryRecvError::Empty);
    for n in 0..20u8 {
        producer.send(&[n; 1000][..usize::from(n) * 50]).unwrap();
        let [one, other] = &mut workers;
        let job = one.recv_ref().unwrap();
        let place = job.as_ptr();
        // It is its own, and stays.
        assert_eq!(other.try_recv_ref().unwrap_err(), TryRecvError::Empty);
        assert_eq!((producer.try_send(b""), producer.len()), (Ok(()), 2));
        assert_eq!(producer.try_send(b""), Err(TrySendError::Full));
        assert_eq!((&*job, job.redelivered()), (&[n; 1000][..usize::from(n) * 50], false));
        job.nack().unwrap();
        let job = other.recv_ref_timeout(LONG).unwrap();
        assert_eq!((job.as_ptr(), job.redelivered()), (place, true));
        job.done().unwrap();
        assert!(other.recv_ref().unwrap().is_empty());
    }
    assert!(producer.is_empty());
}

#[test]
fn what_a_worker_reads_in_place_outlasts_an_eviction_of_its_group() {
    let (mut producer, ring) = Options::<u64>::new(4).groups(1).max_lag(2).heap().unwrap();
    let [mut one, mut other] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    producer.send_batch(&[0, 1]).unwrap();
    let job = one.recv_ref().unwrap();
    // The group is evicted, but there is room only for what does not overwrite the message.
    assert_eq!(producer.try_send_batch(&[2, 3, 4, 5]), 2);
    assert_eq!(other.try_recv_ref().unwrap_err(), TryRecvError::Evicted { missed: 4 });
    assert_eq!(producer.try_send(&4), Err(TrySendError::Full));
    assert_eq!(*job, 0);
    job.done().unwrap();
    assert_eq!(producer.try_send_batch(&[4, 5, 6, 7, 8]), 5);
    assert_eq!(one.recv_ref().unwrap_err(), RecvError::Evicted { missed: 8 });
    drop((one, other));
    // Leaked, it holds back until its worker is gone.
    let mut worker = Worker::join(&ring, "a").unwrap();
    producer.send(&9).unwrap();
    std::mem::forget(worker.recv_ref().unwrap());
    assert_eq!(producer.try_send_batch(&[10, 11, 12, 13]), 3);
    drop(worker);
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
}

#[test]
fn what_cannot_be_joined_says_so() {
    let (_producer, ring) = Options::<u64>::new(4).heap().unwrap();
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::NoFreeGroup { groups: 0 });
    let (_producer, ring) =
        Options::<u64>::new(4).overflow(Overflow::Overwrite).groups(1).heap().unwrap();
    assert_eq!(Worker::join(&ring, "a").unwrap_err(), JoinError::Overwrites);
    let (_producer, ring) = self::ring(4);
    let too_long = "n".repeat(81);
    for name in ["", &too_long] {
        let refused = Worker::join(&ring, name).unwrap_err();
        assert_eq!(refused, JoinError::Name { len: name.len(), max: 80 });
    }
    let refused = Options::<u64>::new(4).groups(4000).workers(100).heap().unwrap_err();
    assert!(matches!(refused, ConfigError::TooManyEntries { asked: 4108, .. }), "{refused:?}");
}

/// Bytes of all lengths, over the wrap of positions, in a small ring.
#[test]
fn messages_of_bytes_arrive_whole() {
    let options = Options::<[u8]>::bytes(4, 40).groups(1).origin((Position::MAX >> 1) - 10);
    let (mut producer, ring) = options.heap().unwrap();
    let mut workers = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    let mut buffer = [0; 40];
    for n in 0..40u8 {
        producer.send(&[n; 40][..n.into()]).unwrap();
        let worker = &mut workers[usize::from(n % 2)];
        if n > 0 {
            let short = worker.try_recv_into(&mut buffer[..usize::from(n) - 1]).unwrap_err();
            assert_eq!(short, TryRecvError::BufferTooSmall { needed: n.into() });
        }
        let job = worker.recv_into(&mut buffer).unwrap();
        assert_eq!(*job, [n; 40][..n.into()]);
        if n % 3 == 0 {
            job.nack().unwrap();
            let job = worker.recv_into_timeout(&mut buffer, LONG).unwrap();
            assert!(job.redelivered() && *job == [n; 40][..n.into()]);
        }
    }
    assert!(producer.is_empty());
}

/// What other workers do between two looks of a worker that waits: they send and take so many
/// messages, or give each back and then take it.
struct Others {
    producer: Producer<u64>,
    greedy: Worker<u64>,
    messages: u32,
    nack: bool,
    looks: u32,
}

impl Wait for Others {
    fn pause(&mut self, _round: u32) -> Pause {
        self.looks += 1;
        assert!(self.looks <= 10, "it starves");
        for _ in 0..self.messages {
            let _full = self.producer.try_send(&0);
            if let (true, Ok(job)) = (self.nack, self.greedy.try_recv()) {
                job.nack().unwrap();
            }
            drop(self.greedy.try_recv());
        }
        Pause::Again
    }
}

#[test]
fn a_worker_that_waits_gets_its_turn_whatever_the_others_do() {
    for (capacity, messages, nack, held) in [
        (8, 1, false, false),
        (8, 2, false, false),
        (64, 1, false, true),
        // Laps of the ring between two looks.
        (1, 2, false, false),
        (8, 9, false, false),
        // Something is given back between any two, and a worker has the oldest.
        (64, 1, true, true),
    ] {
        let options = Options::<u64>::new(capacity).groups(1).workers(3);
        let (mut producer, ring) = options.heap().unwrap();
        let [greedy, mut holder, slow] = [(); 3].map(|()| Worker::join(&ring, "a").unwrap());
        let _job = held.then(|| {
            producer.try_send(&0).unwrap();
            holder.recv().unwrap()
        });
        let mut slow = slow.with_wait(Others { producer, greedy, messages, nack, looks: 0 });
        drop(slow.recv().unwrap());
    }
}

/// Workers that are faster three times, and then take a whole ring at once.
struct TakesAll {
    producer: Producer<u64>,
    greedy: Worker<u64>,
    looks: u32,
}

impl Wait for TakesAll {
    fn pause(&mut self, _round: u32) -> Pause {
        self.looks += 1;
        if self.looks <= 3 {
            self.producer.try_send(&0).unwrap();
            drop(self.greedy.try_recv().unwrap());
        } else if self.looks == 4 {
            let mut messages = vec![0; self.producer.capacity()];
            assert_eq!(self.producer.try_send_batch(&messages), messages.len());
            let all = self.greedy.try_recv_batch(&mut messages).unwrap();
            assert_eq!(all.len(), self.producer.capacity());
            std::mem::forget(all);
        }
        Pause::Again
    }
}

/// A worker that was beaten looks all over the ring for something to reserve once, and not at each
/// message.
#[test]
fn a_beaten_worker_comes_back_in_time_from_a_ring_that_is_taken() {
    let capacity = under_miri(16, 1 << 16) as usize;
    let (producer, ring) = Options::<u64>::new(capacity).groups(1).workers(2).heap().unwrap();
    let [greedy, slow] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    let mut slow = slow.with_wait(TakesAll { producer, greedy, looks: 0 });
    let start = Instant::now();
    let nothing = slow.recv_timeout(Duration::from_millis(10)).unwrap_err();
    assert_eq!(nothing, RecvTimeoutError::Timeout);
    assert!(start.elapsed() < LONG, "it took {:?}", start.elapsed());
}

#[test]
fn a_flush_waits_for_groups_and_says_for_which() {
    let (mut producer, ring) = ring(8);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "billing").unwrap();
    drop(Worker::join(&ring, "shipping").unwrap());
    producer.send_batch(&[0, 1]).unwrap();
    assert_eq!(subscriber.recv_batch(&mut [0; 2]), Ok(2));
    let short = Duration::from_millis(5);
    assert_eq!(producer.flush(short), Err(FlushError::Timeout { laggards: 2 }));
    assert_eq!(ring.remove_group("shipping"), Ok(true));
    // Out of order: the oldest one counts.
    let mut second = Worker::join(&ring, "billing").unwrap();
    let job = worker.recv().unwrap();
    drop(second.recv().unwrap());
    let named = |producer: &Producer<u64>| -> Vec<_> {
        let laggards = producer.laggards();
        laggards.map(|one| (one.name().map(str::to_owned), one.lag())).collect()
    };
    assert_eq!(named(&producer), [(Some("billing".to_owned()), 2)]);
    let flushing = thread::spawn(move || {
        producer.flush(LONG).unwrap();
        producer
    });
    job.done().unwrap();
    let producer = flushing.join().unwrap();
    assert!(producer.is_flushed() && named(&producer).is_empty());
}

#[test]
fn a_worker_that_finds_no_entry_leaves_no_group_behind() {
    let (mut producer, ring) = Options::<u64>::new(2).groups(2).workers(1).heap().unwrap();
    let _worker = Worker::join(&ring, "a").unwrap();
    let refused = Worker::join(&ring, "b").unwrap_err();
    assert_eq!(refused, JoinError::NoFreeWorker { workers: 1 });
    assert_eq!(ring.remove_group("b"), Ok(false));
    assert_eq!(producer.try_send_batch(&[0, 1]), 2);
}

#[test]
fn a_worker_that_waits_gets_its_share_beside_a_faster_one() {
    let (mut producer, ring) = ring(1024);
    let [mut fast, slow] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    let mut slow = slow.with_wait(ASLEEP);
    let received = AtomicU64::new(0);
    let rounds = under_miri(5, 20);
    thread::scope(|scope| {
        let received = &received;
        scope.spawn(move || {
            while slow.recv().is_ok() {
                received.fetch_add(1, Ordering::Relaxed);
            }
        });
        // All that comes is taken at once, but what the other one has reserved.
        let start = Instant::now();
        while received.load(Ordering::Relaxed) < rounds {
            assert!(start.elapsed() < LONG, "one that kept asking got {received:?}");
            producer.send(&0).unwrap();
            while fast.try_recv().is_ok() {}
            thread::sleep(Duration::from_micros(200));
        }
        producer.close().unwrap();
    });
}

/// What a group is to do, said with maps.
#[derive(Default)]
struct Model {
    sent: u64,
    /// What no worker has, and whether it was delivered.
    free: BTreeMap<u64, bool>,
    /// What leaked guards of a worker have.
    held: BTreeMap<u64, usize>,
}

impl Model {
    fn oldest(&self) -> u64 {
        let free = self.free.keys().next().copied().unwrap_or(self.sent);
        free.min(self.held.keys().next().copied().unwrap_or(self.sent))
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    Done(usize),
    Nack(usize),
    Leak(usize),
    Batch(usize, usize, bool),
    Anew(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1usize..5).prop_map(Step::Send),
        3 => (0usize..3).prop_map(Step::Done),
        1 => (0usize..3).prop_map(Step::Nack),
        1 => (0usize..3).prop_map(Step::Leak),
        2 => (0usize..3, 1usize..6, any::<bool>()).prop_map(|(w, n, d)| Step::Batch(w, n, d)),
        1 => (0usize..3).prop_map(Step::Anew),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: under_miri(4, 256) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_group_does_what_its_model_does(
        log in 0u32..5,
        origin in prop_oneof![Just(0), Just((Position::MAX >> 1) - 5)],
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let capacity = 1u64 << log;
        let options = Options::<u64>::new(capacity as usize).groups(1).workers(3).origin(origin);
        let (mut producer, ring) = options.heap().unwrap();
        let join = || Worker::join(&ring, "a").unwrap();
        let mut workers = [join(), join(), join()];
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Send(messages) => {
                    for _ in 0..messages {
                        let room = model.sent - model.oldest() < capacity;
                        prop_assert_eq!(producer.try_send(&model.sent).is_ok(), room);
                        if room {
                            model.free.insert(model.sent, false);
                            model.sent += 1;
                        }
                    }
                }
                Step::Done(w) | Step::Nack(w) | Step::Leak(w) => {
                    let expected = model.free.iter().next().map(|(m, marked)| (*m, *marked));
                    let Ok(job) = workers[w].try_recv() else {
                        prop_assert_eq!(expected, None);
                        continue;
                    };
                    prop_assert_eq!(Some((*job, job.redelivered())), expected);
                    let message = *job;
                    match step {
                        Step::Nack(_) => {
                            job.nack().unwrap();
                            model.free.insert(message, true);
                        }
                        Step::Leak(_) => {
                            std::mem::forget(job);
                            model.free.remove(&message);
                            model.held.insert(message, w);
                        }
                        _ => {
                            job.done().unwrap();
                            model.free.remove(&message);
                        }
                    }
                }
                Step::Batch(w, room, done) => {
                    let mut buffer = vec![0; room];
                    let Ok(batch) = workers[w].try_recv_batch(&mut buffer) else {
                        prop_assert!(model.free.is_empty());
                        continue;
                    };
                    let first = *model.free.keys().next().unwrap();
                    let run = (first..).take(room).take_while(|m| model.free.contains_key(m));
                    prop_assert_eq!(batch.len(), run.count());
                    for (at, message) in (first..).take(batch.len()).enumerate() {
                        let marked = batch.redelivered(at);
                        prop_assert_eq!(Some(marked), model.free.remove(&message));
                        if !done {
                            model.free.insert(message, true);
                        }
                    }
                    let len = batch.len();
                    if done { batch.done().unwrap() } else { batch.nack().unwrap() }
                    let messages: Vec<u64> = (first..).take(len).collect();
                    prop_assert_eq!(&buffer[..len], &messages[..]);
                }
                Step::Anew(w) => {
                    let [a, b, c] = workers;
                    let mut all = [Some(a), Some(b), Some(c)];
                    all[w] = None;
                    all[w] = Some(join());
                    workers = all.map(Option::unwrap);
                    let back: Vec<u64> =
                        model.held.iter().filter(|(_, by)| **by == w).map(|(m, _)| *m).collect();
                    for message in back {
                        model.held.remove(&message);
                        model.free.insert(message, true);
                    }
                }
            }
            prop_assert_eq!(workers[0].lag(), (model.free.len() + model.held.len()) as u64);
        }
    }
}
