//! What the senders and receivers of a mailbox share beside the lanes.

mod bell;
#[cfg(not(ringway_loom))]
pub(super) mod files;
pub(super) mod heap;
mod listed;
mod shared;
mod words;

pub(super) use bell::Bell;
pub(super) use listed::{Listed, Removal};
pub(super) use shared::{Door, Home};
