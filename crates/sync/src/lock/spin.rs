//! The lock whose waiters do not sleep.

use ringway_shm::envelope::Kind;
use ringway_shm::wait::Deadline;

use super::spinning::spin;
use super::words::{How, LockWords, Taken};
use crate::error::{LockError, LookupError, TryLockError};
use crate::name::ObjectName;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};

/// The kind of [`SpinLock`].
#[derive(Debug)]
pub(crate) enum SpinKind {}

impl ObjectKind for SpinKind {
    type Head = LockWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"SPIN");

    fn extent(_shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent::default())
    }

    fn holder(head: &LockWords) -> u32 {
        head.word()
    }
}

impl Plan {
    /// Declares a [`SpinLock`].
    pub fn spin_lock<'a>(self, name: impl Into<ObjectName<'a>>) -> Plan {
        self.object::<SpinKind>(name, Shape::NONE, &[])
    }
}

impl Region {
    /// The [`SpinLock`] of that name.
    pub fn spin_lock<'a>(&self, name: impl Into<ObjectName<'a>>) -> Result<SpinLock, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &Shape { tag, ..Shape::NONE })?;
        Ok(SpinLock { handle })
    }
}

/// A lock without a value whose waiters look again and again: for cores that run nothing else, and
/// for sections of some hundred nanoseconds. It uses no kernel to wait; giving it back is one
/// store.
///
/// A [`Lock`](crate::Lock) looks for as long as a short section takes, too, and sleeps then. Prefer it unless
/// both sides have processors of their own: an owner that is not running, because it was preempted
/// or stopped, keeps its waiters' processors busy until it runs again.
///
/// The death of an owner is told as with [`Lock`](crate::Lock). A waiter asks for it about once in a millisecond.
///
/// # Interrupt handlers and signal handlers
///
/// A handler that interrupts the owner and [locks](Self::lock) waits for ever: the owner runs only
/// when the handler has returned. Have the owner mask what interrupts it, or the handler use
/// [`try_lock`](Self::try_lock) and do without. Neither call allocates, or takes another lock.
///
/// ```
/// let region = ringway_sync::Plan::new().spin_lock("counter").heap()?;
/// let lock = region.spin_lock("counter")?;
/// let guard = lock.lock()?;
/// assert!(lock.try_lock().is_err());
/// drop(guard);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpinLock {
    handle: Handle<SpinKind>,
}

impl SpinLock {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> SpinLock {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    /// Takes the lock, and looks again and again as long as another owner that lives has it.
    #[inline]
    pub fn lock(&self) -> Result<SpinGuard<'_>, LockError<SpinGuard<'_>>> {
        self.lock_until(Deadline::Never)
    }

    /// As [`lock`](Self::lock), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn lock_timeout(
        &self,
        deadline: impl Into<Deadline>,
    ) -> Result<SpinGuard<'_>, LockError<SpinGuard<'_>>> {
        self.lock_until(deadline.into())
    }

    #[inline]
    fn lock_until(&self, deadline: Deadline) -> Result<SpinGuard<'_>, LockError<SpinGuard<'_>>> {
        let how = How { deadline, alarm: &self.handle.alarm };
        match spin(self.handle.head(), self.handle.party(), how)? {
            Taken::Clean => Ok(SpinGuard { lock: self, died: false }),
            Taken::Died => Err(LockError::OwnerDied(SpinGuard { lock: self, died: true })),
        }
    }

    /// Takes the lock if it is free, or its owner is gone. Waits for nothing. Where another has it,
    /// the kernel is asked whether that one lives: one system call. There is none in memory that is
    /// no file.
    #[inline]
    pub fn try_lock(&self) -> Result<SpinGuard<'_>, TryLockError<SpinGuard<'_>>> {
        match self.handle.head().try_lock(self.handle.party()) {
            Ok(Some(Taken::Clean)) => Ok(SpinGuard { lock: self, died: false }),
            Ok(Some(Taken::Died)) => {
                Err(TryLockError::OwnerDied(SpinGuard { lock: self, died: true }))
            }
            Ok(None) => Err(TryLockError::WouldBlock),
            Err(error) => Err(TryLockError::Liveness(error)),
        }
    }
}

/// Has a [`SpinLock`] until it is dropped. It may be sent to another thread.
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct SpinGuard<'a> {
    lock: &'a SpinLock,
    died: bool,
}

impl SpinGuard<'_> {
    /// As [`LockGuard::owner_died`](crate::LockGuard::owner_died).
    pub fn owner_died(&self) -> bool {
        self.died
    }

    /// As [`LockGuard::make_consistent`](crate::LockGuard::make_consistent).
    pub fn make_consistent(&mut self) {
        self.died = false;
    }
}

impl Drop for SpinGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let handle = &self.lock.handle;
        // In a child that was forked the lock is the parent's.
        if handle.is_here() {
            handle.head().unlock_unawaited(self.died);
        }
    }
}
