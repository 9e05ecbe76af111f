//! The lock whose value is changed where it lies.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use ringway_shm::envelope::Kind;
use ringway_shm::sync::copy_in;
use ringway_shm::wait::Deadline;

use super::unwinding::Unwinding;
#[cfg(not(ringway_loom))]
use crate::error::LookupError;
use crate::error::{LockError, TryLockError};
use crate::lock::words::{How, LockWords, Taken};
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::Plan;
#[cfg(not(ringway_loom))]
use crate::region::Region;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape, Spot};

/// The kind of [`InPlace`].
#[derive(Debug)]
pub(crate) enum InPlaceKind {}

impl ObjectKind for InPlaceKind {
    type Head = LockWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"MUTI");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent { items: 0, data: shape.value_words() })
    }

    fn begin(spot: &Spot<LockWords>, _shape: &Shape, initial: &[u8]) {
        copy_in(spot.data(), initial, false);
    }

    fn holder(head: &LockWords) -> u32 {
        head.word()
    }
}

impl Plan {
    /// Declares an [`InPlace`] that begins with that value.
    pub fn in_place<'a, T: Plain>(self, name: impl Into<ObjectName<'a>>, value: T) -> Plan {
        self.object::<InPlaceKind>(name, Shape::of::<T>(0), value.as_bytes())
    }
}

#[cfg(not(ringway_loom))]
impl Region {
    /// The [`InPlace`] of that name, with a value of that type.
    ///
    /// # Safety
    ///
    /// Every process that may write the region's memory follows the protocol for as long as the
    /// handle or a clone of it is used: it changes this value only while it has the lock, and not
    /// through this crate alone. A process that writes there without the lock makes this one's
    /// references to the value undefined behaviour.
    pub unsafe fn in_place<'a, T: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<InPlace<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &Shape::of::<T>(tag))?;
        Ok(InPlace { handle, value: PhantomData })
    }
}

/// A lock that holds a value which its owner changes where it lies: no copy is made. For values of
/// many kilobytes; a [`Mutex`](crate::Mutex) is safer, and for less as fast.
///
/// An owner that is killed leaves the value as it was at that moment, with half of a change, say.
/// So each one that locks is told by [`LockError::OwnerDied`] until one has looked after the value,
/// and says so by [`InPlaceGuard::make_consistent`]. A guard that is dropped because its thread
/// panics leaves the same question to the next; without the feature `std`, by which a panic is known,
/// it does not.
///
/// ```
/// use ringway_sync::{LockError, Plan};
///
/// let region = Plan::new().in_place("table", [0u64; 512]).heap()?;
/// // SAFETY: the region is this process's own, and has no other users of the value.
/// let table = unsafe { region.in_place::<[u64; 512]>("table")? };
/// table.lock()?[7] = 1;
/// let mut table = match table.lock() {
///     Err(LockError::OwnerDied(mut table)) => {
///         table.fill(0);
///         table.make_consistent();
///         table
///     }
///     table => table?,
/// };
/// assert_eq!(table[7], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct InPlace<T> {
    pub(crate) handle: Handle<InPlaceKind>,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for InPlace<T> {
    fn clone(&self) -> Self {
        InPlace { handle: self.handle.clone(), value: PhantomData }
    }
}

impl<T: Plain> InPlace<T> {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> InPlace<T> {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    /// Takes the lock, and waits for it as long as another owner lives. As
    /// [`Lock::lock`](crate::Lock::lock).
    #[inline]
    pub fn lock(&self) -> Result<InPlaceGuard<'_, T>, LockError<InPlaceGuard<'_, T>>> {
        self.lock_until(Deadline::Never)
    }

    /// As [`lock`](Self::lock), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn lock_timeout(
        &self,
        deadline: impl Into<Deadline>,
    ) -> Result<InPlaceGuard<'_, T>, LockError<InPlaceGuard<'_, T>>> {
        self.lock_until(deadline.into())
    }

    #[inline]
    fn lock_until(
        &self,
        deadline: Deadline,
    ) -> Result<InPlaceGuard<'_, T>, LockError<InPlaceGuard<'_, T>>> {
        let how = How { deadline, alarm: &self.handle.alarm };
        match self.handle.head().lock(self.handle.party(), how)? {
            Taken::Clean => Ok(InPlaceGuard::new(self, false)),
            Taken::Died => Err(LockError::OwnerDied(InPlaceGuard::new(self, true))),
        }
    }

    /// Takes the lock if it is free, or its owner is gone. Waits for nothing. As
    /// [`Lock::try_lock`](crate::Lock::try_lock).
    #[inline]
    pub fn try_lock(&self) -> Result<InPlaceGuard<'_, T>, TryLockError<InPlaceGuard<'_, T>>> {
        match self.handle.head().try_lock(self.handle.party()) {
            Ok(Some(Taken::Clean)) => Ok(InPlaceGuard::new(self, false)),
            Ok(Some(Taken::Died)) => Err(TryLockError::OwnerDied(InPlaceGuard::new(self, true))),
            Ok(None) => Err(TryLockError::WouldBlock),
            Err(error) => Err(TryLockError::Liveness(error)),
        }
    }

    /// Where the value lies.
    #[inline(always)]
    fn place(&self) -> NonNull<T> {
        // The object has a value's words there, aligned to it: its shape was compared with the type.
        NonNull::from(self.handle.spot().data()).cast()
    }
}

/// Has an [`InPlace`] until it is dropped, and refers to its value. It may be sent to another
/// thread.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct InPlaceGuard<'a, T: Plain> {
    mutex: &'a InPlace<T>,
    died: bool,
    unwinding: Unwinding,
    value: PhantomData<&'a mut T>,
}

impl<'a, T: Plain> InPlaceGuard<'a, T> {
    #[inline(always)]
    pub(crate) fn new(mutex: &'a InPlace<T>, died: bool) -> InPlaceGuard<'a, T> {
        InPlaceGuard { mutex, died, unwinding: Unwinding::watch(), value: PhantomData }
    }

    /// Whether an owner died with the lock, or panicked, and the value was not made consistent
    /// since.
    pub fn owner_died(&self) -> bool {
        self.died
    }

    /// Says that the value is as it should be: the next one that locks is not told of an owner that
    /// died before.
    pub fn make_consistent(&mut self) {
        self.died = false;
    }
}

impl<T: Plain> Deref for InPlaceGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value is there, aligned, and any bytes are one. While this has the lock no
        // other process changes it: the caller of `in_place` has promised that.
        unsafe { self.mutex.place().as_ref() }
    }
}

impl<T: Plain> DerefMut for InPlaceGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and this guard is borrowed for as long as the reference lives.
        unsafe { self.mutex.place().as_mut() }
    }
}

impl<T: Plain> Drop for InPlaceGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let handle = &self.mutex.handle;
        // In a child that was forked the lock is the parent's.
        if handle.is_here() {
            let died = self.died || self.unwinding.has_begun();
            handle.head().unlock(handle.fences(), died);
        }
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for InPlaceGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
