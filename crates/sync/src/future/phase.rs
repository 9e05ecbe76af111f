//! Phases of a barrier, as a task.

use super::{for_task, wait};
use crate::barrier::{Barrier, ForPhase};
use crate::behalf::{OfBarrier, Phase};
use crate::error::BarrierError;

impl Barrier {
    /// As [`wait`](Self::wait), as a task. An interrupt does not end it: dropping it does. A future
    /// that is dropped, and one that ends with an error, has come all the same: the next call waits
    /// for the same phase.
    ///
    /// That a party is gone is told within 150 ms; of a region in files in about a millisecond, as a
    /// rule.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().barrier("start", 2).heap()?;
    /// let mut mine = region.join_barrier("start")?;
    /// let mut theirs = region.attach()?.join_barrier("start")?;
    /// std::thread::scope(|scope| {
    ///     scope.spawn(move || futures_executor::block_on(theirs.wait_async()).unwrap());
    ///     assert_eq!(futures_executor::block_on(mine.wait_async()), Ok(0));
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn wait_async(&mut self) -> Result<u32, BarrierError> {
        let (phase, outcome) = self.arrive();
        let outcome = match (outcome, self.mine()) {
            (Some(outcome), _) => outcome,
            (None, None) => return Err(BarrierError::TimedOut),
            (None, Some(place)) => {
                let (places, party) = (self.places(), self.handle.party());
                let awaited = ForPhase { places, place, party, phase };
                let outcome = wait(awaited, |_| {
                    let (spot, phase) = (*self.handle.spot(), Phase::This(phase));
                    let (leaves_out, place) = (self.leaves_out, self.place);
                    for_task(&self.handle, OfBarrier { spot, leaves_out, place, phase })
                });
                outcome.await.map_err(BarrierError::Liveness)?
            }
        };
        self.settle(phase, outcome)
    }
}
