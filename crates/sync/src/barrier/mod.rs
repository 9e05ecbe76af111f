//! Barriers: so many parties wait until all have come, again and again.

mod handle;
mod join;
mod words;

pub(crate) use handle::BarrierKind;
pub use handle::{Barrier, Parties};
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use words::ForPhase;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::{PhaseSign, PlaceWords, Places};
