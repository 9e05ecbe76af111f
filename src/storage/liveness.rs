//! Who lives of those who share a ring's memory.

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use super::Owner;
use super::Storage;
#[cfg(target_has_atomic = "32")]
use crate::error::JoinError;
use crate::layout::AWAY;
use crate::sync::Ordering;

/// What shows others that a handle lives, for as long as it is there.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) type Seat = crate::os::Lock;
/// Where nobody can die alone there is none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) type Seat = core::convert::Infallible;

/// What became of asking for an entry of one's own.
#[cfg(target_has_atomic = "32")]
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

    #[cfg(target_has_atomic = "32")]
    pub(crate) fn claim(&self, _entry: usize) -> Result<Claim, JoinError> {
        Ok(Claim::Open(None))
    }

    pub(crate) fn reap(&self, _entry: usize, _reset: impl FnOnce()) {}

    pub(crate) fn is_away(&self, entry: usize) -> bool {
        self.has_left(entry)
    }

    #[cfg(target_has_atomic = "32")]
    pub(crate) fn registry(&self) -> Result<Option<Seat>, JoinError> {
        Ok(None)
    }
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

    /// Whether nobody is there who has that entry.
    pub(crate) fn is_away(&self, entry: usize) -> bool {
        self.has_left(entry) || self.mapping().is_some_and(|mapping| mapping.is_dead(entry))
    }

    /// Keeps others from making entries of names, until it is dropped.
    pub(crate) fn registry(&self) -> Result<Option<Seat>, JoinError> {
        self.mapping().map(|mapping| mapping.registry()).transpose().map_err(lock_error)
    }
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
fn lock_error(error: std::io::Error) -> JoinError {
    JoinError::Lock { os_error: error.raw_os_error().unwrap_or(0) }
}

impl Storage {
    /// Whether the entry's owner has said that it goes away, and will come back.
    fn has_left(&self, entry: usize) -> bool {
        let owner = self.entry(entry).map(|entry| entry.owner.load(Ordering::Relaxed));
        owner == Some(AWAY)
    }
}
