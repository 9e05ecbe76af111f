//! How a worker finds a message that no worker has, and claims it.

use super::Worker;
use crate::error::TryRecvError;
use crate::group::{Desk, Fate, Offer, Others, Rest};
use crate::memory::layout::{EVICTS, Entry};
use crate::memory::{Slot, Span};
use crate::message::Message;
use crate::position::{Look, Passed, Pos};
use crate::protocol::wake;
use crate::protocol::{head, receive};
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

/// What has been claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) first: Pos,
    pub(crate) messages: usize,
    /// The first of them may have been delivered before.
    pub(crate) marked: bool,
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims the oldest message that nobody has, if it fits a place of so many bytes, and returns
    /// its place too. `waiting`: in a call that goes on asking.
    pub(crate) fn seek(
        &mut self,
        room: usize,
        waiting: bool,
    ) -> Result<(Claim, Span), TryRecvError> {
        // Once at most: it looks at all that the ring holds.
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
            let Some(desk) = self.desk() else { return Err(TryRecvError::Corrupt) };
            if desk.claim(position, self.place.index, word, marked) {
                let claim = Claim { first: position, messages: 1, marked };
                if let Some(found) = self.claimed(claim, span, room)? {
                    return Ok(found);
                }
            } else {
                self.place.lose();
            }
        }
        // All of these had somebody else who was faster.
        self.place.lose();
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
        let position = self.reader.next;
        if self.place.awaited.is_some_and(|awaited| position.since(awaited) > 0) {
            // Another worker got the message for which this one waited.
            self.place.awaited = None;
            self.place.lose();
        }
        match self.reader.look() {
            Look::Ready => {}
            Look::NotYet if self.reader.is_closed() => return self.end_of_closed(position),
            Look::NotYet => {
                self.place.awaited = Some(position);
                if self.reserve(may_reserve) {
                    return Ok(None);
                }
                return Err(self.excluded().unwrap_or(TryRecvError::Empty));
            }
            Look::Passed(passed) => return self.overtaken(passed).map(|()| None),
        }
        // Pairs with the release of the state: what is copied from here on is the message, or
        // newer. And with that of `returns`: what was given back before it changed is seen to be
        // free.
        fence(Ordering::Acquire);
        if self.was_evicted() {
            return Err(self.evicted());
        }
        if self.reserve(may_reserve) {
            return Ok(None);
        }
        let Some(desk) = self.desk() else { return Err(TryRecvError::Corrupt) };
        match desk.offer(position) {
            Offer::Free { word, marked } => return Ok(Some(Free { position, word, marked })),
            Offer::Taken => self.reader.next = position.plus(1),
            Offer::Other(word) => self.strange(position, word)?,
        }
        Ok(None)
    }

    /// The next position has no message, and the ring is closed.
    fn end_of_closed(&mut self, position: Pos) -> Result<Option<Free>, TryRecvError> {
        // Only now is it worth something that there is nothing. Pairs with the release of `closed`:
        // all that was sent before can be seen.
        fence(Ordering::Acquire);
        if self.reader.look() != Look::NotYet {
            return Ok(None);
        }
        let nothing = match self.rest_before(position) {
            Rest::Nothing => TryRecvError::Closed,
            Rest::Others => TryRecvError::Empty,
            Rest::Unclaimed => {
                let gate = self.desk().and_then(|desk| desk.gate());
                self.reader.next = gate.unwrap_or(position);
                return Ok(None);
            }
        };
        Err(self.excluded().unwrap_or(nothing))
    }

    /// A position's claim word is none of this lap's. `Ok`: the group was done with the position,
    /// and this one goes on at the gate.
    fn strange(&mut self, position: Pos, word: Word) -> Result<(), TryRecvError> {
        // Pairs with the release of claims: if it is one of a later lap, its worker had seen that
        // the gate is beyond this position, and so do we. And with that of the words of a group
        // that was evicted, or has begun anew.
        fence(Ordering::Acquire);
        let gate = self.desk().and_then(|desk| desk.gate());
        if let Some(evicted) = self.excluded() {
            return Err(evicted);
        }
        let gate = gate.ok_or(TryRecvError::Corrupt)?;
        if gate.since(position) > 0 {
            self.reader.next = gate;
            return Ok(());
        }
        // No worker writes that there: the message was sent while its group was not evicted.
        // Another worker gets it, perhaps again, and this one is told.
        if let Some(desk) = self.desk() {
            desk.mend_word(position, word);
        }
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
        self.reader.next = claim.first.plus(1);
        self.place.held += 1;
        self.place.losses = 0;
        self.place.awaited = None;
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

    /// Where a message lies that this worker has claimed, where a lap can come round again while it
    /// stands still between two instructions. `None`: it was another lap's message that it had
    /// looked at, and what it has claimed is given back.
    ///
    /// A claim that succeeded holds the gate, also if it is of another lap than the worker thinks:
    /// it is of the one in which the slot is. Either that lap's message has not been published, and
    /// may be being written: then the state is not what the worker looks for. Or it has, and is not
    /// overwritten from here on; if the state is what the worker looks for, it is the message of
    /// that number, for it was claimed 2^17 laps later, or a multiple: in a ring of fewer than 2^14
    /// slots that is another state, and in one of as many or more it is the same number, positions
    /// having 31 bits. Its length is read again.
    #[cold]
    fn this_lap(&mut self, claim: Claim, room: usize) -> Result<Option<Span>, TryRecvError> {
        let span = match self.reader.ready(claim.first) {
            Ok(slot) => self.span(claim.first, slot, room),
            Err(_) => Ok(None),
        };
        if !matches!(span, Ok(Some(_))) {
            self.settle(claim, Fate::Untouched);
            // Far behind as it is, it goes on where the group is.
            let gate = self.desk().and_then(|desk| desk.gate());
            self.reader.next = gate.unwrap_or(claim.first);
        }
        span
    }

    /// Goes back to the gate if something was given back since this one was last there.
    fn look_from_the_gate(&mut self) {
        let Some(desk) = Desk::of(&self.reader.storage, self.place.group) else { return };
        let returns = desk.returns();
        if returns == self.place.returns {
            return;
        }
        let gate = desk.gate();
        self.place.returns = returns;
        if let Some(gate) = gate {
            self.reader.next = gate;
        }
    }

    /// Where the message of a slot lies, which has just been seen to be there, if it fits. `None`:
    /// it is another one by now.
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
        // Pairs with the fence after the `writing` mark.
        fence(Ordering::Acquire);
        match (slot.state().load(Ordering::Relaxed) == position.published(), span) {
            (false, _) => Ok(None),
            (true, Some(span)) => Err(TryRecvError::BufferTooSmall { needed: span.len }),
            (true, None) => Err(TryRecvError::Corrupt),
        }
    }

    /// The slot of the next position has a later message. `Ok`: the group was done with it, and
    /// this one goes on at the gate.
    #[cold]
    pub(super) fn overtaken(&mut self, passed: Passed) -> Result<(), TryRecvError> {
        // Pairs with the release in `evict`, by way of the slot's state.
        fence(Ordering::Acquire);
        let gate = self.desk().and_then(|desk| desk.gate_now());
        // Pairs with the release of a gate that is another group's, by now: its generation is seen.
        fence(Ordering::Acquire);
        if !self.is_still_its_group() {
            return Err(self.evicted());
        }
        let Some(gate) = gate else {
            return Err(self.excluded().unwrap_or(TryRecvError::Corrupt));
        };
        if gate.since(self.reader.next) > 0 {
            self.reader.next = gate;
            return Ok(());
        }
        if let Some(evicted) = self.excluded() {
            return Err(evicted);
        }
        // The gate had been forged. It holds from here on.
        let error = receive::skip(&mut self.reader, passed);
        if let (Some(desk), TryRecvError::Lagged(_)) = (self.desk(), error) {
            desk.mend_gate(gate, self.reader.next);
        }
        Err(error)
    }

    /// Why the group will get nothing more, whatever is sent.
    pub(crate) fn excluded(&mut self) -> Option<TryRecvError> {
        (self.was_evicted() || !self.is_still_its_group()).then(|| self.evicted())
    }

    /// Whether the group, as this worker knows it, was the last one in its entry to be evicted.
    fn was_evicted(&self) -> bool {
        let storage = &self.reader.storage;
        let entry = storage.measures().subscribers() + self.place.group;
        storage.was_evicted(entry, self.place.generation)
    }

    /// Whether the group's entry is the group's that this worker has joined. Else that was evicted,
    /// and its entry given up since, and made another group's, or the same one's begun anew.
    #[inline(always)]
    pub(super) fn is_still_its_group(&self) -> bool {
        let groups = self.reader.storage.group_entries();
        let generation = |entry: &Entry| entry.generation.load(Ordering::Relaxed);
        !EVICTS || groups.get(self.place.group).map(generation) == Some(self.place.generation)
    }

    /// What a worker is told whose group was evicted.
    #[cold]
    fn evicted(&mut self) -> TryRecvError {
        self.place.told = true;
        // What was pinned is about to be given back, or its guard was leaked.
        self.unpin();
        let head = head::exact(&self.reader.storage);
        let desk = self.desk().filter(|_| self.is_still_its_group());
        let missed = match desk.filter(|desk| desk.gate().is_some()) {
            Some(desk) => desk.undone(head),
            // What the group had not done stands nowhere any more.
            None => u64::try_from(head.since(self.reader.next)).unwrap_or(0),
        };
        TryRecvError::Evicted { missed }
    }

    /// Whether looking again may bring something, for one who found nothing.
    fn is_worth_a_look(&self) -> bool {
        let Some(desk) = self.desk() else { return true };
        let reserved = self.place.reserved.is_some_and(|position| {
            let state = self.reader.storage.slot(position).state().load(Ordering::Relaxed);
            position.look(state) != Look::NotYet
        });
        reserved
            || self.reader.look() != Look::NotYet
            || desk.returns() != self.place.returns
            || (self.reader.is_closed() && !self.others_have_it(desk))
    }

    /// Whether others have something still of all that was sent to a ring that is closed, besides
    /// which nothing was free.
    fn others_have_it(&self, desk: Desk<'_>) -> bool {
        let known = self.place.others.filter(|(returns, _)| *returns == desk.returns());
        known.is_some_and(|(_, others)| desk.still_have(others, self.place.index))
    }

    /// What is left of all that was sent.
    pub(crate) fn rest(&mut self) -> Rest {
        self.rest_before(head::exact(&self.reader.storage))
    }

    /// What is left before a position, looking no further than needed by one who looked before: of
    /// what others had, nothing becomes free without something being given back.
    fn rest_before(&mut self, end: Pos) -> Rest {
        let Some(desk) = self.desk() else { return Rest::Nothing };
        let returns = desk.returns();
        // Pairs with the release of `returns`: what was given back before it changed is seen to be
        // free.
        fence(Ordering::Acquire);
        let known = self.place.others.filter(|(before, _)| *before == returns);
        let known: Option<Others> = known.map(|(_, others)| others);
        let (rest, others) = desk.rest(end, self.place.index, known);
        self.place.others = others.map(|others| (returns, others));
        rest
    }

    /// Sleeps on what the group's bell said, until it rings, or for so long.
    pub(crate) fn sleep_for(&self, bell: u32, limit: core::time::Duration) {
        let Some(desk) = self.desk() else { return };
        let (storage, fences) = (&self.reader.storage, self.reader.fences);
        let ready = || self.is_worth_a_look();
        wake::sleep_on(&desk.entry().bell, bell, storage, fences, ready, limit);
    }
}
