//! A value in several copies, of which a number says which it is: committed by one store.
//!
//! # Why a value is never torn
//!
//! ```text
//! writer                                reader
//! W1  fence(Release)                    R1  s = seq; fence(Acquire)
//! W2  fill copy (seq + 1) mod n         R2  read copy s mod n
//! W3  seq = seq + 1  (Release)          R3  fence(Acquire)
//!                                       R4  good if seq - s < n - 1
//! ```
//!
//! There is one writer at a time. A reader that finds `s` finds copy `s mod n` as it was filled
//! before W3 stored `s`, by R1. That copy is filled again for `s + n`, in W2, after `s + n - 1` was
//! stored and W1 was passed. A reader that has a word of that in R2 finds in R4 what was stored
//! before W1, which is `s + n - 1` at least, and throws the copy away.
//!
//! A writer that is killed before W3 leaves `seq`, and with it the copy that is the value. The copy
//! that it was filling is filled again by the next writer.
//!
//! A mutex has two copies: then a read is good if `seq` is still `s`. A cell has more of a large
//! value, so that several commits pass before a read has to be repeated.
//!
//! Models: `loom-tests/tests/sync_mutex.rs`, `loom-tests/tests/sync_cell.rs`.

#[cfg(all(feature = "portable-atomic", not(target_has_atomic = "32")))]
use ringway_shm::sync::CasU32;
use ringway_shm::sync::{
    AtomicWord, CasWord, Ordering, WORD, Word, copy_in, copy_out, fence, spin_loop,
};

use crate::error::PeekError;
use crate::plain::Plain;

/// How often a reader tries.
const TRIES: u32 = if ringway_shm::sync::NATIVE { 100_000 } else { 2 };

/// The words that a value takes.
#[inline(always)]
pub(crate) const fn words_of<T>() -> usize {
    size_of::<T>().div_ceil(WORD)
}

/// The word that says which copy the value is: one that is loaded and stored.
pub(crate) trait Number {
    fn get(&self) -> Word;
    /// The same for the only side that stores it, which is about to.
    fn own(&self) -> Word;
    fn put(&self, number: Word, order: Ordering);
}

impl Number for AtomicWord {
    #[inline(always)]
    fn get(&self) -> Word {
        self.load(Ordering::Relaxed)
    }

    #[cfg(not(all(feature = "portable-atomic", not(target_has_atomic = "32"))))]
    #[inline(always)]
    fn own(&self) -> Word {
        ringway_shm::sync::peek_word(self)
    }

    #[cfg(all(feature = "portable-atomic", not(target_has_atomic = "32")))]
    #[inline(always)]
    fn own(&self) -> Word {
        self.get()
    }

    #[inline(always)]
    fn put(&self, number: Word, order: Ordering) {
        self.store(number, order);
    }
}

/// Where a word that can be exchanged is another than one that cannot.
#[cfg(all(feature = "portable-atomic", not(target_has_atomic = "32")))]
impl Number for CasU32 {
    #[inline(always)]
    fn get(&self) -> Word {
        self.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn own(&self) -> Word {
        self.get()
    }

    #[inline(always)]
    fn put(&self, number: Word, order: Ordering) {
        self.store(number, order);
    }
}

/// The copies of a value, and how often it was committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies<'a, N = CasWord> {
    seq: &'a N,
    data: &'a [AtomicWord],
    /// The number of copies, which is a power of two, less one.
    mask: Word,
}

impl<'a, N: Number> Copies<'a, N> {
    /// Two copies.
    #[inline(always)]
    pub(crate) fn new(seq: &'a N, data: &'a [AtomicWord]) -> Self {
        Copies { seq, data, mask: 1 }
    }

    /// So many copies: a power of two, of 2 at least. `mask`: that number less one.
    #[inline(always)]
    pub(crate) fn many(seq: &'a N, data: &'a [AtomicWord], mask: Word) -> Self {
        Copies { seq, data, mask }
    }

    /// The copy of that number, modulo the number of copies. It has so many words.
    #[inline(always)]
    pub(crate) fn copy(&self, number: Word, words: usize) -> &'a [AtomicWord] {
        let at = (number & self.mask) as usize * words;
        self.data.get(at..at + words).unwrap_or_default()
    }

    /// The number of the value, for the only side that may commit.
    #[inline(always)]
    pub(crate) fn own_number(&self) -> Word {
        self.seq.own()
    }

    /// The copy of that number. For a side that may commit, and knows that it is the value.
    #[inline(always)]
    pub(crate) fn read_copy<T: Plain>(&self, seq: Word) -> T {
        let mut value = T::new_zeroed();
        copy_out(self.copy(seq, words_of::<T>()), value.as_mut_bytes(), true);
        value
    }

    /// Makes that the value, for all at once.
    #[inline(always)]
    pub(crate) fn commit<T: Plain>(&self, value: &T) {
        self.commit_after(self.seq.own(), value);
    }

    /// The same by a side that knows the number of the value that is there. Returns the next one's.
    #[inline(always)]
    pub(crate) fn commit_after<T: Plain>(&self, seq: Word, value: &T) -> Word {
        self.fill_after(seq, words_of::<T>(), |copy| copy_in(copy, value.as_bytes(), true))
    }

    /// The same of a value that is in so many words as `fill` stores them.
    #[inline(always)]
    pub(crate) fn fill_after(
        &self,
        seq: Word,
        words: usize,
        fill: impl FnOnce(&[AtomicWord]),
    ) -> Word {
        let next = seq.wrapping_add(1);
        // SYNC value-again: a reader that has a word of what follows sees at its second look, in
        // `is_whole`, that the number was changed.
        fence(Ordering::Release);
        fill(self.copy(next, words));
        // SYNC value: the copy is seen with the number, in `first_look` and `number_after_death`.
        self.seq.put(next, Ordering::Release);
        next
    }

    /// How often it was committed. What is read after this is no older.
    #[inline(always)]
    fn first_look(&self) -> Word {
        let seq = self.seq.get();
        // SYNC value: the copy is seen as it was committed, in `commit`.
        fence(Ordering::Acquire);
        seq
    }

    /// Whether what was read since of the copy of that number is that copy.
    #[inline(always)]
    fn is_whole(&self, seq: Word) -> bool {
        // SYNC value-again: if a word was another commit's, the number is seen to have changed.
        fence(Ordering::Acquire);
        self.seq.get().wrapping_sub(seq) < self.mask
    }

    /// The value, as it was at some moment since the call began: for all, with no right at all.
    #[inline(always)]
    pub(crate) fn peek<T: Plain>(&self) -> Result<T, PeekError> {
        self.peek_numbered().map(|(_, value)| value)
    }

    /// The same, with its number.
    #[inline(always)]
    pub(crate) fn peek_numbered<T: Plain>(&self) -> Result<(Word, T), PeekError> {
        self.peek_by(words_of::<T>(), |copy| {
            let mut value = T::new_zeroed();
            copy_out(copy, value.as_mut_bytes(), true);
            value
        })
    }

    /// The same, for a value that does not fit on the stack. After an error it is any value.
    pub(crate) fn peek_into<T: Plain>(&self, value: &mut T) -> Result<Word, PeekError> {
        let words = words_of::<T>();
        let read = |copy: &[AtomicWord]| copy_out(copy, value.as_mut_bytes(), true);
        self.peek_by(words, read).map(|(seq, ())| seq)
    }

    /// What `read` makes of a copy of so many words that was not overwritten meanwhile. It may be
    /// called with others, of any bytes.
    #[inline(always)]
    pub(crate) fn peek_by<R>(
        &self,
        words: usize,
        mut read: impl FnMut(&[AtomicWord]) -> R,
    ) -> Result<(Word, R), PeekError> {
        for _ in 0..TRIES {
            let seq = self.first_look();
            let found = read(self.copy(seq, words));
            if self.is_whole(seq) {
                return Ok((seq, found));
            }
            spin_loop();
        }
        Err(PeekError::Busy)
    }

    /// The number of the value, as it is now.
    #[inline(always)]
    pub(crate) fn number(&self) -> Word {
        self.seq.get()
    }

    /// What a new object begins with.
    #[cfg(feature = "alloc")]
    pub(crate) fn begin(&self, initial: &[u8]) {
        let words = initial.len().div_ceil(WORD);
        copy_in(self.data.get(..words).unwrap_or_default(), initial, false);
    }
}

#[cfg(feature = "alloc")]
impl Copies<'_> {
    /// The number of the value, which a dead writer has committed last: for a side that has the right
    /// to commit from it. Nothing orders what the dead one has stored but the order of each word. From
    /// now on the caller finds that number, or a later one, wherever it looks.
    #[cold]
    pub(crate) fn number_after_death(&self) -> Word {
        // SYNC value: the copy that was committed last is seen, from `commit`. A read-modify-write
        // has the last number, whatever was ordered.
        self.seq.fetch_add(0, Ordering::Acquire)
    }
}
