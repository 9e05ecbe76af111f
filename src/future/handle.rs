//! A handle and the task that awaits it.

use core::fmt;
use core::task::{Context, Poll};

use super::looks::Looks;
use super::side::{Handle, sealed};
use super::task::Task;
use crate::error::{RecvError, TryRecvError};

/// A handle whose calls are awaited: of a [`Producer`](crate::Producer), a
/// [`Consumer`](crate::Consumer) or a [`Worker`](crate::Worker).
///
/// One task at a time awaits it, as its calls take `&mut self`; which one may change from call to
/// call. See the [module](crate::future) for what wakes the task.
///
/// A call that finds what it looks for costs as much as that of the handle. A poll that receives,
/// and finds nothing, looks for up to a microsecond, as long as that has paid lately. One that has
/// to wait costs a fence on all processors (`membarrier`, on Linux) if the other side has rung
/// since the last one. The first one of a handle allocates a place in the memory of a ring on the
/// heap, or tells the reactor of the handle, which takes a system call.
///
/// Dropping it drops the handle. The memory of a ring goes when the reactor has let go of it too,
/// which is some microseconds later.
pub struct Async<H: Handle> {
    // In this order: the handle leaves its ring before the reactor lets go of that.
    pub(crate) handle: H,
    pub(crate) task: Task,
    looks: Looks,
}

/// No call pins the handle.
impl<H: Handle> Unpin for Async<H> {}

impl<H: Handle> Async<H> {
    /// The handle, to be awaited.
    ///
    /// ```
    /// # use ringway::future::Async;
    /// # use ringway::{Options, Start};
    /// # #[cfg(feature = "std")] {
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = Async::new(ring.subscribe(Start::Next).unwrap());
    /// drop(producer);
    /// assert!(futures_executor::block_on(subscriber.recv()).is_err());
    /// # }
    /// ```
    pub fn new(handle: H) -> Self {
        Async { handle, task: Task::default(), looks: Looks::default() }
    }

    /// The handle, for what it knows without waiting.
    pub fn get_ref(&self) -> &H {
        &self.handle
    }

    /// The handle, for calls that do not wait, or that block. A task that awaits it is not woken
    /// for what they do. Another one may be put in its place, of another ring too: the next poll
    /// that is pending waits for that. A stream that has ended stays so.
    pub fn get_mut(&mut self) -> &mut H {
        // A producer that blocks meanwhile changes the word on which it is waited for.
        self.task.forget();
        &mut self.handle
    }

    /// The handle, to block again.
    pub fn into_inner(self) -> H {
        self.handle
    }

    /// Calls `attempt`, and if it brings nothing has the task woken when it may bring something.
    pub(crate) fn poll_for<R>(
        &mut self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut H) -> Option<R>,
    ) -> Poll<R> {
        if let Some(found) = attempt(&mut self.handle) {
            return Poll::Ready(found);
        }
        self.register_for(context, attempt)
    }

    /// The same after an attempt that has brought nothing.
    fn register_for<R>(
        &mut self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut H) -> Option<R>,
    ) -> Poll<R> {
        self.task.register(&mut self.handle, context.waker());
        attempt(&mut self.handle).map_or(Poll::Pending, Poll::Ready)
    }
}

impl<H: Handle + sealed::Receiving> Async<H> {
    /// Calls `take` until it brings something else than `Empty`: the one body of all futures that
    /// receive.
    pub(crate) fn poll_take<R>(
        &mut self,
        context: &mut Context<'_>,
        mut take: impl FnMut(&mut H) -> Result<R, TryRecvError>,
    ) -> Poll<Result<R, RecvError>> {
        let mut attempt = |handle: &mut H| match take(handle) {
            Ok(taken) => Some(Ok(taken)),
            Err(error) => error.unless_empty().map(Err),
        };
        // In a stream this is all, and looks at no word that changes for other reasons.
        if let Some(found) = attempt(&mut self.handle) {
            return Poll::Ready(found);
        }
        let was_at_an_end = self.handle.was_at_an_end();
        let asked = self.handle.look_around();
        if let Some(found) = attempt(&mut self.handle) {
            return Poll::Ready(found);
        }
        if let Err(error) = asked {
            return Poll::Ready(Err(RecvError::Liveness(error)));
        }
        if (self.task.take_probe() || was_at_an_end) && !self.handle.can_get_more() {
            // What the dead had sent until then is not left behind.
            let found = attempt(&mut self.handle);
            return Poll::Ready(found.unwrap_or_else(|| Err(self.handle.death())));
        }
        if let Some(found) = self.looks.look(|| attempt(&mut self.handle)) {
            return Poll::Ready(found);
        }
        let polled = self.register_for(context, attempt);
        if polled.is_pending() && self.task.is_to_probe() {
            // Found before this had registered, so that no task was woken for it.
            context.waker().wake_by_ref();
        }
        polled
    }
}

impl<H: Handle + fmt::Debug> fmt::Debug for Async<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(&self.handle).finish()
    }
}
