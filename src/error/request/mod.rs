//! What can go wrong with a service, its servers and its clients.

mod call;
mod client;
#[cfg(not(ringway_loom))]
mod open;
mod serve;

pub use call::CallError;
pub use client::ClientError;
#[cfg(not(ringway_loom))]
pub use open::OpenError;
pub use serve::{ReplyError, ServeError, ServeTimeoutError, TryServeError};
