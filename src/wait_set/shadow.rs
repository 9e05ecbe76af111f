//! What looks at a ring on behalf of a member.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use crate::consumer::follow::Shadow as OfConsumer;
use crate::group::worker::follow::Shadow as OfWorker;
use crate::producer::follow::Shadow as OfProducer;
use crate::protocol::follow::Asks;
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

    /// Whether the member is ready. `asks`: what the kernel is to be asked if it is not; then that is
    /// nothing.
    pub(super) fn is_ready(&mut self, asks: &mut Asks) -> bool {
        match self {
            Shadow::Consumer(shadow) => shadow.is_ready(asks),
            Shadow::Worker(shadow) => shadow.is_ready(asks),
            Shadow::Room(shadow) => shadow.is_ready(asks),
        }
    }

    /// Has that watch add to `word` when those may have died that matter to the member: a consumer's
    /// producer, a producer's consumers, and a worker's producer and the other workers. What cannot
    /// be watched is not among what this returns.
    pub(super) fn watched_by(
        &self,
        watch: &DeathWatch,
        word: &Arc<Futex>,
    ) -> impl Iterator<Item = Watched> + use<> {
        let storage = self.awaited().storage;
        let producer = match self {
            Shadow::Room(_) => None,
            Shadow::Consumer(_) | Shadow::Worker(_) => storage.watched_by(watch, word.clone()),
        };
        let consumers = match self {
            Shadow::Consumer(_) => None,
            Shadow::Room(_) | Shadow::Worker(_) => {
                storage.consumers_watched_by(watch, word.clone())
            }
        };
        producer.into_iter().chain(consumers)
    }

    /// How often it is to look at least, for what rings no bell, and for how long a set may sleep.
    pub(super) fn pace(&self) -> (Duration, Duration) {
        match self {
            Shadow::Consumer(_) | Shadow::Worker(_) => (CHECK_INTERVAL, LONGEST_SLEEP),
            Shadow::Room(shadow) => (shadow.pace().look(), shadow.pace().sleep()),
        }
    }
}
