//! Receivers: they visit the lanes in turn.

mod apart;
mod calls;
mod handle;
mod lane;
mod listing;
mod looking;
mod patrol;
mod roll;
mod round;
mod rounds;
mod scout;
mod taker;
mod wait;
mod watch;

pub(crate) use apart::TakenBytes;
pub use handle::Receiver;
#[cfg(feature = "async")]
pub(super) use round::Taken;
pub(super) use taker::Held;
#[cfg(feature = "async")]
pub(super) use taker::Taker;
