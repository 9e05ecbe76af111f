//! What happens to workers in a model, where no process can be killed.

use super::handle::Worker;
use crate::group::clean_up;
use crate::memory::Entries;
use crate::message::Message;
use crate::ring::Ring;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Ends without giving anything back. What it did is seen by the thread that learns of it, as
    /// the kernel brings about where a process dies. Returns what
    /// [`clean_up_dead_worker`](Self::clean_up_dead_worker) takes.
    pub fn die(self) -> usize {
        let index = self.member.index;
        core::mem::forget(self);
        index
    }

    /// How often others were faster than this one, at most, before it got a message.
    pub fn beaten(&self) -> u32 {
        self.member.beaten
    }

    /// Cleans up after a worker that has died, as a process does that finds it dead.
    pub fn clean_up_dead_worker(ring: &Ring<T>, dead: usize) {
        clean_up::clean_up_dead_workers(&ring.storage, &Entries::only(dead));
    }
}
