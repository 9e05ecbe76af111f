//! Shared memory that several processes read and write, and what keeps them apart.
//!
//! A [`Region`] is memory with named objects in it. Its creator declares them by a [`Plan`]; other
//! processes open the region and find them by name. A process that is killed is noticed: the next
//! one that locks is told, and the value of a [`Mutex`] is whole.
//!
//! What the threads, cores, tasks and interrupt handlers of one program share lies in a `static`,
//! without an allocator and without an operating system: [`StaticCell`] and [`StaticBarrier`], by
//! loads and stores alone, and by compare-and-swap [`StaticLock`], [`StaticSpinLock`],
//! [`StaticMutex`], [`StaticSemaphore`], [`StaticSignal`] and [`StaticOnce`].
//!
//! # Features
//!
//! - `std` (default): named and anonymous regions on Linux, sleeping on a futex, time-outs. Implies
//!   `alloc`.
//! - `alloc`: regions on the heap, and in memory of the caller's. Needs compare-and-swap.
//! - `async`: calls that tasks await, on Linux, whatever their runtime (`lock_async` and its
//!   siblings). Implies `std`: it is the operating system that wakes what waits.
//! - `unstable-loom`: together with `--cfg ringway_loom`, the atomics are loom's. `loom-tests` in
//!   the repository shows how to put code of yours under loom with a region or a static in it.
//! - `portable-atomic`: on targets without compare-and-swap brings back what needs one, by the
//!   crate [`portable-atomic`](https://docs.rs/portable-atomic).
#![no_std]
// What statics share with regions does more than they need.
#![cfg_attr(not(feature = "alloc"), allow(dead_code, unreachable_pub, unused_imports))]

#[cfg(all(feature = "alloc", not(target_has_atomic = "ptr")))]
compile_error!(
    "the feature `alloc` of ringway-sync needs a target with compare-and-swap, as the handles of a \
     region are counted by it: leave it out; what is in a `static` works without"
);

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod alarm;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
mod atomics;
mod barrier;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod behalf;
#[cfg(feature = "alloc")]
mod called;
mod cell;
#[cfg(feature = "alloc")]
mod condition;
mod context;
mod error;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod exchange;
#[cfg(feature = "alloc")]
mod followed;
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
mod future;
#[cfg(feature = "alloc")]
mod holder;
#[cfg(feature = "alloc")]
mod kinds;
#[cfg(feature = "alloc")]
mod list;
#[cfg(feature = "alloc")]
mod name;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod only;
mod owner;
mod party;
mod plain;
mod region;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod scouted;
mod slices;
mod static_value;
#[cfg(feature = "alloc")]
mod table;
#[cfg(feature = "alloc")]
#[cfg_attr(
    not(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri))))),
    path = "no_task.rs"
)]
mod task;
mod value;

#[cfg(all(feature = "alloc", not(ringway_loom)))]
#[doc(hidden)]
pub use atomics::Widths;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
pub use atomics::{AllAtomic, Atomics};
#[cfg(feature = "alloc")]
pub use barrier::{Barrier, Parties};
pub use barrier::{StaticBarrier, StaticParty};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use cell::CellLook;
#[cfg(feature = "alloc")]
pub use cell::{Cell, CellWriter, Changes};
pub use cell::{StaticCell, StaticReader, StaticWriter};
#[cfg(feature = "alloc")]
pub use condition::Condition;
pub use error::PeekError;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
pub use error::RawError;
#[cfg(feature = "alloc")]
pub use error::{
    Absentee, AcquireError, BarrierError, ChangeError, ClaimError, JoinError, OnceError,
    SignalError, TableError, TryAcquireError,
};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use error::{CreateError, NameError, OpenError, PruneError, UnlinkError};
#[cfg(feature = "alloc")]
pub use error::{
    LivenessError, LockError, LookupError, PlanError, SeatError, TryLockError, WaitError,
};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use exchange::*;
#[cfg(feature = "alloc")]
pub use holder::Holder;
#[cfg(feature = "alloc")]
pub use list::{ObjectInfo, SeatInfo};
#[cfg(feature = "alloc")]
pub use lock::{Lock, LockGuard, SpinGuard, SpinLock};
#[cfg(feature = "alloc")]
pub use mutex::{InPlace, InPlaceGuard, Mutex, MutexGuard};
#[cfg(feature = "alloc")]
pub use name::ObjectName;
#[cfg(feature = "alloc")]
pub use once::Once;
pub use plain::Plain;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use region::{Anonymous, Look, prune, unlink};
#[cfg(feature = "alloc")]
pub use region::{Plan, Region};
#[cfg(all(feature = "std", not(ringway_loom)))]
pub use ringway_shm::interrupt::Interrupt;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use ringway_shm::segment::{Access, DeathWatch, InheritError, Place, Prune, Pruned, Rights};
#[cfg(all(feature = "std", not(ringway_loom)))]
pub use ringway_shm::wait::Deadline;
pub use ringway_shm::wait::{Pause, Spin, SpinThenSleep, SpinThenYield, Wait};
#[cfg(feature = "alloc")]
pub use semaphore::{Permit, Semaphore};
#[cfg(feature = "alloc")]
pub use signal::Signal;
pub use static_value::{cell_words, once_words};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use table::TableLook;
#[cfg(feature = "alloc")]
pub use table::{Entry, Row, RowWriter, Table, TableChanges};

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;
