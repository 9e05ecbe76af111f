//! Barriers: so many parties wait until all have come, again and again.

#[cfg(feature = "alloc")]
mod handle;
#[cfg(feature = "alloc")]
mod join;
mod static_barrier;
#[cfg(feature = "alloc")]
mod words;

#[cfg(feature = "alloc")]
pub(crate) use handle::BarrierKind;
#[cfg(feature = "alloc")]
pub use handle::{Barrier, Parties};
pub use static_barrier::{StaticBarrier, StaticParty};
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use words::ForPhase;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::{PhaseSign, PlaceWords, Places};
