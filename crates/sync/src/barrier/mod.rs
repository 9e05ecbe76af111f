//! Barriers: so many parties wait until all have come, again and again.

mod handle;
mod join;
mod words;

pub(crate) use handle::BarrierKind;
pub use handle::{Barrier, Parties};
