//! What stands for a descriptor in a model: a word on which the caller's poll sleeps.

use core::time::Duration;
use std::io;

use ringway_shm::sync::{Futex, Ordering};

#[derive(Debug)]
pub(super) struct Descriptor(Futex);

impl Descriptor {
    pub(super) fn new() -> io::Result<Descriptor> {
        Ok(Descriptor(Futex::new(0)))
    }

    pub(super) fn fill(&self) {
        self.0.store(1, Ordering::Relaxed);
        self.0.wake_all();
    }

    pub(super) fn empty(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// What the caller's poll does.
    pub(super) fn poll(&self) {
        while self.0.load(Ordering::Relaxed) == 0 {
            self.0.wait(0, Duration::MAX);
        }
    }
}
