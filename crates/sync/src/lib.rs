//! Shared memory that several processes read and write, and what keeps them apart.
//!
//! A [`Region`] is memory with named objects in it. Its creator declares them by a [`Plan`]; other
//! processes open the region and find them by name. A process that is killed is noticed: the next
//! one that locks is told, and the value of a [`Mutex`] is whole.
//!
//! # Features
//!
//! - `std` (default): named and anonymous regions on Linux, sleeping on a futex, time-outs. Implies
//!   `alloc`.
//! - `alloc`: regions on the heap, and in memory of the caller's. Needs compare-and-swap.
//! - `async`: calls that tasks await, on Linux, whatever their runtime (`lock_async` and its
//!   siblings). Implies `std`: it is the operating system that wakes what waits.
//! - `unstable-loom`: together with `--cfg ringway_loom`, the atomics are loom's.
//! - `portable-atomic`: on targets without compare-and-swap brings back what needs one, by the
//!   crate [`portable-atomic`](https://docs.rs/portable-atomic).
#![no_std]
// Until there is something for it on such a target.
#![cfg_attr(not(feature = "alloc"), allow(dead_code))]

#[cfg(all(feature = "alloc", not(target_has_atomic = "ptr")))]
compile_error!(
    "the feature `alloc` of ringway-sync needs a target with compare-and-swap, as the handles of a \
     region are counted by it: leave it out; what is in a `static` works without"
);

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
mod alarm;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
mod atomics;
#[cfg(feature = "alloc")]
mod barrier;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod behalf;
#[cfg(feature = "alloc")]
mod called;
mod cell;
#[cfg(feature = "alloc")]
mod condition;
mod error;
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
mod lock;
#[cfg(feature = "alloc")]
mod mutex;
#[cfg(feature = "alloc")]
mod name;
#[cfg(feature = "alloc")]
mod once;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod only;
#[cfg(feature = "alloc")]
mod owner;
#[cfg(feature = "alloc")]
mod pace;
#[cfg(feature = "alloc")]
mod party;
mod plain;
#[cfg(feature = "alloc")]
mod region;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod scouted;
#[cfg(feature = "alloc")]
mod semaphore;
#[cfg(feature = "alloc")]
mod signal;
#[cfg(feature = "alloc")]
mod slices;
#[cfg(feature = "alloc")]
mod table;
#[cfg(feature = "alloc")]
#[cfg_attr(
    not(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri))))),
    path = "no_task.rs"
)]
mod task;
mod value;
#[cfg(feature = "alloc")]
mod wait;

#[cfg(all(feature = "alloc", not(ringway_loom)))]
pub use atomics::{AllAtomic, Atomics};
#[cfg(feature = "alloc")]
pub use barrier::{Barrier, Parties};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use cell::CellLook;
#[cfg(feature = "alloc")]
pub use cell::{Cell, CellWriter, Changes};
#[cfg(not(ringway_loom))]
pub use cell::{StaticCell, StaticReader, StaticWriter, cell_words};
#[cfg(feature = "alloc")]
pub use condition::Condition;
pub use error::PeekError;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
pub use error::RawError;
#[cfg(feature = "alloc")]
pub use error::{
    Absentee, AcquireError, BarrierError, ChangeError, ClaimError, JoinError, OnceError, PostError,
    SignalError, TableError, TryAcquireError,
};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use error::{CreateError, NameError, OpenError, PruneError, UnlinkError};
#[cfg(feature = "alloc")]
pub use error::{
    LivenessError, LockError, LookupError, PlanError, SeatError, TryLockError, WaitError,
};
#[cfg(feature = "alloc")]
pub use holder::Holder;
#[cfg(feature = "alloc")]
pub use list::ObjectInfo;
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
#[cfg(feature = "alloc")]
pub use semaphore::{Permit, Semaphore};
#[cfg(feature = "alloc")]
pub use signal::Signal;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use table::TableLook;
#[cfg(feature = "alloc")]
pub use table::{Entry, Row, RowWriter, Table, TableChanges};

#[cfg(all(doctest, feature = "std", target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;
