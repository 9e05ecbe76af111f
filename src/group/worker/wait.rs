//! How a worker's calls wait.

use core::time::Duration;

use super::handle::Worker;
use crate::error::TryRecvError;
use crate::group::undone::Rest;
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::reader::Reader;
use crate::protocol::receive::{self, Over, Receives};
use ringway_shm::wait::{Deadline, DeathCheck, Wait};

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Calls `attempt` until it brings something else than `Empty`, at most until `deadline`.
    pub(super) fn within<R, E: Over>(
        &mut self,
        deadline: Deadline,
        attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, E> {
        self.patrol_before_waiting();
        if cfg!(feature = "std") && core::mem::take(&mut self.member.owes_notice) {
            self.reader.wait.notify();
        }
        let call = Call { worker: self };
        let outcome = receive::wait(&mut *call.worker, deadline, attempt);
        if call.worker.give_up_reserved_quietly() {
            call.worker.reader.wait.notify();
        }
        outcome
    }
}

impl<T: Message + ?Sized, W: Wait> Receives for Worker<T, W> {
    type Wait = W;

    fn reader(&mut self) -> &mut Reader<W> {
        &mut self.reader
    }

    fn death_check(&mut self, _waits_for: Pos) -> &mut DeathCheck {
        &mut self.member.patrol
    }

    fn has_producer(&mut self) -> bool {
        self.look_around()
    }

    fn is_still_at_an_end(&mut self) -> bool {
        self.reader.is_still_dead() && self.rest() == Rest::Nothing
    }

    fn sleep(&mut self, slice: Duration, deadline: Deadline) {
        self.sleep_within(slice, deadline);
    }
}

/// A call that waits. However it ends, also by a panic of the caller's [`Wait`], the worker keeps
/// no position and no post.
struct Call<'a, T: Message + ?Sized, W: Wait> {
    worker: &'a mut Worker<T, W>,
}

impl<T: Message + ?Sized, W: Wait> Drop for Call<'_, T, W> {
    fn drop(&mut self) {
        // After a panic nothing of the caller's runs. Its `Wait` is notified by the next call.
        self.worker.member.owes_notice |= self.worker.give_up_reserved_quietly();
        self.worker.end_watch();
    }
}
