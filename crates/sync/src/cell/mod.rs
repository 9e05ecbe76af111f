//! Cells: the latest value of one writer, for any number of readers.

#[cfg(feature = "alloc")]
mod changes;
#[cfg(feature = "alloc")]
mod handle;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod look;
#[cfg(not(ringway_loom))]
mod static_cell;
#[cfg(feature = "alloc")]
mod words;
#[cfg(feature = "alloc")]
mod writer;

#[cfg(feature = "alloc")]
pub use changes::Changes;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use changes::{ChangeSign, Known};
#[cfg(feature = "alloc")]
pub use handle::Cell;
#[cfg(feature = "alloc")]
pub(crate) use handle::CellKind;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use look::CellLook;
#[cfg(not(ringway_loom))]
pub use static_cell::{StaticCell, StaticReader, StaticWriter, cell_words};
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::copies;
#[cfg(feature = "alloc")]
pub use writer::CellWriter;
