//! What a producer remembers that cannot go on.

use super::blocked_time::Clock;
use super::failed::Failed;
use super::stall::{Awaited, Stall};

/// A producer that cannot go on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stuck {
    /// For how long it has had no room for the next message, or a message in the arena has been in
    /// its way, as far as its looks count.
    pub(super) stall: Stall,
    pub(super) clock: Clock,
    /// Why the last look for the dead was none.
    failed: Option<Failed>,
    /// What the producer waited for then.
    #[cfg(feature = "std")]
    failed_for: Option<Awaited>,
    /// The entry that the next look begins at.
    #[cfg(feature = "std")]
    first_asked: usize,
}

impl Stuck {
    /// Keeps what the last look for the dead has come to.
    pub(super) fn fail(&mut self, _awaited: Awaited, failed: Option<Failed>) {
        self.failed = failed;
        #[cfg(feature = "std")]
        {
            self.failed_for = Some(_awaited);
        }
    }

    /// Why the last look was none, if the producer waited for the same then.
    pub(super) fn failed_at(&self, _awaited: Awaited) -> Option<Failed> {
        #[cfg(feature = "std")]
        if !self.failed_for.is_some_and(|before| _awaited.goes_on(before)) {
            return None;
        }
        self.failed
    }

    #[cfg(feature = "std")]
    pub(super) fn first_asked(&self) -> usize {
        self.first_asked
    }

    #[cfg(feature = "std")]
    pub(super) fn ask_next(&mut self, entry: usize) {
        self.first_asked = entry;
    }

    #[cfg(not(feature = "std"))]
    pub(super) fn first_asked(&self) -> usize {
        0
    }

    #[cfg(not(feature = "std"))]
    pub(super) fn ask_next(&mut self, _entry: usize) {}
}
