//! What looks at a ring on behalf of a member.

use alloc::boxed::Box;
use core::time::Duration;

use crate::consumer::follow::Shadow as OfConsumer;
use crate::group::worker::follow::Shadow as OfWorker;
use crate::producer::follow::Shadow as OfProducer;
use crate::protocol::wake::Awaited;
use ringway_shm::wait::{CHECK_INTERVAL, LONGEST_SLEEP};

/// What looks at a ring on behalf of a member, which its user may use meanwhile. It is made of the
/// same parts as the member, and changes nothing of the member's.
#[derive(Debug)]
pub(crate) enum Shadow {
    Consumer(Box<OfConsumer>),
    Worker(Box<OfWorker>),
    Room(Box<OfProducer>),
}

impl Shadow {
    /// What the member would sleep on.
    pub(super) fn awaited(&self) -> Awaited {
        match self {
            Shadow::Consumer(shadow) => shadow.awaited(),
            Shadow::Worker(shadow) => shadow.awaited(),
            Shadow::Room(shadow) => shadow.awaited(),
        }
    }

    /// Whether the member is ready.
    pub(super) fn is_ready(&mut self) -> bool {
        match self {
            Shadow::Consumer(shadow) => shadow.is_ready(),
            Shadow::Worker(shadow) => shadow.is_ready(),
            Shadow::Room(shadow) => shadow.is_ready(),
        }
    }

    /// How often it is to look at least, for what rings no bell, and for how long a set may sleep.
    pub(super) fn pace(&self) -> (Duration, Duration) {
        match self {
            Shadow::Consumer(_) | Shadow::Worker(_) => (CHECK_INTERVAL, LONGEST_SLEEP),
            Shadow::Room(shadow) => (shadow.pace().look(), shadow.pace().sleep()),
        }
    }
}
