//! Tables: rows that are found by a key, each with one writer.

mod changes;
mod claim;
mod entry;
mod handle;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod look;
mod row;
mod rows;
mod wait;
mod words;

pub use changes::TableChanges;
pub use entry::{Entry, RowWriter};
pub use handle::Table;
pub(crate) use handle::TableKind;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use look::TableLook;
pub use row::Row;
