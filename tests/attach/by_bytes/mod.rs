//! The roles of a ring, made from docs/attach.md alone: nothing of the library is used here.
//! Written to be compared with that page, step by step, and not to be fast.

pub(crate) mod observer;
pub(crate) mod producer;
pub(crate) mod segment;
pub(crate) mod subscriber;
pub(crate) mod worker;

pub(crate) use observer::{Found, Observer};
pub(crate) use producer::Producer;

pub(crate) use subscriber::Subscriber;
pub(crate) use worker::{Given, Worker};

use std::sync::atomic::{Ordering, fence};

/// Half the range of a word: positions are numbers below this.
pub(crate) const POSITIONS: u64 = 1 << 63;

pub(crate) fn published(position: u64) -> u64 {
    position.wrapping_mul(2).wrapping_add(2)
}

pub(crate) fn writing(position: u64) -> u64 {
    position.wrapping_mul(2).wrapping_add(1)
}

/// The gate that names a position.
pub(crate) fn gate(position: u64) -> u64 {
    position.wrapping_mul(2).wrapping_add(1)
}

/// Messages from `earlier` to `later`.
pub(crate) fn since(later: u64, earlier: u64) -> i64 {
    (later.wrapping_sub(earlier).wrapping_mul(2) as i64) >> 1
}

pub(crate) fn acquire() {
    fence(Ordering::Acquire);
}

pub(crate) fn full() {
    fence(Ordering::SeqCst);
}
