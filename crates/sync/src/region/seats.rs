//! The words of seats.

#[cfg(not(ringway_loom))]
use ringway_shm::sync::fence;
use ringway_shm::sync::{AtomicU32, CasU32, Ordering};

use super::object::Words;
use crate::owner::Owner;

/// Bytes of a seat.
pub(crate) const SEAT_BYTES: usize = 16;

/// A seat's words, as they lie in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SeatWords {
    /// Counts its owners.
    generation: AtomicU32,
    /// 1: a handle has it. Only where no kernel tells: in memory that is no file.
    taken: CasU32,
    /// A hint for people.
    pid: AtomicU32,
    /// 0.
    spare: AtomicU32,
}

// SAFETY: `repr(C)`, four atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for SeatWords {
    fn new() -> SeatWords {
        SeatWords {
            generation: AtomicU32::new(0),
            taken: CasU32::new(0),
            pid: AtomicU32::new(0),
            spare: AtomicU32::new(0),
        }
    }
}

impl SeatWords {
    /// Takes the seat, if no handle has it. Where no kernel tells.
    pub(crate) fn take(&self) -> bool {
        // SYNC seat-words: the last owner's generation is seen.
        self.taken.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Gives it back.
    pub(crate) fn leave(&self) {
        // SYNC seat-words: the next owner sees this one's generation, in `take`.
        self.taken.store(0, Ordering::Release);
    }

    /// Whether a handle has it.
    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed) != 0
    }

    /// Counts one more owner, by that owner: from now on words may name it.
    pub(crate) fn own(&self, seat: usize, pid: u32) -> Owner {
        let generation = self.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.pid.store(pid, Ordering::Relaxed);
        // SYNC seat-next: who sees that this is another owner sees what the last one had done. In a
        // model a death orders nothing: see `is_gone` of the memory.
        #[cfg(not(ringway_loom))]
        fence(Ordering::Release);
        self.generation.store(generation, Ordering::Relaxed);
        Owner::new(seat, generation)
    }

    /// Whether that owner of it is the last that it had.
    pub(crate) fn is_of(&self, owner: Owner) -> bool {
        owner.is_of(self.generation.load(Ordering::Relaxed))
    }

    /// The number of its owner's process, as far as that has told it.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }
}
