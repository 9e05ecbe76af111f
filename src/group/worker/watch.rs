//! Patrols: of many workers that have nothing to do, a few look whether the others live.
//!
//! To ask about one worker takes a system call. No machine can pay for all workers asking about all
//! others. A *patrol* is one worker asking the kernel about all processes that have workers, one by
//! one, then about the workers of those that do not answer, and about the producer. Few workers go
//! on patrol, and the others sleep for long:
//!
//! - **Posts.** One worker has the post of the patroller, and goes every 90 ms. Three more have the
//!   posts of its deputies. They wake up every 50 ms, and take its post when it is free. A post is
//!   a byte of the control file. A worker locks it after a first slice of sleep in vain, and gives
//!   it up when its call ends. If it dies, the kernel gives it up. Workers of one process die
//!   together, and have one post at most.
//! - **A patroller that is stopped** keeps its post. So the ring counts patrols, in a word to which
//!   a worker adds 1 after a patrol. A worker that finds that the count has not grown since its
//!   last look, or by too little, goes on patrol, whatever its post. When the last patrol was made
//!   is known to within one look. Deputies wake up so that they go 140 ms after it at the latest.
//! - **A worker that only polls** is woken by no bell. If it may not ask again in time, it goes on
//!   patrol, unless one of the posts is taken, its own process has just been on patrol, or so many
//!   patrols are made that four processes make them.
//! - **A worker without a post** that sees patrols being made sleeps for a quarter of a second to
//!   half a second, or to 30 ms for each worker of the ring if that is more. Each sleeps for a time
//!   of its own, so that wherever there are many, one of them wakes soon. Then it tries for a post,
//!   and looks at the count again.
//! - **What a patrol finds** is rung for. What a dead worker had is told to its group, as ever. The
//!   producer's death is told to the workers of all groups, which then ask for themselves. No
//!   worker sleeps for long on a bell that has been rung since it last asked.
//! - **A post that is given up** is rung for as well, if no other post is taken, so that other
//!   workers take it. That goes also for workers of the same group that were woken together with
//!   this one: they may have found the post taken. Of several that give up theirs at the same
//!   time, the last one sees that none is taken.
//!
//! So a death is noticed within 90 ms, or 50 if it is the patroller's and it has a deputy, or 140
//! if the patroller has left just then, as long as one of the workers with posts lives and runs.
//! Should all of these have died at once, of four processes if so many have idle workers, the next
//! worker that wakes takes a post. Should all four be stopped, the others notice by the count, each
//! when it has slept for long twice.
//!
//! Nothing here has to be believed. A process that forges the count or holds the posts can have
//! others notice a dead worker later. A process that can write control can do that anyway. And
//! every waiter asks about the producer itself each time that it wakes.
//!
//! Where no process can die alone, on the heap, there are no patrols, and all sleep for long.

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
    /// If the count has not grown for so long, no worker goes on patrol.
    const OLD: Duration = Duration::from_millis(110);
    /// The same for a deputy, and for a worker that polls, counted from before the last patrol that
    /// it knows of.
    const OLD_AT_MOST: Duration = Duration::from_millis(140);
    /// A worker that looks this often sees a patrol within this time.
    const SEEN_LATE: Duration = Duration::from_millis(50);
    /// Patrols that are made this far apart are enough. The workers that make them may have to wait
    /// for a processor.
    const FAR_APART: Duration = Duration::from_millis(200);
    /// If this process has been on patrol this recently, its workers that poll do not go.
    const RECENT: Duration = Duration::from_millis(40);
    /// Patrols that come as close as this are made by four processes at least: of each the workers
    /// that poll go no more often than every [`RECENT`].
    const CLOSE: Duration = Duration::from_millis(8);
    /// How long workers without a post sleep, at least and at most, and at most for each worker of
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

    /// What became of trying for a post.
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
        /// In the present call it has slept, so that it may take a post.
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

        /// The same for a worker that only polls, and may next do so after as long a time as has
        /// passed since its last poll. It is told of nothing by a bell. So it relies on workers
        /// that have posts, if there are any.
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

        /// How long this worker sleeps if it has a post. A deputy sleeps for so long at most.
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

        /// Tries for a post, if it has none and has slept, and for the patroller's if it is a
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

        /// The call is over. Whether a post was given up and no other is taken.
        pub(crate) fn ends(&mut self) -> bool {
            (self.has_slept, self.bell) = (false, None);
            self.post.take().is_some_and(|post| !post.leave())
        }

        /// How long a worker without a post sleeps: each another time, so that their looks lie
        /// apart.
        pub(crate) fn long_slice(&self, storage: &Storage, index: usize) -> Duration {
            let owned = |entry: &Entry| entry.owner.load(Ordering::Relaxed) != FREE_ENTRY;
            let workers = storage.member_entries().filter(|(_, entry)| owned(entry)).count();
            let most = LONG_AT_MOST.max(LONG_PER_WORKER.saturating_mul(workers as u32));
            // Multiples of the golden section spread any number of workers.
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
