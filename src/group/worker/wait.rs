//! How a worker's calls wait.

#[cfg(feature = "std")]
use core::time::Duration;

use super::handle::Worker;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::Message;
use ringway_shm::wait::{Deadline, Ended, Wait};

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Calls `attempt` until it brings something else than `Empty`.
    pub(super) fn within<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
        limit: Deadline,
    ) -> Result<Result<R, RecvError>, Ended> {
        let was_dead = self.reader.is_known_dead();
        // What a successor did before this is looked at by the first attempt.
        self.reader.epoch = self.reader.epoch();
        if cfg!(feature = "std") && core::mem::take(&mut self.member.owes_notice) {
            self.reader.wait.notify();
        }
        let call = Call { worker: self };
        let mut patrol = call.worker.member.patrol;
        let mut outcome = ringway_shm::wait::wait_for(
            &mut *call.worker,
            |worker| match attempt(worker) {
                Ok(found) => Some(Ok(found)),
                Err(error) => error.unless_empty().map(Err),
            },
            |worker, round| worker.reader.wait.pause(round),
            |worker, slice| worker.sleep(slice, limit),
            Worker::look_around,
            limit,
            &mut patrol,
        );
        call.worker.member.patrol = patrol;
        // However short the time was: what has been told once is told again, as long as it is so.
        if was_dead && matches!(outcome, Err(Ended::TimeOver)) && call.worker.is_still_at_an_end() {
            outcome = match attempt(call.worker) {
                Ok(found) => Ok(Ok(found)),
                Err(error) => error.unless_empty().map(Err).ok_or(Ended::Dead),
            };
        }
        if call.worker.give_up_reserved_quietly() {
            call.worker.reader.wait.notify();
        }
        outcome
    }

    /// The same, for as long as it takes.
    pub(super) fn blocking<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, RecvError> {
        loop {
            match self.within(&mut attempt, Deadline::Never) {
                Ok(outcome) => return outcome,
                Err(Ended::Dead) => return Err(self.reader.death_while_waiting()),
                Err(Ended::TimeOver) => {}
            }
        }
    }

    /// The same, for at most `timeout`.
    #[cfg(feature = "std")]
    pub(super) fn blocking_timeout<R>(
        &mut self,
        attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
        timeout: Duration,
    ) -> Result<R, RecvTimeoutError> {
        match self.within(attempt, Deadline::after(timeout)) {
            Ok(outcome) => outcome.map_err(RecvTimeoutError::from),
            Err(Ended::TimeOver) => Err(RecvTimeoutError::Timeout),
            Err(Ended::Dead) => Err(self.reader.death_while_waiting().into()),
        }
    }
}

/// A call that waits. However it ends, also by a panic of the caller's [`Wait`], the worker keeps
/// no position and no post.
struct Call<'a, T: Message + ?Sized, W: Wait> {
    worker: &'a mut Worker<T, W>,
}

impl<T: Message + ?Sized, W: Wait> Drop for Call<'_, T, W> {
    fn drop(&mut self) {
        // After a panic nothing of the caller's runs: those who wait for events learn of it by the
        // next one.
        self.worker.member.owes_notice |= self.worker.give_up_reserved_quietly();
        self.worker.end_watch();
    }
}
