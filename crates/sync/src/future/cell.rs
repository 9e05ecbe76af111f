//! Cells, as a task.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;
use ringway_shm::sleeper::Sleeper;

use super::take;
use crate::behalf::{Behalf, OfCell};
use crate::cell::{Cell, CellWriter, Changes};
use crate::error::{ChangeError, ClaimError};
use crate::lock::words::Taken;
use crate::plain::Plain;

impl<T: Plain> Cell<T> {
    /// As [`claim`](Self::claim), as a task. Cancel safe: a future that is dropped before it is done
    /// is not the writer. What is said of [`Lock::lock_async`](crate::Lock::lock_async) goes for it.
    pub async fn claim_async(&self) -> Result<CellWriter<T>, ClaimError> {
        let taken = take(&self.handle, |words| &words.claim).await;
        let taken = taken.map_err(ClaimError::Liveness)?;
        Ok(CellWriter::new(self.clone(), taken == Taken::Died))
    }
}

impl<T: Plain> Changes<T> {
    /// As [`wait_next`](Self::wait_next), as a task. Cancel safe: a future that is dropped before it is done
    /// has returned no value. An interrupt does not end it: dropping it does.
    ///
    /// That the writer is gone is told within 150 ms; of a region in files in about a millisecond,
    /// as a rule.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().cell("price", 100u64).heap()?;
    /// let price = region.cell::<u64>("price")?;
    /// let mut changes = price.changes();
    /// futures_executor::block_on(async {
    ///     assert_eq!(changes.next_async().await, Ok(100));
    ///     let mut writer = price.claim_async().await.unwrap();
    ///     writer.set(&101);
    ///     assert_eq!(changes.next_async().await, Ok(101));
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn next_async(&mut self) -> Result<T, ChangeError> {
        poll_fn(|context| self.poll_change(context)).await
    }

    /// As [`next_async`](Self::next_async), for a future of the caller's.
    pub fn poll_change(&mut self, context: &mut Context<'_>) -> Poll<Result<T, ChangeError>> {
        let trail = self.followed.trail(self.known).clone();
        let mut task = core::mem::take(&mut self.task);
        let polled = task.poll(context, &mut self.awaited(), |awaited| {
            let cell = awaited.cell;
            let object = OfCell { spot: *cell.handle.spot(), mask: cell.mask, trail };
            Behalf::of(&cell.handle, object).map(|behalf| -> Arc<dyn Sleeper> { behalf })
        });
        self.task = task;
        polled.map(|found| found.unwrap_or_else(|error| Err(error.into())))
    }
}

/// No call pins it.
impl<T> Unpin for Changes<T> {}

/// The values, without an end: after [`ChangeError::WriterDied`] come those of the next writer.
impl<T: Plain> Stream for Changes<T> {
    type Item = Result<T, ChangeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_change(context).map(Some)
    }
}
