//! Permits: so many owners at a time, each known by name, so that what the dead had comes back.

#[cfg(feature = "alloc")]
mod handle;
mod static_semaphore;
mod words;

#[cfg(feature = "alloc")]
pub(crate) use handle::SemaphoreKind;
#[cfg(feature = "alloc")]
pub use handle::{Permit, Semaphore};
pub use static_semaphore::{StaticPermit, StaticSemaphore};
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use words::ForPermit;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::Permits;
