//! The one that sends.

mod all;
#[cfg_attr(all(target_os = "none", target_pointer_width = "32"), path = "no_arena.rs")]
mod arena;
mod backpressure;
mod batch;
mod blocked_time;
mod clean_up;
mod close;
mod consumers;
mod evict;
mod failed;
mod flush;
mod groups;
mod handle;
mod large;
mod loan;
mod need;
mod ready;
mod send;
mod stall;
mod stuck;
#[cfg(feature = "std")]
mod writer;

pub use flush::Laggard;
pub use handle::Producer;
pub use loan::Loan;
pub use ready::Room;
#[cfg(feature = "std")]
pub use writer::Writer;
