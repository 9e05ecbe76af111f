//! Receivers: they visit the lanes in turn.

mod apart;
mod calls;
mod handle;
mod lane;
mod roll;
mod rounds;
mod taker;
mod wait;
mod watch;

pub(crate) use apart::Taken;
pub use handle::Receiver;
pub(super) use taker::Held;
