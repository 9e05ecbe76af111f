//! A descriptor that is readable or not.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};

#[derive(Debug)]
pub(super) struct Descriptor(OwnedFd);

impl Descriptor {
    /// One that is not.
    pub(super) fn new() -> io::Result<Descriptor> {
        Ok(Descriptor(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// From now on it is.
    pub(super) fn fill(&self) {
        // It fails only where the count is about to overflow, and then it is readable.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// From now on it is not.
    pub(super) fn empty(&self) {
        // It fails only where there is nothing to read.
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
