//! Mailboxes: many send, one or several receive, and each message goes to one of these.

pub(crate) mod door;
#[cfg(feature = "async")]
mod future;
mod handle;
mod inbox;
mod letter;
mod options;
mod receiver;
mod ringing;
mod seat;
mod sender;
mod sender_id;
mod shape;

#[cfg(not(ringway_loom))]
pub use door::files::unlink;
pub use handle::Mailbox;
pub use letter::{BytesLetter, Letter, Letters};
pub use options::Options;
pub use receiver::Receiver;
pub(crate) use receiver::Taken;
pub use ringing::Ringing;
#[cfg(feature = "async")]
pub use sender::AsyncSender;
pub use sender::Sender;
pub use sender_id::SenderId;
pub(crate) use shape::LaneShape;
