//! Calls that wait for something in a table.

use core::time::Duration;

use ringway_shm::sync::spin_loop;
use ringway_shm::wait::{Deadline, Ended, Pause, wait_for};

use super::handle::Table;
use crate::cell::{QUICK_ROUNDS, SPINS};
use crate::party::Party;
use crate::plain::Plain;
use crate::slices::Slices;

/// A call that waits until there is what it looks for.
struct Waiter<'a, K, V, F, R> {
    table: &'a Table<K, V>,
    look: F,
    slices: Slices,
    /// The number of the news that it knows.
    news: u32,
    found: Option<R>,
}

/// Waits until that look finds something.
pub(super) fn wait<K: Plain, V: Plain, R>(
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
