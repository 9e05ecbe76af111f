//! How a worker comes by a message.

use super::Worker;
use crate::error::TryRecvError;
use crate::group::{Desk, Fate, Offer, Others, Rest};
use crate::memory::layout::{EVICTS, Entry};
use crate::memory::{Slot, Span};
use crate::message::{Message, Plain};
use crate::position::{Look, Passed, Pos};
use crate::protocol::wake;
use crate::protocol::{head, receive};
use ringway_shm::sync::{NATIVE, Ordering, RaceCell, WORD, fence};
use ringway_shm::wait::Wait;

/// How often others are faster before a worker that waits claims a position ahead of its message. In a
/// model every one of them is many executions more.
const PATIENCE: u32 = if NATIVE { 4 } else { 1 };

/// What has been claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) first: Pos,
    pub(crate) messages: usize,
    /// The first of them may have been delivered before.
    pub(crate) marked: bool,
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims the oldest message that nobody has, if it fits a place of so many bytes, and returns its
    /// place too. `waiting`: in a call that goes on asking.
    pub(crate) fn seek(
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
                    let nothing = match self.rest_before(position) {
                        Rest::Nothing => TryRecvError::Closed,
                        Rest::Others => TryRecvError::Empty,
                        Rest::Unclaimed => {
                            let gate = self.desk().and_then(|desk| desk.gate());
                            self.reader.next = gate.unwrap_or(position);
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
            if self.was_evicted() {
                return Err(self.evicted());
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
                        let claim = Claim { first: position, messages: 1, marked };
                        if let Some(found) = self.claimed(claim, span, room)? {
                            return Ok(found);
                        }
                        continue;
                    }
                    self.place.lose();
                }
                Offer::Taken => self.reader.next = position.plus(1),
                Offer::Other(word) => {
                    // Pairs with the release of claims: if it is one of a later lap, its worker had seen that
                    // the gate is beyond this position, and so do we.
                    // And with that of the words of a group that was evicted, or has begun anew.
                    fence(Ordering::Acquire);
                    let gate = desk.gate();
                    if let Some(evicted) = self.excluded() {
                        return Err(evicted);
                    }
                    let gate = gate.ok_or(TryRecvError::Corrupt)?;
                    if gate.since(position) > 0 {
                        self.reader.next = gate;
                        continue;
                    }
                    let Some(desk) = self.desk() else { return Err(TryRecvError::Corrupt) };
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
    fn is_still_its_group(&self) -> bool {
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
        // A claim lies within a lap of the gate, where a cleaner looks for it.
        let within =
            |ahead| usize::try_from(ahead).map_or(0, |ahead: usize| ahead.min(self.capacity()));
        let sent = within(head.since(gate));
        // What comes before has been looked at, or was given back, and is marked. And it lies
        // within reach of the head, where a cleaner looks for it.
        let looked = within(self.reader.next.since(gate)).min(sent);
        let end = sent.saturating_add(desk.reach()).min(self.capacity());
        for ahead in (looked..sent).rev().chain(sent..end) {
            let position = gate.plus(ahead);
            match desk.offer(position) {
                Offer::Free { word, marked: false } => {
                    if !desk.claim(position, self.place.index, word, false) {
                        return false;
                    }
                    self.place.held += 1;
                    // As after the claim of a message that is there: see `claimed`.
                    let ours =
                        self.is_still_its_group() && (WORD != 4 || desk.is_within_a_lap(position));
                    self.place.reserved = Some(position);
                    if !ours {
                        self.give_up_reserved();
                    }
                    return ours;
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
        if EVICTS && self.reader.can_be_evicted() {
            let own = |desk: Desk<'_>| desk.confirm(position, self.place.index);
            if !self.desk().is_some_and(own) {
                // The group has begun anew, which the next look tells.
                self.place.reserved = None;
                self.place.held = self.place.held.saturating_sub(1);
                return Ok(None);
            }
        }
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
    pub(crate) fn give_up_reserved(&mut self) {
        if self.give_up_reserved_quietly() {
            self.reader.wait.notify();
        }
    }

    /// The same without a word to those who wait for events. Returns whether there was one.
    pub(crate) fn give_up_reserved_quietly(&mut self) -> bool {
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
            self.reader.storage.spilled_ghosts(span).for_each(RaceCell::read);
        }
        // SAFETY: a ring of messages `T`, of which `span_of` found one to lie there.
        unsafe { slot.payload_at::<T>(span) }.copy_to(to);
    }

    /// The second look at the first message of a claim, after copying: whether all of it was whole. Else it
    /// was not delivered. `Ok(false)`: try again.
    pub(crate) fn is_whole(&mut self, claim: Claim) -> Result<bool, TryRecvError> {
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
        if !self.is_still_its_group() {
            // As after the claim of one: see `claimed`. Of these some may be lost.
            self.settle(Claim { first, messages: claimed, marked: false }, Fate::Untouched);
            return 0;
        }
        // If the batch began at the reserved position, others may be before it.
        if self.reader.next == first {
            self.reader.next = first.plus(claimed);
        }
        claimed
    }
}

impl<W: Wait> Worker<[u8], W> {
    /// One message of bytes, into the start of a buffer. Returns its length.
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
