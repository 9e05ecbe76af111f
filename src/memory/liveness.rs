//! Who lives of those who share a ring's memory.

#[cfg(all(feature = "alloc", any(target_has_atomic = "32", feature = "portable-atomic")))]
use super::Owner;
use super::Storage;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::error::JoinError;
use crate::error::LivenessError;
use crate::memory::layout::AWAY;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::memory::layout::NOBODY;
use ringway_shm::sync::Ordering;

/// What shows others that a handle lives, for as long as it is there.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) type Seat = ringway_shm::file::lock::Lock;
/// Where nobody can die alone there is none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) type Seat = core::convert::Infallible;

/// The place of the worker that looks whether all others live, or of one of its deputies.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) use super::posts::Post;

/// What became of asking for an entry of one's own.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[derive(Debug)]
pub(crate) enum Claim {
    /// Who changes the owner's word first has it.
    Open,
    /// It is the caller's: if the owner's word names somebody, that one is dead.
    #[cfg_attr(
        not(all(feature = "std", target_os = "linux", not(ringway_loom))),
        expect(dead_code)
    )]
    Ours(Seat),
    /// Its owner lives.
    #[cfg_attr(
        not(all(feature = "std", target_os = "linux", not(ringway_loom))),
        expect(dead_code)
    )]
    Taken,
}

/// Some of a ring's entries.
pub(crate) use ringway_shm::SeatSet as Entries;

/// Where the memory is not files, all who share it live and die together.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
impl Storage {
    pub(crate) fn is_here(&self) -> bool {
        true
    }

    pub(crate) fn producer_is_alive(&self) -> Result<bool, LivenessError> {
        Ok(true)
    }

    pub(crate) fn is_removed(&self) -> Result<bool, LivenessError> {
        Ok(false)
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn claim(&self, _entry: usize) -> Result<Claim, JoinError> {
        Ok(Claim::Open)
    }

    pub(crate) fn reap(
        &self,
        _entries: impl IntoIterator<Item = usize>,
        _clean: impl FnOnce(&Entries),
    ) -> Result<usize, LivenessError> {
        Ok(0)
    }

    fn is_dead(&self, _entry: usize) -> Result<bool, LivenessError> {
        Ok(false)
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn life(&self) -> Option<u32> {
        None
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn is_life(&self, _number: u32) -> bool {
        false
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn registry(&self) -> Result<Registry<'_>, JoinError> {
        Ok(self.registry_here())
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn can_take_over(&self) -> bool {
        false
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn is_cleaning(&self) -> Result<bool, JoinError> {
        Ok(false)
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn pause(&self) -> bool {
        false
    }
}

/// Keeps others from making entries of names, until it is dropped.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[derive(Debug)]
#[expect(dead_code, reason = "what counts is when they are dropped")]
pub(crate) enum Registry<'a> {
    /// Nobody can: memory of the caller's.
    Open,
    #[cfg(feature = "alloc")]
    Heap(super::heap::Registry<'a>),
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Files(ringway_shm::segment::Turn<'a>),
    #[cfg(not(feature = "alloc"))]
    None(core::marker::PhantomData<&'a ()>),
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl Storage {
    fn mapping(&self) -> Option<&alloc::sync::Arc<super::Mapping>> {
        match &self.owner {
            Owner::Mapped { mapping } => Some(mapping),
            _ => None,
        }
    }

    /// Whether the memory is there. In a child that was forked, what the parent had mapped is not: a
    /// handle can be dropped there, and nothing else.
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
    fn is_dead(&self, entry: usize) -> Result<bool, LivenessError> {
        match self.mapping() {
            None => Ok(false),
            Some(mapping) => mapping.is_dead(entry).map_err(not_told),
        }
    }

    /// Keeps others from making entries of names, until it is dropped.
    pub(crate) fn registry(&self) -> Result<Registry<'_>, JoinError> {
        match self.mapping() {
            None => Ok(self.registry_here()),
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

    /// Whether all who share the ring live and die together: it is on this process's heap.
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

    /// Waits for a moment, if somebody else may let go of a claim meanwhile.
    pub(crate) fn pause(&self) -> bool {
        let shared = self.mapping().is_some();
        if shared {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        shared
    }
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
fn not_told(error: std::io::Error) -> LivenessError {
    LivenessError::new(error.raw_os_error().unwrap_or(0))
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
fn lock_error(error: std::io::Error) -> JoinError {
    JoinError::Lock { os_error: error.raw_os_error().unwrap_or(0) }
}

impl Storage {
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    fn registry_here(&self) -> Registry<'_> {
        match &self.owner {
            #[cfg(feature = "alloc")]
            Owner::Heap { memory } => Registry::Heap(memory.registry()),
            _ => Registry::Open,
        }
    }

    /// Whether an entry is held by none that is there, and may come back: by a durable subscriber
    /// that is away, or has died; or by a group in which no worker is known to live.
    pub(crate) fn is_away(&self, entry: usize) -> bool {
        #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
        if let Some(group) = entry.checked_sub(self.measures().subscribers()) {
            return !self.has_workers(group).unwrap_or(true);
        }
        let durable =
            self.entry(entry).is_some_and(|entry| entry.durable.load(Ordering::Relaxed) != 0);
        // One of which the kernel does not tell is not away: the limit for the living counts.
        durable && (self.has_left(entry) || self.is_dead(entry).unwrap_or(false))
    }

    /// Whether an entry is held by one that may go away and come back: by a durable subscriber, or
    /// a group.
    pub(crate) fn comes_back(&self, entry: usize) -> bool {
        let durable =
            |entry: &crate::memory::layout::Entry| entry.durable.load(Ordering::Relaxed) != 0;
        entry >= self.measures().subscribers() || self.entry(entry).is_some_and(durable)
    }

    /// Whether it is away, as far as can be seen without asking the kernel.
    pub(crate) fn seems_away(&self, entry: usize) -> bool {
        #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
        if let Some(group) = entry.checked_sub(self.measures().subscribers()) {
            let mut workers = self.workers_of(group);
            return !workers.any(|(_, entry)| entry.owner.load(Ordering::Relaxed) != NOBODY);
        }
        self.has_left(entry)
    }

    /// Whether a worker is in that group, counted from 0, as it is now, which is not dead.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn has_workers(&self, group: usize) -> Result<bool, LivenessError> {
        for (index, entry) in self.workers_of(group) {
            let here = entry.owner.load(Ordering::Relaxed) != NOBODY;
            if here && self.is_of_its_group(entry, group) && !self.is_dead(index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the entry's owner has said that it goes away, and will come back.
    fn has_left(&self, entry: usize) -> bool {
        let owner = self.entry(entry).map(|entry| entry.owner.load(Ordering::Relaxed));
        owner == Some(AWAY)
    }
}
