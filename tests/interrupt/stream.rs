//! A stream that is interrupted again and again, on every side.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use ringway::error::{RecvError, SendError};
use ringway::wait::{AdaptiveSpin, Interrupt};
use ringway::{Options, SpinThenSleep, Start, Wait, Worker};

/// How often the sides are told of an interrupt, all in all.
const INTERRUPTS: u64 = if cfg!(miri) { 100 } else { 100_000 };

/// Random enough.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % n
    }
}

/// Raises one of them after the other, at random times, until that many were told of.
fn disturb(stops: &[Interrupt], told: &AtomicU64, done: &AtomicBool) {
    let mut random = Random(7);
    while told.load(Ordering::Relaxed) < INTERRUPTS {
        if let Some(stop) = stops.get(random.below(stops.len() as u64) as usize) {
            stop.raise();
        }
        for _ in 0..random.below(300) {
            std::hint::spin_loop();
        }
        if random.below(16) == 0 {
            thread::yield_now();
        }
    }
    done.store(true, Ordering::Relaxed);
}

/// A producer that waits for room, a subscriber and two workers that wait for messages, each told
/// of an interrupt and then clearing it: nothing is lost, and nothing comes twice.
fn disturbed<W: Wait + Send + Clone>(wait: W) {
    let options = Options::<u64>::new(4).groups(1);
    let (producer, ring) = options.heap().unwrap();
    let stops: Vec<Interrupt> = (0..4).map(|_| Interrupt::new()).collect();
    let [of_producer, of_subscriber, first, second] = stops.as_slice() else { unreachable!() };
    let (told, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let clears = |stop: &Interrupt| {
        stop.clear();
        told.fetch_add(1, Ordering::Relaxed);
    };
    let subscriber = ring.subscribe_with(Start::Next, wait.clone()).unwrap();
    let mut subscriber = subscriber.interrupted_by(of_subscriber);
    let workers = [first, second].map(|stop| {
        let worker = Worker::join_with(&ring, "a", wait.clone()).unwrap();
        (worker.interrupted_by(stop), stop)
    });
    let mut producer = producer.with_wait(wait).interrupted_by(of_producer);
    thread::scope(|scope| {
        scope.spawn(|| disturb(&stops, &told, &done));
        let (clears, done) = (&clears, &done);
        let sender = scope.spawn(move || {
            let mut sent = 0;
            while !done.load(Ordering::Relaxed) {
                match producer.send(&sent) {
                    Ok(()) => sent += 1,
                    Err(SendError::Interrupted) => clears(of_producer),
                    Err(error) => panic!("{error}"),
                }
                // So that consumers wait, too.
                if sent % 7 == 0 {
                    thread::yield_now();
                }
            }
            producer.close().unwrap();
            sent
        });
        let receiver = scope.spawn(move || {
            let mut next = 0;
            loop {
                match subscriber.recv() {
                    Ok(message) => {
                        assert_eq!(message, next);
                        next += 1;
                    }
                    Err(RecvError::Interrupted) => clears(of_subscriber),
                    Err(error) => break assert_eq!(error, RecvError::Closed),
                }
            }
            next
        });
        let workers = workers.map(|(mut worker, stop)| {
            scope.spawn(move || {
                let mut done = Vec::new();
                loop {
                    match worker.recv() {
                        Ok(job) => {
                            assert!(!job.redelivered());
                            done.push(*job);
                        }
                        Err(RecvError::Interrupted) => clears(stop),
                        Err(error) => break assert_eq!(error, RecvError::Closed),
                    }
                }
                done
            })
        });
        let sent = sender.join().unwrap();
        assert_eq!(receiver.join().unwrap(), sent);
        let mut all: Vec<_> =
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..sent), "lost, or twice");
        assert!(told.load(Ordering::Relaxed) >= INTERRUPTS);
    });
}

#[test]
fn a_stream_that_is_interrupted_at_random_loses_nothing() {
    disturbed(AdaptiveSpin::new());
}

#[test]
fn so_does_one_whose_sides_sleep_at_once() {
    disturbed(SpinThenSleep { spins: 0 });
}
