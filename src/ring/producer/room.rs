//! A producer that has no room: waiting for it, and evicting whoever takes it for too long.

use core::time::Duration;

#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use super::super::group;
use super::super::join;
use super::Producer;
use super::blocked::Clock;
use crate::message::Message;
use crate::position::Pos;
use crate::storage::Storage;
use crate::sync::Ordering;
use crate::wait::{self, Limit, Patrol, Vigil, Wait};

/// The most rounds in which a producer waits for more room than it has, whatever its `Wait` says.
const MOST_LINGERING: u32 = 256;

/// A producer that cannot go on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stuck {
    /// Since when it has no room for that position, or that message in the arena is in its way; and when it last
    /// looked who keeps it there.
    vigil: Vigil,
    clock: Clock,
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Waits until the next message, of `len` bytes, may be published, where there was no room at a first look;
    /// `false` if there is no time left.
    #[cold]
    pub(super) fn wait_for_credit(&mut self, len: usize, limit: Limit) -> bool {
        if self.clear_the_way(len) {
            return true;
        }
        let now_and_then = |this: &mut Self| {
            this.stuck.clock.count(&this.storage);
            this.clear_the_way(len);
        };
        self.stuck.clock.start();
        let found =
            self.wait_until(|this| this.has_room_for(len, |_, _| false), now_and_then, limit);
        if found {
            self.linger();
        }
        self.stuck.clock.count(&self.storage);
        found
    }

    /// There is room again in a ring that was full, and a consumer that has made room for one
    /// message is about to make room for the next. Whoever takes each place as it becomes free has
    /// the consumer's gate go back and forth with every message. So this waits for an eighth of the
    /// ring, as long as [`Wait::linger`] says: not for long, as the consumer may be waiting itself,
    /// for something else.
    fn linger(&mut self) {
        let enough = self.storage.measures().credit();
        for round in 0..MOST_LINGERING {
            if self.credit.check_for(enough, &self.storage) || !self.wait.linger(round) {
                return;
            }
        }
    }

    /// Waits for what only a consumer's store to its gate can bring about, or what is done now and then.
    pub(super) fn wait_until(
        &mut self,
        ready: impl Fn(&mut Self) -> bool,
        now_and_then: impl Fn(&mut Self),
        limit: Limit,
    ) -> bool {
        wait::wait_for(
            self,
            |this| ready(this).then_some(()),
            |this, round| this.wait.pause_for_room(round),
            |this, limit| {
                let (view, fences) = (*this.storage, this.fences);
                wait::sleep_as_producer(&view, fences, || ready(this), limit);
            },
            |this| {
                now_and_then(this);
                true
            },
            limit,
            &mut Patrol::default(),
        )
        .is_ok()
    }

    /// Whether there is room for a message of `len` bytes after all, somebody who held it having died or been
    /// evicted. Looks for them only now and then, and not while messages flow.
    #[cold]
    pub(super) fn clear_the_way(&mut self, len: usize) -> bool {
        if !Patrol::IS_EVER_DUE {
            return false;
        }
        // Small messages go on while the arena has no room for a large one: then what is in its way tells whether
        // it is still the same.
        let now = if self.credit.left() == 0 { self.credit.next } else { self.arena.oldest() };
        let patrol = self.stuck.vigil.patrol(now);
        let Some(stuck_for) = patrol.is_due() else { return false };
        let over =
            |limit: u32| limit != u32::MAX && stuck_for >= Duration::from_millis(limit.into());
        let Some(limits) = self.credit.limits() else { return false };
        let (living, away) = (over(limits.max_hold), over(limits.max_away));
        self.reap();
        let has_room = self.has_room_for(len, |_, _| false);
        if has_room || !(living || away) {
            return has_room;
        }
        self.has_room_for(len, |storage, entry| if storage.is_away(entry) { away } else { living })
    }

    /// Whether the next message, of `len` bytes, may be published. Evicts whoever leaves no room for it, if
    /// `too_long` says, given an entry's index, that it has done so for too long.
    pub(super) fn has_room_for(
        &mut self,
        len: usize,
        too_long: impl Fn(&Storage, usize) -> bool,
    ) -> bool {
        let too_long = |entry| too_long(&self.storage, entry);
        if self.credit.left() == 0 && !self.credit.refill_evicting(&self.storage, too_long) {
            return false;
        }
        if !self.spills(len) {
            return true;
        }
        let in_the_way = self.arena.in_the_way(&self.storage, self.credit.next, len);
        in_the_way.is_none_or(|end| self.credit.reclaim(&self.storage, end, too_long))
    }

    /// Frees the entries of subscribers that have died and will not come back.
    pub(super) fn reap(&mut self) {
        let joined = self
            .storage
            .entries()
            .iter()
            .enumerate()
            .filter(|(_, entry)| Pos::from_gate(entry.gate.load(Ordering::Relaxed)).is_some());
        let _ = self.storage.reap(joined.map(|(index, _)| index), |dead| {
            for entry in dead.iter().filter_map(|index| self.storage.entry(index)) {
                // A durable one is away, and not given up.
                if join::is_durable(entry) {
                    join::unpin(entry);
                } else {
                    join::reset(entry);
                }
            }
        });
        #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
        let _ = group::reap(&self.storage);
    }
}
