//! What can go wrong, one small enum for each operation.

#[cfg(feature = "alloc")]
mod acquire;
#[cfg(feature = "alloc")]
mod barrier;
#[cfg(feature = "alloc")]
mod cell;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod files;
mod lock;
#[cfg(feature = "alloc")]
mod lookup;
#[cfg(feature = "alloc")]
mod once;
#[cfg(feature = "alloc")]
mod plan;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
mod raw;
#[cfg(feature = "alloc")]
mod seat;
mod signal;
#[cfg(feature = "alloc")]
mod table;
mod unmet;
mod value;

#[cfg(feature = "alloc")]
pub use acquire::{AcquireError, TryAcquireError};
#[cfg(feature = "alloc")]
pub use barrier::{Absentee, BarrierError, JoinError};
#[cfg(feature = "alloc")]
pub use cell::{ChangeError, ClaimError};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use files::{CreateError, OpenError};
pub use lock::WaitError;
#[cfg(feature = "alloc")]
pub use lock::{LockError, TryLockError};
#[cfg(feature = "alloc")]
pub use lookup::LookupError;
#[cfg(feature = "alloc")]
pub use once::OnceError;
#[cfg(feature = "alloc")]
pub use plan::PlanError;
#[cfg(all(feature = "alloc", not(ringway_loom)))]
pub use raw::RawError;
pub use ringway_shm::LivenessError;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use ringway_shm::segment::{NameError, PruneError, UnlinkError};
#[cfg(feature = "alloc")]
pub use seat::SeatError;
pub use signal::PostError;
#[cfg(feature = "alloc")]
pub use signal::SignalError;
#[cfg(feature = "alloc")]
pub use table::TableError;
pub(crate) use unmet::Unmet;
pub use value::PeekError;

/// What the kernel did not say of a peer.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) fn not_told(error: std::io::Error) -> LivenessError {
    LivenessError::new(error.raw_os_error().unwrap_or(0))
}
