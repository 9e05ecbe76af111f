//! Regions: memory that holds several named objects, and seats for those who share them.

mod attach;
pub(crate) mod entry;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod files;
pub(crate) mod handle;
mod handles;
#[cfg_attr(ringway_loom, allow(dead_code))]
mod header;
#[cfg_attr(ringway_loom, allow(dead_code))]
pub(crate) mod memory;
#[cfg_attr(ringway_loom, allow(dead_code))]
pub(crate) mod object;
mod pieces;
#[cfg_attr(ringway_loom, allow(dead_code))]
mod plan;
#[cfg(not(ringway_loom))]
mod raw;
mod seats;

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use files::{anonymous::Anonymous, look::Look, prune, unlink};
pub use handles::Region;
pub use plan::Plan;
