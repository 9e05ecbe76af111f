//! What a consumer remembers of its producer's life.

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

/// Whether a ring can be taken over by another producer.
const TAKEOVERS: bool = cfg!(any(ringway_loom, all(feature = "std", target_os = "linux")));

/// How many takeovers a consumer knows of. Where there are none, it has nothing to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenEpoch([u32; TAKEOVERS as usize]);

impl SeenEpoch {
    pub(crate) fn new(epoch: u32) -> SeenEpoch {
        SeenEpoch([epoch; TAKEOVERS as usize])
    }

    /// Whether there have been no others than those.
    pub(crate) fn is(self, epoch: u32) -> bool {
        self.0.iter().all(|&seen| seen == epoch)
    }
}
