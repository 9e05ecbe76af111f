//! Segments: memory that processes share, on Linux, named or handed from process to process.
//!
//! A segment is a file in memory that begins with an [envelope](crate::envelope), and may have a
//! companion file, which others may write where only the owner writes the main one. Its owner holds
//! a lock on it for as long as it lives; those who share it hold [`Seats`], by which the living are
//! told from the dead.

mod access;
mod anonymous;
mod create;
mod death_watch;
mod error;
mod handoff;
mod keep;
mod links;
mod list;
mod mapped_files;
mod mapping;
mod means;
pub mod name;
mod open;
mod peek;
mod place;
mod prune;
mod seats;
mod shared;
mod unlink;

pub use access::{Access, Rights};
pub use anonymous::Anonymous;
pub use create::{Lengths, Unnamed, open_directory, publish};
pub use death_watch::{DeathWatch, Watched};
pub use error::{CreateError, InheritError, NameError, OpenError, PruneError, UnlinkError};
pub use keep::Kept;
pub use links::{Base, give_name, remove_all, remove_links};
pub use list::{Seen, SegmentInfo, State, look_at_all, segments, segments_in};
pub use mapped_files::{Files, Names};
pub use mapping::{Mapping, Piece, Use};
pub use means::SeatBytes;
pub use open::{Expected, Found, directory};
pub use peek::{Header, envelope_of, identity_of, is_cut_short, mappable, read_header};
pub use place::{DEFAULT_DIRECTORY, Place};
pub use prune::{Prune, Pruned, prune, remove_dead};
pub use seats::{Claim, Seats, Turn};
pub use shared::{Shared, Words};
pub use unlink::{Meant, unlink, unlink_if};
