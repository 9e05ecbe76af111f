//! What looks on behalf of a member.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use super::slept::Slept;
use crate::consumer::follow::Shadow as OfConsumer;
use crate::group::worker::follow::Shadow as OfWorker;
use crate::producer::follow::Shadow as OfProducer;
use crate::protocol::follow::Asks;
use crate::protocol::wake::Awaited;
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sleeper::Scout;
use ringway_shm::sync::Futex;
use ringway_shm::wait::{CHECK_INTERVAL, LONGEST_SLEEP};

/// What looks on behalf of a member, which its user may use meanwhile. That of a ring's handle is made
/// of the same parts as the member. It changes nothing of the member's.
#[derive(Debug)]
pub(crate) enum Shadow {
    Consumer(Box<OfConsumer>),
    Worker(Box<OfWorker>),
    Room(Box<OfProducer>),
    /// Of an object of a region.
    Object(Arc<dyn Scout>),
}

impl Shadow {
    /// What the member would sleep on.
    pub(super) fn slept(&self) -> Slept {
        match self {
            Shadow::Consumer(shadow) => Slept::Ring(shadow.awaited()),
            Shadow::Worker(shadow) => Slept::Ring(shadow.awaited()),
            Shadow::Room(shadow) => Slept::Ring(shadow.awaited()),
            Shadow::Object(scout) => Slept::Object(scout.clone()),
        }
    }

    /// Whether the member is ready. `asks`: what the kernel is to be asked if it is not; then that is
    /// nothing.
    pub(super) fn is_ready(&mut self, asks: &mut Asks) -> bool {
        match self {
            Shadow::Consumer(shadow) => shadow.is_ready(asks),
            Shadow::Worker(shadow) => shadow.is_ready(asks),
            Shadow::Room(shadow) => shadow.is_ready(asks),
            Shadow::Object(scout) => {
                scout.is_ready()
                    || (core::mem::take(asks) > Asks::Nothing && scout.is_ready_when_asked())
            }
        }
    }

    /// Whether there is no handle any more, as far as that is known here.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Shadow::Object(scout) if scout.is_gone())
    }

    /// Has that watch add to `word` when those may have died that matter to the member: a consumer's
    /// producer, a producer's consumers, a worker's producer and the other workers, and those that
    /// share a region. What cannot be watched is not among what this returns.
    pub(super) fn watched_by(
        &self,
        watch: &DeathWatch,
        word: &Arc<Futex>,
    ) -> impl Iterator<Item = Watched> + use<> {
        let (producer, consumers) = match self.slept() {
            Slept::Ring(Awaited { storage, .. }) => {
                let producer = || storage.watched_by(watch, word.clone());
                let consumers = || storage.consumers_watched_by(watch, word.clone());
                match self {
                    Shadow::Room(_) => (None, consumers()),
                    Shadow::Worker(_) => (producer(), consumers()),
                    _ => (producer(), None),
                }
            }
            Slept::Object(scout) => (scout.watched_by(watch, word.clone()), None),
        };
        producer.into_iter().chain(consumers)
    }

    /// How often it is to look at least, for what rings no bell, and for how long a set may sleep.
    pub(super) fn pace(&self) -> (Duration, Duration) {
        match self {
            Shadow::Consumer(_) | Shadow::Worker(_) | Shadow::Object(_) => {
                (CHECK_INTERVAL, LONGEST_SLEEP)
            }
            Shadow::Room(shadow) => (shadow.pace().look(), shadow.pace().sleep()),
        }
    }
}
