//! Cells: the latest value of one writer, for any number of readers.

#[cfg(feature = "alloc")]
mod changes;
#[cfg(feature = "alloc")]
mod handle;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod look;
mod static_cell;
#[cfg(feature = "alloc")]
mod words;
#[cfg(feature = "alloc")]
mod writer;

#[cfg(feature = "alloc")]
pub use changes::Changes;
#[cfg(feature = "alloc")]
pub(crate) use changes::{QUICK_ROUNDS, SPINS};
#[cfg(feature = "alloc")]
pub use handle::Cell;
#[cfg(feature = "alloc")]
pub(crate) use handle::CellKind;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use look::CellLook;
pub use static_cell::{StaticCell, StaticReader, StaticWriter};
#[cfg(feature = "alloc")]
pub use writer::CellWriter;
