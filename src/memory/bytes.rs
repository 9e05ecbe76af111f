//! Which bytes of a ring's control file are locked to say what, and who of this process looks after
//! the workers.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use ringway_shm::segment::SeatBytes;

use crate::memory::geometry::MAX_ENTRIES;

/// The byte of the control file that is locked by those who look for a name: beyond those of
/// entries.
pub(crate) const REGISTRY: u64 = MAX_ENTRIES as u64;

/// The byte of the control file that is locked by the worker that looks whether all others live.
/// The bytes that follow are those of its deputies.
pub(crate) const PATROL: u64 = ringway_shm::file::lock::CREATOR + 1;

/// Deputies that there can be.
pub(crate) const DEPUTIES: u64 = 3;

/// What the bytes of the control file are.
pub(crate) const SEATS: SeatBytes = SeatBytes {
    in_companion: true,
    first: 0,
    // Those who clean up after the dead share it.
    cleaning: PATROL + 1 + DEPUTIES,
    // Of mappings with workers.
    lives: 2 * REGISTRY,
};

// In docs/layout.md.
const _: () = assert!(REGISTRY == 4096 && PATROL == 4098 && SEATS.cleaning == 4102);

/// Who looks among the workers of one mapping.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Whether a worker here has a post.
    pub(crate) on_watch: AtomicBool,
    /// When a worker here last looked whether all others live.
    pub(crate) patrolled: Mutex<Option<Instant>>,
}
