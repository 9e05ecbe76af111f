//! What a handle and the thread that sleeps for it share.

use alloc::sync::Arc;
use core::time::Duration;

use crate::sleeper::Sleeper;
use crate::sync::{AtomicBool, AtomicU32, Ordering};
use crate::tasks::WakerCell;

/// The same for one handle.
#[derive(Debug)]
pub(super) struct Shared {
    /// `None`: memory that nothing here may touch.
    pub(super) sleeper: Option<Arc<dyn Sleeper>>,
    pub(super) waker: WakerCell,
    /// How often the task is woken whatever the word says.
    pub(super) pace: Option<Duration>,
    /// What a sole waiter's word says while its task waits.
    pub(super) ticket: AtomicU32,
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
    pub(super) fn new(sleeper: Option<Arc<dyn Sleeper>>, pace: Option<Duration>) -> Shared {
        let is_blind = sleeper.as_ref().is_none_or(|sleeper| sleeper.word().is_none());
        Shared {
            sleeper,
            waker: WakerCell::new(),
            pace,
            ticket: AtomicU32::new(0),
            armed: AtomicBool::new(false),
            blind: AtomicBool::new(is_blind),
            probe: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }

    /// Whether the thread has to be told that a task begins to wait.
    pub(super) fn kicks(&self) -> bool {
        let sleeps = self.sleeper.as_ref().is_some_and(|sleeper| !sleeper.is_sole());
        !sleeps || self.blind.load(Ordering::Relaxed)
    }

    /// Wakes the task, if one waits.
    pub(super) fn wake(&self) {
        // Relaxed: the cell orders this and the task's registration, and what came before each.
        self.armed.swap(false, Ordering::Relaxed);
        self.waker.wake();
    }
}
