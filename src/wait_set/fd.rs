//! A descriptor that is readable while a member is ready.
//!
//! A thread waits in the set as any other does. When it finds a member to be ready it makes the
//! descriptor readable, and sleeps until a call of the set's user has found no member to be ready.
//! That call makes the descriptor unreadable again, and wakes the thread. Each of the two holds the
//! lock of the set from its look on, so that the descriptor says what the last look has found.

use alloc::sync::Arc;
use std::io;

use super::descriptor::Descriptor;
use ringway_shm::sync::{Futex, Ordering};

/// The descriptor of a set, and the word on which its thread sleeps while it is readable.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) fd: Descriptor,
    pub(super) resumed: Futex,
}

impl Feed {
    pub(super) fn new() -> io::Result<Arc<Feed>> {
        Ok(Arc::new(Feed { fd: Descriptor::new()?, resumed: Futex::new(0) }))
    }

    /// A member is ready.
    pub(super) fn fill(&self) {
        self.fd.fill();
    }

    /// None was at the last look: wakes the thread, to look for the next.
    pub(super) fn drain(&self) {
        self.fd.empty();
        self.resume();
    }

    pub(super) fn resume(&self) {
        // SYNC resumed: the thread sees that the set is over, if it is.
        self.resumed.fetch_add(1, Ordering::Release);
        self.resumed.wake_all();
    }
}
