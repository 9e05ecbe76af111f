//! Mailboxes in files: created, opened, looked at and removed.

mod attach;
mod create;
mod lane;
mod look;
mod trust;
mod unlink;

pub(super) use attach::open;
pub(super) use create::{create, create_or_open};
pub(super) use lane::make;
pub use look::{Inspection, LaneInspection, inspect, mailboxes, mailboxes_in, prune};
pub use unlink::unlink;
