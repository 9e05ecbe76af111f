//! Whether a consumer's producer lives, and what the consumer remembers of it.
//!
//! The kernel is asked, which takes a system call: every 20 ms by a call that waits, and by one
//! that only polls when it finds nothing where one 20 ms ago had found nothing either. So while
//! data flows it is not asked. Once the producer is known to be dead every call says so, until
//! there is another one.

use super::reader::Reader;
use crate::error::{LivenessError, RecvError, TryRecvError};

/// Whether a producer can die and its consumers not, so that calls that only poll look for that.
pub(crate) const POLLS: bool = cfg!(all(feature = "std", target_os = "linux", not(ringway_loom)));

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod memory {
    use crate::error::LivenessError;
    use crate::position::Pos;
    use ringway_shm::wait::Ticker;

    /// What is known of the producer's life.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct LifeSign {
        /// When a poll in vain looks at the clock.
        ticker: Ticker,
        /// Its messages end here, and it is dead.
        dead_at: Option<Pos>,
        /// Why the kernel did not say, when it was last asked.
        failed: Option<LivenessError>,
    }

    impl LifeSign {
        #[inline(always)]
        pub(crate) fn ticks(&mut self) -> bool {
            self.ticker.ticks()
        }

        pub(crate) fn is_dead_at(&self, next: Pos) -> bool {
            self.dead_at == Some(next)
        }

        pub(crate) fn set_dead_at(&mut self, next: Pos) {
            self.dead_at = Some(next);
            // The next poll has something to tell.
            self.ticker.tick_again();
        }

        pub(crate) fn forget(&mut self) {
            *self = LifeSign { ticker: self.ticker, ..LifeSign::default() };
        }

        pub(crate) fn set_failed(&mut self, error: LivenessError) {
            self.failed = Some(error);
        }

        pub(crate) fn take_failed(&mut self) -> Option<LivenessError> {
            self.failed.take()
        }
    }
}

#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
mod memory {
    use crate::error::LivenessError;
    use crate::position::Pos;

    /// Where nothing can die alone there is nothing to remember.
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct LifeSign;

    impl LifeSign {
        pub(crate) fn ticks(&mut self) -> bool {
            false
        }

        pub(crate) fn is_dead_at(&self, _next: Pos) -> bool {
            false
        }

        pub(crate) fn set_dead_at(&mut self, _next: Pos) {}

        pub(crate) fn forget(&mut self) {}

        pub(crate) fn set_failed(&mut self, _error: LivenessError) {}

        pub(crate) fn take_failed(&mut self) -> Option<LivenessError> {
            None
        }
    }
}

pub(crate) use memory::LifeSign;

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
            self.epoch = epoch;
            return Ok(true);
        }
        // A successor has taken over, and died or closed the ring since, or this came between its
        // locks: in any case there is something new to look at.
        let epoch = self.epoch();
        if core::mem::replace(&mut self.epoch, epoch) != epoch {
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
                self.life.set_dead_at(self.next);
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
        self.life.is_dead_at(self.next) && self.epoch() == self.epoch
    }

    /// Whether what was known still is so: asks.
    pub(crate) fn is_still_dead(&mut self) -> bool {
        self.is_known_dead() && !self.has_producer()
    }

    /// Whether a poll in vain has to tell of a death, if looking once more is in vain too. To be
    /// asked after a tick.
    #[cold]
    pub(crate) fn is_orphaned(&mut self) -> bool {
        if self.check.for_wait(self.next.number()).is_due().is_some() {
            return !self.has_producer();
        }
        self.is_known_dead()
    }
}
