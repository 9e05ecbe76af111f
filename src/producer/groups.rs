//! What a producer does for groups.

use super::Producer;
use super::failed::{Failed, told};
use crate::group;
use crate::message::Message;
use ringway_shm::sync::Signed;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Cleans up after workers that have died, if there is a group that lags by so much.
    pub(crate) fn reap_groups(&mut self, too_far: Signed) -> Result<usize, Failed> {
        let groups = self.storage.entries().iter().enumerate();
        let mut groups = groups.skip(self.storage.measures().subscribers());
        let holds = |(index, entry)| self.credit.is_held_by(&self.storage, index, entry, too_far);
        if groups.any(holds) { told(group::reap(&self.storage)) } else { Ok(0) }
    }
}
