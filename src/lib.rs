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
//! In two programs, mind the order. A ring is there from `Options::create` until its producer is
//! dropped, and by [`Start::Next`] a consumer gets what is sent after it has joined. So a consumer
//! that may be started first opens by `Ring::open_wait`, and a producer that must not run ahead
//! calls `Producer::wait_for_consumers` before it sends. What an error advises is in its text
//! (`Display`); a `main` that returns an error prints `Debug`. Running it (limits to set,
//! containers, restarts, crashes) is in `docs/operations.md` in the repository.
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
//! How a ring is doing says [`Ring::stats`], to each process that may read it, and how its
//! consumers are doing [`Ring::consumer_stats`], to each that may subscribe.
//!
//! A message is a [`Plain`] type, or `[u8]` of its own length up to the ring's maximum. A message's
//! number is its [`Position`].
//!
//! # Blocking
//!
//! `try_x` never blocks, `x` blocks for as long as it takes, `x_timeout` for at most that long, or
//! until that `Instant`: it takes what can be made a [`Deadline`]. How a handle waits is its second
//! type parameter, a [`Wait`]: by default it looks for some tens of microseconds and then sleeps on a
//! futex. While data flows there are no system calls on either side.
//!
//! Every wait has an end: a message, the time that the call was given, or that nothing can come any
//! more. A producer that dies is one ([`ProducerDied`](RecvError::ProducerDied)), told by every
//! call, also by those that do not block. `docs/limits.md` in the repository has a table of all
//! waits, and of what ends each.
//!
//! A signal does not interrupt a call that blocks, and nor does another thread. A program that has
//! to stop when it is told to (Ctrl-C, a flag) waits in slices, and looks between them:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use ringway::{Options, RecvTimeoutError, Start};
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use std::time::Duration;
//!
//! /// Set by a signal handler, or by another thread.
//! static STOP: AtomicBool = AtomicBool::new(false);
//!
//! let (mut producer, ring) = Options::<u64>::new(8).heap()?;
//! let mut subscriber = ring.subscribe(Start::Next)?;
//! let thread = std::thread::spawn(move || {
//!     let mut sum = 0;
//!     while !STOP.load(Ordering::Relaxed) {
//!         match subscriber.recv_timeout(Duration::from_millis(100)) {
//!             Ok(message) => sum += message,
//!             Err(RecvTimeoutError::Timeout) => {}
//!             Err(error) => return Err(error),
//!         }
//!     }
//!     Ok(sum)
//! });
//! producer.send(&7)?;
//! // Waits until it has been received.
//! producer.flush(Duration::from_secs(10))?;
//! STOP.store(true, Ordering::Relaxed);
//! assert_eq!(thread.join().unwrap(), Ok(7));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A slice costs one system call while nothing comes, as the sleeps of a call without a limit do.
//!
//! # Large messages
//!
//! A thread has a stack of 2 MiB, or less, and a message may be larger. On the stack, and in builds
//! without optimization several times, puts a message only what takes or returns one by value:
//!
//! - [`Subscriber::try_recv`], `recv` and `recv_timeout`, those of an [`Observer`], and what
//!   [`iter`](Subscriber::iter) gives;
//! - [`Worker::try_recv`], `recv` and `recv_timeout`, whose [`Job`] has the message in it;
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
//! use ringway::{Options, Start};
//! use zerocopy::FromZeros;
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
//! [`Closed`](TryRecvError::Closed), from then on: only a ring that was [kept](Segment::keep) can
//! be [resumed](Producer::resume), and then goes on. An [iterator](Iter) ends there, and with every
//! other state in which nothing more comes, which it gives once. A named ring goes with its
//! producer, and with it what durable subscribers and groups have not received that are away; to
//! restart a producer, [`detach`](Producer::detach) it.
//!
//! # Features
//!
//! - `std` (default): segments and futexes on Linux, calls with time-outs. Implies `alloc`.
//! - `alloc`: rings on the heap.
//! - `unstable-loom`: together with `--cfg ringway_loom`, the atomics are loom's. `loom-tests` in the
//!   repository shows how to put code of yours under loom with a ring in it.
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

#[cfg(ringway_crash_points)]
pub use ringway_shm::crash;

pub mod consumer;
mod create;
mod error;
#[cfg_attr(
    not(any(target_has_atomic = "32", feature = "portable-atomic")),
    path = "group/absent.rs"
)]
mod group;
// Without compare-and-swap no entry is shared, and none is taken from a dead owner.
#[cfg_attr(not(any(target_has_atomic = "32", feature = "portable-atomic")), allow(dead_code))]
mod memory;
mod message;
mod name;
mod options;
mod position;
mod producer;
mod protocol;
mod receive;
mod ring;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod segment;
#[cfg(not(ringway_loom))]
mod static_ring;
mod stats;

#[doc(inline)]
pub use consumer::{Consumer, Observer, Subscriber};
pub use consumer::{Iter, Kind, Observing, Ref, Subscribing};
#[cfg(not(ringway_loom))]
pub use consumer::{Refs, Run, RunIter};
pub use error::{
    BatchError, CloseError, ConfigError, FlushError, HeaderError, JoinError, LivenessError,
    MessageType, RawError, RecvError, RecvTimeoutError, SendError, SendSyncError, SendTimeoutError,
    SplitError, TryRecvError, TrySendError, WaitError,
};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use group::{Batch, BytesJob, ClaimLost, Group, Job, JobRef, Worker};
pub use memory::Overflow;
#[cfg(not(ringway_loom))]
pub use memory::RawParts;
pub use message::{Message, Plain};
pub use name::{ConsumerKind, ConsumerName};
pub use options::Options;
pub use position::Position;
pub use producer::{Laggard, Loan, Producer};
pub use protocol::Start;
pub use receive::Receive;
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
/// [`zerocopy`]. What is not plain data does not compile. Padding is the usual reason: put the
/// largest fields first, and give what is left a name of its own.
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
pub use ringway_shm::wait::{Deadline, Pause, Spin, SpinThenSleep, SpinThenYield, Wait};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use segment::{
    Anonymous, CreateError, Difference, FileKind, FileSystem, Holder, InheritError, NameError,
    Occupant, OpenError, Prune, PruneError, Pruned, ResumeError, Segment, SegmentInfo,
    SegmentState, UnlinkError, Untrusted, prune, release_inherited, segments, segments_in, unlink,
};
#[cfg(not(ringway_loom))]
pub use static_ring::{Bytes, Parts, Static, StaticMessage};
pub use stats::{ConsumerStats, Stats};
#[doc(no_inline)]
pub use zerocopy;

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../docs/operations.md")]
struct Operations;

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../docs/embedded.md")]
struct Embedded;
