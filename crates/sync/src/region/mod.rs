//! Regions: memory that holds several named objects, and seats for those who share them.

#[cfg(feature = "alloc")]
mod attach;
#[cfg(feature = "alloc")]
pub(crate) mod entry;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod files;
#[cfg(feature = "alloc")]
pub(crate) mod handle;
#[cfg(feature = "alloc")]
mod handles;
#[cfg(feature = "alloc")]
#[cfg_attr(ringway_loom, allow(dead_code))]
mod header;
#[cfg(feature = "alloc")]
#[cfg_attr(ringway_loom, allow(dead_code))]
pub(crate) mod memory;
#[cfg_attr(ringway_loom, allow(dead_code))]
pub(crate) mod object;
#[cfg(feature = "alloc")]
mod pieces;
#[cfg(feature = "alloc")]
#[cfg_attr(ringway_loom, allow(dead_code))]
mod plan;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
mod raw;
#[cfg(feature = "alloc")]
mod seats;

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use files::{anonymous::Anonymous, look::Look, prune, unlink};
#[cfg(feature = "alloc")]
pub use handles::Region;
#[cfg(feature = "alloc")]
pub use plan::Plan;
