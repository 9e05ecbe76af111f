//! Tables: rows that are found by a key, each with one writer.

mod changes;
mod claim;
mod entry;
mod free;
mod handle;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod look;
mod row;
mod rows;
mod words;

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use self::{
    changes::{TableSign, Version},
    rows::Rows,
    words::Form,
};
pub use changes::TableChanges;
pub use entry::{Entry, RowWriter};
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use free::{ForRow, SpotSign};
pub use handle::Table;
pub(crate) use handle::TableKind;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use look::TableLook;
pub use row::Row;
