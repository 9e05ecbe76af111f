//! Tokens, as a task.

use super::{for_task, wait};
use crate::behalf::OfSignal;
use crate::error::SignalError;
use crate::signal::{ForToken, Signal};

impl Signal {
    /// As [`wait`](Self::wait), as a task. Cancel safe: a future that is dropped before it is done
    /// has taken no token. An interrupt does not end it: dropping it does.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().signal("ready").heap()?;
    /// let ready = region.signal("ready")?;
    /// ready.post()?;
    /// futures_executor::block_on(ready.wait_async())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn wait_async(&self) -> Result<(), SignalError> {
        let awaited = ForToken { words: self.handle.head(), fences: self.handle.fences() };
        let sleeper = |_: &_| for_task(&self.handle, OfSignal(*self.handle.spot()));
        wait(awaited, sleeper).await.map_err(|error| crate::error::Unmet::Liveness(error).into())
    }
}
