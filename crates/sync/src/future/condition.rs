//! Waiting for a condition, as a task.

use super::{for_task, take, wait};
use crate::behalf::OfCondition;
use crate::condition::{Condition, ConditionWords, News};
use crate::error::LockError;
use crate::lock::words::Taken;
use crate::mutex::MutexGuard;
use crate::plain::Plain;
use ringway_shm::LivenessError;

impl<'a, T: Plain> MutexGuard<'a, T> {
    /// As [`wait_while`](Self::wait_while), as a task: gives the lock back and waits, as long as
    /// `pred` says so of the value.
    ///
    /// Cancel safe, in so far as a future that is dropped has not the lock: the guard went into it.
    /// What was changed has been committed; if it was notified, another waiter is.
    ///
    /// ```
    /// let plan = ringway_sync::Plan::new().mutex("jobs", 0u64).condition("filled", "jobs");
    /// let region = plan.heap()?;
    /// let jobs = region.mutex::<u64>("jobs")?;
    /// let filled = jobs.condition("filled")?;
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         let mut jobs = jobs.lock().unwrap();
    ///         *jobs += 1;
    ///         filled.notify_one(&jobs);
    ///     });
    ///     futures_executor::block_on(async {
    ///         let guard = jobs.lock_async().await.unwrap();
    ///         let mut jobs = guard.wait_while_async(&filled, |jobs| *jobs == 0).await.unwrap();
    ///         *jobs -= 1;
    ///     });
    /// });
    /// assert_eq!(jobs.peek()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn wait_while_async(
        mut self,
        condition: &Condition<T>,
        mut pred: impl FnMut(&T) -> bool,
    ) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
        if !condition.is_of(self.mutex()) {
            return Err(LockError::OtherMutex);
        }
        while pred(&self) {
            let mutex = self.mutex();
            self = match give_back_and_wait(self, condition, &mut pred).await {
                Ok(taken) => mutex.guard(taken)?,
                Err(error) => return Err(LockError::Liveness(error)),
            };
        }
        Ok(self)
    }
}

/// Until the lock is this owner's again.
async fn give_back_and_wait<T: Plain>(
    guard: MutexGuard<'_, T>,
    condition: &Condition<T>,
    pred: impl FnMut(&T) -> bool,
) -> Result<Taken, LivenessError> {
    let mutex = guard.mutex();
    let handle = mutex.handle();
    let news = wait(guard.give_back(condition, pred), |awaited| {
        let (spot, mutex) = (*condition.handle.spot(), *handle.spot());
        let (seen, seq) = awaited.since();
        for_task(handle, OfCondition { spot, mutex, seen, seq })
    });
    match news.await? {
        News::Taken(taken) => Ok(taken),
        News::Rung => {
            let woken = Woken(condition.handle.head());
            let taken = take(handle, |words| &words.lock).await?;
            core::mem::forget(woken);
            Ok(taken)
        }
    }
}

/// A waiter that was notified, perhaps alone, and has not the lock yet. Dropped, it passes the
/// notification on.
struct Woken<'a>(&'a ConditionWords);

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        self.0.bell().wake_one();
    }
}
