//! The words of a table, and how large it is.

use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, CasWord, Futex, Ordering, WORD, Word};

use crate::lock::words::LockWords;
use crate::owner::DIED;
use crate::region::object::{Extent, Shape, Words};

/// The largest key and value together that have two copies, in bytes.
const SMALL: usize = 64;
/// The most rows.
pub(super) const MAX_ROWS: u32 = 65_535;

/// A table's words, as they lie in memory. The rows come behind them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TableWords {
    /// Whose owner claims a row.
    pub(crate) lock: LockWords,
    /// 1: a process may sleep. Those that wait store 1, writers of rows 0.
    waiting: AtomicU32,
    /// What they sleep on. Writers of rows add to it.
    pub(crate) bell: Futex,
}

// SAFETY: `repr(C)`, of words and two more atomics, of which all bytes are values; zeros are what
// `new` makes.
unsafe impl Words for TableWords {
    fn new() -> TableWords {
        TableWords { lock: LockWords::new(), waiting: AtomicU32::new(0), bell: Futex::new(0) }
    }
}

impl TableWords {
    pub(super) fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.waiting)
    }

    /// Wakes those that wait for what the caller has just stored. By any of several: so the bell is
    /// added to.
    #[inline(always)]
    pub(super) fn notify(&self, fences: Fences) {
        if self.count().is_awaited(fences) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.waiting.store(0, Ordering::Relaxed);
        self.count().sound();
    }
}

/// A row's words, as they lie in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct RowWords {
    /// 0: the row has no writer; else its owner, or [`DIED`] alone.
    pub(super) claim: CasU32,
    /// Of the key; 0: the row was never used.
    pub(super) mark: AtomicU32,
    /// Commits so far.
    pub(super) seq: CasWord,
}

// SAFETY: `repr(C)`, of three atomics without a gap, of which all bytes are values; zeros are what
// `new` makes.
unsafe impl Words for RowWords {
    fn new() -> RowWords {
        RowWords { claim: CasU32::new(0), mark: AtomicU32::new(0), seq: CasWord::new(0) }
    }
}

impl RowWords {
    /// Whether its claim says that its writer died.
    pub(super) fn is_marked_dead(&self) -> bool {
        self.claim.load(Ordering::Relaxed) == DIED
    }
}

/// How large the rows of a table are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Copies of a row, less one.
    pub(super) mask: Word,
    /// Words of a copy.
    pub(super) words: usize,
}

impl Form {
    /// Of keys and values of so many bytes. `None`: larger than the address space.
    pub(super) fn new(key: usize, value: usize) -> Option<Form> {
        let mask = if key.checked_add(value)? > SMALL { 3 } else { 1 };
        let words = key.div_ceil(WORD).checked_add(value.div_ceil(WORD))?.checked_add(1)?;
        Some(Form { mask, words })
    }

    /// Words of all copies of a row.
    pub(super) fn stride(&self) -> usize {
        self.words * (self.mask as usize + 1)
    }
}

/// The shape of a table with keys and values of those types.
pub(super) fn shape_of<K, V>(tag: u64, rows: usize) -> Shape {
    let count = u32::try_from(rows).unwrap_or(u32::MAX);
    let variant = u32::try_from(size_of::<K>()).unwrap_or(u32::MAX);
    Shape { count, variant, ..Shape::of::<V>(tag) }
}

/// The rows, and words of data, of a table of that shape.
pub(super) fn extent(shape: &Shape) -> Option<Extent> {
    if shape.count == 0 || shape.count > MAX_ROWS || shape.variant > i32::MAX as u32 {
        return None;
    }
    let items = shape.count as usize;
    let form = Form::new(shape.variant as usize, shape.size as usize)?;
    let stride = form.words.checked_mul(form.mask as usize + 1)?;
    Some(Extent { items, data: stride.checked_mul(items)? })
}
