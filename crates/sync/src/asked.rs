//! When the dead were last asked for.
//!
//! A waiter asks after a slice in which nothing rang. Where something rings all the time, for what
//! others give back, no slice is that: so it also asks every so often, rung for or not.

#[cfg(not(all(feature = "std", not(ringway_loom))))]
pub(crate) use of_calls::Asked;
#[cfg(all(feature = "std", not(ringway_loom)))]
pub(crate) use of_time::Asked;

#[cfg(all(feature = "std", not(ringway_loom)))]
mod of_time {
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::sync::OnceLock;
    use std::time::Instant;

    /// As long as the longest slice.
    const PACE: u32 = 20;

    /// When it was: by a clock, in milliseconds. It orders nothing.
    #[derive(Debug)]
    pub(crate) struct Asked(AtomicU32);

    fn now() -> u32 {
        static START: OnceLock<Instant> = OnceLock::new();
        // Modulo 2^32: a pause of 50 days may be taken for none.
        START.get_or_init(Instant::now).elapsed().as_millis() as u32
    }

    impl Asked {
        /// It was now.
        pub(crate) fn now() -> Asked {
            Asked(AtomicU32::new(now()))
        }

        /// Whether it is time to ask. Then the caller does.
        pub(crate) fn is_due(&self) -> bool {
            let now = now();
            let is_due = now.wrapping_sub(self.0.load(Ordering::Relaxed)) >= PACE;
            if is_due {
                self.0.store(now, Ordering::Relaxed);
            }
            is_due
        }
    }
}

#[cfg(not(all(feature = "std", not(ringway_loom))))]
mod of_calls {
    use core::sync::atomic::{AtomicU32, Ordering};

    use ringway_shm::sync::NATIVE;

    /// Where there is no clock: so many times.
    const PACE: u32 = 64;

    /// How often it was not time. It orders nothing. In a model it is never time: there what rings is
    /// looked at alone.
    #[derive(Debug)]
    pub(crate) struct Asked(AtomicU32);

    impl Asked {
        /// It was now.
        pub(crate) fn now() -> Asked {
            Asked(AtomicU32::new(0))
        }

        /// Whether it is time to ask. Then the caller does.
        pub(crate) fn is_due(&self) -> bool {
            let times = self.0.load(Ordering::Relaxed).wrapping_add(1);
            self.0.store(times % PACE, Ordering::Relaxed);
            NATIVE && times == PACE
        }
    }
}

impl Clone for Asked {
    fn clone(&self) -> Self {
        Asked::now()
    }
}
