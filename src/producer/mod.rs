//! The one that sends.

#[cfg_attr(all(target_os = "none", target_pointer_width = "32"), path = "no_arena.rs")]
mod arena;
mod backpressure;
mod batch;
mod blocked_time;
mod clean_up;
mod close;
mod consumers;
mod failed;
mod flush;
mod groups;
mod handle;
mod large;
mod loan;
mod send;
mod stall;
mod stuck;

pub use flush::Laggard;
pub use handle::Producer;
pub use loan::Loan;
