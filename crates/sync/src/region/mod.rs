//! Regions: memory that holds several named objects, and seats for those who share them.

mod attach;
pub(crate) mod entry;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod files;
pub(crate) mod handle;
mod handles;
#[cfg_attr(ringway_loom, expect(dead_code))]
mod header;
pub(crate) mod kinds;
mod list;
pub(crate) mod memory;
pub(crate) mod object;
mod pieces;
mod plan;
mod seats;

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use files::{look::Look, prune, unlink};
pub use handles::Region;
pub(crate) use list::holder;
pub use list::{Holder, ObjectInfo};
pub use plan::Plan;
