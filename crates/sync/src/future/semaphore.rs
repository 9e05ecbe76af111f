//! Permits, as a task.

use super::{for_task, wait};
use crate::behalf::OfSemaphore;
use crate::error::AcquireError;
use crate::semaphore::{ForPermit, Permit, Semaphore};

impl Semaphore {
    /// As [`acquire`](Self::acquire), as a task. Cancel safe: a future that is dropped before it is
    /// done has taken no permit. An interrupt does not end it: dropping it does.
    ///
    /// That an owner is gone is told within 150 ms; of a region in files in about a millisecond, as
    /// a rule.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().semaphore("slots", 1).heap()?;
    /// let slots = region.semaphore("slots")?;
    /// let permit = futures_executor::block_on(slots.acquire_async())?;
    /// assert_eq!(slots.available(), 0);
    /// drop(permit);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn acquire_async(&self) -> Result<Permit<'_>, AcquireError> {
        let (permits, party) = (self.permits(), self.handle.party());
        let sleeper = |_: &_| for_task(&self.handle, OfSemaphore(*self.handle.spot()));
        let taken = wait(ForPermit { permits, party }, sleeper).await;
        taken.map(|taken| self.permit(taken)).map_err(AcquireError::Liveness)
    }
}
