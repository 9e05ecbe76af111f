//! How a worker goes on patrol, or sees that others do: see [`watch`](super::watch).

use super::handle::Worker;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use super::watch::{Need, PostChange};
use crate::error::LivenessError;
use crate::group::undone::Rest;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use crate::group::{claims::Claims, clean_up};
use crate::message::Message;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use crate::protocol::{exchange, wake};
use core::time::Duration;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use ringway_shm::fence::Fences;
use ringway_shm::sync::Ordering;
use ringway_shm::wait::{Deadline, Wait};

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Looks whether all workers and the producer live, gives back what dead workers had, and tells
    /// the others.
    fn patrol(&mut self) -> Result<(), LivenessError> {
        self.reap()?;
        let epoch = self.reader.epoch();
        let died = (!self.storage().producer_is_alive()?).then_some(epoch);
        if died.is_some() && self.watch.told != died {
            exchange::ring_bells(self.storage());
        }
        self.watch.told = died;
        self.storage().count_patrol();
        self.watch.has_gone(&self.reader.storage);
        Ok(())
    }

    /// Gives back what dead workers had, and tells the others. Returns how many have died.
    fn reap(&mut self) -> Result<usize, LivenessError> {
        let dead = clean_up::reap(self.storage())?;
        let groups = self.storage().shared_entries().len();
        // A worker that was done may be stopped before it could move its group's gate.
        let all = (0..groups).filter_map(|group| Claims::of(self.storage(), group));
        // Pushes all of them.
        let moved = all.filter(Claims::push).count() > 0;
        if moved {
            wake::wake_producer(self.storage(), Fences::FULL);
            self.reader.wait.notify();
        }
        Ok(dead)
    }

    /// By news of a death: whether workers have died, what they had being given back. It is no
    /// patrol, which others may count on to come again. An error is told by the next patrol.
    pub(crate) fn finds_the_dead(&mut self) -> bool {
        self.storage().can_take_over() && self.reap().is_ok_and(|dead| dead > 0)
    }

    /// For calls that do not wait: goes on patrol, where a process can die alone, if no other
    /// worker does. An error counts if there is no message.
    pub(crate) fn patrol_if_due(&mut self) -> Result<(), LivenessError> {
        if !self.storage().can_take_over() || self.member.patrol.is_due().is_none() {
            return Ok(());
        }
        match self.watch.need_of_poll(&self.reader.storage) {
            Need::Go => self.patrol(),
            Need::None | Need::Unknown => Ok(()),
        }
    }

    /// Now and then in a call that waits: looks whether the others live, or sees that another
    /// worker looks. `false`: there is no message to wait for any more, or the kernel does not say
    /// whether there is. That error is kept, to be told.
    pub(crate) fn look_around(&mut self) -> bool {
        // Before anything is asked: a worker that finds something later rings later, too.
        let bell = self.claims().map(|claims| claims.entry().bell.load(Ordering::Relaxed));
        self.watch.bell = None;
        let mut others_go = self.storage().dies_as_one();
        if self.storage().can_take_over() {
            let change = self.watch.takes_post(&self.reader.storage, self.member.index);
            let mut need = self.watch.need(&self.reader.storage);
            if change == PostChange::Promoted {
                need = Need::Go;
            }
            if need == Need::Go {
                if let Err(error) = self.patrol() {
                    self.reader.life.set_failed(error);
                    return false;
                }
            }
            others_go = need == Need::None && change == PostChange::None;
        }
        if self.reader.has_producer() {
            let may = others_go && self.watch.has_slept && self.has_living_producer();
            self.watch.bell = bell.filter(|_| may);
            return true;
        }
        // What others have may come back, or has come back since the attempt.
        self.rest() != Rest::Nothing
    }

    /// Whether the producer lives. The caller has just found that there is one, or, if it waits for
    /// a successor, that there can be one.
    fn has_living_producer(&self) -> bool {
        !self.reader.patient || self.storage().producer_is_alive().unwrap_or(false)
    }

    /// Sleeps until there may be something, or for a slice: for a long one if others look whether
    /// all live.
    pub(crate) fn sleep_within(&mut self, slice: Duration, limit: Deadline) {
        let Some(bell) = self.claims().map(|claims| claims.entry().bell.load(Ordering::Relaxed))
        else {
            return;
        };
        let long = self.watch.bell == Some(bell);
        let slice = if long {
            limit.left(self.watch.long_slice(&self.reader.storage, self.member.index))
        } else {
            limit.left(self.watch.slice(slice))
        };
        self.sleep_for(bell, slice);
        self.watch.has_slept = true;
    }

    /// A call that may have slept is over.
    pub(crate) fn end_watch(&mut self) {
        if self.watch.ends() {
            // The bell of this group, too: a worker that was woken together with this one may have
            // found the post taken, and be about to sleep for long.
            exchange::ring_bells(self.storage());
        }
    }
}

/// Where no process can die alone, or nothing tells.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    pub(crate) fn patrol_if_due(&mut self) -> Result<(), LivenessError> {
        Ok(())
    }

    pub(crate) fn look_around(&mut self) -> bool {
        self.reader.has_producer() || self.rest() != Rest::Nothing
    }

    pub(crate) fn sleep_within(&mut self, slice: Duration, _limit: Deadline) {
        let bell = self.claims().map(|claims| claims.entry().bell.load(Ordering::Relaxed));
        if let Some(bell) = bell {
            self.sleep_for(bell, slice);
        }
    }

    pub(crate) fn end_watch(&mut self) {}

    #[cfg(ringway_loom)]
    pub(crate) fn finds_the_dead(&mut self) -> bool {
        false
    }
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// For calls that may wait. If they do, they look around again, and tell an error then.
    pub(crate) fn patrol_before_waiting(&mut self) {
        let _ = self.patrol_if_due();
    }
}
