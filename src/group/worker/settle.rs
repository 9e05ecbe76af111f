//! How a worker ends its claims, and leaves.

use super::claim::Claim;
use super::handle::Worker;
use crate::group::claims::{Fate, Outcome};
use crate::group::find;
use crate::memory::Entries;
use crate::message::Message;
use crate::protocol::entry;
use crate::protocol::wake::wake_producer;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Ends a claim, and notifies the handle's [`Wait`] if that is news for others.
    pub(super) fn settle(&mut self, claim: Claim, fate: Fate) -> Outcome {
        let outcome = self.settle_quietly(claim, fate);
        if outcome.done || outcome.back {
            self.reader.wait.notify();
        }
        outcome
    }

    /// Ends a claim, and leaves the notice to the caller.
    pub(super) fn settle_quietly(&mut self, claim: Claim, fate: Fate) -> Outcome {
        let Claim { first, messages, .. } = claim;
        let mut outcome = Outcome::default();
        if !self.storage().is_here() {
            // In a forked child the claim is the parent process's.
            outcome.lost = true;
            return outcome;
        }
        if let Some(claims) = self.claims() {
            for ahead in 0..messages {
                claims.settle(first.plus(ahead), self.member.index, fate, &mut outcome);
            }
            claims.finish(outcome, self.reader.fences);
        }
        self.member.held = self.member.held.saturating_sub(messages);
        self.unpin();
        outcome
    }

    /// Gives the reserved position back, as if it had not been claimed.
    pub(crate) fn give_up_reserved(&mut self) {
        if self.give_up_reserved_quietly() {
            self.reader.wait.notify();
        }
    }

    /// Gives the reserved position back, and leaves the notice to the caller. Returns whether there
    /// was one.
    pub(crate) fn give_up_reserved_quietly(&mut self) -> bool {
        let Some(position) = self.member.reserved.take() else { return false };
        let claim = Claim { first: position, messages: 1, marked: false };
        self.settle_quietly(claim, Fate::Untouched);
        true
    }

    /// Lets the producer overwrite what a group that was evicted had not done. What was pinned is
    /// done or given back, or its guard was leaked: while there is a guard, nothing else is
    /// settled.
    pub(crate) fn unpin(&mut self) {
        if !core::mem::take(&mut self.member.pinned) {
            return;
        }
        if let Some(entry) = self.storage().entry(self.member.index) {
            entry::unpin(entry);
        }
        // The producer may have waited for the pin.
        wake_producer(self.storage(), self.reader.fences);
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Worker<T, W> {
    fn drop(&mut self) {
        if !self.storage().is_here() {
            return;
        }
        self.give_up_reserved_quietly();
        if let (Some(claims), true) = (self.claims(), self.member.held > 0) {
            // Guards were leaked.
            claims.take_back(&Entries::only(self.member.index));
        }
        // After the claims, so that none names an entry that may be another worker's.
        entry::leave(self.storage(), self.member.index);
        // The producer may have slept over a pin.
        wake_producer(self.storage(), self.reader.fences);
        if self.member.told {
            find::forget_evicted(self.storage(), self.member.group, self.member.generation);
        }
        self.reader.wait.notify();
    }
}
