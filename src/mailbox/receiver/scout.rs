//! Receivers in wait sets.

use alloc::sync::Arc;

use super::handle::Receiver;
use super::looking::Shared;
use crate::message::Message;
use ringway_shm::sleeper::{NoScout, Scout, Scouted};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// What looks on its behalf.
    pub(in crate::mailbox) fn shared(&self) -> &Arc<Shared> {
        self.shared.0.get_or_init(|| Shared::new(self.door(), &self.lanes, &self.roll))
    }

    /// Lanes have come, gone or ended.
    pub(super) fn tell(&self) {
        if let Some(shared) = self.shared.0.get() {
            shared.tell(&self.lanes, &self.roll);
        }
    }
}

/// A receiver can be a member of a [`WaitSet`](crate::WaitSet).
///
/// ```
/// use ringway::WaitSet;
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut receiver = mailbox.receiver()?;
/// let (set, mut ready) = (WaitSet::new(), Vec::new());
/// set.add(&mut receiver, 7)?;
/// mailbox.sender()?.send(&1)?;
/// set.wait(&mut ready)?;
/// assert_eq!((ready, receiver.try_recv()?.into_message()), (vec![7], 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<T: Message + ?Sized, W: Wait> Scouted for Receiver<T, W> {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        match self.door().is_here() {
            true => Ok(self.shared().clone()),
            false => Err(NoScout::Forked),
        }
    }
}
