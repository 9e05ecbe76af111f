//! Locks that hold a value.

mod guard;
mod handle;
mod in_place;

pub use guard::MutexGuard;
pub use handle::Mutex;
pub(crate) use handle::MutexKind;
pub(crate) use in_place::InPlaceKind;
pub use in_place::{InPlace, InPlaceGuard};
