//! How a receiver's calls wait.

use core::time::Duration;

use super::handle::Receiver;
use super::round::Taken;
use super::taker::{Held, Taker};
use crate::error::TryRecvError as NotTaken;
use crate::error::mailbox::{RecvError, RecvTimeoutError};
use crate::message::Message;
use ringway_shm::event::SLEEPS;
use ringway_shm::wait::{Deadline, Ended, Wait, wait_for};

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// Takes something as soon as a lane has it.
    pub(super) fn take_within<R>(
        &mut self,
        deadline: Deadline,
        take: impl FnMut(&mut Taker<T>) -> Result<(R, Held), NotTaken>,
    ) -> Result<Taken<R>, RecvTimeoutError> {
        self.take_until::<R, false>(deadline, take)
    }

    /// The same. `SLICE`: a look at who lives ends the wait, as if the time were over.
    pub(super) fn take_until<R, const SLICE: bool>(
        &mut self,
        deadline: Deadline,
        mut take: impl FnMut(&mut Taker<T>) -> Result<(R, Held), NotTaken>,
    ) -> Result<Taken<R>, RecvTimeoutError> {
        loop {
            let mut attempt = |receiver: &mut Self| match receiver.visit(&mut take) {
                Ok(taken) => Some(Ok(taken)),
                Err(error) => error.unless_empty().map(Err),
            };
            let (quick, looks) = (self.wait.quick_rounds(), self.watch.looks());
            let outcome = wait_for(
                self,
                &mut attempt,
                |receiver, round| receiver.wait.pause(round),
                |receiver, left| receiver.sleep(left, deadline),
                |receiver| {
                    if receiver.alarms.is_interrupted() {
                        return Some(Ended::Interrupted);
                    }
                    if receiver.alarms.has_news() {
                        receiver.look_after_receivers();
                    }
                    if receiver.watch.check.is_due().is_some() {
                        receiver.look_around();
                    }
                    // Here, or in an attempt.
                    (SLICE && receiver.watch.looks() != looks).then_some(Ended::Dead)
                },
                deadline,
                quick,
            );
            match outcome {
                Ok(outcome) => return outcome.map_err(RecvTimeoutError::Recv),
                Err(Ended::Interrupted) => return Err(RecvError::Interrupted.into()),
                Err(Ended::TimeOver | Ended::Dead) => {
                    if SLICE || !matches!(deadline, Deadline::Never) {
                        return Err(RecvTimeoutError::Timeout);
                    }
                }
            }
        }
    }

    /// The same for as long as it takes.
    #[inline]
    pub(super) fn take_at_last<R>(
        &mut self,
        mut take: impl FnMut(&mut Taker<T>) -> Result<(R, Held), NotTaken>,
    ) -> Result<Taken<R>, RecvError> {
        if let Ok(taken) = self.visit(&mut take) {
            return Ok(taken);
        }
        loop {
            match self.take_within(Deadline::Never, &mut take) {
                Ok(taken) => return Ok(taken),
                Err(RecvTimeoutError::Recv(error)) => return Err(error),
                // It has no end.
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Sleeps until the door is rung, or there is something to look at besides, or for no reason.
    fn sleep(&mut self, left: Duration, deadline: Deadline) {
        let limit = deadline.left(left.min(self.watch.check.longest_sleep()));
        let door = self.seat.door();
        // A sender that has published before it looked at the flag is seen by the look that
        // follows, or sees the flag, in `Bell::ring`.
        let token = door.count().arm(door.fences());
        if SLEEPS && self.is_ready() {
            return;
        }
        let door = self.seat.door();
        if !self.alarms.sleep(door.bell(), token, limit) {
            door.count().wait(token, limit);
        }
    }

    /// Whether the next look may find something. Asks no kernel.
    pub(super) fn is_ready(&mut self) -> bool {
        self.roll.has_news(self.seat.door()) || self.lanes.iter_mut().any(|lane| lane.is_ready())
    }
}
