//! A ring's memory as a handle has it, and what keeps it there.
//!
//! A handle keeps the view itself, so that its hot path follows no pointer but the slot's. Beside
//! it stands what owns the memory. That is an enum and not a type parameter, so that a function can
//! take a `Subscriber<Quote>` without saying where the ring lives.

#[cfg(feature = "alloc")]
use super::boxed;
use super::seat::Seat;
use super::view::View;
use ringway_shm::Reach;

/// The memory of one ring, what keeps it there, and what shows that the handle that has it lives.
#[derive(Debug)]
pub(crate) struct Storage {
    view: View,
    pub(super) owner: Owner,
    /// A clone has none.
    seat: Option<Seat>,
}

/// What keeps a ring's memory there.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// The promise of the caller that gave the pointer.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    Caller,
    /// It is a `static`.
    #[cfg_attr(ringway_loom, expect(dead_code))]
    Static,
    #[cfg(feature = "alloc")]
    Heap { memory: alloc::sync::Arc<boxed::Memory> },
    /// Two files, mapped.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Mapped { mapping: alloc::sync::Arc<super::mapping::Mapping> },
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

    /// Whether processes share it, of which each can die alone.
    #[inline(always)]
    pub(crate) fn can_die(&self) -> bool {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        return matches!(self.owner, Owner::Mapped { .. });
        #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
        false
    }

    /// Whether only this process and its safe code have the memory.
    pub(crate) fn is_private(&self) -> bool {
        match self.owner {
            Owner::Static => true,
            #[cfg(feature = "alloc")]
            Owner::Heap { .. } => true,
            _ => false,
        }
    }

    /// Whether a clone of this keeps the memory: all but what is the caller's, who has promised it
    /// for as long as there are handles.
    #[cfg(any(
        ringway_loom,
        all(feature = "async", feature = "alloc"),
        all(feature = "std", target_os = "linux")
    ))]
    pub(crate) fn keeps_memory(&self) -> bool {
        !matches!(self.owner, Owner::Caller)
    }

    /// A place among the tasks of a ring on the heap, of those that wait for that word. `None`: it is
    /// another ring, or there is no memory.
    #[cfg(all(feature = "async", feature = "alloc"))]
    pub(crate) fn place_for_task(&self, word: &ringway_shm::sync::Futex) -> Option<super::Place> {
        match &self.owner {
            Owner::Heap { memory } => super::Place::of(memory, core::ptr::from_ref(word).addr()),
            _ => None,
        }
    }

    /// Whose threads the kernel's barriers have to reach.
    pub(crate) fn reach(&self) -> Reach {
        if self.is_private() { Reach::Process } else { Reach::Everywhere }
    }

    /// Whether a successor of its producer could find the ring.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn can_be_found(&self) -> bool {
        match &self.owner {
            #[cfg(not(ringway_loom))]
            // Of what cannot be asked more is not known than that it had a name.
            Owner::Mapped { mapping } => !mapping.is_removed().unwrap_or(false),
            // In a model the successor has it from the ring.
            _ => cfg!(ringway_loom),
        }
    }

    /// Has the ring keep the names that would go with it.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn keep_names(&self) {
        #[cfg(not(ringway_loom))]
        if let Owner::Mapped { mapping } = &self.owner {
            // None is removed, and so nothing can fail.
            let _ = mapping.give_up_names(false);
        }
    }

    /// Removes the names that would go with the ring.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn remove_names(&self) -> Result<(), (std::path::PathBuf, std::io::Error)> {
        match &self.owner {
            Owner::Mapped { mapping } => mapping.give_up_names(true),
            _ => Ok(()),
        }
    }

    /// Which file the ring's data is, of all that a directory has at a time; `None`: it is no file.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn file_number(&self) -> Option<u64> {
        use std::os::unix::fs::MetadataExt;
        match &self.owner {
            Owner::Mapped { mapping } => Some(mapping.main_file().metadata().ok()?.ino()),
            _ => None,
        }
    }

    /// Whether others can see that the handle that has this lives.
    pub(crate) fn has_seat(&self) -> bool {
        self.seat.is_some()
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

// SAFETY: the words are atomics, and what owns them may be dropped by any thread.
unsafe impl Send for Storage {}
// SAFETY: `&Storage` gives out nothing but references to atomics.
unsafe impl Sync for Storage {}
