//! Receivers: they visit the lanes in turn.

mod calls;
mod handle;
mod lane;
mod roll;
mod rounds;
mod taker;
mod wait;
mod watch;

pub use handle::Receiver;
pub(super) use taker::Held;
