//! The writer of a row.

use ringway_shm::sync::Word;

use super::claim::Claimed;
use super::handle::Table;
use crate::plain::Plain;

/// The writer of a row of a [`Table`], until it is dropped: then the row stays, with its value, and
/// another can claim it. It may be sent to another thread.
///
/// One that is leaked is the writer until its process ends, or the last handle of its seat is
/// dropped.
#[derive(Debug)]
#[must_use = "the row is given back when its writer is dropped"]
pub struct Row<K: Plain, V: Plain> {
    table: Table<K, V>,
    key: K,
    row: usize,
    /// The number of what is committed. No other changes it.
    seq: Word,
    died: bool,
}

impl<K: Plain, V: Plain> Row<K, V> {
    pub(super) fn new(table: Table<K, V>, key: K, claimed: Claimed) -> Row<K, V> {
        let Claimed { row, seq, died } = claimed;
        Row { table, key, row, seq, died }
    }

    /// Sets the row's value: readers have it from now on, and those that wait for changes are woken.
    /// If the process is killed meanwhile they have the value of before.
    #[inline]
    pub fn set(&mut self, value: &V) {
        self.seq = self.table.rows_of().commit(self.row, self.seq, &self.key, value);
        self.table.notify();
    }

    /// The row's value, which this or an earlier writer has set last.
    #[inline]
    pub fn get(&self) -> V {
        self.table.rows_of().own_value(self.row, self.seq)
    }

    /// Sets the value that the closure makes of the last one. If it panics the value stays.
    pub fn update(&mut self, change: impl FnOnce(&mut V)) {
        let mut value = self.get();
        change(&mut value);
        self.set(&value);
    }

    /// The table, to read it.
    pub fn table(&self) -> &Table<K, V> {
        &self.table
    }

    /// The row's key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Whether the writer before this one died. The value is what it had set last, whole.
    pub fn predecessor_died(&self) -> bool {
        self.died
    }

    /// Removes the row: there is none with its key from now on, and another key can have its place.
    pub fn remove(self) {
        self.table.rows_of().commit_unused(self.row, self.seq);
        // Dropping gives it back, and wakes those that wait.
    }
}

impl<K: Plain, V: Plain> Drop for Row<K, V> {
    fn drop(&mut self) {
        // In a child that was forked the writer is the parent.
        if self.table.is_here() {
            self.table.rows_of().leave(self.row);
            self.table.notify();
        }
    }
}
