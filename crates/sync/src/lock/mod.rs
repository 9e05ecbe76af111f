//! Locks: one owner at a time, known by name, so that its death is noticed.

mod handle;
mod spin;
mod spinning;
pub(crate) mod words;

pub(crate) use handle::LockKind;
pub use handle::{Lock, LockGuard};
pub(crate) use spin::SpinKind;
pub use spin::{SpinGuard, SpinLock};
