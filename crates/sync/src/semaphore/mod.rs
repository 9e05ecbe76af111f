//! Permits: so many owners at a time, each known by name, so that what the dead had comes back.

mod handle;
mod words;

pub(crate) use handle::SemaphoreKind;
pub use handle::{Permit, Semaphore};
