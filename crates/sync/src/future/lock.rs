//! Locks without a value, as a task.

use super::take;
use crate::error::LockError;
use crate::lock::words::Taken;
use crate::lock::{Lock, LockGuard};

impl Lock {
    /// As [`lock`](Self::lock), as a task. Cancel safe: a future that is dropped before it is done
    /// has not taken the lock. An interrupt does not end it: dropping it does.
    ///
    /// That its owner is gone is told within 150 ms; of a region in files in about a millisecond, as
    /// a rule, without [`Region::watched_by`](crate::Region::watched_by).
    ///
    /// The guard may be held across an `.await`: as long as the task is not polled, the others wait.
    /// A second task of the same seat that locks waits for the first, and is woken by it. A task
    /// whose runtime has one thread must not wait for the lock by [`lock`](Self::lock) while another
    /// task of it has the guard.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().lock("printer").heap()?;
    /// let lock = region.lock("printer")?;
    /// futures_executor::block_on(async {
    ///     let guard = lock.lock_async().await?;
    ///     assert!(lock.try_lock().is_err());
    ///     drop(guard);
    ///     Ok::<(), ringway_sync::WaitError>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn lock_async(&self) -> Result<LockGuard<'_>, LockError<LockGuard<'_>>> {
        match take(&self.handle, |words| words).await {
            Ok(Taken::Clean) => Ok(LockGuard::new(self, false)),
            Ok(Taken::Died) => Err(LockError::OwnerDied(LockGuard::new(self, true))),
            Err(error) => Err(LockError::Liveness(error)),
        }
    }
}
