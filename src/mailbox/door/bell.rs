//! How a handle rings.

use alloc::sync::Arc;
use core::ptr::NonNull;

use super::shared::Door;
use super::words::Words;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;

/// What rings the door for what has been made known: the words by one pointer, for a look after
/// each message.
#[derive(Clone, Debug)]
pub(crate) struct Bell {
    words: NonNull<Words>,
    fences: Fences,
    #[expect(dead_code, reason = "it keeps the words")]
    door: Arc<Door>,
}

// SAFETY: as `Door`, which it keeps.
unsafe impl Send for Bell {}

impl Bell {
    pub(crate) fn of(door: &Arc<Door>) -> Bell {
        Bell { words: door.words, fences: door.fences, door: door.clone() }
    }

    /// Wakes the receivers that sleep, to look at what the caller has just made known.
    #[inline(always)]
    pub(crate) fn ring(&self) {
        // SAFETY: the words are there for as long as `door` is.
        let words = unsafe { self.words.as_ref() };
        EventCount::with_flag(&words.bell, &words.sleepers).sound_if_awaited(self.fences);
    }
}
