//! The words of a door.

use crate::memory::padding::Unused;
use ringway_shm::sync::{AtomicU32, CasU32, Futex};

/// Words that fill up a line of 64 bytes, of which two words are used.
const REST: usize = 14;

/// What all that share a mailbox write, as it lies in the door.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Words {
    /// What receivers sleep on. Added to by senders, and by receivers that give something back.
    pub(super) bell: Futex,
    /// Whether a receiver asks to be woken. Only stored: raised by receivers, and lowered by those
    /// that ring.
    pub(super) sleepers: AtomicU32,
    rest_of_bell: Unused<REST>,
    /// Added to when a lane has come, was resumed, or has gone.
    pub(super) lanes: CasU32,
    /// Added to when a receiver has looked whether the others live.
    pub(super) patrols: CasU32,
    rest_of_lanes: Unused<REST>,
}

impl Words {
    pub(super) fn new() -> Words {
        Words {
            bell: Futex::new(0),
            sleepers: AtomicU32::new(0),
            rest_of_bell: Unused::new(),
            lanes: CasU32::new(0),
            patrols: CasU32::new(0),
            rest_of_lanes: Unused::new(),
        }
    }
}
