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
