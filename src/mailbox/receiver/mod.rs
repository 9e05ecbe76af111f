//! Receivers: they visit the lanes in turn.

mod calls;
mod handle;
mod lane;
mod roll;
mod rounds;
mod scout;
mod taker;
mod wait;
mod watch;

pub use handle::Receiver;
#[cfg(feature = "async")]
pub(super) use rounds::Taken;
pub(super) use taker::Held;
#[cfg(feature = "async")]
pub(super) use taker::Taker;
