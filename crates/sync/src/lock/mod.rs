//! Locks: one owner at a time, known by name, so that its death is noticed.

mod guard;
mod handle;
mod spin;
pub(crate) mod words;

pub use guard::LockGuard;
pub use handle::Lock;
pub(crate) use handle::LockKind;
pub(crate) use spin::SpinKind;
pub use spin::{SpinGuard, SpinLock};
