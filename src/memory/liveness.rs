//! Which of the processes that share a ring's memory live, where the ring is files.

use super::registry::Registry;
use super::seat::{Claim, Entries, Post};
use super::storage::{Owner, Storage};
use super::view::View;
use crate::error::{JoinError, LivenessError};
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sync::{Futex, Ordering};

impl Storage {
    fn mapping(&self) -> Option<&alloc::sync::Arc<super::mapping::Mapping>> {
        match &self.owner {
            Owner::Mapped { mapping } => Some(mapping),
            _ => None,
        }
    }

    /// The ring as far as this process may look at it: with the control segment also where it may
    /// not write that. Nothing is stored through it.
    pub(crate) fn monitored(&self) -> &View {
        self.mapping().and_then(|mapping| mapping.monitored()).unwrap_or(self)
    }

    /// Whether the memory is there. In a child that was forked, what the parent had mapped is not:
    /// a handle can be dropped there, and nothing else.
    pub(crate) fn is_here(&self) -> bool {
        self.mapping().is_none_or(|mapping| mapping.is_here())
    }

    /// Whether the producer lives: `false` only if it does not.
    pub(crate) fn producer_is_alive(&self) -> Result<bool, LivenessError> {
        let guarded = self.producer().guarded.load(Ordering::Relaxed) != 0;
        match self.mapping().filter(|_| guarded) {
            None => Ok(true),
            Some(mapping) => mapping.owner_is_alive().map_err(not_told),
        }
    }

    /// Has that watch add to `word` when it is worth asking whether the producer lives, until what
    /// this returns is dropped. `None`: the ring is no files, or the kernel does not tell.
    pub(crate) fn watched_by(
        &self,
        watch: &DeathWatch,
        word: alloc::sync::Arc<Futex>,
    ) -> Option<Watched> {
        self.mapping().and_then(|mapping| watch.add(mapping, word).ok())
    }

    /// The same for consumers: when it is worth asking which of them live.
    pub(crate) fn consumers_watched_by(
        &self,
        watch: &DeathWatch,
        word: alloc::sync::Arc<Futex>,
    ) -> Option<Watched> {
        self.mapping().and_then(|mapping| watch.add_seats(mapping, word).ok())
    }

    /// Whether the ring is files that have no name, so that no producer can take it over.
    pub(crate) fn is_removed(&self) -> Result<bool, LivenessError> {
        match self.mapping() {
            None => Ok(false),
            Some(mapping) => mapping.is_removed().map_err(not_told),
        }
    }

    /// Asks for an entry. What is ours is so until the seat is dropped.
    pub(crate) fn claim(&self, entry: usize) -> Result<Claim, JoinError> {
        match self.mapping() {
            None => Ok(Claim::Open),
            Some(mapping) => match mapping.claim(entry).map_err(lock_error)? {
                ringway_shm::segment::Claim::Ours(seat) => Ok(Claim::Ours(seat)),
                ringway_shm::segment::Claim::Taken => Ok(Claim::Taken),
            },
        }
    }

    /// Calls `clean` with those of some entries whose owners are dead, if there are any, while no
    /// other process can take these entries. Opens nothing. Returns how many they are. An error is
    /// the first that the kernel gave; what could be found in spite of it has been cleaned.
    pub(crate) fn reap(
        &self,
        entries: impl IntoIterator<Item = usize>,
        clean: impl FnOnce(&Entries),
    ) -> Result<usize, LivenessError> {
        match self.mapping() {
            None => Ok(0),
            Some(mapping) => mapping.reap(entries, clean).map_err(not_told),
        }
    }

    /// Whether the owner of that entry is dead.
    pub(crate) fn is_dead(&self, entry: usize) -> Result<bool, LivenessError> {
        match self.mapping() {
            None => Ok(false),
            Some(mapping) => mapping.is_dead(entry).map_err(not_told),
        }
    }

    /// Keeps others from making entries of names, until it is dropped.
    pub(crate) fn registry(&self) -> Result<Registry<'_>, JoinError> {
        match self.mapping() {
            None => Ok(Registry::of_process(self)),
            Some(mapping) => mapping.registry().map(Registry::Files).map_err(lock_error),
        }
    }

    /// Takes the place of the worker that looks whether all others live, or that of one of its
    /// deputies, from the `nth` on, if one of these can be had.
    pub(crate) fn take_post(&self, nth: usize) -> Option<Post> {
        Post::take(self.mapping()?, nth)
    }

    /// Whether a worker has one of these places.
    pub(crate) fn has_post(&self) -> bool {
        self.mapping().is_some_and(|mapping| mapping.has_post())
    }

    /// The number of the mapping's life, which shows that all workers with handles on it live: for
    /// [`is_life`](Self::is_life). `None`: only the lock of each shows that.
    pub(crate) fn life(&self) -> Option<u32> {
        let lives = self.flags()?.lives()?;
        // Nothing follows from the number but that it is no other mapping's.
        let number = || lives.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        self.mapping()?.life(number)
    }

    /// Whether the mapping lives whose life has that number. `false`: that is not known.
    pub(crate) fn is_life(&self, number: u32) -> bool {
        self.mapping().is_some_and(|mapping| mapping.is_life(number).unwrap_or(false))
    }

    /// How often workers have looked whether all others live.
    pub(crate) fn patrols(&self) -> u32 {
        let count = self.flags().and_then(|flags| flags.patrols());
        // What the counting worker had found, its own words say.
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Whether a worker of this process has, and not longer ago than that.
    pub(crate) fn patrolled_here(&self, within: core::time::Duration) -> bool {
        self.mapping().is_some_and(|mapping| mapping.patrolled(within))
    }

    /// Says that the caller has.
    pub(crate) fn count_patrol(&self) {
        if let Some(mapping) = self.mapping() {
            mapping.note_patrol();
        }
        if let Some(count) = self.flags().and_then(|flags| flags.patrols()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether all handles of the ring live and die together: it is on this process's heap.
    pub(crate) fn dies_as_one(&self) -> bool {
        matches!(self.owner, Owner::Heap { .. })
    }

    /// Whether a claim tells that an entry's owner is dead.
    pub(crate) fn can_take_over(&self) -> bool {
        self.mapping().is_some()
    }

    /// Whether entries of the dead are being cleaned, so that there may be free ones soon.
    pub(crate) fn is_cleaning(&self) -> Result<bool, JoinError> {
        self.mapping().map_or(Ok(false), |mapping| mapping.is_cleaning().map_err(lock_error))
    }

    /// Waits for a moment, if another process may let go of a claim meanwhile.
    pub(crate) fn pause(&self) -> bool {
        let shared = self.mapping().is_some();
        if shared {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        shared
    }
}

fn not_told(error: std::io::Error) -> LivenessError {
    LivenessError::new(error.raw_os_error().unwrap_or(0))
}

fn lock_error(error: std::io::Error) -> JoinError {
    JoinError::Lock { os_error: error.raw_os_error().unwrap_or(0) }
}
