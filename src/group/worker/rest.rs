//! What is left for a worker that found nothing.

use super::handle::Worker;
use crate::group::claims::Claims;
use crate::group::undone::{Others, Rest};
use crate::message::Message;
use crate::position::{Look, Pos};
use crate::protocol::{head, wake};
use ringway_shm::sync::Ordering;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Whether looking again may bring something to a worker that found nothing.
    pub(super) fn is_worth_a_look(&self) -> bool {
        let Some(claims) = self.claims() else { return true };
        let reserved = self.member.reserved.is_some_and(|position| {
            let state = self.reader.storage.slot(position).state().load(Ordering::Relaxed);
            position.look(state) != Look::NotYet
        });
        reserved
            // Evicted by hand, of which no message tells.
            || self.was_evicted()
            || self.reader.look() != Look::NotYet
            || claims.returns() != self.member.returns
            || (self.reader.is_closed() && !self.others_have_it(claims))
    }

    /// Whether other workers still have something of all that was sent to a ring that is closed,
    /// and nothing besides it was free.
    fn others_have_it(&self, claims: Claims<'_>) -> bool {
        let known = self.member.others.filter(|(returns, _)| *returns == claims.returns());
        known.is_some_and(|(_, others)| claims.still_have(others, self.member.index))
    }

    /// What is left of all that was sent.
    pub(crate) fn rest(&mut self) -> Rest {
        let returns = self.claims().map_or(0, |claims| claims.returns());
        // The search for the head ends with an acquire fence.
        let end = head::exact(&self.reader.storage);
        self.rest_before(end, returns)
    }

    /// What is left before a position. Looks no further than needed after an earlier look: of what
    /// others had, nothing becomes free without something being given back.
    ///
    /// `returns` was loaded before an acquire fence: what was given back before it changed is seen
    /// to be free.
    pub(super) fn rest_before(&mut self, end: Pos, returns: u32) -> Rest {
        let Some(claims) = self.claims() else { return Rest::Nothing };
        let known = self.member.others.filter(|(before, _)| *before == returns);
        let known: Option<Others> = known.map(|(_, others)| others);
        let (rest, others) = claims.rest(end, self.member.index, known);
        self.member.others = others.map(|others| (returns, others));
        rest
    }

    /// Sleeps on what the group's bell said, until it rings, or for so long.
    pub(crate) fn sleep_for(&self, bell: u32, limit: core::time::Duration) {
        let Some(claims) = self.claims() else { return };
        let (storage, fences) = (&self.reader.storage, self.reader.fences);
        let ready = || self.is_worth_a_look();
        let (alarms, bell) = (&self.reader.alarms, (&claims.entry().bell, bell));
        wake::sleep_on(bell, storage, fences, alarms, ready, limit);
    }
}
