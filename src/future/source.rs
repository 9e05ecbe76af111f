//! A handle, as the reactor has it.

use alloc::sync::Arc;
use core::task::Waker;
use core::time::Duration;

use super::sealed::SleepsOn;
use crate::protocol::wake::Awaited;
use ringway_shm::reactor;
use ringway_shm::sleeper::Sleeper;

pub(super) use ringway_shm::reactor::Seen;

/// The reactor's part, and what it sleeps on.
#[derive(Debug)]
pub(super) struct Source {
    source: reactor::Source,
    on: On,
}

/// What the reactor sleeps on.
#[derive(Debug)]
enum On {
    /// `None`: memory that it must not touch.
    Ring(Option<Arc<Awaited>>),
    Other(Arc<dyn Sleeper>),
}

impl Source {
    /// Has a thread sleep for that handle. `None`: no thread can be started.
    pub(super) fn add(handle: SleepsOn<'_>, pace: Option<Duration>) -> Option<Source> {
        let on = match handle {
            SleepsOn::Ring(place) => On::Ring(place.awaited().map(Arc::new)),
            SleepsOn::Other(sleeper) => On::Other(sleeper),
        };
        let sleeper = match &on {
            On::Ring(awaited) => awaited.clone().map(|awaited| -> Arc<dyn Sleeper> { awaited }),
            On::Other(sleeper) => Some(sleeper.clone()),
        };
        Some(Source { source: reactor::Source::add(sleeper, pace)?, on })
    }

    /// Whether it is that handle's, and its thread of this process.
    pub(super) fn is_of(&self, handle: SleepsOn<'_>) -> bool {
        self.source.is_here()
            && match (&self.on, handle) {
                (On::Ring(awaited), SleepsOn::Ring(place)) => place.is(awaited.as_deref()),
                (On::Other(own), SleepsOn::Other(other)) => Arc::ptr_eq(own, &other),
                _ => false,
            }
    }

    /// As [`reactor::Source::register`].
    pub(super) fn register(&self, waker: &Waker, seen: &mut Seen) {
        self.source.register(waker, seen);
    }

    /// As [`reactor::Source::is_to_probe`].
    pub(super) fn is_to_probe(&self) -> bool {
        self.source.is_to_probe()
    }

    /// As [`reactor::Source::take_probe`].
    pub(super) fn take_probe(&self) -> bool {
        self.source.take_probe()
    }
}
