//! States of slots, heads and lengths are forged while consumers with lanes receive. Errors
//! and garbage, and nothing else: no panic (debug assertions are on), and calls end.
#![cfg(all(feature = "std", target_os = "linux"))]
// Positions have 32 bits where words do.
#![allow(clippy::unnecessary_cast)]

use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ringway::error::TryRecvError;
use ringway::{Options, Overflow, Ring, Start};

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
const W: u64 = ringway::Position::BITS as u64 / 8;

fn go(arena: usize, overwrite: bool, seed: u64) {
    let _ = std::io::stdout().as_fd();
    let mut rng = Rng(seed * 0x9E37_79B9 + 1);
    let capacity = 64usize;
    let name = format!("review-slots-{}-{seed}-{arena}-{overwrite}", std::process::id());
    let mut options = Options::bytes(capacity, 40).arena(arena);
    options =
        if overwrite { options.overflow(Overflow::Overwrite) } else { options.subscribers(2) };
    let mut producer = options.create(&*name).unwrap();
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(format!("/dev/shm/{name}"))
        .unwrap();
    let word = |at: u64| {
        let mut word = [0; 4];
        file.read_exact_at(&mut word, at).unwrap();
        u64::from(u32::from_ne_bytes(word))
    };
    let (stride, slots) = (word(96), word(104));
    let ring = Ring::<[u8]>::open(&*name).unwrap();
    let mut sub = (!overwrite).then(|| ring.subscribe(Start::Next).unwrap());
    let mut obs = ring.observe(Start::Next).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut seen = [0u32; 8];
    for _ in 0..3000 {
        match rng.below(4) {
            0 => {
                for _ in 0..rng.below(80) {
                    let len = rng.below(60) as usize;
                    let _ = producer.try_send(&buffer[..len]);
                }
            }
            1 => {
                // Forged: slots that look as if many were there.
                let next = match (&sub, rng.below(2)) {
                    (Some(sub), 0) => sub.position(),
                    _ => obs.position(),
                } as u64;
                for _ in 0..rng.below(20) {
                    let position = next.wrapping_add(rng.below(80));
                    let slot = slots + (position & (capacity as u64 - 1)) * stride;
                    let state = match rng.below(6) {
                        0..3 => position.wrapping_mul(2).wrapping_add(2),
                        3 => position.wrapping_mul(2).wrapping_add(1),
                        4 => position
                            .wrapping_add(capacity as u64 * rng.below(1 << 40))
                            .wrapping_mul(2)
                            .wrapping_add(1 + rng.below(2)),
                        _ => rng.next(),
                    };
                    file.write_all_at(&state.to_ne_bytes()[..W as usize], slot).unwrap();
                    if rng.below(4) == 0 {
                        let length = match rng.below(3) {
                            0 => rng.next(),
                            1 => rng.below(100),
                            _ => {
                                (1 + rng.below(2 * arena as u64 / 64 + 2)) << 32
                                    | rng.below(arena as u64 + 100)
                            }
                        };
                        file.write_all_at(&length.to_ne_bytes(), slot + W).unwrap();
                    }
                    if rng.below(8) == 0 {
                        file.write_all_at(&rng.next().to_ne_bytes()[..W as usize], 128).unwrap();
                    }
                }
            }
            what => {
                macro_rules! some {
                    ($c:expr) => {
                        for _ in 0..rng.below(100) {
                            let small = rng.below(70) as usize;
                            let outcome = match rng.below(8) {
                                0 => {
                                    let mut ends = [0; 90];
                                    $c.try_recv_batch_into(&mut buffer, &mut ends)
                                        .map(|batch| batch.iter().map(<[u8]>::len).sum::<usize>())
                                }
                                1 => Ok($c.keep_newest(rng.below(20)) as usize),
                                2 => Ok($c.lag() as usize),
                                _ => $c.try_recv_into(&mut buffer[..small]),
                            };
                            let index = match outcome {
                                Ok(_) => 0,
                                Err(TryRecvError::Empty) => 1,
                                Err(TryRecvError::Lagged(_)) => 2,
                                Err(TryRecvError::Corrupt) => 3,
                                Err(TryRecvError::BufferTooSmall { .. }) => {
                                    let _ = $c.try_recv_into(&mut buffer);
                                    4
                                }
                                _ => 5,
                            };
                            seen[index] += 1;
                            if index == 1 {
                                break;
                            }
                        }
                    };
                }
                match (&mut sub, what) {
                    (Some(sub), 2) => some!(sub),
                    _ => some!(obs),
                }
            }
        }
    }
    if seed == 1 {
        eprintln!("{arena} {overwrite}: {seen:?}");
    }
}

#[test]
fn forged_slots() {
    for seed in 1..40 {
        for arena in [0, 8192] {
            for overwrite in [false, true] {
                go(arena, overwrite, seed);
            }
        }
    }
}

/// A lane is known, and the ring is lapped or its owner evicted meanwhile: no torn message, in
/// order, and the loss is exact.
#[test]
fn lapped_with_a_known_lane() {
    type M = [u64; 24];
    for (overwrite, heap) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut options = Options::<M>::new(1024);
        options = if overwrite {
            options.overflow(Overflow::Overwrite)
        } else {
            options.subscribers(4).max_lag(300)
        };
        let name = format!("review-lane-{}-{overwrite}", std::process::id());
        let (mut producer, ring) = if heap {
            options.heap().unwrap()
        } else {
            let producer = options.create(&*name).unwrap();
            (producer, Ring::<M>::open(&*name).unwrap())
        };
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for reader in 0..2u64 {
                let (ring, stop) = (&ring, &stop);
                scope.spawn(move || {
                    let check =
                        |m: &M, at: u64| assert!(m.iter().all(|&w| w == at), "{m:?} at {at}");
                    let mut obs = ring.observe(Start::Next).unwrap();
                    let mut sub = (!overwrite).then(|| ring.subscribe(Start::Next).unwrap());
                    let mut rng = Rng(reader + 7);
                    let (mut evictions, mut lags, mut got) = (0, 0, 0u64);
                    let mut buffer = [[0; 24]; 40];
                    while !stop.load(Ordering::Relaxed) {
                        for _ in 0..rng.below(3000) {
                            let at = obs.position() as u64;
                            match rng.below(30) {
                                0 => match obs.try_recv_batch(&mut buffer) {
                                    Ok(n) => (0..n).for_each(|i| check(&buffer[i], at + i as u64)),
                                    Err(TryRecvError::Lagged(n)) => {
                                        assert_eq!(obs.position() as u64, at + n)
                                    }
                                    _ => break,
                                },
                                _ => match obs.try_recv() {
                                    Ok(m) => {
                                        got += 1;
                                        check(&m, at);
                                    }
                                    Err(TryRecvError::Lagged(n)) => {
                                        lags += 1;
                                        assert_eq!(obs.position() as u64, at + n);
                                    }
                                    Err(TryRecvError::Empty) => break,
                                    Err(error) => panic!("{error:?}"),
                                },
                            }
                        }
                        if let Some(s) = &mut sub {
                            let mut evicted = false;
                            for _ in 0..rng.below(600) {
                                let at = s.position() as u64;
                                match rng.below(30) {
                                    0 => match s.try_recv_batch(&mut buffer) {
                                        Ok(n) => {
                                            (0..n).for_each(|i| check(&buffer[i], at + i as u64))
                                        }
                                        Err(TryRecvError::Empty) => break,
                                        Err(TryRecvError::Evicted { .. }) => evicted = true,
                                        Err(error) => panic!("{error:?}"),
                                    },
                                    _ => match s.try_recv() {
                                        Ok(m) => check(&m, at),
                                        Err(TryRecvError::Empty) => break,
                                        Err(TryRecvError::Evicted { .. }) => evicted = true,
                                        Err(error) => panic!("{error:?}"),
                                    },
                                }
                                if evicted {
                                    evictions += 1;
                                    break;
                                }
                            }
                            if evicted {
                                drop(sub.take());
                                sub = Some(ring.subscribe(Start::Oldest).unwrap());
                            }
                        }
                        if rng.below(4) == 0 {
                            std::thread::sleep(Duration::from_micros(rng.below(200)));
                        }
                    }
                    eprintln!("{overwrite} {heap}: got {got}, lags {lags}, evictions {evictions}");
                });
            }
            let mut rng = Rng(99);
            let (begin, mut n) = (Instant::now(), 0u64);
            while begin.elapsed() < Duration::from_secs(4) {
                match rng.below(4) {
                    0 => {
                        let mut places =
                            producer.try_reserve_up_to(rng.below(128) as usize).unwrap();
                        let len = places.write_iter((n..).map(|n| [n; 24]));
                        if rng.below(3) == 0 {
                            drop(places);
                        } else {
                            places.commit();
                            n += len as u64;
                        }
                    }
                    1 => {
                        let all: Vec<M> = (n..n + rng.below(300)).map(|n| [n; 24]).collect();
                        n += producer.try_send_batch(&all) as u64;
                    }
                    _ => {
                        for _ in 0..rng.below(600) {
                            producer.send(&[n; 24]).unwrap();
                            n += 1;
                        }
                    }
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
}
