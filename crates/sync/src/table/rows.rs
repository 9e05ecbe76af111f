//! The rows of a table, as they are found and read.
//!
//! A copy of a row is a word that says whether it is in use, its key, and its value: all committed
//! by one store ([`value`](crate::value)). So a reader that finds a key has the value of that key,
//! also if the row comes to be another key's meanwhile.
//!
//! # Why a key is found
//!
//! A claim takes the first row from the key's own on that is not in use, and no row's mark becomes 0
//! again. So the rows that come before a key's have marks, which were stored before the key was
//! committed: a reader that knows of the key sees them, and goes on. It sees the key's mark, too:
//! that is stored before the key, and another one only when the key was removed.

use core::marker::PhantomData;

use ringway_shm::sync::{AtomicWord, Ordering, copy_in, copy_out};

use super::words::{Form, RowWords, TableWords};
use crate::error::PeekError;
use crate::plain::Plain;
use crate::region::object::Spot;
use crate::value::{Copies, words_of};

/// The rows of a table, with keys and values of some type.
pub(crate) struct Rows<'a, K, V> {
    spot: &'a Spot<TableWords, RowWords>,
    form: Form,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Rows<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Rows<'_, K, V> {}

/// The mark of a key: never 0.
pub(super) fn mark_of<K: Plain>(key: &K) -> u32 {
    let hash = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    key.as_bytes().iter().fold(0x811c_9dc5, hash) | 1
}

impl<'a, K: Plain, V: Plain> Rows<'a, K, V> {
    pub(crate) fn new(spot: &'a Spot<TableWords, RowWords>, form: Form) -> Self {
        Rows { spot, form, types: PhantomData }
    }

    pub(super) fn len(&self) -> usize {
        self.spot.items().len()
    }

    /// The table's own words.
    pub(super) fn head(&self) -> &'a TableWords {
        self.spot.head()
    }

    /// The words of all rows.
    pub(super) fn words(&self) -> &'a [RowWords] {
        self.spot.items()
    }

    /// The words of a row that there is.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a RowWords {
        &self.spot.items()[row]
    }

    /// The copies of a row that there is.
    #[inline(always)]
    pub(super) fn copies(&self, row: usize) -> Copies<'a> {
        let stride = self.form.stride();
        let data = &self.spot.data()[row * stride..][..stride];
        Copies::many(&self.row(row).seq, data, self.form.mask)
    }

    /// The rows of a key with that mark, in the order in which they are tried.
    #[inline(always)]
    pub(super) fn order(&self, mark: u32) -> impl Iterator<Item = usize> + use<K, V> {
        let rows = self.len();
        let first = (mark >> 1) as usize % rows;
        (first..rows).chain(0..first)
    }

    /// The value of that key, if a row has it.
    #[inline]
    pub(super) fn get(&self, key: &K) -> Result<Option<(usize, V)>, PeekError> {
        let mark = mark_of(key);
        for row in self.order(mark) {
            match self.row(row).mark.load(Ordering::Relaxed) {
                0 => return Ok(None),
                found if found != mark => continue,
                _ => {}
            }
            let read = |copy: &[AtomicWord]| self.has(copy, key).then(|| self.value(copy));
            let (_, value) = self.copies(row).peek_by(self.form.words, read)?;
            if let Some(value) = value {
                return Ok(Some((row, value)));
            }
        }
        Ok(None)
    }

    /// Key and value of a row, if it is in use.
    pub(super) fn read(&self, row: usize) -> Result<Option<(K, V)>, PeekError> {
        let read =
            |copy: &[AtomicWord]| self.is_used(copy).then(|| (self.key(copy), self.value(copy)));
        Ok(self.copies(row).peek_by(self.form.words, read)?.1)
    }

    /// Whether a row is in use.
    pub(super) fn is_in_use(&self, row: usize) -> Result<bool, PeekError> {
        Ok(self.copies(row).peek_by(self.form.words, |copy| self.is_used(copy))?.1)
    }

    #[inline(always)]
    fn is_used(&self, copy: &[AtomicWord]) -> bool {
        copy.first().is_some_and(|word| word.load(Ordering::Relaxed) == 1)
    }

    #[inline(always)]
    fn has(&self, copy: &[AtomicWord], key: &K) -> bool {
        self.is_used(copy) && self.key(copy).as_bytes() == key.as_bytes()
    }

    #[inline(always)]
    fn key(&self, copy: &[AtomicWord]) -> K {
        let mut key = K::new_zeroed();
        copy_out(parts::<K>(copy).0, key.as_mut_bytes(), true);
        key
    }

    /// The value in a copy of a row.
    #[inline(always)]
    fn value(&self, copy: &[AtomicWord]) -> V {
        let mut value = V::new_zeroed();
        copy_out(parts::<K>(copy).1, value.as_mut_bytes(), true);
        value
    }

    /// The value of a row, by its writer, which knows the number of its value.
    #[inline(always)]
    pub(super) fn own_value(&self, row: usize, seq: ringway_shm::sync::Word) -> V {
        self.value(self.copies(row).copy(seq, self.form.words))
    }

    /// The same, if the row has that key.
    pub(super) fn own_value_of(
        &self,
        row: usize,
        seq: ringway_shm::sync::Word,
        key: &K,
    ) -> Option<V> {
        let copy = self.copies(row).copy(seq, self.form.words);
        self.has(copy, key).then(|| self.value(copy))
    }

    /// Commits key and value of a row, by its writer. Returns the number of what is there now.
    #[inline(always)]
    pub(super) fn commit(
        &self,
        row: usize,
        seq: ringway_shm::sync::Word,
        key: &K,
        value: &V,
    ) -> ringway_shm::sync::Word {
        self.copies(row).fill_after(seq, self.form.words, |copy| {
            if let Some(word) = copy.first() {
                word.store(1, Ordering::Relaxed);
            }
            let (to_key, to_value) = parts::<K>(copy);
            copy_in(to_key, key.as_bytes(), true);
            copy_in(to_value, value.as_bytes(), true);
        })
    }

    /// Commits that a row is not in use, by its writer.
    pub(super) fn commit_unused(&self, row: usize, seq: ringway_shm::sync::Word) {
        self.copies(row).fill_after(seq, self.form.words, |copy| {
            if let Some(word) = copy.first() {
                word.store(0, Ordering::Relaxed);
            }
        });
    }
}

/// The words of the key in a copy of a row, and those of the value.
#[inline(always)]
fn parts<K>(copy: &[AtomicWord]) -> (&[AtomicWord], &[AtomicWord]) {
    copy.get(1..).unwrap_or_default().split_at_checked(words_of::<K>()).unwrap_or_default()
}
