//! The consumer that shares its messages with others of its group.

#[cfg(all(feature = "std", not(ringway_loom)))]
mod alarms;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod apart;
mod calls;
mod claim;
mod counters;
mod evicted;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) mod follow;
#[cfg(feature = "async")]
mod future;
mod handle;
mod hold;
mod in_place;
mod instead;
mod job;
mod member;
#[cfg(ringway_loom)]
mod model;
mod patrol;
mod ready;
mod receive;
mod refs;
mod reserve;
mod rest;
mod seek;
mod settle;
mod take;
#[cfg(all(test, not(ringway_loom)))]
mod tests;
mod wait;
mod watch;

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use claim::Claim;
pub use handle::Worker;
pub use hold::ClaimLost;
pub use job::{Batch, BytesJob, Job, JobRef};
pub use refs::JobRefs;
