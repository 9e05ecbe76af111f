//! A wait set tells which of many handles are ready, and no others.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

mod ended;
mod fair;
mod fd;
mod idle;
mod late;
mod many;
mod members;
mod model;
mod threads;

use std::time::Duration;

use ringway::WaitSet;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// The keys that are ready now, in order.
pub(crate) fn ready(set: &WaitSet) -> Vec<u64> {
    let mut ready = Vec::new();
    let found = set.try_wait(&mut ready).unwrap();
    assert_eq!(found, ready.len());
    ready.sort_unstable();
    ready
}

/// The keys that a wait returns, in order.
pub(crate) fn waits(set: &WaitSet) -> Vec<u64> {
    let mut ready = Vec::new();
    let found = set.wait_timeout(&mut ready, LONG).unwrap();
    assert_eq!(found, ready.len());
    ready.sort_unstable();
    ready
}
