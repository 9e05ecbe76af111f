//! The writer of a row.

use ringway_shm::sync::Word;
use ringway_shm::wait::Deadline;

use super::claim::Claimed;
use super::free::ForRow;
use super::handle::Table;
use crate::error::{TableError, WaitError};
use crate::lock::words::{How, Taken};
use crate::plain::Plain;
use crate::wait::wait;

impl<K: Plain, V: Plain> Table<K, V> {
    /// Becomes the writer of the row of that key, and waits for that as long as another one has it
    /// and lives. A row that is there keeps its value; if there is none, one that is not in use gets
    /// the key, and `first` for its value.
    ///
    /// That the writer is gone is noticed as by [`Lock::lock`](crate::Lock::lock). A caller whose own
    /// seat is the writer waits for itself. [`TableError::Full`]: all rows have keys, also of writers
    /// that died or left; [`remove`](Self::remove) makes room.
    pub fn claim(&self, key: &K, first: &V) -> Result<Row<K, V>, TableError> {
        self.claim_until(key, first, Deadline::Never)
    }

    /// As [`claim`](Self::claim), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn claim_timeout(
        &self,
        key: &K,
        first: &V,
        deadline: impl Into<Deadline>,
    ) -> Result<Row<K, V>, TableError> {
        self.claim_until(key, first, deadline.into())
    }

    /// Claims the row as soon as it has no writer that lives.
    fn claim_until(&self, key: &K, first: &V, deadline: Deadline) -> Result<Row<K, V>, TableError> {
        loop {
            match self.claim_locked(self.lock(deadline)?, key, first) {
                Err(TableError::Taken) => {}
                outcome => return outcome,
            }
            let (awaited, party) = (ForRow { table: self, key }, self.handle.party());
            wait(awaited, party, &self.handle.alarm, deadline).map_err(WaitError::from)?;
        }
    }

    /// The same, if the row has no writer that lives. Waits for no writer: but while another claims
    /// a row, it is [`TableError::Taken`], too.
    pub fn try_claim(&self, key: &K, first: &V) -> Result<Row<K, V>, TableError> {
        let lock = self.handle.head().lock.try_lock(self.handle.party());
        let taken = lock.map_err(TableError::Liveness)?.ok_or(TableError::Taken)?;
        self.claim_locked(taken, key, first)
    }

    /// By an owner of the table's lock, who gives it back.
    pub(crate) fn claim_locked(
        &self,
        taken: Taken,
        key: &K,
        first: &V,
    ) -> Result<Row<K, V>, TableError> {
        let claimed = self.rows_of().claim(self.handle.party(), taken, key, first);
        self.unlock();
        let row = self.row(key, claimed?);
        self.notify();
        Ok(row)
    }

    fn row(&self, key: &K, claimed: Claimed) -> Row<K, V> {
        let mut mine = K::new_zeroed();
        mine.as_mut_bytes().copy_from_slice(key.as_bytes());
        Row::new(self.clone(), mine, claimed)
    }

    /// Removes the row of that key, if it has no writer that lives: one that died, or left.
    /// `false`: there is none. Waits for others that claim rows, and for no writer.
    pub fn remove(&self, key: &K) -> Result<bool, TableError> {
        let taken = self.lock(Deadline::Never)?;
        let claimed = self.rows_of().claim_existing(self.handle.party(), taken, key);
        self.unlock();
        Ok(claimed?.map(|claimed| self.row(key, claimed).remove()).is_some())
    }

    fn lock(&self, deadline: Deadline) -> Result<Taken, TableError> {
        let how = How { deadline, alarm: &self.handle.alarm, sleeps: true };
        Ok(self.handle.head().lock.lock(self.handle.party(), how)?)
    }

    fn unlock(&self) {
        self.handle.head().lock.unlock(self.handle.fences(), false);
    }
}

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
