//! Waiting for changes in a table.

use core::time::Duration;

use ringway_shm::sync::{Word, spin_loop};
use ringway_shm::wait::{Deadline, Ended, Pause, wait_for};

use super::handle::Table;
use super::row::Row;
use super::rows::Rows;
use crate::cell::{QUICK_ROUNDS, SPINS};
use crate::error::{ChangeError, TableError};
use crate::party::Party;
use crate::plain::Plain;
use crate::slices::Slices;

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

/// Claims a row as soon as it has no writer that lives.
pub(super) fn claim_until<K: Plain, V: Plain>(
    table: &Table<K, V>,
    deadline: Deadline,
    claim: impl Fn() -> Result<Row<K, V>, TableError>,
) -> Result<Row<K, V>, TableError> {
    let claimed = wait(table, deadline, || match claim() {
        Err(TableError::Taken) => None,
        outcome => Some(outcome),
    });
    claimed.unwrap_or_else(|ended| match ended {
        Ended::Interrupted => Err(TableError::Interrupted),
        _ => Err(TableError::TimedOut),
    })
}

/// A call that waits until there is what it looks for.
struct Waiter<'a, K, V, F, R> {
    table: &'a Table<K, V>,
    look: F,
    slices: Slices,
    /// The number of the news that it knows.
    news: u32,
    found: Option<R>,
}

fn wait<K: Plain, V: Plain, R>(
    table: &Table<K, V>,
    deadline: Deadline,
    look: impl FnMut() -> Option<R>,
) -> Result<R, Ended> {
    let news = table.handle.party().news();
    let mut waiter = Waiter { table, look, slices: Slices::new(), news, found: None };
    wait_for(
        &mut waiter,
        |waiter| waiter.found.take().or_else(|| (waiter.look)()),
        |_, round| match round < SPINS {
            true => {
                spin_loop();
                Pause::Again
            }
            false => Pause::Sleep,
        },
        |waiter, left| waiter.sleep(left),
        |waiter| waiter.table.handle.alarm.is_raised().then_some(Ended::Interrupted),
        deadline,
        QUICK_ROUNDS,
    )
}

impl<K: Plain, V: Plain, F: FnMut() -> Option<R>, R> Waiter<'_, K, V, F, R> {
    fn sleep(&mut self, left: Duration) {
        let handle = &self.table.handle;
        let (head, party) = (handle.head(), handle.party());
        let token = head.count().arm(handle.fences());
        self.found = (self.look)();
        if self.found.is_some() {
            return;
        }
        let limit = self.slices.next().min(left);
        party.sleep(&head.bell, token, self.news, &handle.alarm, token.limit(limit));
        let news = party.news();
        if news != self.news || !head.count().has_rung(token) {
            self.news = news;
            self.mark_the_dead();
        }
    }

    /// Marks the rows whose writers are dead.
    fn mark_the_dead(&self) {
        let (rows, memory) = (self.table.rows_of(), &self.table.handle.party().memory);
        for row in 0..rows.len() {
            rows.writer(memory, row, true);
        }
    }
}
