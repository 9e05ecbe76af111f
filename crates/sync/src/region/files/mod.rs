//! Regions in segments: with a name, made by one process and found by others.

pub(super) mod anonymous;
mod create;
pub(super) mod look;
mod open;
mod seat;
mod unlink;

use ringway_shm::Reach;
use ringway_shm::fence::{Fences, MODE_ASYMMETRIC};
use ringway_shm::segment::SeatBytes;

pub(super) use seat::seat;
pub use unlink::{prune, unlink};

/// What the bytes of a region's file are: that by which its name stays, those of its seats, and one
/// for each word that can name an owner, all of which are in the range of 32 bits. The one for
/// cleaning is not used.
const SEATS: SeatBytes =
    SeatBytes { in_companion: false, first: 1, cleaning: 4098, lives: 1 << 30 };

/// The fences of one that opens a region in that mode. A mode that no creator writes is taken for
/// full fences that reach out, which goes with all others.
fn fences_of(mode: u32) -> Fences {
    Fences::for_peer(mode, Reach::Everywhere)
}

/// The fences of a creator, and the mode that tells of them.
fn fences_for(wanted: bool) -> (Fences, u32) {
    let fences = Fences::for_owner(wanted, Reach::Everywhere);
    debug_assert!(!fences.light_is_free() || fences.mode() == MODE_ASYMMETRIC);
    (fences, fences.mode())
}
