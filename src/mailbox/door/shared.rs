//! The door, as the handles of a process have it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

#[cfg(not(ringway_loom))]
use super::files::Files;
use super::heap::Heap;
use super::listed::{Listed, Removal};
use super::words::Words;
use crate::error::LivenessError;
use crate::error::mailbox::LaneError;
use crate::mailbox::shape::LaneShape;
use crate::message::Message;
use crate::ring::Ring;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sync::{Futex, Ordering};

/// The door of a mailbox, as the handles of this process have it.
#[derive(Debug)]
pub(crate) struct Door {
    pub(super) words: NonNull<Words>,
    pub(super) fences: Fences,
    pub(crate) shape: LaneShape,
    pub(crate) home: Home,
}

/// Where the door and the lanes are.
#[derive(Debug)]
pub(crate) enum Home {
    Heap(Heap),
    #[cfg(not(ringway_loom))]
    Files(Box<Files>),
}

// SAFETY: the words are atomics, which `home` keeps, and which any thread may drop.
unsafe impl Send for Door {}
// SAFETY: a shared reference gives out references to atomics, and what is locked or asked of the
// kernel.
unsafe impl Sync for Door {}

impl Door {
    /// A door on the heap.
    pub(crate) fn heap(shape: LaneShape, fences: Fences) -> Arc<Door> {
        let heap = Heap::new(Box::new(Words::new()));
        Door::of(heap.words(), fences, shape, Home::Heap(heap))
    }

    /// `words` are there for as long as `home` is.
    pub(in crate::mailbox) fn of(
        words: NonNull<Words>,
        fences: Fences,
        shape: LaneShape,
        home: Home,
    ) -> Arc<Door> {
        Arc::new(Door { words, fences, shape, home })
    }

    #[inline(always)]
    fn words(&self) -> &Words {
        // SAFETY: the words are there for as long as `home` is.
        unsafe { self.words.as_ref() }
    }

    /// The event count on which receivers sleep.
    #[inline(always)]
    pub(crate) fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(self.bell(), &self.words().sleepers)
    }

    /// The word on which receivers sleep.
    #[inline(always)]
    pub(crate) fn bell(&self) -> &Futex {
        &self.words().bell
    }

    #[inline(always)]
    pub(crate) fn fences(&self) -> Fences {
        self.fences
    }

    /// How often a lane has come or gone. Relaxed: what has changed is in the list, which has a
    /// lock, or in a directory, which is the kernel's.
    #[inline(always)]
    pub(crate) fn lanes(&self) -> u32 {
        self.words().lanes.load(Ordering::Relaxed)
    }

    /// A lane has come or gone: has all receivers look at the list again. Returns what the count
    /// was before.
    pub(crate) fn count_lane(&self) -> u32 {
        // Before the bell: a receiver that sees the new bell lists the lanes again.
        let before = self.words().lanes.fetch_add(1, Ordering::Relaxed);
        self.count().sound();
        before
    }

    /// How often a receiver has looked whether the others live.
    pub(crate) fn patrols(&self) -> u32 {
        self.words().patrols.load(Ordering::Relaxed)
    }

    /// A receiver has looked. Returns the new count.
    pub(crate) fn count_patrol(&self) -> u32 {
        self.words().patrols.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Whether the mailbox was removed.
    pub(crate) fn is_removed(&self) -> Result<bool, LivenessError> {
        match &self.home {
            Home::Heap(_) => Ok(false),
            #[cfg(not(ringway_loom))]
            Home::Files(files) => files.is_removed(),
        }
    }

    /// Whether processes share the mailbox, of which each can die alone.
    pub(crate) fn is_mortal(&self) -> bool {
        match &self.home {
            Home::Heap(_) => false,
            #[cfg(not(ringway_loom))]
            Home::Files(_) => true,
        }
    }

    /// Calls `clean_up` if receivers are found dead, and then frees their seats. For one that has
    /// no seat itself.
    pub(crate) fn bury_others(&self, _clean_up: impl FnOnce()) -> Result<(), LivenessError> {
        match &self.home {
            Home::Heap(_) => Ok(()),
            #[cfg(not(ringway_loom))]
            Home::Files(files) => files.bury(None, _clean_up),
        }
    }

    /// Has that watch add to `word` when it is worth asking which receivers live.
    pub(crate) fn watched_by(&self, _watch: &DeathWatch, _word: Arc<Futex>) -> Option<Watched> {
        match &self.home {
            Home::Heap(_) => None,
            #[cfg(not(ringway_loom))]
            Home::Files(files) => _watch.add(files.mapping(), _word).ok(),
        }
    }

    /// Opens a lane, and says to which user it belongs.
    pub(crate) fn open<T: Message + ?Sized>(
        &self,
        listed: &Listed,
    ) -> Result<(Ring<T>, Option<u32>), LaneError> {
        match (&self.home, &listed.storage) {
            (Home::Heap(_), Some(storage)) => Ok((Ring::new(storage.clone()), None)),
            (Home::Heap(_), None) => Err(LaneError::Corrupt),
            #[cfg(not(ringway_loom))]
            (Home::Files(files), _) => files.open(listed, self.shape.tag),
        }
    }

    /// All lanes that are there.
    pub(crate) fn list(&self) -> Result<Vec<Listed>, LivenessError> {
        match &self.home {
            Home::Heap(heap) => Ok(heap.list()),
            #[cfg(not(ringway_loom))]
            Home::Files(files) => files.list(self.shape.lanes),
        }
    }

    /// Whether no more senders can come than those that are there.
    pub(crate) fn is_abandoned(&self) -> bool {
        match &self.home {
            Home::Heap(heap) => heap.is_abandoned(),
            #[cfg(not(ringway_loom))]
            Home::Files(_) => false,
        }
    }

    /// Removes a lane whose sender is gone, if `is_drained` finds it so when no sender can take it.
    /// The caller counts that.
    pub(crate) fn remove(
        &self,
        name: &str,
        number: u64,
        is_drained: impl FnOnce() -> bool,
    ) -> Removal {
        match &self.home {
            Home::Heap(heap) => heap.remove(name, number, is_drained),
            #[cfg(not(ringway_loom))]
            Home::Files(files) => files.remove(name, number, is_drained),
        }
    }

    /// Whether the handle is used in the process that made it.
    pub(crate) fn is_here(&self) -> bool {
        match &self.home {
            Home::Heap(_) => true,
            #[cfg(not(ringway_loom))]
            Home::Files(files) => files.mapping().is_here(),
        }
    }
}
