//! What can go wrong with a service, its servers and its clients.

mod call;
mod client;
mod serve;

pub use call::CallError;
pub use client::ClientError;
pub use serve::{ReplyError, ServeError, ServeTimeoutError, TryServeError};
