//! The one that sends.

#[cfg(all(feature = "std", not(ringway_loom)))]
mod ahead;
#[cfg(all(feature = "std", not(ringway_loom)))]
mod alarms;
mod all;
#[cfg_attr(all(target_os = "none", target_pointer_width = "32"), path = "no_arena.rs")]
mod arena;
mod backpressure;
mod batch;
mod blocked_time;
#[cfg(any(feature = "std", ringway_loom))]
mod chain;
mod clean_up;
mod close;
mod consumers;
mod evict;
mod failed;
mod flush;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) mod follow;
#[cfg(feature = "async")]
mod future;
mod groups;
#[cfg(all(feature = "std", not(ringway_loom)))]
mod grower;
mod handle;
mod large;
mod loan;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod loans;
mod need;
mod ready;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod reserve;
#[cfg(not(any(ringway_loom, all(target_os = "none", target_pointer_width = "32"))))]
mod run_mut;
#[cfg(any(feature = "std", ringway_loom))]
mod segments;
mod send;
mod stall;
mod stuck;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) mod whereabouts;
#[cfg(feature = "std")]
mod writer;

pub use flush::Laggard;
#[cfg(all(feature = "std", not(ringway_loom)))]
pub use grower::Grower;
pub use handle::Producer;
pub use loan::Loan;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
pub use loans::Loans;
pub use ready::Room;
#[cfg(not(any(ringway_loom, all(target_os = "none", target_pointer_width = "32"))))]
pub use run_mut::{PlacesMut, RunMut};
#[cfg(feature = "std")]
pub use writer::Writer;
