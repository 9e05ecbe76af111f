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

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod duty {
    use core::time::Duration;
    use std::time::Instant;

    use crate::memory::layout::{Entry, NOBODY};
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
    pub(crate) enum PostChange {
        None,
        /// It has a deputy's, or what it had before.
        Kept,
        /// It has come to be the patroller.
        Promoted,
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
        pub(crate) fn has_post(&self) -> bool {
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
        pub(crate) fn takes_post(&mut self, storage: &Storage, index: usize) -> PostChange {
            if !self.has_slept {
                return PostChange::None;
            }
            let Some(post) = &mut self.post else {
                self.post = storage.take_post(index.wrapping_add(self.tries));
                self.tries = self.tries.wrapping_add(1);
                return match &self.post {
                    None => PostChange::None,
                    Some(post) if post.is_first() => PostChange::Promoted,
                    Some(_) => PostChange::Kept,
                };
            };
            if !post.is_first() && post.move_up() { PostChange::Promoted } else { PostChange::Kept }
        }

        /// The call is over. Whether a place was given up and no other is taken.
        pub(crate) fn ends(&mut self) -> bool {
            (self.has_slept, self.bell) = (false, None);
            self.post.take().is_some_and(|post| !post.leave())
        }

        /// How long a worker sleeps that has no place: each another time, so that their looks lie
        /// apart.
        pub(crate) fn long_slice(&self, storage: &Storage, index: usize) -> Duration {
            let owned = |entry: &Entry| entry.owner.load(Ordering::Relaxed) != NOBODY;
            let workers = storage.member_entries().filter(|(_, entry)| owned(entry)).count();
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
pub(crate) use duty::{Need, PostChange};
