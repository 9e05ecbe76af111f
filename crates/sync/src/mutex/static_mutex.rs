//! A lock with a value in a `static`, for the contexts of one program.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use ringway_shm::sync::{AtomicWord, Word};
use ringway_shm::wait::{SpinThenSleep, Wait};

use super::unwinding::Unwinding;
use crate::context::DEFAULT_WAIT;
use crate::error::PeekError;
use crate::lock::{StaticLock, StaticLockGuard};
use crate::plain::Plain;
use crate::static_value::{filled, mask_of};
use crate::value::Copies;

/// A lock that holds a value, in a `static`: for the threads, cores, tasks and interrupt handlers of
/// one program. It is to them what a [`Mutex`](crate::Mutex) is to processes, but none of them can
/// die.
///
/// Its owner changes a copy of its own, and commits it by one store when it gives the lock back. So
/// [`peek`](Self::peek) reads the value without the lock, whole, also in a handler that interrupts
/// the owner. How contexts wait, what a handler may do, and what becomes of a context that ends with
/// the lock, is told of [`StaticLock`].
///
/// `WORDS` is [`cell_words::<T>()`](crate::cell_words), for two copies.
///
/// ```
/// use ringway_sync::{StaticMutex, cell_words};
///
/// static TANKS: StaticMutex<[u32; 2], { cell_words::<[u32; 2]>() }> = StaticMutex::new([100, 0]);
///
/// let mut tanks = TANKS.lock();
/// tanks[0] -= 30;
/// tanks[1] += 30;
/// // In a handler that comes now:
/// assert_eq!(TANKS.peek(), Ok([100, 0]));
/// assert!(TANKS.try_lock().is_none());
///
/// drop(tanks);
/// assert_eq!(TANKS.peek(), Ok([70, 30]));
/// ```
pub struct StaticMutex<T, const WORDS: usize, W = SpinThenSleep> {
    lock: StaticLock<W>,
    /// Commits so far. The owner of the lock stores it.
    seq: AtomicWord,
    data: [AtomicWord; WORDS],
    value: PhantomData<fn() -> T>,
}

impl<T, const WORDS: usize, W: fmt::Debug> fmt::Debug for StaticMutex<T, WORDS, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StaticMutex");
        debug.field("lock", &self.lock).field("seq", &self.seq).finish_non_exhaustive()
    }
}

impl<T: Plain, const WORDS: usize> StaticMutex<T, WORDS> {
    /// A mutex with that value, which is free.
    #[cfg(not(ringway_loom))]
    pub const fn new(value: T) -> Self {
        StaticMutex::with_wait(value, DEFAULT_WAIT)
    }

    /// A mutex with that value, which is free. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new(value: T) -> Self {
        StaticMutex::with_wait(value, DEFAULT_WAIT)
    }
}

impl<T: Plain, const WORDS: usize, W: Wait + Copy> StaticMutex<T, WORDS, W> {
    /// The number of copies, less one.
    const MASK: Word = mask_of::<T>(WORDS);

    /// As [`new`](StaticMutex::new), and contexts wait in that way: see [`StaticLock`].
    #[cfg(not(ringway_loom))]
    pub const fn with_wait(value: T, wait: W) -> Self {
        let _ = Self::MASK;
        let (lock, seq) = (StaticLock::with_wait(wait), AtomicWord::new(0));
        StaticMutex { lock, seq, data: filled(value), value: PhantomData }
    }

    /// As [`new`](StaticMutex::new), and contexts wait in that way. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn with_wait(value: T, wait: W) -> Self {
        let (lock, seq) = (StaticLock::with_wait(wait), AtomicWord::new(0));
        StaticMutex { lock, seq, data: filled(value), value: PhantomData }
    }

    #[inline(always)]
    fn copies(&self) -> Copies<'_, AtomicWord> {
        Copies::many(&self.seq, &self.data, Self::MASK)
    }

    #[inline(always)]
    fn guard<'a>(&'a self, held: StaticLockGuard<'a, W>) -> StaticMutexGuard<'a, T, WORDS, W> {
        let copies = self.copies();
        StaticMutexGuard {
            mutex: self,
            value: copies.read_copy(copies.own_number()),
            changed: false,
            unwinding: Unwinding::watch(),
            _held: held,
        }
    }

    /// Takes the lock, and waits for it as long as another context has it. Not in a handler that may
    /// interrupt an owner.
    #[inline]
    pub fn lock(&self) -> StaticMutexGuard<'_, T, WORDS, W> {
        self.guard(self.lock.lock())
    }

    /// Takes the lock if it is free. Waits for nothing.
    #[inline]
    pub fn try_lock(&self) -> Option<StaticMutexGuard<'_, T, WORDS, W>> {
        self.lock.try_lock().map(|held| self.guard(held))
    }

    /// The value that was committed last, without the lock: it waits for no owner, and keeps none
    /// waiting. It is never torn. Costs about as much as copying the value.
    ///
    /// [`PeekError::Busy`]: it was committed anew each time that it was copied, a hundred thousand
    /// times. A handler that interrupts the owner never gets that.
    #[inline]
    pub fn peek(&self) -> Result<T, PeekError> {
        self.copies().peek()
    }
}

/// Has a [`StaticMutex`] until it is dropped, and a copy of its value. A copy that was changed is the
/// value for all as soon as the guard is dropped. It may be sent to another context.
///
/// A guard that is dropped because its thread panics leaves the value as it was. So does
/// [`discard`](Self::discard), and a guard that is leaked.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct StaticMutexGuard<'a, T: Plain, const WORDS: usize, W: Wait + Copy = SpinThenSleep> {
    mutex: &'a StaticMutex<T, WORDS, W>,
    value: T,
    changed: bool,
    unwinding: Unwinding,
    /// Gives the lock back, behind the commit.
    _held: StaticLockGuard<'a, W>,
}

impl<T: Plain, const WORDS: usize, W: Wait + Copy> StaticMutexGuard<'_, T, WORDS, W> {
    /// Makes the copy the value for all now, and keeps the lock.
    pub fn commit(&mut self) {
        if self.changed {
            self.mutex.copies().commit(&self.value);
            self.changed = false;
        }
    }

    /// Gives the lock back, and leaves the value as it was last committed.
    pub fn discard(mut self) {
        self.changed = false;
    }
}

impl<T: Plain, const WORDS: usize, W: Wait + Copy> Deref for StaticMutexGuard<'_, T, WORDS, W> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Plain, const WORDS: usize, W: Wait + Copy> DerefMut for StaticMutexGuard<'_, T, WORDS, W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

impl<T: Plain, const WORDS: usize, W: Wait + Copy> Drop for StaticMutexGuard<'_, T, WORDS, W> {
    #[inline]
    fn drop(&mut self) {
        if !self.unwinding.has_begun() {
            self.commit();
        }
    }
}

impl<T: Plain + fmt::Debug, const WORDS: usize, W: Wait + Copy> fmt::Debug
    for StaticMutexGuard<'_, T, WORDS, W>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
