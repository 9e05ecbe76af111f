//! The right of a lock's owner.

use super::handle::Lock;

/// Has a [`Lock`] until it is dropped. It may be sent to another thread.
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    /// An owner before died with the lock, and it was not made consistent.
    died: bool,
}

impl<'a> LockGuard<'a> {
    #[inline(always)]
    pub(super) fn new(lock: &'a Lock, died: bool) -> LockGuard<'a> {
        LockGuard { lock, died }
    }

    /// Whether an owner died with the lock, and it was not made consistent since.
    pub fn owner_died(&self) -> bool {
        self.died
    }

    /// Says that what the lock is for is as it should be: the next one that locks is not told of an
    /// owner that died before.
    pub fn make_consistent(&mut self) {
        self.died = false;
    }
}

impl Drop for LockGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let handle = &self.lock.handle;
        // In a child that was forked the lock is the parent's.
        if handle.is_here() {
            handle.head().unlock(handle.fences(), self.died);
        }
    }
}
