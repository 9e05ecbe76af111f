//! What takes compare-and-swap, of the processor's or by the feature `portable-atomic`: all of it
//! under the one condition that stands where this is declared.

#[path = "asked.rs"]
pub(crate) mod asked;
#[path = "lock/mod.rs"]
pub(crate) mod lock;
#[path = "mutex/mod.rs"]
pub(crate) mod mutex;
#[path = "once/mod.rs"]
pub(crate) mod once;
#[path = "pace.rs"]
mod pace;
#[path = "semaphore/mod.rs"]
pub(crate) mod semaphore;
#[path = "signal/mod.rs"]
pub(crate) mod signal;
#[path = "taken.rs"]
mod taken;
#[path = "wait.rs"]
pub(crate) mod wait;

pub use crate::error::PostError;
pub use lock::{StaticLock, StaticLockGuard, StaticSpinLock};
pub use mutex::{StaticMutex, StaticMutexGuard};
pub use once::StaticOnce;
pub use semaphore::{StaticPermit, StaticSemaphore};
pub use signal::StaticSignal;
