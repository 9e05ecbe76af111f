//! Claims that a guard holds, and ends when it is dropped.

use core::fmt;
use core::mem::ManuallyDrop;

use super::claim::Claim;
use super::handle::Worker;
use crate::group::claims::{Claims, Fate, Outcome};
use crate::message::Message;
use crate::position::Position;
use ringway_shm::wait::Wait;

/// What was claimed has been taken away meanwhile, and may be another worker's. Either the group
/// was evicted and has begun anew, or the group's words in the control segment were forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimLost;

impl core::error::Error for ClaimLost {}

impl fmt::Display for ClaimLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the message was taken away from this worker: its group was evicted and has begun \
             anew, or the control segment was forged",
        )
    }
}

/// Claims that have to be ended. Dropped, they are done. If a panic goes on that had not begun when
/// they were made, they are given back. Leaked, they end when the worker is dropped.
pub(crate) struct Hold<'a, T: Message + ?Sized, W: Wait> {
    pub(super) worker: &'a mut Worker<T, W>,
    pub(super) claim: Claim,
    was_panicking: bool,
}

#[cfg(feature = "std")]
fn is_panicking() -> bool {
    std::thread::panicking()
}

#[cfg(not(feature = "std"))]
fn is_panicking() -> bool {
    false
}

impl<'a, T: Message + ?Sized, W: Wait> Hold<'a, T, W> {
    pub(crate) fn new(worker: &'a mut Worker<T, W>, claim: Claim) -> Self {
        worker.count(claim);
        Hold { worker, claim, was_panicking: is_panicking() }
    }

    /// Whether the message of that number among those of the claim may have been delivered before.
    pub(super) fn redelivered(&self, index: usize) -> bool {
        let Hold { worker, claim, .. } = self;
        index < claim.messages
            && worker.storage().is_here()
            && Claims::of(worker.storage(), worker.member.group).is_some_and(|claims| {
                claims.is_marked(claim.first.plus(index), worker.member.index)
            })
    }

    pub(super) fn end(self, fate: Fate) -> Result<(), ClaimLost> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, and its `worker` is not used again: this is a move.
        let worker = unsafe { core::ptr::read(&this.worker) };
        let Outcome { lost, .. } = worker.settle(this.claim, fate);
        if lost { Err(ClaimLost) } else { Ok(()) }
    }

    pub(super) fn position(&self) -> Position {
        self.claim.first.number()
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Hold<'_, T, W> {
    fn drop(&mut self) {
        let panics = is_panicking() && !self.was_panicking;
        self.worker.settle(self.claim, if panics { Fate::Nacked } else { Fate::Done });
    }
}
