//! A look for room on behalf of a producer, which a wait set follows.

use alloc::sync::Arc;

use super::clean_up::{ASKED_AT_A_TIME, has_lock};
use super::need::Need;
use super::{Producer, Room};
use crate::error::SendError;
use crate::group;
use crate::memory::{EntryKind, Storage};
use crate::message::Message;
use crate::protocol::credit::Credit;
use crate::protocol::follow::{Asks, Followed, Trail};
use crate::protocol::head;
use crate::protocol::wake::{Awaited, Side};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, Signed};
use ringway_shm::wait::{DeathCheck, Pace, Wait};

/// What looks on behalf of a producer: at the gates, and not at what the producer alone knows. It
/// evicts no consumer, and frees no entry.
#[derive(Debug)]
pub(crate) struct Shadow {
    storage: Storage,
    fences: Fences,
    /// A copy of the producer's account, which knows how consumers that were evicted count.
    credit: Credit,
    trail: Arc<Trail>,
    messages: usize,
    /// The room is in the arena, too.
    spills: bool,
    pace: Pace,
    check: DeathCheck,
    first_asked: usize,
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// What shows a wait set that this one is there.
    pub(crate) fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Has a wait set follow it, or none any more.
    pub(crate) fn follow(&mut self, followed: Followed) {
        self.followed = followed;
        self.tell_what_is_in_the_way();
    }

    /// What looks for such room on behalf of this one, and its trail, which rings that bell.
    pub(crate) fn shadow(
        &self,
        room: Room,
        bell: Arc<Futex>,
    ) -> Result<(Shadow, Arc<Trail>), SendError> {
        let Need { messages, granules } = self.need_of(room)?;
        let spilled = match room {
            Room::Bytes(len) if granules > 0 => Some(len),
            _ => None,
        };
        let trail = Trail::of_producer(bell, self.begins(), spilled);
        let pace = self.pace();
        let shadow = Shadow {
            storage: self.storage.clone(),
            fences: self.fences,
            credit: self.credit,
            trail: trail.clone(),
            messages,
            spills: granules > 0,
            pace,
            check: DeathCheck::of(pace),
            first_asked: 0,
        };
        Ok((shadow, trail))
    }
}

impl Shadow {
    /// What its handle sleeps on.
    pub(crate) fn awaited(&self) -> Awaited {
        Awaited { storage: self.storage.clone(), fences: self.fences, side: Side::Producer }
    }

    /// How often it wants to look at least.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// Whether the producer's next call that does not block finds that room, or has something to do
    /// for it: a consumer in the way that has died, or a limit to keep. `asks`: a look in vain asks
    /// the kernel which of those in the way live, and takes that.
    pub(crate) fn is_ready(&mut self, asks: &mut Asks) -> bool {
        if self.has_room() {
            return true;
        }
        let asks = core::mem::take(asks) > Asks::Nothing;
        let next = self.credit.next().number();
        // The producer's own calls, and no others, count for how long consumers hold it back.
        let keeps = self.has_limits() && self.check.for_wait(next).is_due().is_some();
        if keeps || (asks && self.is_held_by_the_dead()) {
            self.trail.notice();
            return true;
        }
        asks && self.has_room()
    }

    fn has_limits(&self) -> bool {
        let limits = self.credit.limits();
        limits.is_some_and(|limits| limits.max_hold != u32::MAX || limits.max_away != u32::MAX)
    }

    fn has_room(&mut self) -> bool {
        let measures = self.storage.measures();
        if measures.overwrites() {
            return true;
        }
        self.credit.go_to(head::exact(&self.storage));
        let (next, released) = (self.credit.next(), self.credit.released(&self.storage));
        let room = measures.capacity() as Signed - next.since(released);
        room >= self.messages as Signed && (!self.spills || self.trail.place().since(released) <= 0)
    }

    /// Whether one of those that leave no room is dead, which the kernel is asked. What dead workers
    /// had is given back, as any process of theirs would do.
    fn is_held_by_the_dead(&mut self) -> bool {
        let (view, credit) = (&self.storage, &self.credit);
        let too_far = match self.spills {
            true => 1,
            false => view.measures().capacity() as Signed - (self.messages - 1) as Signed,
        };
        let holds = |index: usize| {
            view.entry(index).is_some_and(|entry| credit.is_held_by(view, index, entry, too_far))
        };
        if view.measures().entries_of(EntryKind::Shared).any(holds) {
            // What comes of it is seen by the next look.
            let _ = group::reap(view);
        }
        let gates = view.measures().gates();
        let first = if self.first_asked < gates { self.first_asked } else { 0 };
        let locked = |&index: &usize| {
            holds(index) && view.entry(index).is_some_and(|entry| has_lock(view, index, entry))
        };
        let mut last = first;
        let mut round = (first..gates).chain(0..first).filter(locked).take(ASKED_AT_A_TIME);
        let dead = round.any(|index| {
            last = index + 1;
            view.is_dead(index).unwrap_or(false)
        });
        self.first_asked = last;
        dead
    }
}
