//! Waiting until something is there, or the dead have left it: as a task.
//!
//! It looks, registers its waker with the reactor, which raises the flag, and looks again. The
//! reactor's thread sleeps on the bell, and wakes the task: see [`ringway_shm::reactor`]. Where a
//! thread that waits asks for the dead after a slice, a task asks when the reactor tells it to.
//!
//! # Wake-ups that are for one
//!
//! A task is woken by the reactor's thread, which may be the one waiter that a notifier has woken.
//! So the thread passes the wake-up on when it lets go of what the task has waited for, as
//! [`ringway_shm::sleeper`] proves: also if the task has got it, and if its future was dropped. The
//! task itself passes nothing on.
//!
//! Models: `loom-tests/tests/sync_task.rs`.

use alloc::sync::Arc;
use core::task::{Context, Poll};

use ringway_shm::LivenessError;
use ringway_shm::reactor::{Seen, Source};
use ringway_shm::sleeper::Sleeper;

use crate::wait::Awaited;

/// What is known of the task that awaits something. A clone knows of none.
#[derive(Debug, Default)]
pub(crate) struct Task {
    /// The reactor's part, once it has one.
    source: Option<Source>,
    /// How the task last asked to be woken.
    seen: Seen,
    /// No thread could be started: the task is polled again and again, and asks in each poll.
    is_alone: bool,
}

impl Clone for Task {
    fn clone(&self) -> Self {
        Task::default()
    }
}

/// What sleeps for the task; `None`: nothing may, as the memory is the caller's.
pub(crate) type ForTask = Option<Arc<dyn Sleeper>>;

impl Task {
    /// It, if it is there; else the task is woken when it may be. `sleeper` makes what sleeps for
    /// it, once.
    pub(crate) fn poll<A: Awaited>(
        &mut self,
        context: &mut Context<'_>,
        awaited: &mut A,
        sleeper: impl FnOnce(&A) -> ForTask,
    ) -> Poll<Result<A::Got, LivenessError>> {
        if let Some(got) = awaited.attempt() {
            return Poll::Ready(Ok(got));
        }
        if self.takes_probe() {
            if let Some(done) = awaited.ask().transpose() {
                return Poll::Ready(done);
            }
        }
        self.register(context, || sleeper(awaited));
        if let Some(got) = awaited.attempt() {
            return Poll::Ready(Ok(got));
        }
        if self.source.as_ref().is_some_and(Source::is_to_probe) {
            // Found before this had registered, so that no task was woken for it.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn takes_probe(&self) -> bool {
        self.is_alone || self.source.as_ref().is_some_and(Source::take_probe)
    }

    fn register(&mut self, context: &mut Context<'_>, sleeper: impl FnOnce() -> ForTask) {
        // In a child that was forked the thread is the parent's.
        if self.source.as_ref().is_some_and(|source| !source.is_here()) {
            *self = Task::default();
        }
        if self.source.is_none() {
            self.source = Source::add(sleeper(), None);
        }
        self.is_alone = self.source.is_none();
        match &self.source {
            Some(source) => source.register(context.waker(), &mut self.seen),
            None => context.waker().wake_by_ref(),
        }
    }
}
