//! A producer that has no room: waiting for it, evicting those who take it for too long, and
//! cleaning up after the dead.

use core::cell::Cell;

use super::Producer;
use super::blocked::Clock;
use super::failed::{Failed, told};
use crate::group;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::memory::layout::AWAY;
use crate::memory::layout::Entry;
use crate::memory::{EntryKind, Storage, View};
use crate::message::Message;
use crate::position::Pos;
use crate::producer::stall::Stall;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::protocol::durable;
use crate::protocol::join;
use crate::protocol::wake;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use ringway_shm::sync::Ordering;
use ringway_shm::sync::Signed;
use ringway_shm::wait::{Deadline, DeathCheck, Ended, Pace, Wait};

/// The most rounds in which a producer waits for more room than it has, whatever its `Wait` says.
const MOST_LINGERING: u32 = 256;

/// The most entries that one look asks the kernel about, unless it finds dead owners among them:
/// for each answer the kernel walks the list of all locks on the file.
pub(crate) const ASKED_AT_A_TIME: usize = 256;

/// A producer that cannot go on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stuck {
    /// For how long it has had no room for that position, or that message in the arena has been in
    /// its way, as far as its looks count.
    stall: Stall,
    clock: Clock,
    /// Why the last look for the dead was none.
    failed: Option<Failed>,
    /// What the producer waited for then.
    #[cfg(feature = "std")]
    failed_for: Option<Pos>,
    /// The entry that the next look begins at.
    #[cfg(feature = "std")]
    first_asked: usize,
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Waits until the next message, of `len` bytes, may be published, where there was no room at a
    /// first look; `false` if there is no time left.
    #[cold]
    pub(crate) fn wait_for_credit(&mut self, len: usize, limit: Deadline) -> Result<bool, Failed> {
        if self.look_if_due(len).unwrap_or(Ok(false))? {
            return Ok(true);
        }
        let look = |this: &mut Self| {
            this.stuck.clock.count(&this.storage);
            this.look(len).map(drop)
        };
        self.stuck.clock.start();
        let pace = self.pace();
        let found = self.wait_until(|this| this.has_room_for(len, |_, _| false), look, pace, limit);
        if found == Ok(true) {
            self.linger();
        }
        self.stuck.clock.count(&self.storage);
        found
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
    /// then does; `false` if there is no time left. A look that fails ends the wait.
    pub(crate) fn wait_until(
        &mut self,
        ready: impl Fn(&mut Self) -> bool,
        look: impl Fn(&mut Self) -> Result<(), Failed>,
        pace: Pace,
        limit: Deadline,
    ) -> Result<bool, Failed> {
        let failed = Cell::new(None);
        let outcome = ringway_shm::wait::wait_for(
            self,
            |this| ready(this).then_some(()),
            |this, round| this.wait.pause_for_room(round),
            |this, limit| {
                let (view, fences) = (*this.storage, this.fences);
                wake::sleep_as_producer(&view, fences, || ready(this), limit);
            },
            |this| {
                failed.set(look(this).err());
                failed.get().is_none()
            },
            limit,
            &mut DeathCheck::of(pace),
        );
        match outcome {
            Ok(()) => Ok(true),
            Err(Ended::TimeOver) => Ok(false),
            Err(Ended::Dead) => failed.get().map_or(Ok(false), Err),
        }
    }

    /// How often a producer looks that has no room.
    fn pace(&self) -> Pace {
        let limits = self.credit.limits();
        limits.map_or(Pace::default(), |limits| Pace::within([limits.max_hold, limits.max_away]))
    }

    /// Whether there is room for a message of `len` bytes after all, a consumer that held it having
    /// died or been evicted. Looks for them only now and then, and not while messages flow. An
    /// error is that of the last look.
    #[cold]
    pub(crate) fn clear_the_way(&mut self, len: usize) -> Result<bool, Failed> {
        match self.look_if_due(len) {
            Some(outcome) => outcome,
            None => self.stuck.failed_at(self.waits_for()).map_or(Ok(false), Err),
        }
    }

    /// [Looks](Self::look), if it is time to.
    fn look_if_due(&mut self, len: usize) -> Option<Result<bool, Failed>> {
        let (waits_for, pace) = (self.waits_for(), self.pace());
        self.stuck.stall.is_due(waits_for, pace).then(|| self.look(len))
    }

    /// What the producer waits for. Small messages go on while the arena has no room for a large
    /// one: then what is in its way tells whether it is still the same.
    fn waits_for(&self) -> Pos {
        if self.credit.left() == 0 { self.credit.next } else { self.arena.oldest() }
    }

    /// Evicts those who leave no room for the next message, of `len` bytes, if they have done so
    /// for too long; if that does not help, cleans up after those who are dead. Returns whether
    /// there is room.
    ///
    /// In this order, so that what others may write in the control segment costs no more than the
    /// limit that is set: a thousand forged owners are as many dead ones.
    fn look(&mut self, len: usize) -> Result<bool, Failed> {
        let Some(limits) = self.credit.limits() else { return Ok(false) };
        let (waits_for, pace) = (self.waits_for(), self.pace());
        let held = self.stuck.stall.look(waits_for, pace);
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
        self.stuck.fail(waits_for, None);
        let too_far = self.too_far(len);
        self.see_away(limits.max_hold, too_far);
        if (living || away) && self.has_room_for(len, too_long) {
            return Ok(true);
        }
        let mut outcome = self.reap_groups(too_far);
        // On while some are found: then the kernel's time is well spent, and ends with the dead.
        for _ in 0..=self.storage.entries().len() / ASKED_AT_A_TIME {
            let found = self.reap(too_far, ASKED_AT_A_TIME);
            if self.has_room_for(len, too_long) {
                return Ok(true);
            }
            outcome = outcome.and(found);
            if !matches!(found, Ok(1..)) {
                break;
            }
        }
        self.stuck.fail(waits_for, outcome.err());
        outcome.map(|_| false)
    }

    /// Remembers it if one of those in the way is away, and comes back. By what the ring says: a
    /// look says it of those whom the kernel knows to be dead.
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

    /// How far those lag who leave no room for the next message, of `len` bytes.
    fn too_far(&mut self, len: usize) -> Signed {
        let mut too_far = self.capacity() as Signed;
        if self.spills(len) {
            let next = self.credit.next;
            if let Some(end) = self.arena.in_the_way(&self.storage, next, len) {
                too_far = too_far.min(next.since(end) + 1);
            }
        }
        too_far
    }

    /// Whether the next message, of `len` bytes, may be published. Evicts those who leave no room
    /// for it, if `too_long` says, given an entry's index, that they have done so for too long.
    pub(crate) fn has_room_for(
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

    /// Cleans up after subscribers that lag by so much and have died: frees their entries, or says
    /// of a durable one that it is away. Asks the kernel about so many at most, going round from
    /// where the last look ended. Returns how many it has found.
    pub(crate) fn reap(&mut self, too_far: Signed, most: usize) -> Result<usize, Failed> {
        let (view, credit) = (&self.storage, &self.credit);
        let first = self.stuck.first_asked();
        let first = if first < view.entries().len() { first } else { 0 };
        let round = (first..view.entries().len()).chain(0..first);
        let in_the_way = round.filter(|&index| {
            let holds = |entry| credit.is_held_by(view, index, entry, too_far);
            view.entry(index).is_some_and(|entry| has_lock(view, index, entry) && holds(entry))
        });
        let mut last = None;
        let asked = in_the_way.take(most).inspect(|&index| last = Some(index));
        let found = told(self.storage.reap(asked, |dead| {
            for index in dead.iter() {
                let Some(entry) = self.storage.entry(index) else { continue };
                if !join::is_durable(entry) {
                    join::reset(entry);
                    continue;
                }
                // It is not given up. Said so that neither this look nor the next asks again.
                #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
                durable::go_away(&self.storage, index);
            }
        }));
        if let Some(last) = last {
            self.stuck.ask_next(last + 1);
        }
        found
    }

    /// Cleans up after workers that have died, if there is a group that lags by so much.
    pub(crate) fn reap_groups(&mut self, too_far: Signed) -> Result<usize, Failed> {
        let mut shared = self.storage.measures().entries_of(EntryKind::Shared);
        let is_held = |index| {
            let holds = |entry| self.credit.is_held_by(&self.storage, index, entry, too_far);
            self.storage.entry(index).is_some_and(holds)
        };
        if shared.any(is_held) {
            return told(group::reap(&self.storage));
        }
        Ok(0)
    }

    /// Cleans up after all who have died and lag by so much, or who count as consumers if it is
    /// `Signed::MIN`.
    #[cfg(feature = "std")]
    pub(crate) fn reap_all(&mut self, too_far: Signed) -> Result<(), Failed> {
        let groups = self.reap_groups(too_far);
        self.reap(too_far, usize::MAX).and(groups).map(drop)
    }
}

impl Stuck {
    /// Keeps what the last look for the dead has come to.
    fn fail(&mut self, _waits_for: Pos, failed: Option<Failed>) {
        self.failed = failed;
        #[cfg(feature = "std")]
        {
            self.failed_for = Some(_waits_for);
        }
    }

    /// Why the last look was none, if the producer waited for that position then.
    fn failed_at(&self, _waits_for: Pos) -> Option<Failed> {
        #[cfg(feature = "std")]
        if self.failed_for != Some(_waits_for) {
            return None;
        }
        self.failed
    }

    #[cfg(feature = "std")]
    fn first_asked(&self) -> usize {
        self.first_asked
    }

    #[cfg(feature = "std")]
    fn ask_next(&mut self, entry: usize) {
        self.first_asked = entry;
    }

    #[cfg(not(feature = "std"))]
    fn first_asked(&self) -> usize {
        0
    }

    #[cfg(not(feature = "std"))]
    fn ask_next(&mut self, _entry: usize) {}
}

/// Whether an entry's owner shows by a lock that it lives: not that of a durable subscriber that is
/// away, nor that of a group, but for the one that is making it.
fn has_lock(view: &View, index: usize, entry: &Entry) -> bool {
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    if entry.owner.load(Ordering::Relaxed) == AWAY {
        return false;
    }
    index < view.measures().subscribers() || !join::is_durable(entry)
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::time::Duration;
    use std::vec::Vec;

    use super::*;
    use crate::error::JoinError;
    use crate::position::Position;
    use crate::segment::ASKED;
    use crate::{Options, Ring, Start, Subscriber};

    const ENTRIES: usize = 300;

    /// A ring in files with as many subscribers as it has room for, but for some.
    fn crowd(but_for: usize) -> (Producer<u64>, Ring<u64>, Vec<Subscriber<u64>>) {
        let (producer, files) = Options::<u64>::new(8).subscribers(ENTRIES).anonymous().unwrap();
        let ring = files.ring::<u64>(0).unwrap();
        let join = |_| ring.subscribe(Start::Next).unwrap();
        let living = (0..ENTRIES - but_for).map(join).collect();
        (producer, ring, living)
    }

    /// Writes down what a subscriber in that entry would, of which no process has the lock: one
    /// that has died at that position.
    fn die(producer: &Producer<u64>, index: usize, position: Position) {
        let entry = producer.storage.entry(index).unwrap();
        entry.generation.store(7, Ordering::Relaxed);
        entry.owner.store(1, Ordering::Relaxed);
        entry.gate.store(Pos::new(position).gate(), Ordering::Relaxed);
        entry.joined.store(1, Ordering::Relaxed);
    }

    /// How often the kernel is asked whether a lock is held while this runs.
    fn asked<R>(what: impl FnOnce() -> R) -> (R, usize) {
        let before = ASKED.get();
        let outcome = what();
        (outcome, ASKED.get() - before)
    }

    #[test]
    fn one_dead_among_many_costs_one_question() {
        let (mut producer, _ring, mut living) = crowd(1);
        die(&producer, ENTRIES - 1, 0);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        for subscriber in &mut living {
            assert_eq!(subscriber.try_recv_batch(&mut [0; 8]), Ok(8));
        }
        let (outcome, asked) = asked(|| producer.send(&8));
        assert_eq!((outcome, asked), (Ok(()), 1));
        assert_eq!(producer.consumers(), ENTRIES - 1);
    }

    #[test]
    fn a_look_asks_about_a_part_of_those_in_the_way_and_the_next_about_others() {
        let (mut producer, _ring, _living) = crowd(1);
        die(&producer, ENTRIES - 1, 0);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        let mut reap = || asked(|| producer.reap(8, ASKED_AT_A_TIME));
        assert_eq!(reap(), (Ok(0), 256));
        // Round to the first again, past the one that is dead.
        assert_eq!(reap(), (Ok(1), 256));
        assert_eq!(reap(), (Ok(0), 256));
        // Who is not in the way is not asked about.
        assert_eq!(asked(|| producer.reap(9, usize::MAX)), (Ok(0), 0));
    }

    #[test]
    fn any_number_of_dead_is_cleaned_up_in_one_look() {
        let (mut producer, _ring, mut living) = crowd(ENTRIES - 1);
        (1..ENTRIES).for_each(|index| die(&producer, index, 0));
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        assert_eq!(living[0].try_recv_batch(&mut [0; 8]), Ok(8));
        assert_eq!(producer.look(0), Ok(true));
        assert_eq!(producer.consumers(), 1);
    }

    #[test]
    fn a_durable_subscriber_that_has_died_is_asked_about_once() {
        let (mut producer, ring, _none) = crowd(ENTRIES);
        drop(ring.subscribe_durable("name", Start::Next).unwrap());
        let entry = producer.storage.entry(0).unwrap();
        // As if its owner had been killed.
        entry.owner.store(1, Ordering::Relaxed);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        assert_eq!(asked(|| producer.reap(8, usize::MAX)), (Ok(1), 1));
        assert_eq!(asked(|| producer.reap(8, usize::MAX)), (Ok(0), 0));
        assert_eq!(producer.consumers(), 1);
        assert_eq!(ring.subscribe_durable("name", Start::Next).unwrap().recv(), Ok(0));
    }

    #[test]
    fn a_subscriber_that_is_refused_costs_one_question_for_each_entry() {
        let (_producer, ring, _living) = crowd(0);
        let (refused, asked) = asked(|| ring.subscribe(Start::Next).map(drop));
        assert_eq!(refused, Err(JoinError::NoFreeEntry { entries: ENTRIES }));
        // And one whether a peer cleans up after the dead.
        assert_eq!(asked, ENTRIES + 1);
    }

    #[test]
    fn waiting_for_consumers_asks_about_them_when_there_seem_to_be_enough() {
        let (mut producer, _ring, living) = crowd(2);
        die(&producer, ENTRIES - 1, 0);
        let short = Duration::from_millis(100);
        let (outcome, asked) = asked(|| producer.wait_for_consumers(ENTRIES - 1, short));
        let joined = living.len();
        assert_eq!(outcome, Err(crate::error::WaitError::Timeout { joined }));
        // Once when there seemed to be enough, and once at the end.
        assert_eq!(asked, 2 * joined + 1);
    }
}
