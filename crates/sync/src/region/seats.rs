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
    /// Counts its owners. In a file their words are made of it.
    generation: AtomicU32,
    /// Twice the number of its owners, and 1 more while a handle has it: so that it is taken, and by
    /// whom, is one word. Only where no kernel tells: in memory that is no file.
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

/// How often a seat is looked at that another one takes and gives back meanwhile.
const LOOKS: usize = 16;

impl SeatWords {
    /// Takes the seat of that number, if no handle has it. Where no kernel tells.
    pub(crate) fn take(&self, seat: usize, pid: u32) -> Option<Owner> {
        let mut found = self.taken.load(Ordering::Relaxed);
        for _ in 0..LOOKS {
            if found & 1 != 0 {
                return None;
            }
            let taken = found.wrapping_add(3);
            // Orders nothing: what the owner before has done is seen with the words that it left.
            match self.taken.compare_exchange(found, taken, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    self.pid.store(pid, Ordering::Relaxed);
                    self.generation.store(taken >> 1, Ordering::Relaxed);
                    return Some(Owner::new(seat, taken >> 1));
                }
                Err(other) => found = other,
            }
        }
        None
    }

    /// Gives it back.
    pub(crate) fn leave(&self) {
        let free = self.taken.load(Ordering::Relaxed) & !1;
        // SYNC seat-words: who finds this owner gone, by this store or by a later owner's exchange,
        // sees what it has done, in `is_gone` of the memory. In a model a death orders nothing: see
        // there.
        #[cfg(not(ringway_loom))]
        fence(Ordering::Release);
        self.taken.store(free, Ordering::Relaxed);
    }

    /// Whether a handle has it. Where no kernel tells.
    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed) & 1 != 0
    }

    /// Whether that owner has it. Where no kernel tells.
    pub(crate) fn is_of(&self, owner: Owner) -> bool {
        let taken = self.taken.load(Ordering::Relaxed);
        taken & 1 != 0 && owner.is_of(taken >> 1)
    }

    /// The number of its next owner, for the process that has locked the seat: no other changes it.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn next(&self) -> u32 {
        self.generation.load(Ordering::Relaxed).wrapping_add(1)
    }

    /// Counts one more owner, of that number, by that owner, which has locked the seat: from now on
    /// words may name it. The one after it has the lock later, and sees this.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn own(&self, generation: u32, pid: u32) {
        self.pid.store(pid, Ordering::Relaxed);
        self.generation.store(generation, Ordering::Relaxed);
    }

    /// The number of its owner's process, as far as that has told it.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// The same if that is the last owner that it had, as far as is known here.
    pub(crate) fn pid_of(&self, owner: Owner) -> Option<u32> {
        owner.is_of(self.generation.load(Ordering::Relaxed)).then(|| self.pid())
    }
}
