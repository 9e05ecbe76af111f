//! The words by which a consumer lets go of messages.

use core::ptr::NonNull;

use super::lane::LANES;
use super::view::View;
use ringway_shm::sync::{CasWord, Futex};

/// Where a consumer finds its gate, and the word that says that the producer waits for it: found
/// once, for calls that use both for every message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GateWords([Words; LANES as usize]);

#[derive(Clone, Copy, Debug)]
struct Words {
    gate: NonNull<CasWord>,
    waiting: NonNull<Futex>,
}

impl GateWords {
    /// # Safety
    ///
    /// There are so many entries, and this process may write them.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    pub(crate) unsafe fn of_entry(view: &View, entry: usize) -> GateWords {
        let words = view.entry(entry).zip(view.flags()).map(|(entry, flags)| Words {
            gate: NonNull::from(&entry.gate),
            waiting: NonNull::from(&flags.waiting),
        });
        debug_assert!(words.is_some());
        // SAFETY: this function's caller promises that the entry is there, and can be written.
        let words = unsafe { words.unwrap_unchecked() };
        GateWords([words; LANES as usize])
    }

    /// Nothing is kept, and the memory is not looked at.
    ///
    /// # Safety
    ///
    /// There are so many entries, and this process may write them.
    #[cfg(all(target_os = "none", target_pointer_width = "32"))]
    #[inline(always)]
    pub(crate) unsafe fn of_entry(_view: &View, _entry: usize) -> GateWords {
        GateWords([])
    }

    /// The gate of that entry, and the word on which the producer waits.
    ///
    /// # Safety
    ///
    /// They are those of that view, or of a copy of it, and of that entry.
    #[inline(always)]
    pub(crate) unsafe fn get<'a>(
        &self,
        view: &'a View,
        entry: usize,
    ) -> Option<(&'a CasWord, &'a Futex)> {
        let Some(words) = self.0.first() else {
            return Some((&view.entry(entry)?.gate, &view.flags()?.waiting));
        };
        // SAFETY: `of_entry` had it from a view as a reference, valid while the view is used.
        let gate = unsafe { words.gate.as_ref() };
        // SAFETY: `of_entry` had it from a view as a reference, valid while the view is used.
        Some((gate, unsafe { words.waiting.as_ref() }))
    }
}

// SAFETY: it gives out nothing without a `View` of the same ring, which is what is used there.
unsafe impl Send for GateWords {}
// SAFETY: a shared reference only reads the pointers, and what they point to are atomics.
unsafe impl Sync for GateWords {}
