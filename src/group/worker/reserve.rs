//! How a worker for which others are too fast claims ahead of a message.

use super::claim::Claim;
use super::handle::Worker;
use crate::error::TryRecvError;
use crate::group::claims::{Claims, Offer};
use crate::memory::Span;
use crate::memory::layout::EVICTS;
use crate::message::Message;
use crate::position::Look;
use crate::protocol::head;
use ringway_shm::sync::{NATIVE, Ordering, WORD, fence};
use ringway_shm::wait::Wait;

/// How often others are faster before a worker that waits claims a position ahead of its message.
/// Fewer in a model, where each costs many executions more.
const PATIENCE: u32 = if NATIVE { 4 } else { 1 };

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Claims a position for which no other worker competes, if others were faster too often.
    ///
    /// That is the newest message that no worker has, or, if there is none, the first position
    /// without a message. `false`: others were not faster too often, or there is no such position.
    pub(super) fn reserve(&mut self, may: &mut bool) -> bool {
        if self.member.losses < PATIENCE || self.member.reserved.is_some() || !*may {
            return false;
        }
        *may = false;
        let Some(claims) = Claims::of(&self.reader.storage, self.member.group) else {
            return false;
        };
        let Some(gate) = claims.gate() else { return false };
        let head = head::exact(&self.reader.storage);
        // A claim lies within a lap of the gate, where a cleaner looks for it.
        let within =
            |ahead| usize::try_from(ahead).map_or(0, |ahead: usize| ahead.min(self.capacity()));
        let sent = within(head.since(gate));
        // What comes before has been looked at, or was given back, and is marked. And it lies
        // within reach of the head, where a cleaner looks for it.
        let looked = within(self.reader.next().since(gate)).min(sent);
        let end = sent.saturating_add(claims.reach()).min(self.capacity());
        for ahead in (looked..sent).rev().chain(sent..end) {
            let position = gate.plus(ahead);
            match claims.offer(position) {
                Offer::Free { word, marked: false } => {
                    if !claims.claim(position, self.member.index, word, false) {
                        return false;
                    }
                    self.member.held += 1;
                    // As after the claim of a message that is there: see `claimed`.
                    let ours = self.is_still_its_group()
                        && (WORD != 4 || claims.is_within_a_lap(position));
                    self.member.reserved = Some(position);
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
        let Some(position) = self.member.reserved else { return Ok(None) };
        let slot = self.reader.storage.slot(position);
        if position.look(slot.state().load(Ordering::Relaxed)) == Look::NotYet {
            return Ok(None);
        }
        // SYNC published: what is copied from here on is the message of `Producer::publish_marked`, or
        // newer.
        fence(Ordering::Acquire);
        if EVICTS && self.reader.can_be_evicted() {
            let own = |claims: Claims<'_>| claims.confirm(position, self.member.index);
            if !self.claims().is_some_and(own) {
                // The group has begun anew, which the next look tells.
                self.member.reserved = None;
                self.member.held = self.member.held.saturating_sub(1);
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
        self.member.reserved = None;
        self.member.losses = 0;
        self.member.awaited = None;
        Ok(Some((Claim { first: position, messages: 1, marked: false }, span)))
    }
}
