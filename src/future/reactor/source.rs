//! A handle that tasks await, as the reactor knows it.

use alloc::sync::Arc;
use core::task::Waker;
use core::time::Duration;

use super::super::sealed::SleepsOn;
use super::poller::Poller;
use super::shared::Shared;
use crate::protocol::wake::Awaited;
use ringway_shm::event::Token;
use ringway_shm::sync::Ordering;

/// How a task last asked to be woken; `None`: it has to ask anew.
pub(crate) type Seen = Option<Token>;

/// The handle's part. Dropped, it is taken from the reactor.
#[derive(Debug)]
pub(crate) struct Source {
    shared: Option<Arc<Shared>>,
    poller: &'static Poller,
}

impl Source {
    /// Has a thread sleep for that handle. `None`: no thread can be started.
    pub(crate) fn add(awaited: Option<Awaited>, pace: Option<Duration>) -> Option<Source> {
        let shared = Arc::new(Shared::new(awaited, pace));
        let poller = Poller::take_on(&shared)?;
        Some(Source { shared: Some(shared), poller })
    }

    /// Whether it is that handle's, and its thread of this process.
    pub(crate) fn is_of(&self, handle: SleepsOn<'_>) -> bool {
        let is_same = |shared: &Arc<Shared>| handle.is(shared.awaited.as_ref());
        self.poller.is_here() && self.shared.as_ref().is_some_and(is_same)
    }

    /// Has the task woken when the word changes from here on. The caller looks once more after this,
    /// and asks for [`is_to_probe`](Self::is_to_probe) if that is in vain.
    pub(crate) fn register(&self, waker: &Waker, seen: &mut Seen) {
        let Some(shared) = &self.shared else { return };
        shared.waker.register(waker);
        if let Some(awaited) = &shared.awaited {
            // Behind the registration: what the thread woke no waker for is seen here.
            if seen.is_none_or(|token| awaited.has_rung(token)) {
                // SYNC awaited, sole-waiter: the heavy fence of `EventCount::arm_since`, and of
                // `SoleWaiter::arm`.
                *seen = awaited.prepare().map(|token| token.confirm(awaited.fences.heavy()));
            }
            if let Some(token) = *seen {
                shared.ticket.store(token.expected(), Ordering::Relaxed);
            }
            shared.blind.store(!seen.is_some_and(Token::is_reached), Ordering::Relaxed);
        }
        // Relaxed: see `Shared::wake`. What the thread has to see of it, it sees with the kick.
        let was_armed = shared.armed.swap(true, Ordering::Relaxed);
        if !was_armed && (shared.kicks() || self.poller.sleeps_in_slices()) {
            self.poller.kick();
        }
    }

    /// Whether the task is to look at more than what it waits for, which the thread found while the
    /// task did not wait. After [`register`](Self::register), which the thread's next find follows.
    pub(crate) fn is_to_probe(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.probe.load(Ordering::Relaxed))
    }

    /// Whether the task is to look at more than what it waits for. Once for each time.
    pub(crate) fn take_probe(&self) -> bool {
        // What the thread knows the task finds out for itself.
        self.shared.as_ref().is_some_and(|shared| {
            shared.probe.load(Ordering::Relaxed) && shared.probe.swap(false, Ordering::Relaxed)
        })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        if !self.poller.is_here() {
            // The parent's thread keeps its own, and nothing here may run what dropping a waker or
            // a mapping of the parent's does.
            return core::mem::forget(shared);
        }
        // Relaxed: the kick shows it. What the handle did is done when the memory goes, by the
        // count of those that have it.
        shared.gone.store(true, Ordering::Relaxed);
        self.poller.kick();
        // Runs what its runtime likes, and may panic.
        drop(shared.waker.take());
    }
}
