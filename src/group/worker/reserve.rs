//! Positions that a worker claims ahead of their messages, because others were too often faster.

use super::Worker;
use super::seek::Claim;
use crate::error::TryRecvError;
use crate::group::{Desk, Fate, Offer};
use crate::memory::Span;
use crate::memory::layout::EVICTS;
use crate::message::Message;
use crate::position::Look;
use crate::protocol::head;
use ringway_shm::sync::{NATIVE, Ordering, WORD, fence};
use ringway_shm::wait::Wait;

/// How often others are faster before a worker that waits claims a position ahead of its message.
/// In a model every one of them is many executions more.
const PATIENCE: u32 = if NATIVE { 4 } else { 1 };

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims a position for which nobody competes, if others were faster too often: that of the
    /// newest message that nobody has, or, if there is none, the first that has no message yet.
    /// `false`: not so, or not to be had.
    pub(super) fn reserve(&mut self, may: &mut bool) -> bool {
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
    pub(super) fn take_reserved(
        &mut self,
        room: usize,
    ) -> Result<Option<(Claim, Span)>, TryRecvError> {
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
}
