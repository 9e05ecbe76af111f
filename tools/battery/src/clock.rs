//! The clock that all processes of a machine share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the machine's monotonic clock: the same in every process.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    // Both are positive on a machine that has been started.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A pause of a random length.
pub fn pause(random: &mut fastrand::Rng, most: Duration) {
    thread::sleep(most.mul_f64(random.f64()));
}

/// Takes so long, at work: without giving the processor away.
pub fn spin(time: Duration) {
    let begun = now();
    while u128::from(now() - begun) < time.as_nanos() {
        std::hint::spin_loop();
    }
}

/// Somebody who wants nothing but to wake up every millisecond: what he is late, others may be too.
#[derive(Debug)]
pub struct Metronome {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Duration>>,
}

impl Metronome {
    pub fn start() -> Metronome {
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        let thread = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !told.load(Ordering::Relaxed) {
                let begun = Instant::now();
                thread::sleep(Duration::from_millis(1));
                longest = longest.max(begun.elapsed());
            }
            longest
        });
        Metronome { over, thread: Some(thread) }
    }

    /// The longest that a millisecond took, in milliseconds.
    pub fn stop(mut self) -> f64 {
        self.over.store(true, Ordering::Relaxed);
        let longest = self.thread.take().and_then(|thread| thread.join().ok());
        longest.unwrap_or_default().as_secs_f64() * 1e3
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
