//! How long the producer waits for room, for [`Stats::blocked`](crate::stats::Stats::blocked).
//!
//! Only a call that has to wait looks at a clock: when it begins to, when it ends, and every now
//! and then in between, so that others see the time of one that waits for long. Without `std` there
//! is no clock.

use crate::memory::View;

/// Measures one wait after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Up to when the time has been counted.
    #[cfg(feature = "std")]
    counted: Option<std::time::Instant>,
    /// Nanoseconds that are not a microsecond yet.
    #[cfg(feature = "std")]
    rest: u32,
}

#[cfg(feature = "std")]
impl Clock {
    /// The producer begins to wait.
    pub(crate) fn start(&mut self) {
        self.counted = Some(std::time::Instant::now());
    }

    /// Counts the time that the producer has waited since it began, or since this was last called.
    pub(crate) fn count(&mut self, view: &View) {
        let now = std::time::Instant::now();
        let Some(before) = self.counted.replace(now) else { return };
        let nanos = now.saturating_duration_since(before).as_nanos() + u128::from(self.rest);
        self.rest = (nanos % 1000) as u32;
        view.producer().blocked.add((nanos / 1000) as ringway_shm::sync::Word);
    }
}

#[cfg(not(feature = "std"))]
impl Clock {
    pub(crate) fn start(&mut self) {}

    pub(crate) fn count(&mut self, _view: &View) {}
}
