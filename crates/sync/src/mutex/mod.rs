//! Locks that hold a value.

#[cfg(feature = "alloc")]
mod handle;
#[cfg(feature = "alloc")]
mod in_place;
mod static_mutex;
mod unwinding;

#[cfg(feature = "alloc")]
pub use handle::{Mutex, MutexGuard};
#[cfg(feature = "alloc")]
pub(crate) use handle::{MutexKind, MutexWords, commits};
#[cfg(feature = "alloc")]
pub(crate) use in_place::InPlaceKind;
#[cfg(feature = "alloc")]
pub use in_place::{InPlace, InPlaceGuard};
pub use static_mutex::{StaticMutex, StaticMutexGuard};
