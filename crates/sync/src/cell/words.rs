//! The words of a cell, and how its value is set, read and waited for.
//!
//! The value is one in several copies ([`value`](crate::value)). Its writer has the right to set it
//! by a lock. Setting rings a bell, if a process waits: an event count
//! ([`ringway_shm::event`]), of which X is "`seq` is another than the waiter has seen". The one
//! writer is the one notifier, which stores flag and bell.
//!
//! # A writer that dies
//!
//! The next writer has the lock by an exchange that acquires nothing of what the dead one did behind
//! its own. It may find an older `seq`, or an older bell: so it reads both by read-modify-write
//! first ([`CellWords::take_over`]), and after that finds no older ones. Adding to the bell wakes
//! those for whom the dead one had set the value, and not rung.
//!
//! A waiter that finds the writer gone looks at `seq` in the same way before it says so: what the
//! dead one had set is not left behind.
//!
//! Models: `loom-tests/tests/sync_cell.rs`.

use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasWord, Futex, Word};

use crate::lock::words::LockWords;
use crate::region::object::{Extent, Shape, Spot, Words};
use crate::value::Copies;

/// The largest value that has two copies, in bytes: it is read in nanoseconds.
const SMALL: u32 = 64;
/// Copies of a small value, and of others.
const COPIES: [u32; 2] = [2, 4];

/// A cell's words, as they lie in memory. The copies of its value come behind them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct CellWords {
    /// Whose owner is the writer.
    pub(crate) claim: LockWords,
    /// Commits so far.
    seq: CasWord,
    /// 1: a process may sleep. Those that wait store 1, the writer 0.
    waiting: AtomicU32,
    /// What they sleep on. The writer adds to it.
    pub(crate) bell: Futex,
}

// SAFETY: `repr(C)`, of words and three more atomics, of which all bytes are values; zeros are what
// `new` makes.
unsafe impl Words for CellWords {
    fn new() -> CellWords {
        CellWords {
            claim: LockWords::new(),
            seq: CasWord::new(0),
            waiting: AtomicU32::new(0),
            bell: Futex::new(0),
        }
    }
}

/// The shape of a cell with a value of that type.
pub(super) const fn shape_of<T>(tag: u64) -> Shape {
    let shape = Shape::of::<T>(tag);
    Shape { variant: COPIES[(shape.size > SMALL) as usize], ..shape }
}

/// The words of data of a cell of that shape.
pub(super) fn extent(shape: &Shape) -> Option<Extent> {
    let copies = COPIES.into_iter().find(|&copies| copies == shape.variant)?;
    Some(Extent { items: 0, data: shape.value_words().checked_mul(copies as usize)? })
}

/// The copies of the value of a cell of that shape.
#[inline(always)]
pub(crate) fn copies<'a>(spot: &'a Spot<CellWords>, mask: Word) -> Copies<'a> {
    Copies::many(&spot.head().seq, spot.data(), mask)
}

impl CellWords {
    #[inline(always)]
    pub(crate) fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.waiting)
    }

    /// By a writer whose predecessor died, before it sets anything. Returns the value's number.
    #[cold]
    pub(super) fn take_over(&self, copies: &Copies<'_>) -> Word {
        self.count().sound();
        copies.number_after_death()
    }

    /// Wakes those that wait for the value. By the writer, which has just set it.
    #[inline(always)]
    pub(super) fn notify(&self, fences: Fences) {
        self.count().notify(fences);
    }
}
