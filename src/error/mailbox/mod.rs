//! What can go wrong with a mailbox.

mod join;
mod recv;

pub use join::{LaneError, ReceiverError, SenderError};
pub use recv::{LaneFault, RecvError, RecvTimeoutError, TryRecvError};
