//! A handle, as the reactor has it.

use alloc::sync::Arc;
use core::task::Waker;
use core::time::Duration;

use super::sealed::SleepsOn;
use crate::protocol::wake::Awaited;
use ringway_shm::reactor;
use ringway_shm::sleeper::Sleeper;

pub(super) use ringway_shm::reactor::Seen;

/// The reactor's part, and what it sleeps on. `None`: memory that it must not touch.
#[derive(Debug)]
pub(super) struct Source {
    source: reactor::Source,
    awaited: Option<Arc<Awaited>>,
}

impl Source {
    /// Has a thread sleep for that handle. `None`: no thread can be started.
    pub(super) fn add(awaited: Option<Awaited>, pace: Option<Duration>) -> Option<Source> {
        let awaited = awaited.map(Arc::new);
        let sleeper = awaited.clone().map(|awaited| -> Arc<dyn Sleeper> { awaited });
        let source = reactor::Source::add(sleeper, pace)?;
        Some(Source { source, awaited })
    }

    /// Whether it is that handle's, and its thread of this process.
    pub(super) fn is_of(&self, handle: SleepsOn<'_>) -> bool {
        self.source.is_here() && handle.is(self.awaited.as_deref())
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
