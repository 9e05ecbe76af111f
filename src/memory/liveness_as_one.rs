//! Where a ring is not files, all that share its memory live and die together.

use super::registry::Registry;
use super::seat::{Claim, Entries};
use super::storage::Storage;
use super::view::View;
use crate::error::{JoinError, LivenessError};

impl Storage {
    #[allow(dead_code, reason = "a microcontroller has no statistics of its consumers")]
    pub(crate) fn monitored(&self) -> &View {
        self
    }

    pub(crate) fn is_here(&self) -> bool {
        true
    }

    pub(crate) fn producer_is_alive(&self) -> Result<bool, LivenessError> {
        Ok(true)
    }

    #[cfg(ringway_loom)]
    pub(crate) fn watched_by(
        &self,
        _watch: &ringway_shm::segment::DeathWatch,
        _word: alloc::sync::Arc<ringway_shm::sync::Futex>,
    ) -> Option<ringway_shm::segment::Watched> {
        None
    }

    #[cfg(ringway_loom)]
    pub(crate) fn consumers_watched_by(
        &self,
        _watch: &ringway_shm::segment::DeathWatch,
        _word: alloc::sync::Arc<ringway_shm::sync::Futex>,
    ) -> Option<ringway_shm::segment::Watched> {
        None
    }

    pub(crate) fn is_removed(&self) -> Result<bool, LivenessError> {
        Ok(false)
    }

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

    pub(crate) fn is_dead(&self, _entry: usize) -> Result<bool, LivenessError> {
        Ok(false)
    }

    pub(crate) fn life(&self) -> Option<u32> {
        None
    }

    pub(crate) fn is_life(&self, _number: u32) -> bool {
        false
    }

    pub(crate) fn registry(&self) -> Result<Registry<'_>, JoinError> {
        Ok(Registry::of_process(self))
    }

    pub(crate) fn can_take_over(&self) -> bool {
        false
    }

    pub(crate) fn is_cleaning(&self) -> Result<bool, JoinError> {
        Ok(false)
    }

    pub(crate) fn pause(&self) -> bool {
        false
    }
}
