//! What processes need to share memory, and nothing of what they keep there.
//!
//! Without features: [words](sync) that the compiler's model, or loom's, knows as atomics; a
//! [pair of fences](fence), one cheap and one dear; an [event count](event) on which to sleep until
//! another side has done something; [ways to wait](wait); the [`envelope`] with which every
//! segment begins.
//!
//! With `std` an [interrupt] that ends waits from outside. On Linux also [segments](segment), named
//! and anonymous, and by seats in them who of those that share one lives; a
//! [thread](segment::DeathWatch) that has news of deaths; the [files](mod@file) that they are, with
//! their locks; what becomes of them in a [forked](fork) child. [`segment::Shared`] is the short
//! way: a struct in a segment of its own.
//!
//! # Features
//!
//! - `std` (default): shared-memory segments and futexes on Linux, and a clock. Implies `alloc`.
//! - `alloc`: words on the heap.
//! - `tasks`: waiters that are tasks; on Linux with `std` a `reactor` sleeps for them.
//! - `unstable-loom`: together with `--cfg ringway_loom`, the atomics are loom's.
//! - `portable-atomic`: on targets without compare-and-swap brings back what needs one, by the crate
//!   [`portable-atomic`](https://docs.rs/portable-atomic).
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", ringway_loom))]
extern crate std;

/// Has the process die before the system call that follows, if a test of crashes wants it to.
#[doc(hidden)]
#[macro_export]
macro_rules! crash_point {
    () => {
        #[cfg(ringway_crash_points)]
        $crate::crash::point();
    };
}

#[cfg(ringway_crash_points)]
pub mod crash;
pub mod envelope;
mod error;
pub mod event;
pub mod fence;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub mod file;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub mod fork;
#[cfg(ringway_loom)]
pub use kernel::{fork, segment};
#[cfg(any(feature = "std", ringway_loom))]
pub mod interrupt;
#[cfg(not(ringway_loom))]
pub mod kernel;
#[cfg(ringway_loom)]
#[path = "no_kernel.rs"]
pub mod kernel;
mod reach;
#[cfg(all(
    feature = "tasks",
    any(ringway_loom, all(feature = "std", target_os = "linux", not(miri)))
))]
pub mod reactor;
#[doc(hidden)]
pub mod said;
mod seat_set;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub mod segment;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod signals;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub mod sleeper;
pub mod sync;
#[cfg(feature = "tasks")]
pub mod tasks;
mod token;
pub mod wait;

pub use error::LivenessError;
pub use reach::Reach;
pub use seat_set::{MAX_SEATS, SeatSet};

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;
