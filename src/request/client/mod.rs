//! Clients: they send requests, and wait for the replies.

mod arrivals;
mod calls;
mod handle;
mod into;
mod options;
mod pipeline;
mod window;

pub use handle::Client;
pub use options::{Call, Ticket};
