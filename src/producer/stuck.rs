//! What a producer remembers that cannot go on.

use super::blocked_time::Clock;
use super::failed::Failed;
use super::stall::Stall;
use crate::position::Pos;

/// A producer that cannot go on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stuck {
    /// For how long it has had no room for that position, or that message in the arena has been in
    /// its way, as far as its looks count.
    pub(super) stall: Stall,
    pub(super) clock: Clock,
    /// Why the last look for the dead was none.
    failed: Option<Failed>,
    /// What the producer waited for then.
    #[cfg(feature = "std")]
    failed_for: Option<Pos>,
    /// The entry that the next look begins at.
    #[cfg(feature = "std")]
    first_asked: usize,
}

impl Stuck {
    /// Keeps what the last look for the dead has come to.
    pub(super) fn fail(&mut self, _waits_for: Pos, failed: Option<Failed>) {
        self.failed = failed;
        #[cfg(feature = "std")]
        {
            self.failed_for = Some(_waits_for);
        }
    }

    /// Why the last look was none, if the producer waited for that position then.
    pub(super) fn failed_at(&self, _waits_for: Pos) -> Option<Failed> {
        #[cfg(feature = "std")]
        if self.failed_for != Some(_waits_for) {
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
