//! Values that are made once, as a task.

use core::convert::Infallible;

use super::take;
use crate::error::OnceError;
use crate::once::Once;
use crate::plain::Plain;

impl<T: Plain> Once<T> {
    /// As [`get_or_init`](Self::get_or_init), as a task: it waits for the one that is making the
    /// value as [`Lock::lock_async`](crate::Lock::lock_async) does. The value is made in one poll.
    /// Cancel safe: a future that is dropped before it is done has not begun to make it.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().once::<u64>("seed").heap()?;
    /// let seed = region.once::<u64>("seed")?;
    /// assert_eq!(futures_executor::block_on(seed.get_or_init_async(|| 42))?, 42);
    /// assert_eq!(seed.get(), Some(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn get_or_init_async(&self, make: impl FnOnce() -> T) -> Result<T, OnceError> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let taken = take(&self.handle, |words| &words.lock).await.map_err(OnceError::Liveness)?;
        self.make(taken, || Ok::<T, Infallible>(make())).map_err(|never| match never {})
    }
}
