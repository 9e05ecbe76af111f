//! Places at which a process can be made to die, for tests of crashes: before every store to
//! shared words, and before every system call that makes, takes over or removes a segment. Only in
//! builds with `--cfg ringway_crash_points`; in others there is nothing of it.

use core::panic::Location;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

/// Points passed since [`arm`] or [`count`] was last called.
static PASSED: AtomicU64 = AtomicU64::new(0);
/// The point at which to die; 0: none.
static FATAL: AtomicU64 = AtomicU64::new(0);
/// Where the points were, while they are counted.
static SEEN: Mutex<Option<Vec<Location<'static>>>> = Mutex::new(None);

/// From here on this process dies at the `n`th point that it comes to, the first being 1.
pub fn arm(n: u64) {
    PASSED.store(0, Ordering::Relaxed);
    FATAL.store(n, Ordering::Relaxed);
}

/// Runs something, and returns the points that it came to, as file and line.
pub fn count<R>(run: impl FnOnce() -> R) -> (R, Vec<(&'static str, u32)>) {
    *SEEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    let outcome = run();
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    (outcome, seen.iter().map(|at| (at.file(), at.line())).collect())
}

/// One of the points.
#[track_caller]
pub fn point() {
    if let Some(seen) = SEEN.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        seen.push(*Location::caller());
    }
    let fatal = FATAL.load(Ordering::Relaxed);
    if fatal != 0 && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == fatal {
        std::process::abort();
    }
}
