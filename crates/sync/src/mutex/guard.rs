//! The right of a mutex's owner, and the copy that it changes.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::handle::Mutex;
use crate::plain::Plain;

/// Has a [`Mutex`] until it is dropped, and a copy of its value. A copy that was changed is the
/// value for all as soon as the guard is dropped. It may be sent to another thread.
///
/// A guard that is dropped because its thread panics leaves the value as it was. So does
/// [`discard`](Self::discard), and a guard that is leaked.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct MutexGuard<'a, T: Plain> {
    mutex: &'a Mutex<T>,
    value: T,
    changed: bool,
    /// Whether the thread was panicking already: then the guard is part of what is done about that.
    #[cfg(feature = "std")]
    panicking: bool,
}

impl<'a, T: Plain> MutexGuard<'a, T> {
    #[inline(always)]
    pub(super) fn new(mutex: &'a Mutex<T>, value: T) -> MutexGuard<'a, T> {
        MutexGuard {
            mutex,
            value,
            changed: false,
            #[cfg(feature = "std")]
            panicking: std::thread::panicking(),
        }
    }

    /// What it is the right to.
    pub(crate) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }

    /// Makes the copy the value for all now, and keeps the lock.
    pub fn commit(&mut self) {
        if self.changed && self.mutex.handle.is_here() {
            self.mutex.copies().commit(&self.value);
            self.changed = false;
        }
    }

    /// Gives the lock back, and leaves the value as it was last committed.
    pub fn discard(mut self) {
        self.changed = false;
    }

    /// Whether this guard is dropped because its thread panics.
    #[inline(always)]
    fn is_unwinding(&self) -> bool {
        #[cfg(feature = "std")]
        return !self.panicking && std::thread::panicking();
        #[cfg(not(feature = "std"))]
        false
    }
}

impl<T: Plain> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Plain> DerefMut for MutexGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

impl<T: Plain> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let handle = &self.mutex.handle;
        // In a child that was forked the lock is the parent's.
        if !handle.is_here() {
            return;
        }
        if self.changed && !self.is_unwinding() {
            self.mutex.copies().commit(&self.value);
        }
        handle.head().lock.unlock(handle.fences(), false);
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
