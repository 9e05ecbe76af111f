//! Waiting for the next value of a cell.

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, Word};
use ringway_shm::wait::Deadline;

use super::handle::Cell;
use super::words::CellWords;
use crate::error::ChangeError;
use crate::followed::Followed;
use crate::party::Party;
use crate::plain::Plain;
use crate::task::Task;
use crate::value::Copies;
use crate::wait::{Awaited, Sign, wait};

impl<T: Plain> Cell<T> {
    /// Follows the value: what is there now, and then what is set.
    pub fn changes(&self) -> Changes<T> {
        Changes {
            cell: self.clone(),
            known: Known::default(),
            followed: Followed::default(),
            task: Task::default(),
        }
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
/// assert_eq!(changes.wait_next()?, 100);
/// assert!(matches!(changes.try_next(), Ok(None)));
/// writer.set(&101);
/// writer.set(&102);
/// assert_eq!(changes.wait_next()?, 102);
/// # #[cfg(feature = "std")]
/// # {
/// let none = changes.wait_next_timeout(Duration::from_millis(2));
/// assert_eq!(none, Err(ChangeError::TimedOut));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A clone goes on from the same value, apart from this.
#[derive(Clone, Debug)]
pub struct Changes<T> {
    pub(crate) cell: Cell<T>,
    pub(crate) known: Known,
    /// By a set that waits on behalf of this.
    pub(crate) followed: Followed<Known>,
    /// By a task.
    #[cfg_attr(not(feature = "async"), allow(dead_code))]
    pub(crate) task: Task,
}

/// What a follower has returned.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The number of the value that was returned last.
    pub(crate) seen: Option<Word>,
    /// The word that named the writer of whose death the caller was told; 0: of none.
    pub(crate) told: u32,
}

impl<T: Plain> Changes<T> {
    /// Waits until there is a value that this has not returned, and returns it. The first call
    /// returns what is there.
    ///
    /// A wait ends with [`ChangeError::WriterDied`] if the cell's writer has died, with nothing set
    /// that was not returned, and no other has claimed the cell. Of each death a `Changes` tells
    /// once: called again, it waits for what the next writer sets. A cell that has no writer yet, or
    /// whose writer gave it back, is waited for. That the writer is gone is noticed after about the
    /// time that was waited already, and within 20 ms of sleep; at once with `Region::watched_by`.
    pub fn wait_next(&mut self) -> Result<T, ChangeError> {
        self.next_until(Deadline::Never)
    }

    /// As [`wait_next`](Self::wait_next), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn wait_next_timeout(&mut self, deadline: impl Into<Deadline>) -> Result<T, ChangeError> {
        self.next_until(deadline.into())
    }

    /// The value, if this has not returned it: `None` if it has. Waits for nothing, and asks nothing
    /// of the kernel, unless a wait set has told that the writer died.
    #[inline]
    pub fn try_next(&mut self) -> Result<Option<T>, ChangeError> {
        if self.is_new() {
            return self.awaited().take().map(Some);
        }
        match self.followed.takes_notice() {
            true => {
                self.awaited().ask().unwrap_or_else(|error| Some(Err(error.into()))).transpose()
            }
            false => Ok(None),
        }
    }

    #[inline(always)]
    fn is_new(&self) -> bool {
        self.known.seen != Some(self.cell.copies().number())
    }

    /// What a call waits for.
    pub(crate) fn awaited(&mut self) -> ForChange<'_, T> {
        ForChange { cell: &self.cell, known: &mut self.known, followed: &self.followed }
    }

    fn next_until(&mut self, deadline: Deadline) -> Result<T, ChangeError> {
        if self.is_new() {
            return self.awaited().take();
        }
        let awaited = self.awaited();
        let handle = &awaited.cell.handle;
        wait(awaited, handle.party(), &handle.alarm, deadline)?
    }
}

/// Whether there is a value that a follower has not returned, or a death that it has not told.
#[derive(Debug)]
pub(crate) struct ChangeSign<'a> {
    pub(crate) words: &'a CellWords,
    pub(crate) copies: Copies<'a>,
    pub(crate) known: Known,
}

impl ChangeSign<'_> {
    /// The word that names a writer that is gone, of whose death the follower has not told.
    fn gone(&self, party: &impl Party) -> Result<Option<u32>, LivenessError> {
        let gone = self.words.claim.gone(party)?;
        Ok(gone.filter(|&word| word != self.known.told))
    }
}

impl Sign for ChangeSign<'_> {
    const IS_FOR_ONE: bool = false;

    fn bell(&self) -> &Futex {
        &self.words.bell
    }

    fn count(&self) -> EventCount<'_> {
        self.words.count()
    }

    fn is_there(&self) -> bool {
        self.known.seen != Some(self.copies.number())
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        Ok(self.is_there() || self.gone(party)?.is_some())
    }
}

/// A call that waits for the next value.
pub(crate) struct ForChange<'a, T> {
    pub(crate) cell: &'a Cell<T>,
    known: &'a mut Known,
    followed: &'a Followed<Known>,
}

impl<T: Plain> ForChange<'_, T> {
    #[inline(always)]
    fn take(&mut self) -> Result<T, ChangeError> {
        let (seq, value) = self.cell.copies().peek_numbered()?;
        self.known.seen = Some(seq);
        self.followed.tell(*self.known);
        Ok(value)
    }
}

impl<'a, T: Plain> Awaited for ForChange<'a, T> {
    type Got = Result<T, ChangeError>;
    type Sign = ChangeSign<'a>;

    fn sign(&self) -> ChangeSign<'a> {
        let cell = self.cell;
        ChangeSign { words: cell.handle.head(), copies: cell.copies(), known: *self.known }
    }

    fn fences(&self) -> Fences {
        self.cell.handle.fences()
    }

    fn attempt(&mut self) -> Option<Result<T, ChangeError>> {
        self.sign().is_there().then(|| self.take())
    }

    /// Asks whether the writer is gone.
    fn ask(&mut self) -> Result<Option<Result<T, ChangeError>>, LivenessError> {
        let Some(word) = self.sign().gone(self.cell.handle.party())? else {
            return Ok(self.attempt());
        };
        // What it had set is seen by the look that comes next.
        self.cell.copies().number_after_death();
        let found = self.attempt();
        Ok(Some(found.unwrap_or_else(|| {
            self.known.told = word;
            self.followed.tell(*self.known);
            Err(ChangeError::WriterDied)
        })))
    }
}
