//! Waiting for changes in a table.

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, Word};
use ringway_shm::wait::Deadline;

use super::handle::Table;
use super::rows::Rows;
use crate::asked::Asked;
use crate::error::ChangeError;
use crate::followed::Followed;
use crate::party::Party;
use crate::plain::Plain;
use crate::task::Task;
use crate::wait::{Awaited, Sign, wait};

/// What changes whenever a table does: how often rows were committed, and how many writers are
/// marked as dead.
///
/// A row that is taken from a dead writer is committed: so if the second goes down the first goes
/// up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    commits: Word,
    dead: usize,
}

impl Version {
    fn of<K: Plain, V: Plain>(rows: Rows<'_, K, V>) -> Version {
        let mut version = Version { commits: 0, dead: 0 };
        for (row, words) in rows.words().iter().enumerate() {
            version.commits = version.commits.wrapping_add(rows.copies(row).number());
            version.dead += usize::from(words.is_marked_dead());
        }
        version
    }
}

impl<K: Plain, V: Plain> Table<K, V> {
    /// Waits for changes: of any value, and of the rows that there are.
    pub fn changes(&self) -> TableChanges<K, V> {
        TableChanges {
            table: self.clone(),
            seen: None,
            followed: Followed::default(),
            asked: Asked::now(),
            task: Task::default(),
        }
    }
}

/// Waits for changes in a [`Table`]: a value that is set, a row that is claimed or removed, a writer
/// that dies.
///
/// ```
/// use std::time::Duration;
/// use ringway_sync::{ChangeError, Plan};
///
/// let region = Plan::new().table::<u32, u32>("jobs", 4).heap()?;
/// let jobs = region.table::<u32, u32>("jobs")?;
/// let mut changes = jobs.changes();
/// changes.wait_next()?;
/// let mut row = jobs.claim(&1, &10)?;
/// changes.wait_next()?;
/// assert_eq!(jobs.get(&1)?, Some(10));
/// # #[cfg(feature = "std")]
/// # {
/// let none = changes.wait_next_timeout(Duration::from_millis(2));
/// assert_eq!(none, Err(ChangeError::TimedOut));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableChanges<K, V> {
    pub(crate) table: Table<K, V>,
    pub(crate) seen: Option<Version>,
    /// By a set that waits on behalf of this.
    pub(crate) followed: Followed<Option<Version>>,
    asked: Asked,
    /// By a task.
    #[cfg_attr(not(feature = "async"), allow(dead_code))]
    pub(crate) task: Task,
}

impl<K: Plain, V: Plain> TableChanges<K, V> {
    /// Waits until the table has changed since the last call that returned. The first one returns at
    /// once.
    ///
    /// That a writer died is a change: its row is [stale](crate::Entry::is_stale) then. It is noticed
    /// after about the time that was waited already, and within 20 ms of sleep; at once with
    /// `Region::watched_by`. A waiter asks the kernel for each row that has a writer; and so does a
    /// call that need not wait, every 20 ms.
    pub fn wait_next(&mut self) -> Result<(), ChangeError> {
        self.next_until(Deadline::Never)
    }

    /// As [`wait_next`](Self::wait_next), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn wait_next_timeout(&mut self, deadline: impl Into<Deadline>) -> Result<(), ChangeError> {
        self.next_until(deadline.into())
    }

    /// Whether the table has changed since the last call that said so. Looks at every row's words,
    /// and asks nothing of the kernel: a writer that died is not noticed.
    pub fn try_next(&mut self) -> bool {
        self.awaited().attempt().is_some()
    }

    /// What a call waits for.
    pub(crate) fn awaited(&mut self) -> ForTableChange<'_, K, V> {
        ForTableChange { table: &self.table, seen: &mut self.seen, followed: &self.followed }
    }

    /// Marks the rows whose writers are dead, every now and then: where others set values all the
    /// time no call waits for long enough to do it by itself.
    pub(crate) fn mark_now_and_then(&self) -> Result<(), LivenessError> {
        match self.asked.is_due() {
            true => self.table.rows_of().mark_the_dead(self.table.handle.party()),
            false => Ok(()),
        }
    }

    fn next_until(&mut self, deadline: Deadline) -> Result<(), ChangeError> {
        self.mark_now_and_then().map_err(ChangeError::Liveness)?;
        let awaited = self.awaited();
        let handle = &awaited.table.handle;
        Ok(wait(awaited, handle.party(), &handle.alarm, deadline)?)
    }
}

/// Whether a table has changed since it was as it was seen.
pub(crate) struct TableSign<'a, K, V> {
    pub(crate) rows: Rows<'a, K, V>,
    pub(crate) seen: Option<Version>,
}

impl<K: Plain, V: Plain> Sign for TableSign<'_, K, V> {
    const IS_FOR_ONE: bool = false;

    fn bell(&self) -> &Futex {
        &self.rows.head().bell
    }

    fn count(&self) -> EventCount<'_> {
        self.rows.head().count()
    }

    fn is_there(&self) -> bool {
        self.seen != Some(Version::of(self.rows))
    }

    /// Marks the rows whose writers are dead, which is a change.
    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        self.rows.mark_the_dead(party)?;
        Ok(self.is_there())
    }
}

/// A call that waits for a change.
pub(crate) struct ForTableChange<'a, K, V> {
    pub(crate) table: &'a Table<K, V>,
    seen: &'a mut Option<Version>,
    followed: &'a Followed<Option<Version>>,
}

impl<'a, K: Plain, V: Plain> Awaited for ForTableChange<'a, K, V> {
    type Got = ();
    type Sign = TableSign<'a, K, V>;

    fn sign(&self) -> TableSign<'a, K, V> {
        TableSign { rows: self.table.rows_of(), seen: *self.seen }
    }

    fn fences(&self) -> Fences {
        self.table.handle.fences()
    }

    fn attempt(&mut self) -> Option<()> {
        let now = Some(Version::of(self.table.rows_of()));
        let is_new = core::mem::replace(self.seen, now) != now;
        if is_new {
            self.followed.tell(now);
        }
        is_new.then_some(())
    }

    fn ask(&mut self) -> Result<Option<()>, LivenessError> {
        self.table.rows_of().mark_the_dead(self.table.handle.party())?;
        Ok(self.attempt())
    }
}
