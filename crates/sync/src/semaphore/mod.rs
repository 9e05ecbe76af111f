//! Permits: so many owners at a time, each known by name, so that what the dead had comes back.

mod handle;
mod words;

pub(crate) use handle::SemaphoreKind;
pub use handle::{Permit, Semaphore};
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use words::ForPermit;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::Permits;
