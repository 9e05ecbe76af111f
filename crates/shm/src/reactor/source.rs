//! A handle that tasks await, as the reactor knows it.

use alloc::sync::Arc;
use core::task::Waker;
use core::time::Duration;

use super::poller::Poller;
use super::shared::Shared;
use crate::event::Token;
use crate::sleeper::Sleeper;
use crate::sync::Ordering;

/// How a task last asked to be woken; `None`: it has to ask anew.
pub type Seen = Option<Token>;

/// The handle's part. Dropped, it is taken from the reactor.
#[derive(Debug)]
pub struct Source {
    shared: Option<Arc<Shared>>,
    poller: &'static Poller,
}

impl Source {
    /// Has a thread sleep for a handle, by that. `sleeper` is `None` of memory that the thread must
    /// not touch: then the task is woken every millisecond while it waits. `pace`: how often it is
    /// woken besides. `None`: no thread can be started.
    pub fn add(sleeper: Option<Arc<dyn Sleeper>>, pace: Option<Duration>) -> Option<Source> {
        let shared = Arc::new(Shared::new(sleeper, pace));
        let poller = Poller::take_on(&shared)?;
        Some(Source { shared: Some(shared), poller })
    }

    /// Whether its thread is of this process.
    pub fn is_here(&self) -> bool {
        self.poller.is_here()
    }

    /// Has the task woken when the word changes from here on. The caller looks once more after this,
    /// and asks for [`is_to_probe`](Self::is_to_probe) if that is in vain.
    pub fn register(&self, waker: &Waker, seen: &mut Seen) {
        let Some(shared) = &self.shared else { return };
        shared.waker.register(waker);
        if let Some(sleeper) = &shared.sleeper {
            // Behind the registration: what the thread woke no waker for is seen here.
            if seen.is_none_or(|token| sleeper.has_rung(token)) {
                // SYNC awaited, sole-waiter: the heavy fence of `EventCount::arm_since`, and of
                // `SoleWaiter::arm`.
                let fences = sleeper.fences();
                *seen = sleeper.prepare().map(|token| token.confirm(fences.heavy()));
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
    pub fn is_to_probe(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.probe.load(Ordering::Relaxed))
    }

    /// Whether the task is to look at more than what it waits for. Once for each time.
    pub fn take_probe(&self) -> bool {
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
