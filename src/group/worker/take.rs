//! How a worker copies what it has claimed.

use super::claim::Claim;
use super::handle::Worker;
use crate::error::TryRecvError;
use crate::group::claims::{Claims, Fate, Offer};
use crate::memory::Span;
use crate::message::{Message, Plain};
use crate::position::{Look, Pos};
use ringway_shm::sync::{NATIVE, Ordering, RaceCell, fence};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Copies a message that this worker has claimed.
    pub(super) fn copy(&self, position: Pos, span: Span, to: &mut [u8]) {
        let slot = self.reader.storage.slot(position);
        if !NATIVE && !self.reader.can_be_evicted() {
            slot.ghost().read();
            self.reader.storage.spilled_ghosts(span).for_each(RaceCell::read);
        }
        // SAFETY: the ring's messages are `T`, and `span` comes from `span_of`, which checked that
        // a message of this ring can lie there.
        unsafe { slot.payload_at::<T>(span) }.copy_to(to);
    }

    /// The second look at the first message of a claim, after copying: whether what was copied is
    /// whole. If not, the claim is given back. `Ok(false)`: try again.
    pub(crate) fn is_whole(&mut self, claim: Claim) -> Result<bool, TryRecvError> {
        // SYNC mark, settled: what was copied of a later message comes after that one's mark, in
        // `Producer::mark`. What another worker read that gave this one back, it read before
        // `Claims::settle`, and before this one is done.
        fence(Ordering::Acquire);
        let state = self.reader.storage.slot(claim.first).state().load(Ordering::Relaxed);
        let passed = match claim.first.look(state) {
            Look::Ready => return Ok(true),
            Look::Passed(passed) => Some(passed),
            Look::NotYet => None,
        };
        self.settle(claim, Fate::Untouched);
        // States do not go back.
        let passed = passed.ok_or(TryRecvError::Corrupt)?;
        self.reader.go_to(claim.first);
        self.overtaken(passed).map(|()| false)
    }

    /// Claims messages from a position on, until there is one that is not there or not to be had.
    pub(super) fn claim_more(&mut self, first: Pos, most: usize) -> usize {
        let there = self.reader.ready_run(first, most);
        let Some(claims) = Claims::of(&self.reader.storage, self.member.group) else { return 0 };
        let mut claimed = 0;
        while claimed < there {
            let position = first.plus(claimed);
            let Offer::Free { word, marked } = claims.offer(position) else { break };
            if !claims.claim(position, self.member.index, word, marked) {
                break;
            }
            claimed += 1;
        }
        self.member.held += claimed;
        if !self.is_still_its_group() {
            // As after the claim of one: see `claimed`. Of these some may be lost.
            self.settle(Claim { first, messages: claimed, marked: false }, Fate::Untouched);
            return 0;
        }
        // If the batch began at the reserved position, others may be before it.
        if self.reader.next() == first {
            self.reader.go_to(first.plus(claimed));
        }
        claimed
    }

    /// One message, into the start of a buffer. Returns its length.
    pub(crate) fn take_bytes(
        &mut self,
        buffer: &mut [u8],
        waiting: bool,
    ) -> Result<(usize, Claim), TryRecvError> {
        loop {
            let (claim, span) = self.seek(buffer.len(), waiting)?;
            if let Some(to) = buffer.get_mut(..span.len) {
                self.copy(claim.first, span, to);
            }
            if self.is_whole(claim)? {
                return Ok((span.len, claim));
            }
        }
    }
}

impl<T: Plain, W: Wait> Worker<T, W> {
    /// One message.
    pub(crate) fn take(&mut self, waiting: bool) -> Result<(T, Claim), TryRecvError> {
        loop {
            let (claim, span) = self.seek(size_of::<T>(), waiting)?;
            let mut message = T::new_zeroed();
            self.copy(claim.first, span, T::as_mut_bytes(&mut message));
            if self.is_whole(claim)? {
                return Ok((message, claim));
            }
        }
    }

    /// Messages that follow each other, into the start of a buffer.
    pub(crate) fn take_batch(
        &mut self,
        buffer: &mut [T],
        waiting: bool,
    ) -> Result<Claim, TryRecvError> {
        if buffer.is_empty() {
            return Ok(Claim { first: self.reader.next(), messages: 0, marked: false });
        }
        loop {
            let (mut claim, span) = self.seek(size_of::<T>(), waiting)?;
            let more = buffer.len().min(self.capacity()) - 1;
            claim.messages += self.claim_more(claim.first.plus(1), more);
            for (ahead, message) in buffer.iter_mut().take(claim.messages).enumerate() {
                self.copy(claim.first.plus(ahead), span, T::as_mut_bytes(message));
            }
            // They are overwritten in order, the first one first.
            if self.is_whole(claim)? {
                return Ok(claim);
            }
        }
    }
}
