//! Who looks whether the others live, of many workers that have nothing to do.
//!
//! A look at one takes a system call, so that all workers looking at all others is what no machine
//! can pay. A *patrol* is one worker asking the kernel about all processes that have workers, one
//! by one, about the workers of those that do not answer, and about the producer. Few go on patrol,
//! and the others sleep for long:
//!
//! - One worker has the place of the patroller, and goes every 90 ms. Three more have those of its
//!   deputies, wake up every 50 ms, and take its place when it is free. A place is a byte of the
//!   control file that a worker locks, after a first slice of sleep in vain, and gives up when its
//!   call ends, or it is dead: then the kernel does. Workers of one process die together, and have
//!   one place at most.
//! - A patroller that is stopped keeps its place. So the ring counts patrols, in a word to which a
//!   worker that has ended one adds 1. Who has looked at that count a while ago and finds that it
//!   has not grown since, or by too little, goes on patrol, whatever its place. When the last
//!   patrol was made is known to within one look; deputies wake up so that they go 140 ms after it
//!   at the latest.
//! - Who only polls is woken by no bell. If it may not ask again in time, it goes on patrol unless
//!   one of the places is taken, its own process has just been on patrol, or so many are made that
//!   four processes go.
//! - Who has no place, and sees that patrols are made, sleeps for a quarter of a second to half a
//!   second, or to 30 ms for each worker of the ring if that is more: for a time of its own each,
//!   so that wherever there are many one of them wakes soon. It tries for a place, and looks at the
//!   count again.
//! - Who finds something on patrol rings: what a dead worker had is told to its group, as ever, and
//!   the producer's death to the workers of all groups, who then ask for themselves. No worker
//!   sleeps for long on a bell that has been rung since it last asked.
//! - Who gives up its place when its call ends, and sees that no other is taken, rings for the
//!   others to take them, also for those of its group that what has ended the call has woken: they
//!   may have found the place taken. Of several that give up theirs at the same time, the last one
//!   sees it.
//!
//! So a death is noticed within 90 ms, or 50 if it is the patroller's and it has a deputy, or 140
//! if the patroller has left just then; as long as one of those who have places lives and runs.
//! Should all of them, of four processes if so many have idle workers, have died at once, the next
//! worker that wakes takes a place. Should all four be stopped, the others notice by the count,
//! each when it has slept for long twice.
//!
//! Nothing here has to be believed: who forges the count or holds the places can have others notice
//! a dead worker later, which a process that can write control can do anyway, and every waiter asks
//! about the producer itself each time that it wakes.
//!
//! Where no process can die alone, on the heap, there are no patrols, and all sleep for long.

use super::Worker;
use crate::error::LivenessError;
use crate::group::Rest;
use crate::message::Message;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use crate::protocol::{exchange, wake};
use core::time::Duration;
use ringway_shm::wait::{Deadline, Wait};

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod duty {
    use core::time::Duration;
    use std::time::Instant;

    use crate::memory::layout::{Entry, FREE_ENTRY};
    use crate::memory::{Post, Storage};
    use ringway_shm::sync::Ordering;

    /// How long the patroller sleeps, and how soon after a patrol it goes again if it is woken
    /// before.
    const PATROLLER: Duration = Duration::from_millis(90);
    const PATROLLER_AT_LEAST: Duration = Duration::from_millis(60);
    /// How old a count is that tells others that none goes, if it has not grown since.
    const OLD: Duration = Duration::from_millis(110);
    /// The same for a deputy, and for who polls, since before the last patrol that it knows of.
    const OLD_AT_MOST: Duration = Duration::from_millis(140);
    /// A patrol that was seen to have been made was so within this time, for who looks that often.
    const SEEN_LATE: Duration = Duration::from_millis(50);
    /// Patrols that are made this far apart are enough. Their makers may have to wait for a
    /// processor.
    const FAR_APART: Duration = Duration::from_millis(200);
    /// How recent a patrol of this process's own is that spares its workers which poll another.
    const RECENT: Duration = Duration::from_millis(40);
    /// Patrols that come as close as this are those of four processes at least, none of whose
    /// workers that poll goes more often than that.
    const CLOSE: Duration = Duration::from_millis(8);
    /// How long those sleep who have no place, at least and at most, and at most for each worker of
    /// the ring.
    const LONG: Duration = Duration::from_millis(250);
    const LONG_AT_MOST: Duration = Duration::from_millis(500);
    const LONG_PER_WORKER: Duration = Duration::from_millis(30);

    /// Whether a worker goes on patrol.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Need {
        /// It does.
        Go,
        /// Others do.
        None,
        /// It is too early to tell.
        Unknown,
    }

    /// What became of trying for a place.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Place {
        None,
        /// It has a deputy's, or what it had before.
        Kept,
        /// It has come to be the patroller.
        Patrollers,
    }

    /// What a worker knows of the patrols of others.
    #[derive(Debug)]
    pub(crate) struct Watch {
        /// How many had been made when this one last saw that they grow, or made one, and when that
        /// was.
        seen: (u32, Instant),
        /// When this one last looked; and before the last patrol of which it knows, as far as it
        /// looks often.
        looked: Instant,
        since: Instant,
        /// In the present call it has slept, so that it may take a place.
        pub(crate) has_slept: bool,
        post: Option<Post>,
        /// Places that it has tried for.
        tries: usize,
        /// What its group's bell said before it last looked, if it may sleep for long on that.
        pub(crate) bell: Option<u32>,
        /// Of which of the ring's producers it has told the others that it is dead: after how many
        /// takeovers.
        pub(crate) told: Option<u32>,
    }

    impl Watch {
        pub(crate) fn new(storage: &Storage) -> Watch {
            let now = Instant::now();
            Watch {
                seen: (storage.patrols(), now),
                looked: now,
                since: now,
                has_slept: false,
                post: None,
                tries: 0,
                bell: None,
                told: None,
            }
        }

        /// Whether others have made patrols enough since this one last saw that, or went itself.
        pub(crate) fn need(&mut self, storage: &Storage) -> Need {
            let is_patroller = self.is_patroller();
            let (grows, now, _) = self.see(storage);
            if is_patroller {
                // A patrol of another may have been made right after its own.
                let age = now.saturating_duration_since(self.seen.1);
                return if age < PATROLLER_AT_LEAST { Need::Unknown } else { Need::Go };
            }
            if grows {
                return Need::None;
            }
            let old = if self.post.is_some() { OLD_AT_MOST } else { OLD };
            let age = now.saturating_duration_since(self.since);
            if age < old { Need::Unknown } else { Need::Go }
        }

        /// The same for a worker that only polls, and may next do so after as long a time as since
        /// the last one. It is told of nothing by a bell. So it relies on those who have places, if
        /// there are any.
        pub(crate) fn need_of_poll(&mut self, storage: &Storage) -> Need {
            let made = self.seen.0;
            let (_, now, between) = self.see(storage);
            let more = storage.patrols().wrapping_sub(made);
            if storage.patrolled_here(RECENT) || between <= CLOSE.saturating_mul(more) {
                return Need::None;
            }
            let age = now.saturating_duration_since(self.since).max(between);
            if age.saturating_add(between) < OLD_AT_MOST {
                return Need::Unknown;
            }
            let seen = now.saturating_duration_since(self.seen.1);
            if seen < OLD && storage.has_post() { Need::None } else { Need::Go }
        }

        /// Looks at the count. Returns whether it grows as it should, the time, and how long it is
        /// since the last look.
        fn see(&mut self, storage: &Storage) -> (bool, Instant, Duration) {
            let (made, now) = (storage.patrols(), Instant::now());
            let looked = core::mem::replace(&mut self.looked, now);
            let (before, then) = self.seen;
            let (more, age) = (made.wrapping_sub(before), now.saturating_duration_since(then));
            let grows = more > 0 && age <= FAR_APART.saturating_mul(more);
            if grows && !self.is_patroller() {
                self.seen = (made, now);
                self.since = now.checked_sub(SEEN_LATE).map_or(looked, |then| looked.max(then));
            }
            (grows, now, now.saturating_duration_since(looked))
        }

        #[cfg(test)]
        pub(crate) fn has_place(&self) -> bool {
            self.post.is_some()
        }

        fn is_patroller(&self) -> bool {
            self.post.as_ref().is_some_and(Post::is_first)
        }

        /// How long this one sleeps who has a place; at most, if it is a deputy.
        pub(crate) fn slice(&self, most: Duration) -> Duration {
            let now = Instant::now();
            let until = |then: Instant, age: Duration| {
                age.saturating_sub(now.saturating_duration_since(then))
                    .max(Duration::from_millis(1))
            };
            match &self.post {
                None => most,
                Some(post) if post.is_first() => until(self.seen.1, PATROLLER),
                Some(_) => most.min(until(self.since, OLD_AT_MOST)),
            }
        }

        /// This one has gone on patrol itself.
        pub(crate) fn has_gone(&mut self, storage: &Storage) {
            let now = Instant::now();
            (self.seen, self.since, self.looked) = ((storage.patrols(), now), now, now);
        }

        /// Tries for a place, if it has none and has slept, and for the patroller's if it is a
        /// deputy.
        pub(crate) fn takes_place(&mut self, storage: &Storage, index: usize) -> Place {
            if !self.has_slept {
                return Place::None;
            }
            let Some(post) = &mut self.post else {
                self.post = storage.take_post(index.wrapping_add(self.tries));
                self.tries = self.tries.wrapping_add(1);
                return match &self.post {
                    None => Place::None,
                    Some(post) if post.is_first() => Place::Patrollers,
                    Some(_) => Place::Kept,
                };
            };
            if !post.is_first() && post.move_up() { Place::Patrollers } else { Place::Kept }
        }

        /// The call is over. Whether a place was given up and no other is taken.
        pub(crate) fn ends(&mut self) -> bool {
            (self.has_slept, self.bell) = (false, None);
            self.post.take().is_some_and(|post| !post.leave())
        }

        /// How long a worker sleeps that has no place: each another time, so that their looks lie
        /// apart.
        pub(crate) fn long_slice(&self, storage: &Storage, index: usize) -> Duration {
            let owned = |entry: &Entry| entry.owner.load(Ordering::Relaxed) != FREE_ENTRY;
            let workers = storage.worker_entries().filter(|(_, entry)| owned(entry)).count();
            let most = LONG_AT_MOST.max(LONG_PER_WORKER.saturating_mul(workers as u32));
            // Of a golden section each, which spreads any number of them.
            let part = (index.wrapping_add(self.tries) as u32).wrapping_mul(0x9e37_79b9) >> 22;
            LONG + (most - LONG) * part / 1024
        }
    }
}

/// Where no process can die alone, or nothing tells, there is nothing to know.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
mod duty {
    #[derive(Debug)]
    pub(crate) struct Watch;

    impl Watch {
        pub(crate) fn new(_storage: &crate::memory::Storage) -> Watch {
            Watch
        }
    }
}

pub(crate) use duty::Watch;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use duty::{Need, Place};

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Looks whether all workers and the producer live, gives back what the dead had, and tells the
    /// others.
    fn patrol(&mut self) -> Result<(), LivenessError> {
        use crate::group::{self, Desk};
        use ringway_shm::fence::Fences;

        group::reap(self.storage())?;
        let groups = self.storage().measures().groups();
        // A worker that was done may be stopped before it could move its group's gate.
        let desks = (0..groups).filter_map(|group| Desk::of(self.storage(), group));
        // All of them, whichever has moved.
        let moved = desks.filter(Desk::push).count() > 0;
        if moved {
            wake::wake_producer(self.storage(), Fences::FULL);
            self.reader.wait.notify();
        }
        let epoch = self.reader.epoch();
        let died = (!self.storage().producer_is_alive()?).then_some(epoch);
        if died.is_some() && self.watch.told != died {
            exchange::ring_bells(self.storage());
        }
        self.watch.told = died;
        self.storage().count_patrol();
        self.watch.has_gone(&self.reader.storage);
        Ok(())
    }

    /// For calls that need not wait: goes on patrol, where a process can die alone, if others do
    /// not. An error counts if there is no message.
    pub(crate) fn patrol_if_due(&mut self) -> Result<(), LivenessError> {
        if !self.storage().can_take_over() || self.place.patrol.is_due().is_none() {
            return Ok(());
        }
        match self.watch.need_of_poll(&self.reader.storage) {
            Need::Go => self.patrol(),
            Need::None | Need::Unknown => Ok(()),
        }
    }

    /// Now and then in a call that waits: looks whether others live, or sees that others do.
    /// `false`: there is no message to wait for any more, or the kernel does not say so, which is
    /// kept to be told.
    pub(crate) fn look_around(&mut self) -> bool {
        // Before anything is asked: who finds out later rings later, too.
        let bell =
            self.desk().map(|desk| desk.entry().bell.load(ringway_shm::sync::Ordering::Relaxed));
        self.watch.bell = None;
        let mut others_go = self.storage().dies_as_one();
        if self.storage().can_take_over() {
            let place = self.watch.takes_place(&self.reader.storage, self.place.index);
            let mut need = self.watch.need(&self.reader.storage);
            if place == Place::Patrollers {
                need = Need::Go;
            }
            if need == Need::Go {
                if let Err(error) = self.patrol() {
                    self.reader.life.set_failed(error);
                    return false;
                }
            }
            others_go = need == Need::None && place == Place::None;
        }
        if self.reader.has_producer() {
            let may = others_go && self.watch.has_slept && self.is_hired();
            self.watch.bell = bell.filter(|_| may);
            return true;
        }
        // What others have may come back, or has come back since the attempt.
        self.rest() != Rest::Nothing
    }

    /// Whether the producer lives, as far as one can know who has just found that there is one: one
    /// that waits for a successor has found that there can be one.
    fn is_hired(&self) -> bool {
        !self.reader.patient || self.storage().producer_is_alive().unwrap_or(false)
    }

    /// Sleeps until there may be something, or for a slice: for a long one if others look whether
    /// all live.
    pub(crate) fn sleep_within(&mut self, slice: Duration, limit: Deadline) {
        let Some(bell) =
            self.desk().map(|desk| desk.entry().bell.load(ringway_shm::sync::Ordering::Relaxed))
        else {
            return;
        };
        let long = self.watch.bell == Some(bell);
        let slice = if long {
            limit.left(self.watch.long_slice(&self.reader.storage, self.place.index))
        } else {
            limit.left(self.watch.slice(slice))
        };
        self.sleep_for(bell, slice);
        self.watch.has_slept = true;
    }

    /// A call that may have slept is over.
    pub(crate) fn end_watch(&mut self) {
        if self.watch.ends() {
            // Those of this group, too: one that was woken together with this one may have found
            // the place taken, and be about to sleep for long.
            exchange::ring_bells(self.storage());
        }
    }
}

/// Where no process can die alone, or nothing tells.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    pub(crate) fn patrol_if_due(&mut self) -> Result<(), LivenessError> {
        Ok(())
    }

    pub(crate) fn look_around(&mut self) -> bool {
        self.reader.has_producer() || self.rest() != Rest::Nothing
    }

    pub(crate) fn sleep_within(&mut self, slice: Duration, _limit: Deadline) {
        let bell =
            self.desk().map(|desk| desk.entry().bell.load(ringway_shm::sync::Ordering::Relaxed));
        if let Some(bell) = bell {
            self.sleep_for(bell, slice);
        }
    }

    pub(crate) fn end_watch(&mut self) {}
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// For calls that may wait. If they do, they look around again, and tell an error then.
    pub(crate) fn patrol_before_waiting(&mut self) {
        let _ = self.patrol_if_due();
    }
}
