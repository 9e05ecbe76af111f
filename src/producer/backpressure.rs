//! A producer that has no room: waiting for it, and evicting those that take it for too long.

use core::cell::Cell;

use super::Producer;
use super::clean_up::ASKED_AT_A_TIME;
use super::failed::{Failed, Stopped, interrupted};
use super::need::Need;
use super::stall::Awaited;
use crate::group;
use crate::memory::Storage;
use crate::memory::layout::ARENAS;
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::wake;
use ringway_shm::sync::Signed;
use ringway_shm::wait::{Deadline, DeathCheck, Ended, Pace, Wait};

/// The most rounds in which a producer waits for more room than it has, whatever its `Wait` says.
const MOST_LINGERING: u32 = 256;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Waits for room, where there was none at a first look; `false` if there is no time left.
    #[cold]
    pub(super) fn wait_for_credit(&mut self, need: Need, limit: Deadline) -> Result<bool, Stopped> {
        if self.grows_for(need) || self.look_if_due(need).unwrap_or(Ok(false))? {
            return Ok(true);
        }
        let look = |this: &mut Self| {
            this.stuck.clock.count(&this.storage);
            this.look(need).map(drop)
        };
        self.stuck.clock.start();
        let pace = self.pace();
        let found = self.wait_until(|this| this.has_room_at_last(need), look, pace, limit);
        if found == Ok(true) {
            self.linger();
        }
        self.stuck.clock.count(&self.storage);
        found
    }

    /// Whether there is such room, for one that waits for it.
    pub(super) fn has_room_at_last(&mut self, need: Need) -> bool {
        self.has_room_for(need, |_, _| false) || self.grows_for(need)
    }

    /// Whether the ring grows, and has such room.
    #[inline]
    pub(super) fn grows_for(&mut self, _need: Need) -> bool {
        #[cfg(any(feature = "std", ringway_loom))]
        return self.storage.measures().is_chain() && self.grows(_need);
        #[cfg(not(any(feature = "std", ringway_loom)))]
        false
    }

    /// There is room again in a ring that was full, and a consumer that has made room for one
    /// message is about to make room for the next. A producer that takes each place as it becomes
    /// free has the consumer's gate go back and forth with every message. So this waits for an
    /// eighth of the ring, as long as [`Wait::linger`] says: not for long, as the consumer may be
    /// waiting itself, for something else.
    fn linger(&mut self) {
        let enough = self.storage.measures().credit();
        for round in 0..MOST_LINGERING {
            if self.credit.check_for(enough, &self.storage) || !self.wait.linger(round) {
                return;
            }
        }
    }

    /// Waits for what only a consumer's store to its gate can bring about, or what a look now and
    /// then does; `false` if there is no time left. A look that fails ends the wait, and so does an
    /// interrupt.
    pub(crate) fn wait_until(
        &mut self,
        ready: impl Fn(&mut Self) -> bool,
        look: impl Fn(&mut Self) -> Result<(), Failed>,
        pace: Pace,
        limit: Deadline,
    ) -> Result<bool, Stopped> {
        let stopped = Cell::new(None);
        let mut check = DeathCheck::of(pace);
        let outcome = ringway_shm::wait::wait_for(
            self,
            |this| ready(this).then_some(()),
            |this, round| this.wait.pause_for_room(round),
            |this, left| {
                let (view, fences, alarms) = (*this.storage, this.fences, this.alarms.clone());
                let limit = left.min(pace.sleep());
                let is_alone = !this.followed.is_followed();
                wake::sleep_as_producer(&view, fences, &alarms, is_alone, || ready(this), limit);
            },
            |this| {
                if this.alarms.is_interrupted() {
                    stopped.set(interrupted());
                } else if check.is_due().is_some() {
                    // Where no program can end a wait, both are the same.
                    #[allow(clippy::useless_conversion)]
                    stopped.set(look(this).err().map(Stopped::from));
                }
                stopped.get().map(|_| Ended::Dead)
            },
            limit,
            // A round here is many pauses, and a look at all gates.
            0,
        );
        match outcome {
            Ok(()) => Ok(true),
            Err(Ended::TimeOver) => Ok(false),
            Err(Ended::Dead | Ended::Interrupted) => stopped.get().map_or(Ok(false), Err),
        }
    }

    /// The position from which on nothing is known to be in the way.
    pub(super) fn begins(&self) -> Pos {
        self.credit.next().minus(self.capacity())
    }

    /// How often a producer looks that has no room.
    pub(super) fn pace(&self) -> Pace {
        let limits = self.credit.limits();
        limits.map_or(Pace::default(), |limits| Pace::within([limits.max_hold, limits.max_away]))
    }

    /// Whether there is room after all, a consumer that held it having died or been evicted. Looks
    /// for such consumers only now and then, and not while messages flow. An error is that of the
    /// last look.
    #[cold]
    pub(super) fn clear_the_way(&mut self, need: Need) -> Result<bool, Failed> {
        if self.grows_for(need) {
            return Ok(true);
        }
        let outcome = match self.look_if_due(need) {
            Some(outcome) => outcome,
            None => self.stuck.failed_at(self.awaited(need)).map_or(Ok(false), Err),
        };
        if outcome != Ok(true) {
            self.storage.producer().refused.add(1);
        }
        outcome
    }

    /// [Looks](Self::look), if it is time to.
    pub(super) fn look_if_due(&mut self, need: Need) -> Option<Result<bool, Failed>> {
        let (awaited, pace) = (self.awaited(need), self.pace());
        let is_due = self.stuck.stall.is_due(awaited, pace);
        (self.followed.takes_notice() || is_due).then(|| self.look(need))
    }

    /// What the producer waits for. Small messages go on while the arena has no room for a large
    /// one: then what is in its way tells whether it is still the same.
    fn awaited(&self, need: Need) -> Awaited {
        let has_credit = self.credit.left() >= need.messages;
        let in_the_way = (has_credit && need.granules > 0).then(|| self.arena.oldest());
        Awaited { next: self.credit.next(), in_the_way, need }
    }

    /// Evicts the consumers that leave no room, if they have done so for too long. If that does not
    /// help, cleans up after those that are dead. Returns whether there is room.
    ///
    /// In this order, so that what others may write in the control segment costs no more than the
    /// limit that is set: a thousand forged owners are as many dead ones.
    pub(super) fn look(&mut self, need: Need) -> Result<bool, Failed> {
        let Some(limits) = self.credit.limits() else { return Ok(false) };
        let (awaited, pace) = (self.awaited(need), self.pace());
        let held = self.stuck.stall.look(awaited, pace);
        let (living, away) = (held.exceeds(limits.max_hold), held.exceeds(limits.max_away));
        // One that has come back has not held the producer back while it was away.
        let back = held.exceeds_since_away(limits.max_hold);
        // The kernel is asked only where it makes a difference.
        let too_long = |storage: &Storage, entry: usize| {
            if !group::comes_back(storage, entry) {
                living
            } else if back == away {
                back
            } else {
                group::is_away(storage, entry) == away
            }
        };
        self.stuck.fail(awaited, None);
        #[cfg(any(feature = "std", ringway_loom))]
        self.look_behind();
        let too_far = self.too_far(need);
        self.see_away(limits.max_hold, too_far);
        if (living || away) && self.has_room_for(need, too_long) {
            return Ok(true);
        }
        let mut outcome = self.reap_groups(too_far);
        // On while some are found: then the kernel's time is well spent, and ends with the dead.
        for _ in 0..=self.storage.entries().len() / ASKED_AT_A_TIME {
            let found = self.reap(too_far, ASKED_AT_A_TIME);
            if self.has_room_for(need, too_long) {
                return Ok(true);
            }
            outcome = outcome.and(found);
            if !matches!(found, Ok(1..)) {
                break;
            }
        }
        self.stuck.fail(awaited, outcome.err());
        self.note_holder(too_far);
        outcome.map(|_| false)
    }

    /// Says which consumer is in the way, for [`Stats::held_by`](crate::stats::Stats::held_by).
    fn note_holder(&self, too_far: Signed) {
        let line = self.storage.producer();
        let holder = self.credit.furthest_behind(&self.storage, too_far);
        line.held_by.set(holder.map_or(0, |index| index as u32 + 1));
        line.held_at.set(self.credit.next().number());
    }

    /// Remembers it if one of those in the way is away, and comes back. By what the ring says: a
    /// look says it of those that the kernel knows to be dead.
    fn see_away(&mut self, max_hold: u32, too_far: Signed) {
        if max_hold == u32::MAX {
            return;
        }
        let (storage, credit) = (&self.storage, &self.credit);
        let mut entries = storage.entries().iter().enumerate();
        if entries.any(|(index, entry)| {
            group::seems_away(storage, index) && credit.is_held_by(storage, index, entry, too_far)
        }) {
            self.stuck.stall.is_away();
        }
    }

    /// How far a consumer lags that leaves no such room.
    pub(super) fn too_far(&mut self, need: Need) -> Signed {
        let mut too_far = self.capacity() as Signed - (need.messages - 1) as Signed;
        if ARENAS && need.granules > 0 {
            let next = self.credit.next();
            if let Some(end) = self.arena.in_the_way(&self.storage, next, need.granules) {
                too_far = too_far.min(next.since(end) + 1);
            }
        }
        too_far
    }

    /// Whether there is such room. Evicts the consumers that leave none, if `too_long` says, given
    /// an entry's index, that they have done so for too long, and tells them: a worker may wait for
    /// a message while another one of its group holds too many, and this need not send one.
    pub(super) fn has_room_for(
        &mut self,
        need: Need,
        too_long: impl Fn(&Storage, usize) -> bool,
    ) -> bool {
        let found = self.makes_room_for(need, too_long);
        if self.credit.take_evicted() {
            self.tell_the_evicted();
        }
        found
    }

    fn makes_room_for(&mut self, need: Need, too_long: impl Fn(&Storage, usize) -> bool) -> bool {
        let too_long = |entry| too_long(&self.storage, entry);
        let Need { messages, granules } = need;
        if self.credit.left() < messages
            && !self.credit.refill_evicting(&self.storage, messages, too_long)
        {
            return false;
        }
        if !ARENAS || granules == 0 {
            return true;
        }
        let in_the_way = self.arena.in_the_way(&self.storage, self.credit.next(), granules);
        if in_the_way.is_none_or(|end| self.credit.reclaim(&self.storage, end, too_long)) {
            return true;
        }
        self.tell_what_is_in_the_way();
        false
    }

    /// Says to a wait set what is in the way of the message that the set looks for, whatever it is
    /// that has found no room.
    pub(super) fn tell_what_is_in_the_way(&mut self) {
        let Some(len) = self.followed.asks_for() else { return };
        let (granules, next) = (self.need(len).granules, self.credit.next());
        let in_the_way = self.arena.in_the_way(&self.storage, next, granules);
        self.followed.goes_to(in_the_way.unwrap_or_else(|| self.begins()));
    }
}
