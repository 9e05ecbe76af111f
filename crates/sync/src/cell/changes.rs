//! Waiting for the next value of a cell.

use core::time::Duration;

use ringway_shm::LivenessError;
use ringway_shm::sync::{NATIVE, Word, spin_loop};
use ringway_shm::wait::{Deadline, Ended, Pause, wait_for};

use super::handle::Cell;
use crate::error::ChangeError;
use crate::party::Party;
use crate::plain::Plain;
use crate::slices::Slices;

/// Looks before the first sleep. In a model each is a turn of the others'.
pub(crate) const SPINS: u32 = if NATIVE { 100 } else { 0 };
/// Rounds in which no clock is looked at.
pub(crate) const QUICK_ROUNDS: u32 = 32;

impl<T: Plain> Cell<T> {
    /// Follows the value: what is there now, and then what is set.
    pub fn changes(&self) -> Changes<T> {
        Changes::new(self.clone())
    }
}

/// Follows the value of a [`Cell`]: first what is there, and then each time the latest that was set
/// since. Values that were set in between are left out.
///
/// ```
/// use std::time::Duration;
/// use ringway_sync::{ChangeError, Plan};
///
/// let region = Plan::new().cell("price", 100u64).heap()?;
/// let price = region.cell::<u64>("price")?;
/// let mut writer = price.claim()?;
///
/// let mut changes = price.changes();
/// assert_eq!(changes.next()?, 100);
/// assert!(matches!(changes.try_next(), Ok(None)));
/// writer.set(&101);
/// writer.set(&102);
/// assert_eq!(changes.next()?, 102);
/// let none = changes.next_timeout(Duration::from_millis(2));
/// assert_eq!(none, Err(ChangeError::TimedOut));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Changes<T> {
    cell: Cell<T>,
    /// The number of the value that was returned last.
    seen: Option<Word>,
    /// The word that named the writer of whose death the caller was told; 0: of none.
    told: u32,
}

impl<T: Plain> Changes<T> {
    pub(super) fn new(cell: Cell<T>) -> Changes<T> {
        Changes { cell, seen: None, told: 0 }
    }

    /// Waits until there is a value that this has not returned, and returns it. The first call
    /// returns what is there.
    ///
    /// A wait ends with [`ChangeError::WriterDied`] if the cell's writer has died, with nothing set
    /// that was not returned, and no other has claimed the cell. Of each death a `Changes` tells
    /// once: called again, it waits for what the next writer sets. A cell that has no writer yet, or whose writer gave it back, is waited
    /// for. That the writer is gone is noticed after about the time that was waited already, and
    /// within 20 ms of sleep; at once with `Region::watched_by`.
    #[allow(clippy::should_implement_trait, reason = "it waits, and can fail")]
    pub fn next(&mut self) -> Result<T, ChangeError> {
        self.next_until(Deadline::Never)
    }

    /// As [`next`](Self::next), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn next_timeout(&mut self, deadline: impl Into<Deadline>) -> Result<T, ChangeError> {
        self.next_until(deadline.into())
    }

    /// The value, if this has not returned it: `None` if it has. Waits for nothing, and asks nothing
    /// of the kernel.
    #[inline]
    pub fn try_next(&mut self) -> Result<Option<T>, ChangeError> {
        if !self.is_new() {
            return Ok(None);
        }
        self.take().map(Some)
    }

    #[inline(always)]
    fn is_new(&self) -> bool {
        self.seen != Some(self.cell.copies().number())
    }

    fn take(&mut self) -> Result<T, ChangeError> {
        let (seq, value) = self.cell.copies().peek_numbered()?;
        self.seen = Some(seq);
        Ok(value)
    }

    fn next_until(&mut self, deadline: Deadline) -> Result<T, ChangeError> {
        if self.is_new() {
            return self.take();
        }
        let news = self.cell.handle.party().news();
        let slices = Slices::new();
        let mut waiter = Waiter { changes: self, slices, news, gone: None, failed: None };
        let ended = wait_for(
            &mut waiter,
            |waiter| waiter.changes.is_new().then(|| waiter.changes.take()),
            |_, round| match round < SPINS {
                true => {
                    spin_loop();
                    Pause::Again
                }
                false => Pause::Sleep,
            },
            |waiter, left| waiter.sleep(left),
            |waiter| waiter.ends(),
            deadline,
            QUICK_ROUNDS,
        );
        let Waiter { gone, failed, .. } = waiter;
        match (ended, failed, gone) {
            (Ok(found), ..) => found,
            (Err(Ended::Dead), Some(error), _) => Err(ChangeError::Liveness(error)),
            (Err(Ended::Dead), None, gone) => {
                self.told = gone.unwrap_or(0);
                Err(ChangeError::WriterDied)
            }
            (Err(Ended::Interrupted), ..) => Err(ChangeError::Interrupted),
            (Err(_), ..) => Err(ChangeError::TimedOut),
        }
    }
}

/// A call that waits.
struct Waiter<'a, T> {
    changes: &'a mut Changes<T>,
    slices: Slices,
    /// The number of the news that it knows.
    news: u32,
    /// The word that named a writer that is gone.
    gone: Option<u32>,
    failed: Option<LivenessError>,
}

impl<T: Plain> Waiter<'_, T> {
    fn ends(&self) -> Option<Ended> {
        if self.gone.is_some() || self.failed.is_some() {
            return Some(Ended::Dead);
        }
        self.changes.cell.handle.alarm.is_raised().then_some(Ended::Interrupted)
    }

    fn sleep(&mut self, left: Duration) {
        let handle = &self.changes.cell.handle;
        let (head, party) = (handle.head(), handle.party());
        let token = head.count().arm(handle.fences());
        if self.changes.is_new() {
            return;
        }
        let limit = self.slices.next().min(left);
        party.sleep(&head.bell, token, self.news, &handle.alarm, token.limit(limit));
        let news = party.news();
        if news != self.news || !head.count().has_rung(token) {
            self.news = news;
            self.ask();
        }
    }

    /// Asks whether the writer is gone, of whose death the caller was not told.
    fn ask(&mut self) {
        let handle = &self.changes.cell.handle;
        match handle.head().claim.gone(handle.party()) {
            Ok(Some(word)) if word != self.changes.told => {
                // What it had set is seen by the look that comes next.
                self.changes.cell.copies().number_after_death();
                self.gone = Some(word);
            }
            Ok(_) => {}
            Err(error) => self.failed = Some(error),
        }
    }
}
