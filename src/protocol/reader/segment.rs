//! A reader, and the segment where it is: whether messages come there, and going on in another one.

use super::Reader;
use crate::error::LivenessError;
#[cfg(any(feature = "std", ringway_loom))]
use crate::memory::Storage;
#[cfg(any(feature = "std", ringway_loom))]
use crate::memory::lane::Lane;
#[cfg(any(feature = "std", ringway_loom))]
use crate::position::Pos;
use ringway_shm::sync::Ordering;
#[cfg(any(feature = "std", ringway_loom))]
use ringway_shm::wait::DeathCheck;

impl<W> Reader<W> {
    /// Takeovers of the ring by a new producer, as far as can be seen.
    pub(crate) fn epoch(&self) -> u32 {
        self.storage.producer().epoch.load(Ordering::Relaxed)
    }

    /// Whether the producer lives and has not closed the ring. Asks the kernel.
    pub(crate) fn is_producer_alive(&self) -> Result<bool, LivenessError> {
        Ok(!self.is_at_the_end() && self.storage.producer_is_alive()?)
    }

    /// Whether the producer has closed the ring, and not gone on in another segment.
    pub(crate) fn is_at_the_end(&self) -> bool {
        self.storage.producer().closed.load(Ordering::Relaxed) == 1
    }

    /// Goes on at a position in another segment of its chain. Returns the one where it was.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(crate) fn go_on_in(&mut self, storage: Storage, next: Pos) -> Storage {
        let Reader { fences, plain, stays, seen, .. } = Reader::new(storage.clone(), next, ());
        (self.fences, self.plain, self.stays, self.seen) = (fences, plain, stays, seen);
        self.life.forget();
        self.check = DeathCheck::default();
        self.lane = Lane::none(next);
        self.ahead.none();
        self.go_to(next);
        core::mem::replace(&mut self.storage, storage)
    }
}
