//! What can go wrong with a mailbox.

#[cfg(not(ringway_loom))]
mod files;
mod join;
mod recv;

#[cfg(not(ringway_loom))]
pub use files::{CreateError, OpenError, UnlinkError};
pub use join::{LaneError, ReceiverError, SenderError};
pub use recv::{LaneFault, RecvError, RecvTimeoutError, TryRecvError};
