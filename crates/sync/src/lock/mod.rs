//! Locks: one owner at a time, known by name, so that its death is noticed.

#[cfg(feature = "alloc")]
mod handle;
#[cfg(feature = "alloc")]
mod spin;
#[cfg(feature = "alloc")]
mod spinning;
mod static_lock;
pub(crate) mod words;

#[cfg(feature = "alloc")]
pub(crate) use handle::LockKind;
#[cfg(feature = "alloc")]
pub use handle::{Lock, LockGuard};
#[cfg(feature = "alloc")]
pub(crate) use spin::SpinKind;
#[cfg(feature = "alloc")]
pub use spin::{SpinGuard, SpinLock};
pub use static_lock::{StaticLock, StaticLockGuard, StaticSpinLock};
