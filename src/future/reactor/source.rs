//! A handle that tasks await, as the reactor knows it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use core::time::Duration;

use atomic_waker::AtomicWaker;

use super::thread::Poller;
use crate::protocol::wake::{Awaited, Side};
use ringway_shm::event::Token;

/// How a task last asked to be woken; `None`: it has to ask anew.
pub(crate) type Seen = Option<Token>;

/// What a handle and the thread that sleeps for it share.
#[derive(Debug)]
pub(super) struct Shared {
    /// `None`: memory that nothing here may touch.
    pub(super) awaited: Option<Awaited>,
    pub(super) waker: AtomicWaker,
    /// How often the task is woken whatever the word says.
    pub(super) pace: Option<Duration>,
    /// A task waits.
    pub(super) armed: AtomicBool,
    /// The other side may not have been reached: the task has to look by itself.
    pub(super) blind: AtomicBool,
    /// The task is to look at more than what it waits for.
    pub(super) probe: AtomicBool,
    /// The handle needs no waking any more.
    pub(super) gone: AtomicBool,
}

impl Shared {
    /// Whether the thread has to be told that a task begins to wait.
    fn kicks(&self) -> bool {
        let sleeps = self.awaited.as_ref().is_some_and(|awaited| awaited.side != Side::Producer);
        !sleeps || self.blind.load(Ordering::Relaxed)
    }

    /// Wakes the task, if one waits.
    pub(super) fn wake(&self) {
        // SYNC armed: the waker that was registered before `Source::register` armed is seen.
        self.armed.swap(false, Ordering::AcqRel);
        self.waker.wake();
    }
}

/// The handle's part. Dropped, it is taken from the reactor.
#[derive(Debug)]
pub(crate) struct Source {
    shared: Option<Arc<Shared>>,
    poller: &'static Poller,
}

impl Source {
    /// Has a thread sleep for that handle. `None`: no thread can be started.
    pub(crate) fn add(awaited: Option<Awaited>, pace: Option<Duration>) -> Option<Source> {
        let is_blind = awaited.as_ref().is_none_or(|awaited| awaited.word().is_none());
        let shared = Arc::new(Shared {
            awaited,
            waker: AtomicWaker::new(),
            pace,
            armed: AtomicBool::new(false),
            blind: AtomicBool::new(is_blind),
            probe: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        });
        let poller = Poller::take_on(&shared)?;
        Some(Source { shared: Some(shared), poller })
    }

    /// Whether its thread is of this process.
    pub(crate) fn is_here(&self) -> bool {
        self.poller.is_here()
    }

    /// Has the task woken when the word changes from here on. The caller looks once more after this.
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
            let is_reached = |token: Token| token.limit(Duration::MAX) == Duration::MAX;
            shared.blind.store(!seen.is_some_and(is_reached), Ordering::Relaxed);
        }
        // SYNC armed: the thread that takes this back, in `Shared::wake`, sees the waker. And either
        // it sees that a task waits before it sleeps in slices, or this one sees that it does.
        let was_armed = shared.armed.swap(true, Ordering::SeqCst);
        if !was_armed && (shared.kicks() || self.poller.sleeps_in_slices()) {
            self.poller.kick();
        }
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
        if !self.is_here() {
            // The parent's thread keeps its own, and nothing here may run what dropping a waker or
            // a mapping of the parent's does.
            return core::mem::forget(shared);
        }
        // SYNC gone: what the handle did is done when the thread lets go of the memory.
        shared.gone.store(true, Ordering::Release);
        drop(shared.waker.take());
        self.poller.kick();
    }
}
