//! Whether a value was made, for those that look on behalf of others.

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, Ordering};

use super::words::OnceWords;
use crate::lock::words::LockSign;
use crate::party::Party;
use crate::wait::Sign;

/// Whether the value is there, or the one that was making it is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnceSign<'a>(pub(crate) &'a OnceWords);

impl Sign for OnceSign<'_> {
    const IS_FOR_ONE: bool = true;

    fn bell(&self) -> &Futex {
        self.0.lock.bell()
    }

    fn count(&self) -> EventCount<'_> {
        self.0.lock.count()
    }

    fn is_there(&self) -> bool {
        self.0.ready.load(Ordering::Relaxed) != 0
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        Ok(self.is_there() || self.0.lock.gone(party)?.is_some())
    }

    /// Those that sleep with it wait for the lock.
    fn hand_on(&self, fences: Fences) {
        LockSign(&self.0.lock).hand_on(fences);
    }
}
