//! Tables, as a task.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;
use ringway_shm::sleeper::Sleeper;

use super::{for_task, take, wait};
use crate::behalf::{Behalf, OfRow, OfTable};
use crate::error::{ChangeError, TableError};
use crate::plain::Plain;
use crate::table::{ForRow, Row, Table, TableChanges};
use crate::wait::Awaited;

impl<K: Plain, V: Plain> Table<K, V> {
    /// As [`claim`](Self::claim), as a task. Cancel safe: a future that is dropped before it is done
    /// has claimed nothing. An interrupt does not end it: dropping it does.
    ///
    /// That the writer is gone is told within 150 ms; of a region in files in about a millisecond,
    /// as a rule.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().table::<u32, u32>("jobs", 4).heap()?;
    /// let jobs = region.table::<u32, u32>("jobs")?;
    /// let mut row = futures_executor::block_on(jobs.claim_async(&1, &10))?;
    /// row.set(&11);
    /// assert_eq!(jobs.get(&1)?, Some(11));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn claim_async(&self, key: &K, first: &V) -> Result<Row<K, V>, TableError> {
        loop {
            let lock = take(&self.handle, |words| &words.lock).await;
            match self.claim_locked(lock.map_err(TableError::Liveness)?, key, first) {
                Err(TableError::Taken) => {}
                outcome => return outcome,
            }
            let is_free = wait(ForRow { table: self, key }, |awaited| {
                let (spot, row) = (*self.handle.spot(), awaited.sign().row);
                for_task(&self.handle, OfRow { spot, row })
            });
            is_free.await.map_err(TableError::Liveness)?;
        }
    }
}

impl<K: Plain, V: Plain> TableChanges<K, V> {
    /// As [`wait_next`](Self::wait_next), as a task. Cancel safe. An interrupt does not end it: dropping it
    /// does.
    ///
    /// That a writer died is told within 150 ms; of a region in files in about a millisecond, as a
    /// rule.
    pub async fn next_async(&mut self) -> Result<(), ChangeError> {
        poll_fn(|context| self.poll_change(context)).await
    }

    /// As [`next_async`](Self::next_async), for a future of the caller's.
    pub fn poll_change(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ChangeError>> {
        if let Err(error) = self.mark_now_and_then() {
            return Poll::Ready(Err(ChangeError::Liveness(error)));
        }
        let trail = self.followed.trail(self.seen).clone();
        let mut task = core::mem::take(&mut self.task);
        let polled = task.poll(context, &mut self.awaited(), |awaited| {
            let table = awaited.table;
            let object = OfTable { spot: *table.handle.spot(), form: table.form, trail };
            Behalf::of(&table.handle, object).map(|behalf| -> Arc<dyn Sleeper> { behalf })
        });
        self.task = task;
        polled.map(|found| found.map_err(ChangeError::Liveness))
    }
}

/// No call pins it.
impl<K, V> Unpin for TableChanges<K, V> {}

/// The changes, without an end.
impl<K: Plain, V: Plain> Stream for TableChanges<K, V> {
    type Item = Result<(), ChangeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_change(context).map(Some)
    }
}
