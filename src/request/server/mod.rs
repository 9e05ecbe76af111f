//! Servers: they take requests, and reply.

mod calls;
mod handle;
mod replies;
mod request;
mod sweep;

pub use handle::Server;
pub use request::Request;
