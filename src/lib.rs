//! A lock-free ring buffer in which one producer feeds many consumers, through shared memory.
//!
#![cfg_attr(all(feature = "std", target_os = "linux"), doc = "```")]
#![cfg_attr(not(all(feature = "std", target_os = "linux")), doc = "```ignore")]
//! use ringway::{Options, Ring, Start};
//!
//! # let name = format!("doc-lib-{}", std::process::id());
//! # let name = name.as_str();
//! // One process creates the ring: `let name = "prices";`
//! let mut producer = Options::<u64>::new(1024).create(name)?;
//!
//! // Others open it.
//! let ring = Ring::<u64>::open(name)?;
//! let mut subscriber = ring.subscribe(Start::Next)?;
//!
//! producer.send(&42)?;
//! assert_eq!(subscriber.recv()?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Parts
//!
//! [`Options`] say what a ring is to be, and create it: [on the heap](Options::heap), as a
//! [named segment](Options::create), [anonymous](Options::anonymous), in
//! [memory of yours](Options::create_raw). A ring for a `static` is a [`Static`]. Whoever creates a
//! ring gets its one [`Producer`]. A [`Ring`] is where consumers join: a [`Subscriber`] gets
//! every message and holds the producer back, an [`Observer`] never does and is told exactly what it
//! missed, and of the [`Worker`]s of a [`Group`] each message goes to one. Handles do not care where their ring lives.
//!
//! How a ring is doing say [`Ring::stats`] and [`Ring::consumer_stats`], to anybody who may read it.
//!
//! A message is a [`Plain`] type, or `[u8]` of its own length up to the ring's maximum. A message's
//! number is its [`Position`].
//!
//! # Blocking
//!
//! `try_x` never blocks, `x` blocks for as long as it takes, `x_timeout` for at most that long. How a
//! handle waits is its second type parameter, a [`Wait`]: by default it looks for some tens of
//! microseconds and then sleeps on a futex. While data flows there are no system calls on either
//! side.
//!
//! # Closing
//!
//! Dropping the producer closes the ring. Every consumer receives what is left, and then
//! [`Closed`](TryRecvError::Closed), from then on: only a ring that was [kept](Segment::keep) can be
//! [resumed](Producer::resume), and then goes on. A named ring goes with its producer, and with it
//! what durable subscribers and groups have not received that are away; to restart a producer,
//! [`detach`](Producer::detach) it.
//!
//! # Features
//!
//! - `std` (default): segments and futexes on Linux, calls with time-outs. Implies `alloc`.
//! - `alloc`: rings on the heap.
//! - `unstable-loom`: together with `--cfg ringway_loom`, the atomics are loom's. `loom-tests` in the
//!   repository shows how to put code of yours under loom with a ring in it.
//!
//! - `portable-atomic`: on targets without compare-and-swap (Cortex-M0, RISC-V without the extension A) brings
//!   back what needs one, by the crate [`portable-atomic`](https://docs.rs/portable-atomic). The program has
//!   to say how, by that crate's feature `critical-section` or `unsafe-assume-single-core`. Elsewhere it does nothing.
//!
//! Without any of them the crate is `no_std` and needs no allocator. Off Linux there are heap, static
//! and raw rings, and waiting spins and yields. On targets without compare-and-swap a subscriber gets
//! its entry when a [`Static`] is split, and not later; there are no groups, and no `alloc`.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(all(feature = "alloc", not(target_has_atomic = "ptr")))]
compile_error!(
    "ringway's feature `alloc` shares a ring on the heap by `alloc::sync::Arc`, which this target does not \
     have, for want of compare-and-swap: use a `Static`, or memory of yours by `Options::create_raw`"
);

/// Has the process die before the system call that follows, if a battery wants it to.
#[cfg_attr(not(all(feature = "std", target_os = "linux")), allow(unused_macros))]
macro_rules! crash_point {
    () => {
        #[cfg(ringway_crash_points)]
        crate::crash::point();
    };
}

#[cfg(ringway_crash_points)]
pub mod crash;
mod error;
mod fence;
mod geometry;
#[cfg(not(ringway_loom))]
mod header;
mod layout;
mod message;
mod options;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod os;
#[cfg(not(ringway_loom))]
mod platform;
mod position;
mod ring;
mod storage;
mod sync;
mod wait;

pub use error::{
    BatchError, CloseError, ConfigError, FlushError, HeaderError, JoinError, MessageType, RawError,
    RecvError, RecvTimeoutError, SendError, SendSyncError, SendTimeoutError, SplitError,
    TryRecvError, TrySendError,
};
pub use geometry::Overflow;
pub use message::{Message, Plain};
pub use options::Options;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use os::{
    Anonymous, CreateError, Difference, FileKind, FileSystem, Holder, InheritError, NameError,
    Occupant, OpenError, Prune, PruneError, Pruned, ResumeError, Segment, SegmentInfo,
    SegmentState, UnlinkError, Untrusted, prune, segments, segments_in, unlink,
};
pub use position::Position;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use ring::{Batch, BytesJob, ClaimLost, Group, Job, JobRef, Worker};
pub use ring::{ConsumerKind, ConsumerName, ConsumerStats, Stats};
pub use ring::{Iter, Laggard, Loan, Observer, Producer, Ref, Ring, Start, Subscriber};
#[cfg(not(ringway_loom))]
pub use ring::{Refs, Run, RunIter};
#[cfg(not(ringway_loom))]
pub use storage::fixed::{Bytes, Parts, Static, StaticMessage};
#[cfg(not(ringway_loom))]
pub use storage::raw::RawParts;
pub use wait::{Pause, Spin, SpinThenSleep, SpinThenYield, Wait};

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../docs/embedded.md")]
struct Embedded;
