//! Receivers: they visit the lanes in turn.

mod apart;
mod calls;
mod handle;
mod lane;
mod roll;
mod rounds;
mod scout;
mod taker;
mod wait;
mod watch;

pub(crate) use apart::Taken;
pub use handle::Receiver;
#[cfg(feature = "async")]
pub(super) use rounds::Taken;
pub(super) use taker::Held;
#[cfg(feature = "async")]
pub(super) use taker::Taker;
