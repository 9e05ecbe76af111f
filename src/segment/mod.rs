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
mod directory;
mod error;
mod fork;
mod handoff;
mod holder;
mod location;
mod lock;
mod mapping;
mod name;
mod open;
mod owner;
mod prune;
mod resume;
mod seats;
mod state;
mod unlink;

pub use anonymous::Anonymous;
pub use error::{
    CreateError, Difference, FileKind, FileSystem, InheritError, NameError, Occupant, OpenError,
    PruneError, ResumeError, UnlinkError, Untrusted,
};
pub use fork::release_inherited;
pub use holder::Holder;
pub use location::Segment;
#[cfg(test)]
pub(crate) use lock::ASKED;
pub(crate) use lock::Lock;
pub(crate) use mapping::Mapping;
pub use prune::{Prune, Pruned, SegmentInfo, prune, segments, segments_in};
pub(crate) use seats::{Post, Registry};
pub use state::SegmentState;
pub use unlink::unlink;
