//! The lock whose value is committed by one store.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use ringway_shm::envelope::Kind;
use ringway_shm::sync::{CasWord, Word};
use ringway_shm::wait::Deadline;

use super::unwinding::Unwinding;
use crate::error::{LockError, LookupError, PeekError, TryLockError};
use crate::lock::words::{How, LockWords, Taken};
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape, Spot, Words};
use crate::region::{Plan, Region};
use crate::value::Copies;

/// The kind of [`Mutex`].
#[derive(Debug)]
pub(crate) enum MutexKind {}

/// A mutex's words, as they lie in memory. The copies of its value come behind them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct MutexWords {
    pub(crate) lock: LockWords,
    /// Commits so far.
    seq: CasWord,
}

// SAFETY: `repr(C)`, of words and one more atomic, of which all bytes are values; zeros are what
// `new` makes.
unsafe impl Words for MutexWords {
    fn new() -> MutexWords {
        MutexWords { lock: LockWords::new(), seq: CasWord::new(0) }
    }
}

impl ObjectKind for MutexKind {
    type Head = MutexWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"MUTX");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent { items: 0, data: shape.value_words().checked_mul(2)? })
    }

    fn begin(spot: &Spot<MutexWords>, _shape: &Shape, initial: &[u8]) {
        copies(spot).begin(initial);
    }

    fn holder(head: &MutexWords) -> u32 {
        head.lock.word()
    }
}

fn copies(spot: &Spot<MutexWords>) -> Copies<'_> {
    Copies::new(&spot.head().seq, spot.data())
}

/// How often the value was committed, as it is now.
pub(crate) fn commits(spot: &Spot<MutexWords>) -> Word {
    copies(spot).number()
}

impl Plan {
    /// Declares a [`Mutex`] that begins with that value.
    pub fn mutex<'a, T: Plain>(self, name: impl Into<ObjectName<'a>>, value: T) -> Plan {
        self.object::<MutexKind>(name, Shape::of::<T>(0), value.as_bytes())
    }
}

impl Region {
    /// The [`Mutex`] of that name, with a value of that type.
    pub fn mutex<'a, T: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Mutex<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &Shape::of::<T>(tag))?;
        let place = self.at.memory.entry(name).map_or(0, |entry| entry.offset);
        Ok(Mutex { handle, place, value: PhantomData })
    }
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl crate::region::Look {
    /// The value of the mutex of that name, as [`Mutex::peek`].
    pub fn peek<'a, T: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Result<T, PeekError>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (spot, _) = self.memory.find::<MutexKind>(name, &Shape::of::<T>(tag))?;
        Ok(copies(&spot).peek())
    }
}

/// A lock that holds a value, which survives its owners: each changes a copy of its own, and
/// commits it by one store when it gives the lock back.
///
/// An owner that is killed, or panics, leaves the value of before, whole. The next one that locks
/// is told of the death, once, by [`LockError::OwnerDied`], which has the guard; a caller to whom it
/// is the same uses [`LockError::recover`]. There is nothing to repair: but what the dead owner was
/// about to do, it has not done.
///
/// Who is an owner, how it is waited for, and what becomes of a guard that is leaked, is told of
/// [`Lock`](crate::Lock). [`peek`](Self::peek) reads the value without the lock. So there is no lock
/// for many readers: a reader that only looks needs none, and never keeps a writer waiting.
///
/// Locking copies the value out, and giving back one that was changed copies it in: for a value of
/// many kilobytes that is most of the cost, and [`InPlace`](crate::InPlace) does without.
///
/// ```
/// use ringway_sync::Plan;
///
/// let region = Plan::new().mutex("accounts", [100u64, 0]).heap()?;
/// let accounts = region.mutex::<[u64; 2]>("accounts")?;
/// {
///     let mut accounts = accounts.lock()?;
///     accounts[0] -= 30;
///     accounts[1] += 30;
///     // Both, or none: also if the process is killed here.
/// }
/// assert_eq!(accounts.peek()?, [70, 30]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Mutex<T> {
    pub(super) handle: Handle<MutexKind>,
    /// Where its object lies in the region, in bytes: by this its conditions know it.
    place: usize,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Self {
        Mutex { handle: self.handle.clone(), place: self.place, value: PhantomData }
    }
}

impl<T: Plain> Mutex<T> {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Mutex<T> {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    pub(crate) fn handle(&self) -> &Handle<MutexKind> {
        &self.handle
    }

    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// How often its value was committed, as it is now.
    pub(crate) fn commits(&self) -> Word {
        self.copies().number()
    }

    /// The guard of a caller that has just taken the lock.
    #[inline(always)]
    pub(crate) fn guard(
        &self,
        taken: Taken,
    ) -> Result<MutexGuard<'_, T>, LockError<MutexGuard<'_, T>>> {
        let guard = self.guard_after(taken);
        match taken {
            Taken::Clean => Ok(guard),
            Taken::Died => Err(LockError::OwnerDied(guard)),
        }
    }

    /// The guard alone. The value is read at one place, whatever was found: so the compiler builds
    /// the guard where the caller has it, and does not move it there.
    #[inline(always)]
    fn guard_after(&self, taken: Taken) -> MutexGuard<'_, T> {
        let copies = self.copies();
        let number = match taken {
            Taken::Clean => copies.own_number(),
            Taken::Died => copies.number_after_death(),
        };
        MutexGuard::new(self, copies.read_copy(number))
    }

    #[inline(always)]
    pub(super) fn copies(&self) -> Copies<'_> {
        copies(self.handle.spot())
    }

    /// Takes the lock, and waits for it as long as another owner lives. As
    /// [`Lock::lock`](crate::Lock::lock).
    #[inline]
    pub fn lock(&self) -> Result<MutexGuard<'_, T>, LockError<MutexGuard<'_, T>>> {
        self.lock_until(Deadline::Never)
    }

    /// As [`lock`](Self::lock), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn lock_timeout(
        &self,
        deadline: impl Into<Deadline>,
    ) -> Result<MutexGuard<'_, T>, LockError<MutexGuard<'_, T>>> {
        self.lock_until(deadline.into())
    }

    #[inline]
    fn lock_until(
        &self,
        deadline: Deadline,
    ) -> Result<MutexGuard<'_, T>, LockError<MutexGuard<'_, T>>> {
        let how = How { deadline, alarm: &self.handle.alarm };
        let taken = self.handle.head().lock.lock(self.handle.party(), how)?;
        self.guard(taken)
    }

    /// Takes the lock if it is free, or its owner is gone. Waits for nothing. As
    /// [`Lock::try_lock`](crate::Lock::try_lock).
    #[inline]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
        match self.handle.head().lock.try_lock(self.handle.party()) {
            Ok(Some(Taken::Clean)) => Ok(self.guard_after(Taken::Clean)),
            Ok(Some(Taken::Died)) => Err(TryLockError::OwnerDied(self.guard_after(Taken::Died))),
            Ok(None) => Err(TryLockError::WouldBlock),
            Err(error) => Err(TryLockError::Liveness(error)),
        }
    }

    /// The value that was committed last, without the lock: it waits for no owner, and keeps none
    /// waiting. It is never torn. Costs about as much as copying the value.
    ///
    /// [`PeekError::Busy`]: it was committed anew each time that it was copied, a hundred thousand
    /// times.
    #[inline]
    pub fn peek(&self) -> Result<T, PeekError> {
        self.copies().peek()
    }
}

/// Has a [`Mutex`] until it is dropped, and a copy of its value. A copy that was changed is the
/// value for all as soon as the guard is dropped. It may be sent to another thread.
///
/// A guard that is dropped because its thread panics leaves the value as it was. So does
/// [`discard`](Self::discard), and a guard that is leaked. Without the feature `std` this crate cannot
/// tell that a thread panics: in a program that unwinds then, what the guard has is committed.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct MutexGuard<'a, T: Plain> {
    mutex: &'a Mutex<T>,
    value: T,
    changed: bool,
    unwinding: Unwinding,
}

impl<'a, T: Plain> MutexGuard<'a, T> {
    #[inline(always)]
    pub(super) fn new(mutex: &'a Mutex<T>, value: T) -> MutexGuard<'a, T> {
        MutexGuard { mutex, value, changed: false, unwinding: Unwinding::watch() }
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
        if self.changed && !self.unwinding.has_begun() {
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
