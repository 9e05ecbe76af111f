//! The consumers that get every message: subscribers and observers.

pub(crate) mod calls;
mod join;
mod observer;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod subscribe;
mod subscriber;

pub use calls::Iter;
pub use observer::Observer;
pub use subscriber::{Ref, Subscriber};
#[cfg(not(ringway_loom))]
pub use subscriber::{Refs, Run, RunIter};
