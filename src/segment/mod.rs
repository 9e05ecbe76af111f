//! Rings in memory that processes share, on Linux: named segments, and anonymous ones that are
//! handed from process to process.
//!
//! A ring is two files: data, which only the producer can write, and control, which subscribers
//! write too. [`Segment`] says where they are and who may open them. [`segments`] lists the rings
//! that are there, [`unlink`] removes the names of one, and [`prune`] those of all that have lost
//! their producers.

// Everything here ends in two mappings and a `memory::Storage` over them; the protocol never learns
// of it.

mod anonymous;
mod create;
mod inspect;
mod list;
mod location;
mod mapping;
mod occupant;
mod open;
mod resume;
mod state;
mod unlink;

pub use anonymous::Anonymous;
pub use inspect::{Inspection, RingInspection, inspect};
pub use list::{Pruned, SegmentInfo, prune, segments, segments_in};
pub use location::Segment;
pub use ringway_shm::envelope::Kind as SegmentKind;
pub use ringway_shm::file::Holder;
pub use ringway_shm::fork::release_inherited;
pub use ringway_shm::segment::Prune;
pub use state::SegmentState;
pub use unlink::unlink;
