//! Locks that hold a value.

mod handle;
mod in_place;

pub use handle::{Mutex, MutexGuard};
pub(crate) use handle::{MutexKind, MutexWords, commits};
pub(crate) use in_place::InPlaceKind;
pub use in_place::{InPlace, InPlaceGuard};
