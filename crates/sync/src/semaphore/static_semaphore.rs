//! A semaphore in a `static`, for the contexts of one program.

use ringway_shm::fence::Fences;
use ringway_shm::wait::{Deadline, SpinThenSleep, Wait};

use super::words::{ForPermit, PermitWord, Permits, SemaphoreWords};
use crate::alarm::Alarm;
use crate::context::{Context, DEFAULT_WAIT, ME, wait_until};
use crate::region::object::{many_zeros, zeros};
use crate::wait::wait;

/// So many permits, of which each has one owner at a time, in a `static`: for the threads, cores,
/// tasks and interrupt handlers of one program. It is to them what a
/// [`Semaphore`](crate::Semaphore) is to processes, but none of them can die.
///
/// An interrupt handler uses [`try_acquire`](Self::try_acquire): one that interrupts the owner of
/// the last permit, and waits for it, waits for ever. It may drop a permit that was given to it. How
/// contexts wait, and what becomes of a context that ends with a permit, is told of
/// [`StaticLock`](crate::StaticLock).
///
/// ```
/// use ringway_sync::StaticSemaphore;
///
/// static CHANNELS: StaticSemaphore<2> = StaticSemaphore::new();
///
/// let first = CHANNELS.acquire();
/// let second = CHANNELS.acquire();
/// assert_ne!(first.number(), second.number());
/// assert!(CHANNELS.try_acquire().is_none());
/// drop(first);
/// assert_eq!(CHANNELS.available(), 1);
/// # drop(second);
/// ```
///
/// One without permits does not compile:
///
/// ```compile_fail,E0080
/// static NONE: ringway_sync::StaticSemaphore<0> = ringway_sync::StaticSemaphore::new();
/// ```
#[derive(Debug)]
pub struct StaticSemaphore<const PERMITS: usize, W = SpinThenSleep> {
    words: SemaphoreWords,
    permits: [PermitWord; PERMITS],
    wait: W,
}

impl<const PERMITS: usize> StaticSemaphore<PERMITS> {
    /// A semaphore of which all permits are free.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        StaticSemaphore::with_wait(DEFAULT_WAIT)
    }

    /// A semaphore of which all permits are free. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        StaticSemaphore::with_wait(DEFAULT_WAIT)
    }
}

impl<const PERMITS: usize> Default for StaticSemaphore<PERMITS> {
    fn default() -> Self {
        StaticSemaphore::new()
    }
}

impl<const PERMITS: usize, W: Wait + Copy> StaticSemaphore<PERMITS, W> {
    /// As [`new`](StaticSemaphore::new), and contexts wait in that way: see
    /// [`StaticLock`](crate::StaticLock).
    #[cfg(not(ringway_loom))]
    pub const fn with_wait(wait: W) -> Self {
        const { assert!(PERMITS > 0, "a semaphore has 1 permit at least") };
        StaticSemaphore { words: zeros(), permits: many_zeros(), wait }
    }

    /// As [`new`](StaticSemaphore::new), and contexts wait in that way. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn with_wait(wait: W) -> Self {
        StaticSemaphore { words: zeros(), permits: many_zeros(), wait }
    }

    #[inline(always)]
    fn permits(&self) -> Permits<'_> {
        Permits { head: &self.words, items: &self.permits, first: 0 }
    }

    /// How many permits there are.
    pub const fn permits_total(&self) -> usize {
        PERMITS
    }

    /// How many permits are free. It is out of date as soon as it is there.
    pub fn available(&self) -> usize {
        self.permits().free()
    }

    /// Takes a permit, and waits for it as long as other contexts have all of them. Not in a handler
    /// that may interrupt an owner. It looks at one permit after another, from the first on.
    #[inline]
    pub fn acquire(&self) -> StaticPermit<'_, PERMITS, W> {
        match self.try_acquire() {
            Some(permit) => permit,
            None => self.acquire_slowly(),
        }
    }

    #[cold]
    fn acquire_slowly(&self) -> StaticPermit<'_, PERMITS, W> {
        let permits = self.permits();
        let sleep = || {
            let awaited = ForPermit { permits, party: &Context };
            wait(awaited, &Context, &Alarm::none(), Deadline::Never).ok()
        };
        let taken = wait_until(self.wait, || permits.try_in_order(ME), sleep);
        StaticPermit { semaphore: self, permit: taken.permit }
    }

    /// Takes a permit if one is free. Waits for nothing.
    #[inline]
    pub fn try_acquire(&self) -> Option<StaticPermit<'_, PERMITS, W>> {
        let taken = self.permits().try_in_order(ME)?;
        Some(StaticPermit { semaphore: self, permit: taken.permit })
    }
}

/// A permit of a [`StaticSemaphore`], which comes back when this is dropped. It may be sent to
/// another context.
#[derive(Debug)]
#[must_use = "the permit is given back when this is dropped"]
pub struct StaticPermit<'a, const PERMITS: usize, W: Wait + Copy = SpinThenSleep> {
    semaphore: &'a StaticSemaphore<PERMITS, W>,
    permit: usize,
}

impl<const PERMITS: usize, W: Wait + Copy> StaticPermit<'_, PERMITS, W> {
    /// Its number: of all permits that are out at a time, each has another, below `PERMITS`. For a
    /// place in a table, say, that is this owner's meanwhile.
    pub fn number(&self) -> usize {
        self.permit
    }
}

impl<const PERMITS: usize, W: Wait + Copy> Drop for StaticPermit<'_, PERMITS, W> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permits().give_back(self.permit, Fences::FULL);
        let mut wait = self.semaphore.wait;
        wait.notify();
    }
}
