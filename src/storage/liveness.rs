//! Who lives of those who share a ring's memory.

#[cfg(all(feature = "alloc", any(target_has_atomic = "32", feature = "portable-atomic")))]
use super::Owner;
use super::Storage;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::error::JoinError;
use crate::layout::AWAY;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::layout::NOBODY;
use crate::sync::Ordering;

/// What shows others that a handle lives, for as long as it is there.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) type Seat = crate::os::Lock;
/// Where nobody can die alone there is none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) type Seat = core::convert::Infallible;

/// What became of asking for an entry of one's own.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[derive(Debug)]
pub(crate) enum Claim {
    /// Who changes the owner's word first has it.
    Open(Option<Seat>),
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

/// Where the memory is not files, whoever shares it lives and dies together.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
impl Storage {
    pub(crate) fn is_here(&self) -> bool {
        true
    }

    pub(crate) fn producer_is_alive(&self) -> bool {
        true
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn claim(&self, _entry: usize) -> Result<Claim, JoinError> {
        Ok(Claim::Open(None))
    }

    pub(crate) fn reap(&self, _entry: usize, _reset: impl FnOnce()) {}

    fn is_dead(&self, _entry: usize) -> bool {
        false
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn registry(&self) -> Result<Registry<'_>, JoinError> {
        Ok(self.registry_here())
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn give_back(&self, seat: Seat) {
        match seat {}
    }

    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn can_take_over(&self) -> bool {
        false
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
    Files(crate::os::Registry<'a>),
    #[cfg(not(feature = "alloc"))]
    None(core::marker::PhantomData<&'a ()>),
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl Storage {
    fn mapping(&self) -> Option<&alloc::sync::Arc<crate::os::Mapping>> {
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

    /// Whether the producer lives, as far as can be told: `false` only if it does not.
    pub(crate) fn producer_is_alive(&self) -> bool {
        let guarded = self.producer().guarded.load(Ordering::Relaxed) != 0;
        !guarded || self.mapping().is_none_or(|mapping| mapping.producer_is_alive())
    }

    /// Asks for an entry. What is ours is so until the seat is dropped.
    pub(crate) fn claim(&self, entry: usize) -> Result<Claim, JoinError> {
        match self.mapping() {
            None => Ok(Claim::Open(None)),
            Some(mapping) => mapping.claim(entry).map_err(lock_error),
        }
    }

    /// Calls `reset` if the entry's owner is dead, while nobody else can take it.
    pub(crate) fn reap(&self, entry: usize, reset: impl FnOnce()) {
        if let Some(mapping) = self.mapping() {
            mapping.reap(entry, reset);
        }
    }

    /// Whether the owner of that entry is dead, as far as can be told.
    fn is_dead(&self, entry: usize) -> bool {
        self.mapping().is_some_and(|mapping| mapping.is_dead(entry))
    }

    /// Keeps others from making entries of names, until it is dropped.
    pub(crate) fn registry(&self) -> Result<Registry<'_>, JoinError> {
        match self.mapping() {
            None => Ok(self.registry_here()),
            Some(mapping) => mapping.registry().map(Registry::Files).map_err(lock_error),
        }
    }

    /// Gives up a claim whose entry somebody else has taken.
    pub(crate) fn give_back(&self, seat: Seat) {
        // Where locks are shared it can only be another handle of this process, and it is its lock.
        if self.mapping().is_some_and(|mapping| !mapping.has_own_locks()) {
            seat.abandon();
        }
    }

    /// Whether a claim tells that an entry's owner is dead.
    pub(crate) fn can_take_over(&self) -> bool {
        self.mapping().is_some_and(|mapping| mapping.has_own_locks())
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

    /// Whether nobody is there who has that entry; if it is a group's, who works in it.
    pub(crate) fn is_away(&self, entry: usize) -> bool {
        #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
        if let Some(group) = entry.checked_sub(self.measures().subscribers()) {
            return !self.has_workers(group);
        }
        self.has_left(entry) || self.is_dead(entry)
    }

    /// Whether somebody works in that group, counted from 0, who is not known to be dead.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn has_workers(&self, group: usize) -> bool {
        self.workers_of(group).any(|(index, entry)| {
            entry.owner.load(Ordering::Relaxed) != NOBODY && !self.is_dead(index)
        })
    }

    /// Whether the entry's owner has said that it goes away, and will come back.
    fn has_left(&self, entry: usize) -> bool {
        let owner = self.entry(entry).map(|entry| entry.owner.load(Ordering::Relaxed));
        owner == Some(AWAY)
    }
}
