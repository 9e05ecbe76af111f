//! A handle's place among the tasks of its ring.

use alloc::sync::Arc;
use core::fmt;
use core::ptr::NonNull;
use core::task::Waker;

use super::boxed::Memory;
use super::tasks::Node;

/// The place. It keeps the ring's memory.
pub(crate) struct Place {
    node: NonNull<Node>,
    memory: Arc<Memory>,
}

// SAFETY: a node lies in the ring's memory for as long as that is there, which the place keeps on
// whatever thread it is dropped.
unsafe impl Send for Place {}
// SAFETY: what changes in a node is words and a cell that any thread may reach.
unsafe impl Sync for Place {}

impl Place {
    /// One among the tasks of that memory. `None`: there is not so much memory.
    pub(super) fn of(memory: &Arc<Memory>, key: usize) -> Option<Place> {
        let node = memory.waiting.tasks.place(key)?;
        Some(Place { node, memory: Arc::clone(memory) })
    }

    fn node(&self) -> &Node {
        // SAFETY: it is one of the memory's, which is kept here.
        unsafe { self.node.as_ref() }
    }

    /// Has the task woken that the waker is of.
    pub(crate) fn register(&self, waker: &Waker) {
        self.node().cell().register(waker);
    }

    /// Whether it is this process's: not one that the process was forked from.
    pub(crate) fn is_here(&self) -> bool {
        self.node().is_here()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_here() {
            // A forked child's copy. Dropping the waker would run what the parent's runtime does.
            return;
        }
        let waker = self.node().cell().take();
        self.memory.waiting.tasks.leave(self.node());
        // Runs what its runtime likes, and may panic.
        drop(waker);
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
