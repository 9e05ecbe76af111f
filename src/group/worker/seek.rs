//! How a worker comes by a message.

use super::claim::Claim;
use super::handle::Worker;
use crate::error::TryRecvError;
use crate::group::claims::{Claims, Fate, Offer};
use crate::group::undone::Rest;
use crate::memory::{Slot, Span};
use crate::message::Message;
use crate::position::{Look, Passed, Pos};
use crate::protocol::receive;
use ringway_shm::sync::{Ordering, WORD, Word, fence};
use ringway_shm::wait::Wait;

/// A message that is there, and that no worker had at the last look.
#[derive(Clone, Copy, Debug)]
struct Free {
    position: Pos,
    /// What its claim word says.
    word: Word,
    /// It may have been delivered before.
    marked: bool,
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims the oldest message that no worker has, if it fits `room` bytes, and says where it
    /// lies. `waiting`: in a call that goes on asking.
    pub(crate) fn seek(
        &mut self,
        room: usize,
        waiting: bool,
    ) -> Result<(Claim, Span), TryRecvError> {
        // Reserves once at most, because that looks at all that the ring holds.
        let mut may_reserve = waiting;
        // Each look is at another position, or at one that another worker has just changed.
        for _ in 0..=2 * self.capacity() {
            if let Some(found) = self.take_reserved(room)? {
                return Ok(found);
            }
            let Some(Free { position, word, marked }) = self.next_free(&mut may_reserve)? else {
                continue;
            };
            let slot = self.reader.storage.slot(position);
            let Some(span) = self.span(position, slot, room)? else { continue };
            let Some(claims) = self.claims() else { return Err(TryRecvError::Corrupt) };
            if claims.claim(position, self.member.index, word, marked) {
                let claim = Claim { first: position, messages: 1, marked };
                if let Some(found) = self.claimed(claim, span, room)? {
                    return Ok(found);
                }
            } else {
                self.member.lose();
            }
        }
        // Another worker was faster at each of these.
        self.member.lose();
        Err(TryRecvError::Empty)
    }

    /// Whether there is a message that no worker has. Claims nothing.
    pub(crate) fn is_any_free(&mut self) -> Result<(), TryRecvError> {
        for _ in 0..=2 * self.capacity() {
            if self.next_free(&mut false)?.is_some() {
                return Ok(());
            }
        }
        Err(TryRecvError::Empty)
    }

    /// Looks at the next position: whether its message is there and no worker has it. `Ok(None)`:
    /// look again, at another position or at what another worker has just changed.
    #[inline(always)]
    fn next_free(&mut self, may_reserve: &mut bool) -> Result<Option<Free>, TryRecvError> {
        self.look_from_the_gate();
        let position = self.reader.next();
        if self.member.awaited.is_some_and(|awaited| position.since(awaited) > 0) {
            // Another worker got the message for which this one waited.
            self.member.awaited = None;
            self.member.lose();
        }
        match self.reader.look() {
            Look::Ready => {}
            Look::NotYet if self.reader.is_closed() => {
                return self.look_at_the_end(position).map(|()| None);
            }
            Look::NotYet => {
                self.member.awaited = Some(position);
                if self.reserve(may_reserve) {
                    return Ok(None);
                }
                return Err(self.excluded().unwrap_or(TryRecvError::Empty));
            }
            Look::Passed(passed) => return self.overtaken(passed).map(|()| None),
        }
        // SYNC published, returns: what is copied from here on is the message of
        // `Producer::publish_marked`, or newer. What was given back before the count of
        // `Claims::finish` is seen to be free.
        fence(Ordering::Acquire);
        if self.was_evicted() {
            return Err(self.evicted());
        }
        if self.reserve(may_reserve) {
            return Ok(None);
        }
        let Some(claims) = self.claims() else { return Err(TryRecvError::Corrupt) };
        match claims.offer(position) {
            Offer::Free { word, marked } => return Ok(Some(Free { position, word, marked })),
            Offer::Taken => self.reader.go_to(position.plus(1)),
            Offer::Other(word) => self.look_at_another_lap(position, word)?,
        }
        Ok(None)
    }

    /// Looks at a position that has no message, of a ring that is closed. `Ok`: there is something
    /// to look at again. Else the error says what there is: nothing any more, or what other workers
    /// may give back.
    #[cold]
    fn look_at_the_end(&mut self, position: Pos) -> Result<(), TryRecvError> {
        let returns = self.claims().map_or(0, |claims| claims.returns());
        // Only after `closed` was seen does it count that there is nothing.
        // SYNC closed, returns: all that was sent before `Producer::shut` can be seen. What was
        // given back before the count of `Claims::finish` is seen to be free.
        fence(Ordering::Acquire);
        if self.reader.look() != Look::NotYet {
            return Ok(());
        }
        let nothing = match self.rest_before(position, returns) {
            Rest::Nothing => TryRecvError::Closed,
            Rest::Others => TryRecvError::Empty,
            Rest::Unclaimed => {
                let gate = self.claims().and_then(|claims| claims.gate());
                self.reader.go_to(gate.unwrap_or(position));
                return Ok(());
            }
        };
        Err(self.excluded().unwrap_or(nothing))
    }

    /// Looks at a position whose claim word is about another one. `Ok`: the group is done with the
    /// position, and this worker goes on at the gate.
    #[cold]
    fn look_at_another_lap(&mut self, position: Pos, word: Word) -> Result<(), TryRecvError> {
        // SYNC claim: if the word is one of a later lap, the worker that wrote it in
        // `Claims::claim` had seen that the gate is beyond this position, and so does this one.
        // If it was barred, or is a new group's, what was released before it is seen: the eviction,
        // or the new generation. See `claims`.
        fence(Ordering::Acquire);
        let gate = self.claims().and_then(|claims| claims.gate());
        if let Some(evicted) = self.excluded() {
            return Err(evicted);
        }
        let gate = gate.ok_or(TryRecvError::Corrupt)?;
        if gate.since(position) > 0 {
            self.reader.go_to(gate);
            return Ok(());
        }
        let Some(claims) = self.claims() else { return Err(TryRecvError::Corrupt) };
        // No worker writes that there: the message was sent while its group was not evicted.
        // A worker gets the message, perhaps again, and this one is told.
        claims.mend_word(position, word);
        Err(TryRecvError::Corrupt)
    }

    /// What there is of a message that has just been claimed. `None`: it is not this worker's to
    /// have, and has been given back.
    #[inline(always)]
    pub(crate) fn claimed(
        &mut self,
        claim: Claim,
        span: Span,
        room: usize,
    ) -> Result<Option<(Claim, Span)>, TryRecvError> {
        self.reader.go_to(claim.first.plus(1));
        self.member.held += 1;
        self.member.losses = 0;
        self.member.awaited = None;
        if !self.is_still_its_group() {
            self.settle(claim, Fate::Untouched);
            return Err(self.evicted());
        }
        let span = if WORD == 4 {
            match self.this_lap(claim, room)? {
                Some(span) => span,
                None => return Ok(None),
            }
        } else {
            span
        };
        // Before there is a guard nothing of the caller's may run, which could panic.
        self.give_up_reserved_quietly();
        Ok(Some((claim, span)))
    }

    /// Where a message lies that this worker has claimed, where words have 32 bits, so that a lap
    /// can come round again while a worker stands still between two instructions. `None`: the
    /// message that the worker had looked at was another lap's, and the claim is given back.
    ///
    /// A claim that succeeded holds the gate, also if it is of another lap than the worker thinks.
    /// It is of the lap in which the slot is. There are two cases.
    ///
    /// - That lap's message has not been published, and may be being written. Then the state is not
    ///   what the worker looks for.
    /// - It has been published, and is not overwritten from here on. If the state is what the
    ///   worker looks for, it is the message of that number. For it was claimed 2^17 laps later, or
    ///   a multiple. In a ring of fewer than 2^14 slots that gives another state. In a ring of as
    ///   many or more it gives the same number, because positions have 31 bits.
    ///
    /// The length is read again.
    #[cold]
    fn this_lap(&mut self, claim: Claim, room: usize) -> Result<Option<Span>, TryRecvError> {
        let span = match self.reader.ready(claim.first) {
            Ok(slot) => self.span(claim.first, slot, room),
            Err(_) => Ok(None),
        };
        if !matches!(span, Ok(Some(_))) {
            self.settle(claim, Fate::Untouched);
            // It is far behind, and goes on where the group is.
            let gate = self.claims().and_then(|claims| claims.gate());
            self.reader.go_to(gate.unwrap_or(claim.first));
        }
        span
    }

    /// Goes back to the gate if something was given back since this one was last there.
    fn look_from_the_gate(&mut self) {
        let Some(claims) = Claims::of(&self.reader.storage, self.member.group) else { return };
        let returns = claims.returns();
        if returns == self.member.returns {
            return;
        }
        let gate = claims.gate();
        self.member.returns = returns;
        if let Some(gate) = gate {
            self.reader.go_to(gate);
        }
    }

    /// Where the message of a slot lies, if it fits. The message has just been seen to be there.
    /// `None`: it is another one by now.
    pub(super) fn span(
        &self,
        position: Pos,
        slot: Slot<'_>,
        room: usize,
    ) -> Result<Option<Span>, TryRecvError> {
        let span = self.reader.span_of::<T>(slot);
        if let Some(span) = span.filter(|span| span.len <= room) {
            return Ok(Some(span));
        }
        // SYNC mark: a length of a later message comes after that one's mark, in
        // `Producer::mark`.
        fence(Ordering::Acquire);
        match (slot.state().load(Ordering::Relaxed) == position.published(), span) {
            (false, _) => Ok(None),
            (true, Some(span)) => Err(TryRecvError::BufferTooSmall { needed: span.len }),
            (true, None) => Err(TryRecvError::Corrupt),
        }
    }

    /// The slot of the next position has a later message. `Ok`: the group was done with that
    /// position, and this worker goes on at the gate.
    #[cold]
    pub(super) fn overtaken(&mut self, passed: Passed) -> Result<(), TryRecvError> {
        // SYNC evicted: the message that is there was sent after the fence in `credit::evict`, if
        // the group was evicted for it.
        fence(Ordering::Acquire);
        let gate = self.claims().and_then(|claims| claims.gate_now());
        if !self.is_still_its_group() {
            return Err(self.evicted());
        }
        let Some(gate) = gate else {
            return Err(self.excluded().unwrap_or(TryRecvError::Corrupt));
        };
        if gate.since(self.reader.next()) > 0 {
            self.reader.go_to(gate);
            return Ok(());
        }
        if let Some(evicted) = self.excluded() {
            return Err(evicted);
        }
        // The gate had been forged. It holds from here on.
        let error = receive::skip(&mut self.reader, passed);
        if let (Some(claims), TryRecvError::Lagged(_)) = (self.claims(), error) {
            claims.mend_gate(gate, self.reader.next());
        }
        Err(error)
    }
}
