//! Claiming a message and ending the claim in two calls, with no guard between them.
//!
//! For what has many workers, and a guard of its own that says which of them a message is from.
//! None of these calls goes on patrol: the caller looks after the dead by itself.

use super::claim::Claim;
use super::handle::Worker;
use crate::error::TryRecvError;
use crate::group::claims::{Claims, Fate};
use crate::group::undone::Rest;
use crate::memory::Storage;
use crate::message::{Message, Plain};
use crate::position::{Look, Pos};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims the oldest message that no worker has, and copies it.
    pub(crate) fn claim_bytes(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<(usize, Claim), TryRecvError> {
        let (len, claim) = self.take_bytes(buffer, false)?;
        self.count(claim);
        Ok((len, claim))
    }

    /// Ends a claim. `false`: what was claimed had been taken away.
    pub(crate) fn end_claim(&mut self, claim: Claim, fate: Fate) -> bool {
        !self.settle(claim, fate).lost
    }

    /// Whether the message of that number among those of a claim may have been delivered before.
    pub(crate) fn was_delivered(&self, claim: Claim, index: usize) -> bool {
        let marked =
            |claims: Claims<'_>| claims.is_marked(claim.first.plus(index), self.member.index);
        index < claim.messages && self.claims().is_some_and(marked)
    }

    /// Whether the next call may find something: a message that no worker has, or the end.
    pub(crate) fn has_something(&mut self) -> bool {
        self.is_any_free() != Err(TryRecvError::Empty)
    }

    /// Whether all that was sent is done.
    pub(crate) fn has_done_all(&mut self) -> bool {
        self.reader.look() == Look::NotYet && self.rest() == Rest::Nothing
    }

    /// The number of its group.
    pub(crate) fn group_number(&self) -> usize {
        self.member.group
    }

    /// The ring's memory.
    pub(crate) fn memory(&self) -> &Storage {
        self.storage()
    }
}

impl<T: Plain, W: Wait> Worker<T, W> {
    /// Claims the oldest message that no worker has, and copies it.
    pub(crate) fn claim_next(&mut self) -> Result<(T, Claim), TryRecvError> {
        let (message, claim) = self.take(false)?;
        self.count(claim);
        Ok((message, claim))
    }

    /// Claims messages that follow each other, and copies them.
    pub(crate) fn claim_batch(&mut self, buffer: &mut [T]) -> Result<Claim, TryRecvError> {
        let claim = self.take_batch(buffer, false)?;
        self.count(claim);
        Ok(claim)
    }
}

impl Claim {
    /// How many messages it is of.
    pub(crate) fn count(self) -> usize {
        self.messages
    }

    /// The position of its first message.
    pub(crate) fn place(self) -> Pos {
        self.first
    }
}
