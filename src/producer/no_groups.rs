//! In place of what a producer does for groups, where there are none.

use super::Producer;
use super::failed::Failed;
use crate::message::Message;
use ringway_shm::sync::Signed;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    pub(crate) fn reap_groups(&mut self, _too_far: Signed) -> Result<usize, Failed> {
        Ok(0)
    }
}
