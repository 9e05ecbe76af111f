//! Locks in a `static`, for the contexts of one program.

use ringway_shm::fence::Fences;
use ringway_shm::wait::{Deadline, Spin, SpinThenSleep, Wait};

use super::words::{How, LockWords};
use crate::alarm::Alarm;
use crate::context::{Context, DEFAULT_WAIT, ME, wait_until};
use crate::region::object::zeros;

/// A lock without a value, in a `static`: for the threads, cores, tasks and interrupt handlers of
/// one program, without an allocator, and without an operating system. It is to them what a
/// [`Lock`](crate::Lock) is to processes, but none of them can die.
///
/// One context at a time has it. Waiters are not served in order. A context that locks twice waits
/// for itself.
///
/// # Waiting
///
/// A call that waits looks, and as long as another context has the lock asks `W`, a
/// [`Wait`] of which each call makes a copy. The default looks some thousand times and then sleeps,
/// where threads can sleep; without an operating system it goes on looking. To save power, give a
/// way to wait of yours ([`with_wait`](Self::with_wait)): its `pause` may be a `WFE`, and its
/// `notify`, which is called whenever the lock is given back, a `DSB` and a `SEV`.
///
/// # Interrupt handlers
///
/// A handler that interrupts the owner and calls [`lock`](Self::lock) waits for ever: the owner goes
/// on only when the handler has returned. A handler uses [`try_lock`](Self::try_lock) and does
/// without, or the owner masks the interrupt for as long as it has the lock. To pass a value to a
/// handler there is [`StaticCell`](crate::StaticCell), and to read one that is under a lock
/// [`StaticMutex::peek`](crate::StaticMutex::peek).
///
/// # A context that ends
///
/// A guard that is leaked, a task that is deleted while it has a guard, and a core that is reset
/// alone, leave the lock taken for ever: without an operating system nothing tells of them. A reset
/// of all cores makes the `static` anew.
///
/// Taking it needs compare-and-swap. On targets without one, such as the Cortex-M0, it is not there
/// unless the feature `portable-atomic` is on.
///
/// ```
/// use ringway_sync::StaticLock;
///
/// static DISPLAY: StaticLock = StaticLock::new();
///
/// let guard = DISPLAY.lock();
/// // In a handler that comes now:
/// assert!(DISPLAY.try_lock().is_none());
/// drop(guard);
/// assert!(DISPLAY.try_lock().is_some());
/// ```
#[derive(Debug)]
pub struct StaticLock<W = SpinThenSleep> {
    words: LockWords,
    wait: W,
}

impl StaticLock {
    /// A lock that is free.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        StaticLock { words: zeros(), wait: DEFAULT_WAIT }
    }

    /// A lock that is free. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        StaticLock { words: zeros(), wait: DEFAULT_WAIT }
    }
}

impl Default for StaticLock {
    fn default() -> Self {
        StaticLock::new()
    }
}

impl<W: Wait + Copy> StaticLock<W> {
    /// A lock that is free, whose contexts wait in that way.
    ///
    /// ```
    /// use ringway_sync::{SpinThenYield, StaticLock};
    ///
    /// type Yielding = SpinThenYield<fn()>;
    /// const WAIT: Yielding = SpinThenYield { spins: 100, yield_now: std::thread::yield_now };
    /// static LOCK: StaticLock<Yielding> = StaticLock::with_wait(WAIT);
    /// assert!(LOCK.try_lock().is_some());
    /// ```
    #[cfg(not(ringway_loom))]
    pub const fn with_wait(wait: W) -> Self {
        StaticLock { words: zeros(), wait }
    }

    /// A lock that is free, whose contexts wait in that way. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn with_wait(wait: W) -> Self {
        StaticLock { words: zeros(), wait }
    }

    /// Takes the lock, and waits for it as long as another context has it. Not in a handler that may
    /// interrupt an owner.
    #[inline]
    pub fn lock(&self) -> StaticLockGuard<'_, W> {
        if !self.words.try_clean(ME) {
            self.wait();
        }
        StaticLockGuard { lock: self }
    }

    #[cold]
    fn wait(&self) {
        let how = How { deadline: Deadline::Never, alarm: &Alarm::none() };
        let taken = || self.words.try_free(ME);
        wait_until(self.wait, taken, || self.words.lock(&Context, how).ok());
    }

    /// Takes the lock if it is free. Waits for nothing.
    #[inline]
    pub fn try_lock(&self) -> Option<StaticLockGuard<'_, W>> {
        self.words.try_clean(ME).then(|| StaticLockGuard { lock: self })
    }
}

/// Has a [`StaticLock`] or [`StaticSpinLock`] until it is dropped. It may be sent to another
/// context.
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct StaticLockGuard<'a, W: Wait + Copy = SpinThenSleep> {
    lock: &'a StaticLock<W>,
}

impl<W: Wait + Copy> Drop for StaticLockGuard<'_, W> {
    #[inline]
    fn drop(&mut self) {
        self.lock.words.unlock(Fences::FULL, false);
        let mut wait = self.lock.wait;
        wait.notify();
    }
}

/// A [`StaticLock`] whose waiters look again and again, whatever there is to sleep on: for cores
/// that run nothing else, and for sections of some hundred nanoseconds.
///
/// In an interrupt handler, and where a context ends with it, it is as the other: a handler that
/// interrupts the owner uses [`try_lock`](Self::try_lock).
///
/// ```
/// use ringway_sync::StaticSpinLock;
///
/// static LOCK: StaticSpinLock = StaticSpinLock::new();
///
/// let guard = LOCK.lock();
/// assert!(LOCK.try_lock().is_none());
/// # drop(guard);
/// ```
#[derive(Debug)]
pub struct StaticSpinLock {
    lock: StaticLock<Spin>,
}

impl StaticSpinLock {
    /// A lock that is free.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        StaticSpinLock { lock: StaticLock::with_wait(Spin) }
    }

    /// A lock that is free. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        StaticSpinLock { lock: StaticLock::with_wait(Spin) }
    }

    /// Takes the lock, and looks again and again as long as another context has it. Not in a handler
    /// that may interrupt an owner.
    #[inline]
    pub fn lock(&self) -> StaticLockGuard<'_, Spin> {
        self.lock.lock()
    }

    /// Takes the lock if it is free. Waits for nothing.
    #[inline]
    pub fn try_lock(&self) -> Option<StaticLockGuard<'_, Spin>> {
        self.lock.try_lock()
    }
}

impl Default for StaticSpinLock {
    fn default() -> Self {
        StaticSpinLock::new()
    }
}
