//! Structs of atomics that are shared where they lie.

mod fields;
mod handle;
mod widths;

pub use fields::AllAtomic;
pub use handle::Atomics;
pub(crate) use handle::AtomicsKind;
#[doc(hidden)]
pub use widths::Widths;
