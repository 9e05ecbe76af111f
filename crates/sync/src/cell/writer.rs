//! The one that sets the value of a cell.

use ringway_shm::sync::Word;
use ringway_shm::wait::Deadline;

use super::handle::Cell;
use crate::error::ClaimError;
use crate::lock::words::{How, Taken};
use crate::plain::Plain;

impl<T: Plain> Cell<T> {
    /// Becomes the writer, and waits for that as long as another one has the cell and lives: so a
    /// process can stand by for one that may die. Its death is noticed as by
    /// [`Lock::lock`](crate::Lock::lock).
    ///
    /// A caller whose own seat is the writer waits for itself.
    pub fn claim(&self) -> Result<CellWriter<T>, ClaimError> {
        self.claim_until(Deadline::Never)
    }

    /// As [`claim`](Self::claim), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn claim_timeout(
        &self,
        deadline: impl Into<Deadline>,
    ) -> Result<CellWriter<T>, ClaimError> {
        self.claim_until(deadline.into())
    }

    fn claim_until(&self, deadline: Deadline) -> Result<CellWriter<T>, ClaimError> {
        let how = How { deadline, alarm: &self.handle.alarm, sleeps: true };
        let taken = self.handle.head().claim.lock(self.handle.party(), how)?;
        Ok(CellWriter::new(self.clone(), taken == Taken::Died))
    }

    /// Becomes the writer, if there is none, or it is gone. Waits for nothing. If there is one, the
    /// kernel is asked whether it lives: one system call.
    pub fn try_claim(&self) -> Result<CellWriter<T>, ClaimError> {
        match self.handle.head().claim.try_lock(self.handle.party()) {
            Ok(Some(taken)) => Ok(CellWriter::new(self.clone(), taken == Taken::Died)),
            Ok(None) => Err(ClaimError::Taken),
            Err(error) => Err(ClaimError::Liveness(error)),
        }
    }
}

/// The writer of a [`Cell`], until it is dropped. It may be sent to another thread.
///
/// One that is leaked is the writer until its process ends, or the last handle of its seat is
/// dropped.
#[derive(Debug)]
#[must_use = "the cell is given back when the writer is dropped"]
pub struct CellWriter<T: Plain> {
    cell: Cell<T>,
    /// The number of the value. No other changes it.
    seq: Word,
    died: bool,
}

impl<T: Plain> CellWriter<T> {
    pub(crate) fn new(cell: Cell<T>, died: bool) -> CellWriter<T> {
        let copies = cell.copies();
        let seq = if died { cell.handle.head().take_over(&copies) } else { copies.number() };
        CellWriter { cell, seq, died }
    }

    /// Sets the value: readers have it from now on, and those that wait for it are woken. If the
    /// process is killed meanwhile they have the value of before.
    ///
    /// Costs about as much as copying the value, and no system call unless a process waits.
    #[inline]
    pub fn set(&mut self, value: &T) {
        self.seq = self.cell.copies().commit_after(self.seq, value);
        let handle = &self.cell.handle;
        handle.head().notify(handle.fences());
    }

    /// The value, which this or an earlier writer has set last.
    #[inline]
    pub fn get(&self) -> T {
        self.cell.copies().read_copy(self.seq)
    }

    /// Sets the value that the closure makes of the last one. If it panics the value stays.
    ///
    /// ```
    /// # let region = ringway_sync::Plan::new().cell("counts", [0u32; 4]).heap()?;
    /// let counts = region.cell::<[u32; 4]>("counts")?;
    /// let mut writer = counts.claim()?;
    /// writer.update(|counts| counts[2] += 1);
    /// assert_eq!(counts.read()?, [0, 0, 1, 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&mut self, change: impl FnOnce(&mut T)) {
        let mut value = self.get();
        change(&mut value);
        self.set(&value);
    }

    /// Whether the writer before this one died. The value is what it had set last, whole.
    pub fn predecessor_died(&self) -> bool {
        self.died
    }

    /// The cell, to read it.
    pub fn cell(&self) -> &Cell<T> {
        &self.cell
    }
}

impl<T: Plain> Drop for CellWriter<T> {
    fn drop(&mut self) {
        let handle = &self.cell.handle;
        // In a child that was forked the writer is the parent.
        if handle.is_here() {
            handle.head().claim.unlock(handle.fences(), false);
        }
    }
}
