//! A value in two copies, of which a number says which it is: committed by one store.
//!
//! # Why a value is never torn
//!
//! ```text
//! writer                                reader
//! W1  fence(Release)                    R1  s = seq; fence(Acquire)
//! W2  fill copy (seq + 1) & 1           R2  read copy s & 1
//! W3  seq = seq + 1  (Release)          R3  fence(Acquire)
//!                                       R4  good if seq is still s
//! ```
//!
//! There is one writer at a time. A reader that finds `s` finds copy `s & 1` as it was filled
//! before W3 stored `s`, by R1. That copy is filled again for `s + 2`, in W2, after `s + 1` was
//! stored and W1 was passed. A reader that has a word of that in R2 finds in R4 what was stored
//! before W1, which is `s + 1` at least, and throws the copy away.
//!
//! A writer that is killed before W3 leaves `seq`, and with it the copy that is the value. The copy
//! that it was filling is filled again by the next writer.
//!
//! Models: `loom-tests/tests/sync_mutex.rs`.

use ringway_shm::sync::{
    AtomicWord, CasWord, Ordering, copy_in, copy_out, fence, peek_word, spin_loop,
};

use crate::error::PeekError;
use crate::plain::Plain;

/// How often a reader tries.
const TRIES: u32 = if ringway_shm::sync::NATIVE { 100_000 } else { 2 };

/// The two copies of a value, and how often it was committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies<'a> {
    seq: &'a CasWord,
    data: &'a [AtomicWord],
}

impl<'a> Copies<'a> {
    pub(crate) fn new(seq: &'a CasWord, data: &'a [AtomicWord]) -> Copies<'a> {
        Copies { seq, data }
    }

    /// The copy of that number, modulo 2.
    #[inline(always)]
    fn copy(&self, number: ringway_shm::sync::Word) -> &'a [AtomicWord] {
        let (first, second) = self.data.split_at(self.data.len() / 2);
        if number & 1 == 0 { first } else { second }
    }

    /// The value, for the only side that may commit.
    #[inline(always)]
    pub(crate) fn read<T: Plain>(&self) -> T {
        self.read_copy(peek_word(self.seq))
    }

    /// The same for a side that has the right to commit from one that is dead: nothing orders what
    /// that has stored but the order of each word.
    #[cold]
    pub(crate) fn read_after_death<T: Plain>(&self) -> T {
        // SYNC value: the copy that was committed last is seen, from `commit`. A read-modify-write
        // has the last number, whatever was ordered.
        self.read_copy(self.seq.fetch_add(0, Ordering::Acquire))
    }

    #[inline(always)]
    fn read_copy<T: Plain>(&self, seq: ringway_shm::sync::Word) -> T {
        let mut value = T::new_zeroed();
        copy_out(self.copy(seq), value.as_mut_bytes(), true);
        value
    }

    /// How often the value was committed, as it is now.
    pub(crate) fn commits(&self) -> ringway_shm::sync::Word {
        self.seq.load(Ordering::Relaxed)
    }

    /// Makes that the value, for all at once.
    #[inline(always)]
    pub(crate) fn commit<T: Plain>(&self, value: &T) {
        let next = peek_word(self.seq).wrapping_add(1);
        // SYNC value-again: a reader that has a word of what follows sees at its second look, in
        // `try_peek`, that the number was changed.
        fence(Ordering::Release);
        copy_in(self.copy(next), value.as_bytes(), true);
        // SYNC value: the copy is seen with the number, in `try_peek` and `read_after_death`.
        self.seq.store(next, Ordering::Release);
    }

    /// The value, if it was not committed anew meanwhile: for all, with no right at all.
    #[inline(always)]
    pub(crate) fn try_peek<T: Plain>(&self) -> Option<T> {
        let seq = self.seq.load(Ordering::Relaxed);
        // SYNC value: the copy is seen as it was committed, in `commit`.
        fence(Ordering::Acquire);
        let value = self.read_copy(seq);
        // SYNC value-again: if a word was another commit's, the number is seen to have changed.
        fence(Ordering::Acquire);
        (self.seq.load(Ordering::Relaxed) == seq).then_some(value)
    }

    /// The value, as it was at some moment since the call began.
    #[inline(always)]
    pub(crate) fn peek<T: Plain>(&self) -> Result<T, PeekError> {
        for _ in 0..TRIES {
            if let Some(value) = self.try_peek() {
                return Ok(value);
            }
            spin_loop();
        }
        Err(PeekError::Busy)
    }

    /// What a new object begins with.
    pub(crate) fn begin(&self, initial: &[u8]) {
        copy_in(self.copy(0), initial, false);
    }
}
