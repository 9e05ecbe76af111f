//! How a worker comes by a message.

use super::super::group::{Desk, Fate, Offer, Rest};
use super::super::{head, receive};
use super::Worker;
use crate::error::TryRecvError;
use crate::message::{Message, Plain};
use crate::position::{Look, Passed, Pos};
use crate::storage::{Slot, Span};
use crate::sync::{Ghost, NATIVE, Ordering, fence};
use crate::wait::{self, Wait};

/// How often others are faster before a worker that waits claims a position ahead of its message. In a
/// model every one of them is many executions more.
const PATIENCE: u32 = if NATIVE { 4 } else { 1 };

/// What has been claimed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) first: Pos,
    pub(super) messages: usize,
    /// The first of them may have been delivered before.
    pub(super) marked: bool,
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims the oldest message that nobody has, if it fits a place of so many bytes, and returns its
    /// place too. `waiting`: in a call that goes on asking.
    pub(super) fn seek(
        &mut self,
        room: usize,
        waiting: bool,
    ) -> Result<(Claim, Span), TryRecvError> {
        let capacity = self.capacity();
        // Once at most: it looks at all that the ring holds.
        let mut may_reserve = waiting;
        // Each look is at another position, or at one that somebody has just changed.
        for _ in 0..=2 * capacity {
            if let Some(found) = self.take_reserved(room)? {
                return Ok(found);
            }
            self.look_from_the_gate();
            let Some(desk) = Desk::of(&self.reader.storage, self.place.group) else {
                return Err(TryRecvError::Corrupt);
            };
            let position = self.reader.next;
            if self.place.awaited.is_some_and(|awaited| position.since(awaited) > 0) {
                // Somebody else got the message for which this one waited.
                self.place.awaited = None;
                self.place.lose();
            }
            match self.reader.look() {
                Look::Ready => {}
                Look::NotYet if self.reader.is_closed() => {
                    // Only now is it worth something that there is nothing. Pairs with the release of
                    // `closed`: all that was sent before can be seen.
                    fence(Ordering::Acquire);
                    if self.reader.look() != Look::NotYet {
                        continue;
                    }
                    let nothing = match desk.rest(position, self.place.index) {
                        Rest::Nothing => TryRecvError::Closed,
                        Rest::Others => TryRecvError::Empty,
                        Rest::Unclaimed => {
                            self.reader.next = desk.gate().unwrap_or(position);
                            continue;
                        }
                    };
                    return Err(self.excluded().unwrap_or(nothing));
                }
                Look::NotYet => {
                    self.place.awaited = Some(position);
                    if self.reserve(&mut may_reserve) {
                        continue;
                    }
                    return Err(self.excluded().unwrap_or(TryRecvError::Empty));
                }
                Look::Passed(passed) => {
                    self.overtaken(passed)?;
                    continue;
                }
            }
            // Pairs with the release of the state: what is copied from here on is the message, or newer.
            // And with that of `returns`: what was given back before it changed is seen to be free.
            fence(Ordering::Acquire);
            if let Some(evicted) = self.excluded() {
                return Err(evicted);
            }
            if self.reserve(&mut may_reserve) {
                continue;
            }
            let Some(desk) = self.desk() else { return Err(TryRecvError::Corrupt) };
            match desk.offer(position) {
                Offer::Free { word, marked } => {
                    let slot = self.reader.storage.slot(position);
                    let Some(span) = self.span(position, slot, room)? else { continue };
                    let claimed = desk.claim(position, self.place.index, word, marked);
                    if claimed {
                        self.reader.next = position.plus(1);
                        self.place.held += 1;
                        self.place.losses = 0;
                        self.place.awaited = None;
                        // Before there is a guard nothing of the caller's may run, which could panic.
                        self.give_up_reserved_quietly();
                        return Ok((Claim { first: position, messages: 1, marked }, span));
                    }
                    self.place.lose();
                }
                Offer::Taken => self.reader.next = position.plus(1),
                Offer::Other(word) => {
                    // Pairs with the release of claims: if it is one of a later lap, its worker had seen that
                    // the gate is beyond this position, and so do we.
                    fence(Ordering::Acquire);
                    let gate = desk.gate().ok_or(TryRecvError::Corrupt)?;
                    if gate.since(position) > 0 {
                        self.reader.next = gate;
                        continue;
                    }
                    // No worker writes that there: the message was sent while its group was not evicted.
                    // Somebody gets it, perhaps again, and this one is told.
                    desk.mend_word(position, word);
                    return Err(TryRecvError::Corrupt);
                }
            }
        }
        // All of these had somebody else who was faster.
        self.place.lose();
        Err(TryRecvError::Empty)
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

    /// Where the message of a slot lies, which has just been seen to be there, if it fits. `None`: it is
    /// another one by now.
    fn span(
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

    /// The slot of the next position has a later message. `Ok`: the group was done with it, and this one
    /// goes on at the gate.
    #[cold]
    fn overtaken(&mut self, passed: Passed) -> Result<(), TryRecvError> {
        // Pairs with the release in `evict`, by way of the slot's state.
        fence(Ordering::Acquire);
        let Some(gate) = self.desk().and_then(|desk| desk.gate_now()) else {
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
    pub(super) fn excluded(&mut self) -> Option<TryRecvError> {
        let storage = &self.reader.storage;
        let entry = storage.measures().subscribers() + self.place.group;
        if !storage.was_evicted(entry, self.place.generation) {
            return None;
        }
        self.place.told = true;
        // What was pinned is about to be given back, or its guard was leaked.
        self.unpin();
        Some(TryRecvError::Evicted { missed: self.lag() })
    }

    /// Claims a position for which nobody competes, if others were faster too often: that of the newest
    /// message that nobody has, or, if there is none, the first that has no message yet. `false`: not so, or
    /// not to be had.
    fn reserve(&mut self, may: &mut bool) -> bool {
        if self.place.losses < PATIENCE || self.place.reserved.is_some() || !*may {
            return false;
        }
        *may = false;
        let Some(desk) = Desk::of(&self.reader.storage, self.place.group) else { return false };
        let Some(gate) = desk.gate() else { return false };
        let head = head::exact(&self.reader.storage);
        // A claim lies within a lap of the gate, where whoever clears up looks for it.
        let sent = usize::try_from(head.since(gate)).map_or(0, |sent| sent.min(self.capacity()));
        for ahead in (0..sent).rev().chain(sent..self.capacity()) {
            let position = gate.plus(ahead);
            match desk.offer(position) {
                Offer::Free { word, marked: false } => {
                    let reserved = desk.claim(position, self.place.index, word, false);
                    if reserved {
                        self.place.reserved = Some(position);
                        self.place.held += 1;
                    }
                    return reserved;
                }
                Offer::Taken | Offer::Free { .. } => {}
                Offer::Other(_) => return false,
            }
        }
        false
    }

    /// The reserved position's message, if it is there.
    fn take_reserved(&mut self, room: usize) -> Result<Option<(Claim, Span)>, TryRecvError> {
        let Some(position) = self.place.reserved else { return Ok(None) };
        let slot = self.reader.storage.slot(position);
        if position.look(slot.state().load(Ordering::Relaxed)) == Look::NotYet {
            return Ok(None);
        }
        // Pairs with the release of the state, as in `seek`.
        fence(Ordering::Acquire);
        let span = match self.span(position, slot, room) {
            Ok(Some(span)) => span,
            // It has been overwritten, which the second look will tell.
            Ok(None) => Span::in_slot(0),
            Err(error) => {
                self.give_up_reserved();
                return Err(error);
            }
        };
        self.place.reserved = None;
        self.place.losses = 0;
        self.place.awaited = None;
        Ok(Some((Claim { first: position, messages: 1, marked: false }, span)))
    }

    /// Gives the reserved position back, as if it had not been claimed.
    pub(super) fn give_up_reserved(&mut self) {
        if self.give_up_reserved_quietly() {
            self.reader.wait.notify();
        }
    }

    /// The same without a word to those who wait for events. Returns whether there was one.
    pub(super) fn give_up_reserved_quietly(&mut self) -> bool {
        let Some(position) = self.place.reserved.take() else { return false };
        let claim = Claim { first: position, messages: 1, marked: false };
        self.settle_quietly(claim, Fate::Untouched);
        true
    }

    /// Copies a message that this one has claimed, and which lies there.
    fn copy(&self, position: Pos, span: Span, to: &mut [u8]) {
        let slot = self.reader.storage.slot(position);
        if !NATIVE && !self.reader.can_be_evicted() {
            slot.ghost().read();
            self.reader.storage.spilled_ghosts(span).for_each(Ghost::read);
        }
        // SAFETY: a ring of messages `T`, of which `span_of` found one to lie there.
        unsafe { slot.payload_at::<T>(span) }.copy_to(to);
    }

    /// The second look at the first message of a claim, after copying: whether all of it was whole. Else it
    /// was not delivered. `Ok(false)`: try again.
    pub(super) fn is_whole(&mut self, claim: Claim) -> Result<bool, TryRecvError> {
        // Pairs with the producer's fence after the `writing` mark, as a subscriber's does; and with the
        // release in `Desk::settle`.
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
        self.reader.next = claim.first;
        self.overtaken(passed).map(|()| false)
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
            || (self.reader.is_closed() && self.rest() != Rest::Others)
    }

    /// What is left of all that was sent.
    pub(super) fn rest(&self) -> Rest {
        let head = head::exact(&self.reader.storage);
        self.desk().map_or(Rest::Nothing, |desk| desk.rest(head, self.place.index))
    }

    pub(super) fn sleep(&self, limit: core::time::Duration) {
        let Some(desk) = self.desk() else { return };
        let (storage, fences) = (&self.reader.storage, self.reader.fences);
        wait::sleep_on(&desk.entry().bell, storage, fences, || self.is_worth_a_look(), limit);
    }
}

impl<T: Plain, W: Wait> Worker<T, W> {
    /// One message.
    pub(super) fn take(&mut self, waiting: bool) -> Result<(T, Claim), TryRecvError> {
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
    pub(super) fn take_batch(
        &mut self,
        buffer: &mut [T],
        waiting: bool,
    ) -> Result<Claim, TryRecvError> {
        if buffer.is_empty() {
            return Ok(Claim { first: self.reader.next, messages: 0, marked: false });
        }
        loop {
            let (mut claim, span) = self.seek(size_of::<T>(), waiting)?;
            let more = buffer.len().min(self.capacity()) - 1;
            claim.messages += self.claim_more(claim.first.plus(1), more);
            for (ahead, place) in buffer.iter_mut().take(claim.messages).enumerate() {
                self.copy(claim.first.plus(ahead), span, T::as_mut_bytes(place));
            }
            // They are overwritten in order, the first one first.
            if self.is_whole(claim)? {
                return Ok(claim);
            }
        }
    }

    /// Claims messages from a position on, until there is one that is not there or not to be had.
    fn claim_more(&mut self, first: Pos, most: usize) -> usize {
        let Some(desk) = Desk::of(&self.reader.storage, self.place.group) else { return 0 };
        let there = self.reader.ready_run(first, most);
        let mut claimed = 0;
        while claimed < there {
            let position = first.plus(claimed);
            let Offer::Free { word, marked } = desk.offer(position) else { break };
            if !desk.claim(position, self.place.index, word, marked) {
                break;
            }
            claimed += 1;
        }
        self.place.held += claimed;
        // If the batch began at the reserved position, others may be before it.
        if self.reader.next == first {
            self.reader.next = first.plus(claimed);
        }
        claimed
    }
}

impl<W: Wait> Worker<[u8], W> {
    /// One message of bytes, into the start of a buffer. Returns its length.
    pub(super) fn take_bytes(
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
