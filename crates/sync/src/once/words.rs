//! The words of a value that is made once: a lock, and whether the value is there.
//!
//! The lock's owner makes the value, stores it and then `ready`. One that is killed before that
//! leaves the lock to another, which makes the value anew. One that is killed after that leaves a
//! value that others may have read: the next owner finds `ready` by a read-modify-write, because
//! nothing in memory orders what the dead stored, and does not make it again.
//!
//! Models: `loom-tests/tests/sync_once.rs`.

use ringway_shm::sync::{AtomicWord, CasU32, Ordering, copy_in, copy_out};

use crate::lock::words::{LockWords, Taken};
use crate::plain::Plain;
use crate::region::object::{Spot, Words};

/// A once's words, as they lie in memory. Its value comes behind them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct OnceWords {
    pub(crate) lock: LockWords,
    /// 1: the value is there, and stays.
    pub(super) ready: CasU32,
}

// SAFETY: `repr(C)`, of words and one more atomic of 32 bits, of which all bytes are values; zeros
// are what `new` makes.
unsafe impl Words for OnceWords {
    fn new() -> OnceWords {
        OnceWords { lock: LockWords::new(), ready: CasU32::new(0) }
    }
}

/// The value of one once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    ready: &'a CasU32,
    data: &'a [AtomicWord],
}

impl<'a> Slot<'a> {
    pub(super) fn of(spot: &'a Spot<OnceWords>) -> Slot<'a> {
        Slot { ready: &spot.head().ready, data: spot.data() }
    }

    /// The value, if it is there.
    #[inline]
    pub(super) fn get<T: Plain>(&self) -> Option<T> {
        // SYNC once: the value is seen as it was stored, in `set`.
        (self.ready.load(Ordering::Acquire) != 0).then(|| self.read())
    }

    fn read<T: Plain>(&self) -> T {
        let mut value = T::new_zeroed();
        copy_out(self.data, value.as_mut_bytes(), false);
        value
    }

    /// The same for a caller that has just taken the lock.
    pub(super) fn get_locked<T: Plain>(&self, taken: Taken) -> Option<T> {
        match taken {
            Taken::Clean => self.get(),
            // SYNC once: as in `get`, and also what a dead owner has stored.
            Taken::Died => (self.ready.fetch_add(0, Ordering::Acquire) != 0).then(|| self.read()),
        }
    }

    /// Stores the value, by the lock's owner that has found none.
    pub(super) fn set<T: Plain>(&self, value: &T) {
        copy_in(self.data, value.as_bytes(), false);
        // SYNC once: the value is seen by all that see that it is there, in `get` and `get_locked`.
        self.ready.store(1, Ordering::Release);
    }
}
