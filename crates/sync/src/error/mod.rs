//! What can go wrong, one small enum for each operation.

mod acquire;
mod barrier;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod files;
mod lock;
mod lookup;
mod once;
mod plan;
#[cfg(not(ringway_loom))]
mod raw;
mod seat;
mod signal;
mod unmet;
mod value;

pub use acquire::{AcquireError, TryAcquireError};
pub use barrier::{Absentee, BarrierError, JoinError};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use files::{CreateError, OpenError};
pub use lock::{LockError, TryLockError, WaitError};
pub use lookup::LookupError;
pub use once::OnceError;
pub use plan::PlanError;
#[cfg(not(ringway_loom))]
pub use raw::RawError;
pub use ringway_shm::LivenessError;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use ringway_shm::segment::{NameError, PruneError, UnlinkError};
pub use seat::SeatError;
pub use signal::{PostError, SignalError};
pub(crate) use unmet::Unmet;
pub use value::PeekError;

/// What the kernel did not say of a peer.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) fn not_told(error: std::io::Error) -> LivenessError {
    LivenessError::new(error.raw_os_error().unwrap_or(0))
}
