//! The lock that holds no value.

use ringway_shm::envelope::Kind;
use ringway_shm::wait::Deadline;

use super::words::{How, LockWords, Taken};
use crate::error::{LockError, LookupError, TryLockError};
use crate::name::ObjectName;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};

/// The kind of [`Lock`].
#[derive(Debug)]
pub(crate) enum LockKind {}

impl ObjectKind for LockKind {
    type Head = LockWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"LOCK");

    fn extent(_shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent::default())
    }

    fn holder(head: &LockWords) -> u32 {
        head.word()
    }
}

impl Plan {
    /// Declares a [`Lock`].
    pub fn lock<'a>(self, name: impl Into<ObjectName<'a>>) -> Plan {
        self.object::<LockKind>(name, Shape::NONE, &[])
    }
}

impl Region {
    /// The [`Lock`] of that name.
    pub fn lock<'a>(&self, name: impl Into<ObjectName<'a>>) -> Result<Lock, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &Shape { tag, ..Shape::NONE })?;
        Ok(Lock { handle })
    }
}

/// A lock without a value, for what lies elsewhere: a file, a device, memory of the program's own.
///
/// One owner at a time has it. An owner is a [seat](Region#seats): threads that share one are kept
/// apart too, but a thread that locks twice waits for itself. Waiters are not served in order.
///
/// # The owner dies
///
/// What an owner that was killed leaves behind is unknown. So the next one that locks is told, by
/// [`LockError::OwnerDied`], which has the guard. It looks after what the lock is for, and then says
/// so by [`LockGuard::make_consistent`]. Until then each that locks is told: one that drops the guard
/// of that error leaves the question to the next.
///
/// ```
/// use ringway_sync::{LockError, Plan};
///
/// let region = Plan::new().lock("printer").heap()?;
/// let lock = region.lock("printer")?;
///
/// // An owner that goes away with the lock, as one that is killed.
/// let other = region.attach()?.lock("printer")?;
/// std::mem::forget(other.lock()?);
/// drop(other);
///
/// match lock.lock() {
///     Err(LockError::OwnerDied(mut guard)) => guard.make_consistent(),
///     outcome => panic!("{outcome:?}"),
/// }
/// assert!(lock.lock().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # A guard that is leaked
///
/// Its owner lives, and so it has the lock until its process ends, or the last handle of its seat
/// is dropped. Nothing says so to those who wait but [`Region::objects`].
#[derive(Clone, Debug)]
pub struct Lock {
    pub(crate) handle: Handle<LockKind>,
}

impl Lock {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Lock {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    /// Takes the lock, and waits for it as long as another owner lives. Where it is free it costs no
    /// system call.
    ///
    /// That its owner is gone is noticed after about the time that was waited already, and within
    /// 20 ms of sleep; at once with [`Region::watched_by`].
    #[inline]
    pub fn lock(&self) -> Result<LockGuard<'_>, LockError<LockGuard<'_>>> {
        self.lock_until(Deadline::Never)
    }

    /// As [`lock`](Self::lock), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn lock_timeout(
        &self,
        deadline: impl Into<Deadline>,
    ) -> Result<LockGuard<'_>, LockError<LockGuard<'_>>> {
        self.lock_until(deadline.into())
    }

    #[inline]
    fn lock_until(&self, deadline: Deadline) -> Result<LockGuard<'_>, LockError<LockGuard<'_>>> {
        let how = How { deadline, alarm: &self.handle.alarm, sleeps: true };
        match self.handle.head().lock(self.handle.party(), how)? {
            Taken::Clean => Ok(LockGuard::new(self, false)),
            Taken::Died => Err(LockError::OwnerDied(LockGuard::new(self, true))),
        }
    }

    /// Takes the lock if it is free, or its owner is gone. Waits for nothing. Where another has it,
    /// the kernel is asked whether that one lives: one system call.
    #[inline]
    pub fn try_lock(&self) -> Result<LockGuard<'_>, TryLockError<LockGuard<'_>>> {
        match self.handle.head().try_lock(self.handle.party()) {
            Ok(Some(Taken::Clean)) => Ok(LockGuard::new(self, false)),
            Ok(Some(Taken::Died)) => Err(TryLockError::OwnerDied(LockGuard::new(self, true))),
            Ok(None) => Err(TryLockError::WouldBlock),
            Err(error) => Err(TryLockError::Liveness(error)),
        }
    }
}

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
    pub(crate) fn new(lock: &'a Lock, died: bool) -> LockGuard<'a> {
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
