//! Where a ring's words lie. The protocol sees a [`View`] and never asks.

mod counts;
mod entry_name;
mod gate;
pub(crate) mod geometry;
mod ghosts;
#[cfg(not(ringway_loom))]
pub(crate) mod header;
pub(crate) mod kind;
pub(crate) mod lane;
pub(crate) mod layout;
#[cfg_attr(
    not(all(feature = "std", target_os = "linux", not(ringway_loom))),
    path = "liveness_as_one.rs"
)]
mod liveness;
mod measures;
pub(crate) mod padding;
mod payload;
mod registry;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod run;
mod seat;
pub(crate) mod shape;
mod slot;
mod storage;
mod view;

#[cfg(feature = "alloc")]
mod boxed;
#[cfg(feature = "alloc")]
pub(crate) mod heap;
#[cfg(all(feature = "async", feature = "alloc"))]
mod task_place;
#[cfg(all(feature = "async", feature = "alloc"))]
mod tasks;

// Files that processes share.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod bytes;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod mapping;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod posts;

// loom's atomics are not words in memory: what follows has no place in a model.
#[cfg(not(ringway_loom))]
pub(crate) mod raw;

// All of each: what is used of them is not the same everywhere.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) use bytes::SEATS;
pub(crate) use gate::GateWords;
pub(crate) use kind::*;
#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) use mapping::ASKED;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) use mapping::Mapping;
pub(crate) use payload::Span;
#[cfg(not(ringway_loom))]
pub use raw::RawParts;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
pub(crate) use run::SlotRun;
pub(crate) use seat::*;
pub use shape::Overflow;
pub(crate) use slot::Slot;
pub(crate) use storage::*;
#[cfg(all(feature = "async", feature = "alloc"))]
pub(crate) use task_place::Place;
#[cfg(all(feature = "async", feature = "alloc"))]
pub(crate) use tasks::Tasks;
pub(crate) use view::*;
