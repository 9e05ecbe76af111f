//! Waiting for changes in a table.

use ringway_shm::sync::Word;
use ringway_shm::wait::{Deadline, Ended};

use super::handle::Table;
use super::rows::Rows;
use super::wait::wait;
use crate::error::ChangeError;
use crate::plain::Plain;

/// What changes whenever a table does: how often rows were committed, and how many writers are
/// marked as dead.
///
/// A row that is taken from a dead writer is committed: so if the second goes down the first goes
/// up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
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
        TableChanges::new(self.clone())
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
/// changes.next()?;
/// let mut row = jobs.claim(&1, &10)?;
/// changes.next()?;
/// assert_eq!(jobs.get(&1)?, Some(10));
/// let none = changes.next_timeout(Duration::from_millis(2));
/// assert_eq!(none, Err(ChangeError::TimedOut));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableChanges<K, V> {
    table: Table<K, V>,
    seen: Option<Version>,
}

impl<K: Plain, V: Plain> TableChanges<K, V> {
    pub(super) fn new(table: Table<K, V>) -> TableChanges<K, V> {
        TableChanges { table, seen: None }
    }

    /// Waits until the table has changed since the last call that returned. The first one returns at
    /// once.
    ///
    /// That a writer died is a change: its row is [stale](crate::Entry::is_stale) then. It is noticed
    /// after about the time that was waited already, and within 20 ms of sleep; at once with
    /// `Region::watched_by`. A waiter asks the kernel for each row that has a writer.
    #[allow(clippy::should_implement_trait, reason = "it waits, and can fail")]
    pub fn next(&mut self) -> Result<(), ChangeError> {
        self.next_until(Deadline::Never)
    }

    /// As [`next`](Self::next), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn next_timeout(&mut self, deadline: impl Into<Deadline>) -> Result<(), ChangeError> {
        self.next_until(deadline.into())
    }

    /// Whether the table has changed since the last call that said so. Looks at every row's words,
    /// and asks nothing of the kernel: a writer that died is not noticed.
    pub fn try_next(&mut self) -> bool {
        let now = Version::of(self.table.rows_of());
        self.seen.replace(now) != Some(now)
    }

    fn next_until(&mut self, deadline: Deadline) -> Result<(), ChangeError> {
        let TableChanges { table, seen } = self;
        let is_new = || {
            let now = Version::of(table.rows_of());
            (seen.replace(now) != Some(now)).then_some(())
        };
        let ended = wait(table, deadline, is_new);
        ended.map_err(|ended| match ended {
            Ended::Interrupted => ChangeError::Interrupted,
            _ => ChangeError::TimedOut,
        })
    }
}
