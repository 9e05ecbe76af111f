//! Who holds an object.

use ringway_shm::sync::{Ordering, fence};

use crate::owner::Owner;
use crate::region::memory::Memory;

/// Who holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The number of its seat.
    pub seat: usize,
    /// The number of its process, in that process's pid namespace: a hint. `None`: the word names
    /// a seat that there is not.
    pub pid: Option<u32>,
    /// Whether it is gone: the next that locks will be told. `None`: the kernel did not say.
    pub gone: Option<bool>,
}

impl Holder {
    /// Who that word of an object names, if it names an owner.
    pub(crate) fn of_word(memory: &Memory, word: u32) -> Option<Holder> {
        let owner = Owner::of_word(word);
        let seat = owner.seat()?;
        // SYNC seat: as where a lock is taken from an owner that is gone.
        fence(Ordering::Acquire);
        let pid = memory.seats().get(seat).map(|seat| seat.pid());
        Some(Holder { seat, pid, gone: memory.is_gone(owner).ok() })
    }
}
