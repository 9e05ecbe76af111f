//! Where a ring's words lie. The protocol sees a [`View`] and never asks.
//!
//! A handle keeps the view itself, so that its hot path follows no pointer but the slot's, and
//! beside it whatever owns the memory. That the owner is an enum and not a type parameter is what
//! lets a function take a `Subscriber<Quote>` without saying where the ring lives.

mod view;

#[cfg(feature = "alloc")]
pub(crate) mod heap;

// loom's atomics are not words in memory: what follows has no place in a model.
#[cfg(not(ringway_loom))]
pub(crate) mod fixed;
#[cfg(not(ringway_loom))]
pub(crate) mod raw;

pub(crate) use view::{Control, Slot, View};

/// The memory of one ring, what keeps it there, and what shows that the handle that has it lives.
#[derive(Debug)]
pub(crate) struct Storage {
    view: View,
    owner: Owner,
    /// A clone has none.
    seat: Option<Seat>,
}

/// What keeps a ring's memory there.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// A `static`, or the promise of whoever gave the pointer.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    Caller,
    #[cfg(feature = "alloc")]
    Heap { _memory: alloc::sync::Arc<heap::Memory> },
    /// Two files, mapped.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Mapped { mapping: alloc::sync::Arc<crate::os::Mapping> },
}

/// What shows others that a handle lives, for as long as it is there.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) type Seat = crate::os::Lock;
/// Where nobody can die alone there is none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) type Seat = core::convert::Infallible;

/// What became of asking for an entry of one's own.
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

impl Storage {
    /// # Safety
    ///
    /// While `owner` lives, `view`'s pointers are valid as [`View::new`] wants them.
    pub(crate) unsafe fn new(view: View, owner: Owner) -> Storage {
        Storage { view, owner, seat: None }
    }

    /// The same memory for a handle that others can see to be alive.
    pub(crate) fn seated(self, seat: Option<Seat>) -> Storage {
        Storage { seat, ..self }
    }

    /// Whether others can see that the handle that has this lives.
    pub(crate) fn has_seat(&self) -> bool {
        self.seat.is_some()
    }
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

    pub(crate) fn claim(&self, _entry: usize) -> Result<Claim, crate::error::JoinError> {
        Ok(Claim::Open(None))
    }

    pub(crate) fn reap(&self, _entry: usize, _reset: impl FnOnce()) -> bool {
        false
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
        let guarded = self.producer().guarded.load(crate::sync::Ordering::Relaxed) != 0;
        !guarded || self.mapping().is_none_or(|mapping| mapping.producer_is_alive())
    }

    /// Asks for an entry. What is ours is so until the seat is dropped.
    pub(crate) fn claim(&self, entry: usize) -> Result<Claim, crate::error::JoinError> {
        match self.mapping() {
            None => Ok(Claim::Open(None)),
            Some(mapping) => mapping.claim(entry).map_err(|error| {
                let os_error = error.raw_os_error().unwrap_or(0);
                crate::error::JoinError::Lock { os_error }
            }),
        }
    }

    /// Calls `reset` if the entry's owner is dead, while nobody else can take it, and returns whether
    /// it did.
    pub(crate) fn reap(&self, entry: usize, reset: impl FnOnce()) -> bool {
        self.mapping().is_some_and(|mapping| mapping.reap(entry, reset))
    }
}

impl Clone for Storage {
    fn clone(&self) -> Storage {
        Storage { view: self.view, owner: self.owner.clone(), seat: None }
    }
}

impl core::ops::Deref for Storage {
    type Target = View;

    #[inline(always)]
    fn deref(&self) -> &View {
        &self.view
    }
}

// SAFETY: the words are atomics, and whatever owns them may be dropped by any thread.
unsafe impl Send for Storage {}
// SAFETY: as above; `&Storage` gives out nothing but references to atomics.
unsafe impl Sync for Storage {}
