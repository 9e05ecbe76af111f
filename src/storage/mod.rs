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

/// The memory of one ring, and what keeps it there.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    view: View,
    _owner: Owner,
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
    Mapped { _mapping: alloc::sync::Arc<crate::os::Mapping> },
}

impl Storage {
    /// # Safety
    ///
    /// While `owner` lives, `view`'s pointers are valid as [`View::new`] wants them.
    pub(crate) unsafe fn new(view: View, owner: Owner) -> Storage {
        Storage { view, _owner: owner }
    }
}

impl Storage {
    /// Whether the memory is there. In a child that was forked, what the parent had mapped is not: a
    /// handle can be dropped there, and nothing else.
    pub(crate) fn is_here(&self) -> bool {
        match &self._owner {
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            Owner::Mapped { _mapping } => _mapping.is_here(),
            _ => true,
        }
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
