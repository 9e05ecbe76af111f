//! A value that is made once, in a `static`, for the contexts of one program.

use core::convert::Infallible;
use core::fmt;
use core::marker::PhantomData;

use ringway_shm::sync::{AtomicWord, CasU32};
use ringway_shm::wait::{SpinThenSleep, Wait};

use super::words::Slot;
use crate::context::DEFAULT_WAIT;
use crate::lock::words::Taken;
use crate::lock::{StaticLock, StaticLockGuard};
use crate::plain::Plain;
use crate::static_value::unfilled;

/// A value that is made once, by the first context of a program that needs it, and then stays. It is
/// to them what a [`Once`](crate::Once) is to processes.
///
/// One context at a time makes it; the others wait. The value is there for all when it is whole. A
/// context that panics while it makes it is replaced.
///
/// An interrupt handler uses [`get`](Self::get), or [`try_get_or_init`](Self::try_get_or_init): one
/// that interrupts the context that is making the value, and waits for it, waits for ever. How
/// contexts wait is told of [`StaticLock`].
///
/// `WORDS` is [`once_words::<T>()`](crate::once_words).
///
/// ```
/// use ringway_sync::{StaticOnce, once_words};
///
/// static SEED: StaticOnce<u64, { once_words::<u64>() }> = StaticOnce::new();
///
/// assert_eq!(SEED.get(), None);
/// assert_eq!(SEED.get_or_init(|| 42), 42);
/// assert_eq!(SEED.get_or_init(|| unreachable!()), 42);
/// ```
///
/// Another number of words does not compile:
///
/// ```compile_fail,E0080
/// static SEED: ringway_sync::StaticOnce<u32, 3> = ringway_sync::StaticOnce::new();
/// ```
pub struct StaticOnce<T, const WORDS: usize, W = SpinThenSleep> {
    lock: StaticLock<W>,
    /// 1: the value is there, and stays.
    ready: CasU32,
    data: [AtomicWord; WORDS],
    value: PhantomData<fn() -> T>,
}

impl<T, const WORDS: usize, W: fmt::Debug> fmt::Debug for StaticOnce<T, WORDS, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StaticOnce");
        debug.field("lock", &self.lock).field("ready", &self.ready).finish_non_exhaustive()
    }
}

impl<T: Plain, const WORDS: usize> StaticOnce<T, WORDS> {
    /// One whose value is yet to be made.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        StaticOnce::with_wait(DEFAULT_WAIT)
    }

    /// One whose value is yet to be made. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        StaticOnce::with_wait(DEFAULT_WAIT)
    }
}

impl<T: Plain, const WORDS: usize> Default for StaticOnce<T, WORDS> {
    fn default() -> Self {
        StaticOnce::new()
    }
}

impl<T: Plain, const WORDS: usize, W: Wait + Copy> StaticOnce<T, WORDS, W> {
    /// As [`new`](StaticOnce::new), and contexts wait in that way: see [`StaticLock`].
    #[cfg(not(ringway_loom))]
    pub const fn with_wait(wait: W) -> Self {
        let (lock, ready) = (StaticLock::with_wait(wait), CasU32::new(0));
        StaticOnce { lock, ready, data: unfilled::<T, WORDS>(), value: PhantomData }
    }

    /// As [`new`](StaticOnce::new), and contexts wait in that way. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn with_wait(wait: W) -> Self {
        let (lock, ready) = (StaticLock::with_wait(wait), CasU32::new(0));
        StaticOnce { lock, ready, data: unfilled::<T, WORDS>(), value: PhantomData }
    }

    fn slot(&self) -> Slot<'_> {
        Slot::new(&self.ready, &self.data)
    }

    /// The value, if it was made. Waits for nothing; costs a look at a word, and copying the value.
    #[inline]
    pub fn get(&self) -> Option<T> {
        self.slot().get()
    }

    /// The value. If it was not made yet, this context makes it, or waits for the one that is making
    /// it. Not in a handler that may interrupt that one.
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> T {
        let made = self.get_or_try_init(|| Ok::<T, Infallible>(make()));
        made.unwrap_or_else(|never| match never {})
    }

    /// As [`get_or_init`](Self::get_or_init), and waits for nothing. `None`: another context is making
    /// the value.
    pub fn try_get_or_init(&self, make: impl FnOnce() -> T) -> Option<T> {
        if let Some(value) = self.get() {
            return Some(value);
        }
        let held = self.lock.try_lock()?;
        let made = self.make(held, || Ok::<T, Infallible>(make()));
        Some(made.unwrap_or_else(|never| match never {}))
    }

    /// As [`get_or_init`](Self::get_or_init), with a way of making the value that may fail. If it
    /// does, there is no value, its error is returned, and the next context makes it.
    pub fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => self.make(self.lock.lock(), make),
        }
    }

    /// Makes the value, by a context that has just taken the lock, if it is not there.
    fn make<E>(
        &self,
        _held: StaticLockGuard<'_, W>,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(value) = self.slot().get_locked(Taken::Clean) {
            return Ok(value);
        }
        let value = make()?;
        self.slot().set(&value);
        Ok(value)
    }
}
