//! A descriptor that is readable while a member is ready.
//!
//! A thread waits in the set as any other does. When it finds a member to be ready it makes the
//! descriptor readable, and sleeps until a call of the set's user has found no member to be ready.
//! That call makes the descriptor unreadable again, and wakes the thread. Each of the two holds the
//! lock of the set from its look on, so that the descriptor says what the last look has found.

use alloc::sync::Arc;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ringway_shm::sync::{Futex, Ordering};
use rustix::event::{EventfdFlags, eventfd};

/// The descriptor of a set, and the word on which its thread sleeps while it is readable.
#[derive(Debug)]
pub(super) struct Feed {
    fd: OwnedFd,
    pub(super) resumed: Futex,
}

impl Feed {
    pub(super) fn new() -> io::Result<Arc<Feed>> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Arc::new(Feed { fd, resumed: Futex::new(0) }))
    }

    /// A member is ready.
    pub(super) fn fill(&self) {
        // It fails only where the count is about to overflow, and then it is readable.
        let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
    }

    /// None was at the last look: wakes the thread, to look for the next.
    pub(super) fn drain(&self) {
        // It fails only where there is nothing to read.
        let _ = rustix::io::read(&self.fd, &mut [0; 8]);
        self.resume();
    }

    pub(super) fn resume(&self) {
        // SYNC resumed: the thread sees that the set is over, if it is.
        self.resumed.fetch_add(1, Ordering::Release);
        self.resumed.wake_all();
    }
}

impl AsFd for Feed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
