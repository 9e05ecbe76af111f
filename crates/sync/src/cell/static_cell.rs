//! A cell in memory of the program's own: loads and stores alone, no allocator, no region.

use core::fmt;
use core::marker::PhantomData;

use ringway_shm::sync::{AtomicWord, CasU32, Word};

use crate::error::PeekError;
use crate::plain::Plain;
use crate::static_value::{filled, mask_of};
use crate::value::Copies;

/// The latest value of one writer, for any number of readers, in a `static`: for the threads, cores
/// and interrupt handlers of one program, without an allocator, and without an operating system.
///
/// It is to them what a [`Cell`](crate::Cell) is to processes, but none of them can die, and none
/// waits: a reader [looks](StaticReader::try_next) from time to time, or when it is told to.
///
/// Reading and setting are loads and stores alone, so that it works on processors without
/// compare-and-swap, such as the Cortex-M0.
///
/// # Interrupt handlers
///
/// A handler may set the value, and may read it:
///
/// - one that interrupts the writer reads the value of before, whole, at the first try. It does not
///   matter how long the writer is interrupted, nor whether it goes on;
/// - one that interrupts a reader and sets the value has that read again, if it has come while the
///   value was copied. A reader that copies in less time than passes between two sets needs two
///   tries at most;
/// - one that interrupts a reader and reads does not disturb it.
///
/// Its writer is one: two handlers of different priority that set a value have a cell each. A writer
/// is moved into its handler, or made there anew each time by
/// [`assume_writer`](Self::assume_writer), which costs a load.
///
/// `WORDS` is [`cell_words::<T>()`](crate::cell_words), for two copies; twice or four times that for four
/// or eight, where a writer sets the value so often that a reader has to read again and again.
///
/// ```
/// use ringway_sync::{StaticCell, cell_words};
///
/// static SPEED: StaticCell<[u16; 3], { cell_words::<[u16; 3]>() }> = StaticCell::new([0; 3]);
///
/// let speed = SPEED.reader();
/// let mut writer = SPEED.writer().unwrap();
/// writer.set(&[10, 20, 30]);
/// assert_eq!(speed.read(), Ok([10, 20, 30]));
/// assert!(SPEED.writer().is_none());
/// ```
///
/// Another number of words does not compile:
///
/// ```compile_fail,E0080
/// static SPEED: ringway_sync::StaticCell<u32, 3> = ringway_sync::StaticCell::new(0);
/// ```
#[repr(C)]
pub struct StaticCell<T, const WORDS: usize> {
    /// Commits so far.
    seq: AtomicWord,
    /// 1: there is a writer. Only where there is compare-and-swap.
    taken: CasU32,
    data: [AtomicWord; WORDS],
    value: PhantomData<fn() -> T>,
}

impl<T, const WORDS: usize> fmt::Debug for StaticCell<T, WORDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCell").field("seq", &self.seq).finish_non_exhaustive()
    }
}

impl<T: Plain, const WORDS: usize> StaticCell<T, WORDS> {
    /// The number of copies, less one.
    const MASK: Word = mask_of::<T>(WORDS);

    /// A cell with that value.
    #[cfg(not(ringway_loom))]
    pub const fn new(value: T) -> Self {
        let _ = Self::MASK;
        let (seq, taken) = (AtomicWord::new(0), CasU32::new(0));
        StaticCell { seq, taken, data: filled(value), value: PhantomData }
    }

    /// A cell with that value. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new(value: T) -> Self {
        let (seq, taken) = (AtomicWord::new(0), CasU32::new(0));
        StaticCell { seq, taken, data: filled(value), value: PhantomData }
    }

    #[inline(always)]
    fn copies(&self) -> Copies<'_, AtomicWord> {
        Copies::many(&self.seq, &self.data, Self::MASK)
    }

    /// A reader. There may be any number.
    pub const fn reader(&self) -> StaticReader<'_, T, WORDS> {
        StaticReader { cell: self, seen: None }
    }

    /// The writer, if `take` takes the word for it.
    pub(crate) fn writer_by(
        &self,
        take: impl FnOnce(&CasU32) -> bool,
    ) -> Option<StaticWriter<'_, T, WORDS>> {
        let taken = take(&self.taken);
        taken.then(|| StaticWriter { gives_back: true, ..StaticWriter::new(self) })
    }

    /// The writer and a reader, on any target: that there is no other writer is what the exclusive
    /// reference says.
    ///
    /// ```
    /// use ringway_sync::{StaticCell, cell_words};
    ///
    /// let mut cell = StaticCell::<u32, { cell_words::<u32>() }>::new(1);
    /// let (mut writer, reader) = cell.split();
    /// writer.set(&2);
    /// assert_eq!(reader.read(), Ok(2));
    /// ```
    pub fn split(&mut self) -> (StaticWriter<'_, T, WORDS>, StaticReader<'_, T, WORDS>) {
        // A writer that was leaked is gone: its borrow has ended.
        self.taken = CasU32::new(0);
        let cell = &*self;
        (StaticWriter::new(cell), cell.reader())
    }

    /// The writer, on any target, by the caller's promise.
    ///
    /// # Safety
    ///
    /// As long as this writer is there, there is no other one of the cell.
    pub unsafe fn assume_writer(&self) -> StaticWriter<'_, T, WORDS> {
        StaticWriter::new(self)
    }
}

/// Sets the value of a [`StaticCell`].
#[derive(Debug)]
pub struct StaticWriter<'a, T, const WORDS: usize> {
    cell: &'a StaticCell<T, WORDS>,
    /// The number of the value. No other changes it.
    seq: Word,
    /// Whether it was taken by the word.
    gives_back: bool,
}

impl<'a, T: Plain, const WORDS: usize> StaticWriter<'a, T, WORDS> {
    fn new(cell: &'a StaticCell<T, WORDS>) -> Self {
        StaticWriter { cell, seq: cell.copies().number(), gives_back: false }
    }

    /// Sets the value: readers have it from now on. Costs about as much as copying the value.
    #[inline]
    pub fn set(&mut self, value: &T) {
        self.seq = self.cell.copies().commit_after(self.seq, value);
    }

    /// The value that was set last.
    #[inline]
    pub fn get(&self) -> T {
        self.cell.copies().read_copy(self.seq)
    }
}

impl<T, const WORDS: usize> Drop for StaticWriter<'_, T, WORDS> {
    fn drop(&mut self) {
        if self.gives_back {
            // SYNC static-taken: the next writer, in `take`, sees what this one has stored.
            self.cell.taken.store(0, ringway_shm::sync::Ordering::Release);
        }
    }
}

/// Reads a [`StaticCell`].
#[derive(Debug)]
pub struct StaticReader<'a, T, const WORDS: usize> {
    cell: &'a StaticCell<T, WORDS>,
    seen: Option<Word>,
}

impl<T, const WORDS: usize> Clone for StaticReader<'_, T, WORDS> {
    fn clone(&self) -> Self {
        StaticReader { cell: self.cell, seen: self.seen }
    }
}

impl<T: Plain, const WORDS: usize> StaticReader<'_, T, WORDS> {
    /// The value that was set last, as it was at some moment since the call began. Waits for
    /// nothing.
    ///
    /// [`PeekError::Busy`]: the value was overwritten each time that it was copied, a hundred
    /// thousand times. A handler that interrupts the writer never gets that.
    #[inline]
    pub fn read(&self) -> Result<T, PeekError> {
        self.cell.copies().peek()
    }

    /// The value, if this reader has not returned it by this call; the first time, the one that is
    /// there. `None`: it has.
    ///
    /// ```
    /// # use ringway_sync::{StaticCell, cell_words};
    /// # let mut cell = StaticCell::<u32, { cell_words::<u32>() }>::new(1);
    /// let (mut writer, mut reader) = cell.split();
    /// assert_eq!(reader.try_next(), Ok(Some(1)));
    /// assert_eq!(reader.try_next(), Ok(None));
    /// writer.set(&2);
    /// assert_eq!(reader.try_next(), Ok(Some(2)));
    /// ```
    #[inline]
    pub fn try_next(&mut self) -> Result<Option<T>, PeekError> {
        let copies = self.cell.copies();
        if self.seen == Some(copies.number()) {
            return Ok(None);
        }
        let (seq, value) = copies.peek_numbered()?;
        self.seen = Some(seq);
        Ok(Some(value))
    }
}
