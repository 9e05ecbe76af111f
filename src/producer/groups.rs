//! What a producer does for groups.

use super::failed::{Failed, told};
use super::handle::Producer;
use crate::group;
use crate::memory::EntryKind;
use crate::message::Message;
use ringway_shm::sync::Signed;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Cleans up after workers that have died, if there is a group that lags by so much.
    pub(crate) fn reap_groups(&mut self, too_far: Signed) -> Result<usize, Failed> {
        let mut shared = self.storage.measures().entries_of(EntryKind::Shared);
        let is_held = |index| {
            let holds = |entry| self.credit.is_held_by(&self.storage, index, entry, too_far);
            self.storage.entry(index).is_some_and(holds)
        };
        if shared.any(is_held) { told(group::reap(&self.storage)) } else { Ok(0) }
    }
}
