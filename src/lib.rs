//! A lock-free ring buffer in which one producer feeds many consumers, through shared memory.
//!
#![cfg_attr(all(feature = "std", feature = "derive", target_os = "linux"), doc = "```")]
#![cfg_attr(not(all(feature = "std", feature = "derive", target_os = "linux")), doc = "```ignore")]
//! use ringway::{Options, Ring, Start, message};
//!
//! #[message]
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! struct Quote {
//!     instrument: u32,
//!     size: u32,
//!     price: f64,
//! }
//!
//! # let name = format!("doc-lib-{}", std::process::id());
//! # let name = name.as_str();
//! // One process creates the ring: `let name = "quotes";`
//! let mut producer = Options::<Quote>::new(1024).create(name)?;
//!
//! // Others open it.
//! let ring = Ring::<Quote>::open(name)?;
//! let mut subscriber = ring.subscribe(Start::Next)?;
//!
//! let quote = Quote { instrument: 7, size: 100, price: 12.5 };
//! producer.send(&quote)?;
//! assert_eq!(subscriber.recv()?, quote);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In two programs, mind the order. A ring is there from `Options::create` until its producer is
//! dropped, and by [`Start::Next`] a consumer gets what is sent after it has joined. So a consumer
//! that may be started first opens by `Ring::open_wait`, and a producer that must not run ahead
//! calls `Producer::wait_for_consumers` before it sends. An error's text (`Display`) says what to
//! do; a `main` that returns an error prints `Debug`: see [`error`]. Limits to set, containers,
//! restarts and crashes are in `docs/operations.md` in the repository.
//!
//! # Parts
//!
//! [`Options`] say what a ring is to be, and create it: [on the heap](Options::heap), as a
//! [named segment](Options::create), [anonymous](Options::anonymous), or in
//! [memory of yours](Options::create_raw). A ring for a `static` is a [`Static`]. The creator of a
//! ring gets its one [`Producer`]. A [`Ring`] is where consumers join. A [`Subscriber`] gets every
//! message and holds the producer back. An [`Observer`] never does, and is told exactly what it
//! missed. Of the [`Worker`]s of a [`Group`] each message goes to one. Handles do not depend on
//! where their ring lives.
//!
//! A message is a [`Plain`] type, which a struct becomes by one line ([`message`](macro@message)),
//! or `[u8]` of its own length up to the ring's maximum. A message's number is its [`Position`].
//!
//! [`Ring::stats`] says how a ring is doing, to each process that may read it.
//! [`Ring::consumer_stats`] says how its consumers are doing, to each that may subscribe.
//!
//! The root has what every program uses, and [`prelude`] has that for one `use`. The rest is in
//! modules: [`error`] has all errors, [`consumer`], [`group`] and [`producer`] the guards and
//! iterators of their handles, [`receive`] what all that receive have in common, [`segment`] what
//! is done with files, [`stats`] what a ring has done, [`wait`] how a handle waits, [`raw`] and
//! [`static_ring`] rings in other memory.
//!
//! # Blocking
//!
//! `try_x` never blocks, `x` blocks for as long as it takes, `x_timeout` for at most that long, or
//! until that `Instant`: it takes what can be made a [`Deadline`](wait::Deadline). How a handle
//! waits is its second type parameter, a [`Wait`]. By default ([`AdaptiveSpin`](wait::AdaptiveSpin))
//! it looks for some tens of microseconds and then sleeps on a futex; where looking does not pay,
//! because the two sides share a processor, it sleeps at once. While data flows there are no system
//! calls on either side.
//!
//! Every wait has an end: a message, the time that the call was given, or that nothing can come any
//! more. A producer that dies is one ([`ProducerDied`](error::RecvError::ProducerDied)), told by
//! every call, also by those that do not block. `docs/limits.md` in the repository has a table of
//! all waits, and of what ends each. On Linux a `WaitSet` waits until any of many handles is ready.
//!
//! What ends a wait from outside, with a signal (Ctrl-C) or from another thread, is an
//! `Interrupt` that the handle was given (`interrupted_by`). Calls that would wait return
//! `Interrupted` as long as it is raised. Nothing is lost by it: what is there is still received,
//! and what has room is still sent.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use ringway::{Options, Start};
//! use ringway::error::RecvError;
//! use ringway::wait::Interrupt;
//!
//! let stop = Interrupt::new();
//! let (mut producer, ring) = Options::<u64>::new(8).heap()?;
//! let mut subscriber = ring.subscribe(Start::Next)?.interrupted_by(&stop);
//! let thread = std::thread::spawn(move || {
//!     let mut sum = 0;
//!     loop {
//!         match subscriber.recv() {
//!             Ok(message) => sum += message,
//!             Err(RecvError::Interrupted) => return Ok(sum),
//!             Err(error) => return Err(error),
//!         }
//!     }
//! });
//! producer.send(&7)?;
//! // In a signal handler, or anywhere: it is async-signal-safe.
//! stop.raise();
//! assert_eq!(thread.join().unwrap(), Ok(7));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A blocked call learns of its producer's death within 150 ms, by asking now and then. Handles and
//! wait sets that a `DeathWatch` watches (`watched_by`) are told in about a millisecond, by a thread
//! that sleeps until the kernel has news. Tasks that await a handle (the feature `async`) are told
//! as soon without it.
//!
//! The library installs no signal handlers: the example `interrupt` in the repository shows one.
//! Joining and opening wait for a second at most, or for the time that they are given, and no
//! interrupt ends them.
//!
//! # Large messages
//!
//! A thread has a stack of 2 MiB, or less, and a message may be larger. A message lies on the
//! stack, and in builds without optimization several times, only where a call takes or returns it
//! by value:
//!
//! - [`Subscriber::try_recv`], `recv` and `recv_timeout`, those of an [`Observer`], and what
//!   [`iter`](Subscriber::iter) gives;
//! - [`Worker::try_recv`], `recv` and `recv_timeout`, whose [`Job`](group::Job) has the message in
//!   it;
//! - [`Producer::send_iter`] of messages by value: give it references.
//!
//! All others copy between the ring and where the caller's message is. To receive, that is
//! [`recv_to`](Subscriber::recv_to) and its siblings, `recv_batch` and `recv_into` into a buffer,
//! and [`recv_ref`](Subscriber::recv_ref), which copies nothing; to send, [`send`](Producer::send),
//! [`send_batch`](Producer::send_batch), and a [loan](Producer::reserve). A message on the heap is
//! made there, and not moved there, by `zerocopy::FromZeros::new_box_zeroed`:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use ringway::zerocopy::FromZeros;
//! use ringway::{Options, Start};
//!
//! type Frame = [u8; 6 << 20];
//!
//! let (mut producer, ring) = Options::<Frame>::new(2).heap()?;
//! let mut subscriber = ring.subscribe(Start::Next)?;
//! let mut frame = Frame::new_box_zeroed().expect("memory");
//! frame[0] = 7;
//! producer.send(&*frame)?;
//! frame[0] = 0;
//! subscriber.recv_to(&mut *frame)?;
//! assert_eq!(frame[0], 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Closing
//!
//! Dropping the producer closes the ring. Every consumer receives what is left, and then
//! [`Closed`](error::TryRecvError::Closed), from then on: only a ring that was
//! [kept](Segment::keep) can be [resumed](Producer::resume), and then goes on. An
//! [iterator](consumer::Iter) ends there, and with every other state in which nothing more comes,
//! which it gives once. A named ring goes with its producer, and with it what durable subscribers
//! and groups have not received that are away; to restart a producer, [`detach`](Producer::detach)
//! it.
//!
//! # Features
//!
//! - `std` (default): segments and futexes on Linux, calls with time-outs. Implies `alloc`.
//! - `derive` (default): the attribute [`message`](macro@message). It brings procedural macros, and
//!   so crates that are built for them alone; without it a struct derives the three traits of
//!   [`zerocopy`](https://docs.rs/zerocopy) itself ([`Plain`]).
//! - `alloc`: rings on the heap.
//! - `async`: `future::Async`, handles that tasks await, whatever their runtime. `sink`: producers
//!   are sinks as well.
//! - `unstable-loom`: together with `--cfg ringway_loom`, the atomics are loom's. `loom-tests` in
//!   the repository shows how to put code of yours under loom with a ring in it.
//! - `portable-atomic`: on targets without compare-and-swap (Cortex-M0, RISC-V without the
//!   extension A) brings back what needs one, by the crate
//!   [`portable-atomic`](https://docs.rs/portable-atomic). The program has to say how, by that
//!   crate's feature `critical-section` or `unsafe-assume-single-core`. Elsewhere it does nothing.
//!
//! Without any of them the crate is `no_std` and needs no allocator. Off Linux there are heap,
//! static and raw rings, and waiting spins and yields. On targets without compare-and-swap a
//! subscriber gets its entry when a [`Static`] is split, and not later; there are no groups, and no
//! `alloc`.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", ringway_loom))]
extern crate std;

#[cfg(all(feature = "alloc", not(target_has_atomic = "ptr")))]
compile_error!(
    "ringway's feature `alloc` shares a ring on the heap by `alloc::sync::Arc`, which this target \
     does not have, for want of compare-and-swap: use a `Static`, or memory of yours by \
     `Options::create_raw`"
);

#[cfg(ringway_crash_points)]
pub use ringway_shm::crash;

pub mod consumer;
mod create;
pub mod error;
#[cfg(feature = "async")]
pub mod future;
#[cfg_attr(
    not(any(target_has_atomic = "32", feature = "portable-atomic")),
    path = "group/absent.rs"
)]
pub mod group;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod like;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub mod mailbox;
// Without compare-and-swap no entry is shared, and none is taken from a dead owner.
#[cfg_attr(not(any(target_has_atomic = "32", feature = "portable-atomic")), allow(dead_code))]
mod memory;
mod message;
mod name;
mod options;
mod position;
pub mod prelude;
pub mod producer;
mod protocol;
pub mod receive;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub mod request;
mod ring;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub mod segment;
#[cfg(not(ringway_loom))]
pub mod static_ring;
pub mod stats;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub mod wait_set;

/// Rings in memory of the caller's.
#[cfg(not(ringway_loom))]
pub mod raw {
    pub use crate::memory::RawParts;
}

/// How a handle waits.
pub mod wait {
    #[cfg(any(feature = "std", ringway_loom))]
    pub use ringway_shm::interrupt::Interrupt;
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub use ringway_shm::segment::DeathWatch;
    pub use ringway_shm::wait::{
        AdaptiveSpin, Deadline, Pause, Spin, SpinThenSleep, SpinThenYield, Wait,
    };
}

#[doc(inline)]
pub use consumer::{Consumer, Observer, Subscriber};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[doc(inline)]
pub use group::{Group, Worker};
pub use memory::Overflow;
pub use message::{ByteMessage, Message, Plain, Untyped};
pub use options::Options;
pub use position::Position;
#[doc(inline)]
pub use producer::Producer;
pub use protocol::Start;
pub use ring::Ring;
/// Makes a struct [`Plain`] data, so that it can be sent.
///
/// ```
/// use ringway::{Options, Start, message};
///
/// #[message]
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Quote {
///     instrument: u32,
///     size: u32,
///     price: f64,
/// }
///
/// let (mut producer, ring) = Options::<Quote>::new(1024).heap()?;
/// let mut subscriber = ring.subscribe(Start::Next)?;
/// let quote = Quote { instrument: 7, size: 100, price: 12.5 };
/// producer.send(&quote)?;
/// assert_eq!(subscriber.recv()?, quote);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It lays the fields out in order, as C does (`repr(C)`, unless the struct says `repr(C)` or
/// `repr(transparent)` itself), and derives `FromBytes`, `IntoBytes` and `Immutable` of
/// [`zerocopy`](https://docs.rs/zerocopy). What is not plain data does not compile. Padding is the
/// usual reason: put the largest fields first, and give what is left a name of its own.
///
/// ```compile_fail,E0277
/// #[ringway::message]
/// struct Padded { a: u8, b: u32 }
/// ```
/// ```
/// #[ringway::message]
/// struct Filled { b: u32, a: u8, _unused: [u8; 3] }
/// ```
/// ```compile_fail,E0277
/// #[ringway::message]
/// struct Flag { on: bool }
/// ```
/// ```compile_fail
/// #[ringway::message]
/// enum Side { Buy, Sell }
/// ```
///
/// A crate that does not name `ringway` itself says where it is:
/// `#[message(crate = "other::ringway")]`.
#[cfg(feature = "derive")]
pub use ringway_derive::message;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
#[doc(inline)]
pub use segment::{Anonymous, Segment};
#[cfg(not(ringway_loom))]
#[doc(inline)]
pub use static_ring::{Bytes, Static};
#[doc(inline)]
pub use wait::{Spin, SpinThenSleep, Wait};
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
#[doc(inline)]
pub use wait_set::WaitSet;
#[doc(no_inline)]
pub use zerocopy;

#[cfg(all(doctest, feature = "std", feature = "derive", target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../docs/operations.md")]
struct Operations;

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../docs/embedded.md")]
struct Embedded;

#[cfg(all(doctest, feature = "std", feature = "async"))]
#[doc = include_str!("../docs/async.md")]
struct InTasks;
