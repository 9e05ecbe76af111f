//! Whether a consumer's producer lives.
//!
//! The kernel is asked, which takes a system call: every 20 ms by a call that waits, and by one
//! that only polls when it finds nothing where one 20 ms ago had found nothing either. So while
//! data flows it is not asked. Once the producer is known to be dead every call says so, until
//! there is another one.

use super::lifesign::SeenEpoch;
use super::reader::Reader;
use crate::error::{LivenessError, RecvError, TryRecvError};

impl<W> Reader<W> {
    /// Whether there is a producer that may still send, or can be one. `false` also where the
    /// kernel did not say: then [`death`](Self::death) tells that.
    pub(crate) fn has_producer(&mut self) -> bool {
        self.life.forget();
        self.ask_for_owner().unwrap_or_else(|error| {
            self.life.set_failed(error);
            false
        })
    }

    fn ask_for_owner(&mut self) -> Result<bool, LivenessError> {
        let epoch = self.epoch();
        if self.storage.producer_is_alive()? {
            self.seen = SeenEpoch::new(epoch);
            return Ok(true);
        }
        // A successor has taken over, and died or closed the ring since, or this came between its
        // locks: in any case there is something new to look at.
        let epoch = self.epoch();
        if !core::mem::replace(&mut self.seen, SeenEpoch::new(epoch)).is(epoch) {
            return Ok(true);
        }
        if !self.patient {
            return Ok(false);
        }
        // A successor opens the ring by its name, and when that is gone none can come. One that
        // came before looks for the name when it has the producer's lock, and so is seen to have it
        // now.
        Ok(!self.storage.is_removed()? || self.storage.producer_is_alive()?)
    }

    /// Why nothing more comes, after a look in vain that followed a
    /// [`has_producer`](Self::has_producer) which said `false`.
    #[cold]
    pub(crate) fn death(&mut self) -> TryRecvError {
        match self.life.take_failed() {
            Some(error) => TryRecvError::Liveness(error),
            None => {
                self.life.set_dead_at(self.next());
                TryRecvError::ProducerDied
            }
        }
    }

    /// The same for calls that block.
    #[cold]
    pub(crate) fn death_while_waiting(&mut self) -> RecvError {
        self.death().unless_empty().unwrap_or(RecvError::ProducerDied)
    }

    /// Whether the producer was dead when that was last asked, and everything had been received;
    /// and nothing is known to have happened since.
    pub(crate) fn is_known_dead(&self) -> bool {
        self.life.is_dead_at(self.next()) && self.seen.is(self.epoch())
    }

    /// Whether what was known still is so: asks.
    pub(crate) fn is_still_dead(&mut self) -> bool {
        self.is_known_dead() && !self.has_producer()
    }

    /// Whether a poll in vain has to tell of a death, if looking once more is in vain too. To be
    /// asked after a tick.
    #[cold]
    pub(crate) fn is_orphaned(&mut self) -> bool {
        let is_due = self.check.for_wait(self.next().number()).is_due().is_some();
        let has_notice = self.takes_notice();
        if has_notice {
            // The look that follows is at what a successor did before this, too.
            self.catch_up();
        }
        if has_notice || is_due {
            return !self.has_producer();
        }
        self.is_known_dead()
    }

    /// The same for a wait set, which says itself when to ask, and whose readers have no notices.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn is_orphaned_if(&mut self, asks: bool) -> bool {
        match asks {
            true => !self.has_producer(),
            false => self.is_known_dead(),
        }
    }

    /// A call begins that may wait: whether it was known that nothing comes. Takes note of the
    /// successors that there have been: what they did before this is looked at by the next look.
    pub(crate) fn begins_to_wait(&mut self) -> bool {
        let was_dead = self.is_known_dead();
        self.seen = SeenEpoch::new(self.epoch());
        was_dead
    }

    /// Takes note of all producers that there have been. What they did before this is looked at by
    /// the next look.
    pub(crate) fn catch_up(&mut self) {
        let epoch = self.epoch();
        if !self.seen.is(epoch) {
            self.seen = SeenEpoch::new(epoch);
            self.life.forget();
        }
    }
}
