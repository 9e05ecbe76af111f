//! What looks at a ring on behalf of a member.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use crate::consumer::follow::Shadow as OfConsumer;
use crate::group::worker::follow::Shadow as OfWorker;
use crate::producer::follow::Shadow as OfProducer;
use crate::protocol::wake::Awaited;
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sync::Futex;
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

    /// Whether the member is ready. `asks`: if it is not, the kernel is to be asked whether those
    /// live that it waits for; then it becomes `false`.
    pub(super) fn is_ready(&mut self, asks: &mut bool) -> bool {
        match self {
            Shadow::Consumer(shadow) => shadow.is_ready(asks),
            Shadow::Worker(shadow) => shadow.is_ready(asks),
            Shadow::Room(shadow) => shadow.is_ready(asks),
        }
    }

    /// Has that watch add to `word` when the member's producer may have died. `None`: it cannot
    /// tell, or the member is a producer, which a watch tells nothing.
    pub(super) fn watched_by(&self, watch: &DeathWatch, word: &Arc<Futex>) -> Option<Watched> {
        match self {
            Shadow::Room(_) => None,
            shadow => shadow.awaited().storage.watched_by(watch, word.clone()),
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
