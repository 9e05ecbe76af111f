//! Rings in memory that processes share, on Linux: named segments, and anonymous ones that are
//! handed from process to process.
//!
//! A ring is two files: data, which only the producer can write, and control, which subscribers
//! write too. Everything here ends in two mappings and a [`Storage`](crate::memory::Storage) over
//! them; the protocol never learns of it.

mod anonymous;
mod create;
mod error;
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
pub use error::{CreateError, Difference, Occupant, OpenError, ResumeError, UnlinkError};
pub use inspect::{Inspection, RingInspection, inspect};
pub use list::{Pruned, SegmentInfo, prune, segments, segments_in};
pub use location::Segment;
pub use ringway_shm::file::{FileKind, FileSystem, Holder, Untrusted};
pub use ringway_shm::fork::release_inherited;
pub use ringway_shm::segment::{InheritError, NameError, Prune, PruneError};
pub use state::SegmentState;
pub use unlink::unlink;
