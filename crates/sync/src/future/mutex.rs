//! Locks with a value, as a task.

use super::take;
use crate::error::LockError;
use crate::lock::words::Taken;
use crate::mutex::{InPlace, InPlaceGuard, Mutex, MutexGuard};
use crate::plain::Plain;

impl<T: Plain> Mutex<T> {
    /// As [`lock`](Self::lock), as a task. Cancel safe. What is said of
    /// [`Lock::lock_async`](crate::Lock::lock_async) goes for it.
    ///
    /// A guard that is held across an `.await` commits when it is dropped, also if that is because
    /// the future is that has it. [`discard`](MutexGuard::discard) leaves the value as it was;
    /// [`commit`](MutexGuard::commit) says when it is to be seen.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().mutex("count", 0u64).heap()?;
    /// let count = region.mutex::<u64>("count")?;
    /// futures_executor::block_on(async {
    ///     *count.lock_async().await? += 1;
    ///     Ok::<(), ringway_sync::WaitError>(())
    /// })?;
    /// assert_eq!(count.peek()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn lock_async(&self) -> Result<MutexGuard<'_, T>, LockError<MutexGuard<'_, T>>> {
        match take(self.handle(), |words| &words.lock).await {
            Ok(taken) => self.guard(taken),
            Err(error) => Err(LockError::Liveness(error)),
        }
    }
}

impl<T: Plain> InPlace<T> {
    /// As [`lock`](Self::lock), as a task. Cancel safe. What is said of
    /// [`Lock::lock_async`](crate::Lock::lock_async) goes for it.
    pub async fn lock_async(&self) -> Result<InPlaceGuard<'_, T>, LockError<InPlaceGuard<'_, T>>> {
        match take(&self.handle, |words| words).await {
            Ok(Taken::Clean) => Ok(InPlaceGuard::new(self, false)),
            Ok(Taken::Died) => Err(LockError::OwnerDied(InPlaceGuard::new(self, true))),
            Err(error) => Err(LockError::Liveness(error)),
        }
    }
}
