//! Why a lock was not taken, or how it was found.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

use super::LivenessError;

/// Why a call that waits, or tries, has not got what it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The last owner died with the lock. The caller had the guard, and has given it up.
    OwnerDied,
    /// Another has it, and the call does not wait.
    WouldBlock,
    /// Its time is over.
    TimedOut,
    /// The program has interrupted it.
    Interrupted,
    /// The condition that was to be waited for belongs to another mutex.
    OtherMutex,
    /// The operating system did not say whether the owner lives.
    Liveness(LivenessError),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnerDied => f.write_str(
                "the last owner died with the lock: lock it again, and look after what it is for",
            ),
            Self::WouldBlock => f.write_str(
                "the lock has an owner that lives, which may be this process: wait for it, if not",
            ),
            Self::TimedOut => f.write_str(
                "the time is over: the owner has not let go, or the value is not as was wanted",
            ),
            Self::Interrupted => f.write_str("the wait was interrupted"),
            Self::OtherMutex => f.write_str(
                "the condition belongs to another mutex, or to another opening of the region: wait \
                 for it with a guard of the mutex that it was asked of",
            ),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

impl Error for WaitError {}

/// What became of a call that locks, other than a lock whose last owner gave it back.
///
/// It may have a guard, which refers to the lock, and so it is no [`Error`] that can be handed on
/// as it is. `?` makes a `Box<dyn Error>` of it, or a [`WaitError`], which gives the guard up:
/// the lock is free then, and a [`Lock`](crate::Lock) tells the next one.
#[non_exhaustive]
pub enum LockError<G> {
    /// The caller has the lock, by this guard: its last owner died with it.
    OwnerDied(G),
    /// The time is over.
    TimedOut,
    /// The program has interrupted the call.
    Interrupted,
    /// The condition that was to be waited for belongs to another mutex. The guard was given up.
    OtherMutex,
    /// The operating system did not say whether the owner lives.
    Liveness(LivenessError),
}

impl<G> LockError<G> {
    /// The guard, if there is one: for a caller to whom it is the same whether the last owner died,
    /// because the value is whole. What remains is an error without a guard.
    ///
    /// ```
    /// use ringway_sync::{LockError, Plan};
    ///
    /// let region = Plan::new().mutex("count", 0u64).heap()?;
    /// let count = region.mutex::<u64>("count")?;
    /// *count.lock().or_else(LockError::recover)? += 1;
    /// assert_eq!(count.peek()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recover(self) -> Result<G, WaitError> {
        match self {
            Self::OwnerDied(guard) => Ok(guard),
            other => Err(other.into()),
        }
    }
}

impl<G> From<WaitError> for LockError<G> {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Interrupted => Self::Interrupted,
            WaitError::OtherMutex => Self::OtherMutex,
            WaitError::Liveness(error) => Self::Liveness(error),
            _ => Self::TimedOut,
        }
    }
}

/// Gives a guard up.
impl<G> From<LockError<G>> for WaitError {
    fn from(error: LockError<G>) -> Self {
        match error {
            LockError::OwnerDied(_) => Self::OwnerDied,
            LockError::TimedOut => Self::TimedOut,
            LockError::Interrupted => Self::Interrupted,
            LockError::OtherMutex => Self::OtherMutex,
            LockError::Liveness(error) => Self::Liveness(error),
        }
    }
}

/// Gives a guard up.
#[cfg(feature = "alloc")]
impl<G> From<LockError<G>> for Box<dyn Error> {
    fn from(error: LockError<G>) -> Self {
        WaitError::from(error).into()
    }
}

/// Gives a guard up.
#[cfg(feature = "alloc")]
impl<G> From<LockError<G>> for Box<dyn Error + Send + Sync> {
    fn from(error: LockError<G>) -> Self {
        WaitError::from(error).into()
    }
}

impl<G> fmt::Debug for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnerDied(_) => f.write_str("OwnerDied(..)"),
            Self::TimedOut => f.write_str("TimedOut"),
            Self::Interrupted => f.write_str("Interrupted"),
            Self::OtherMutex => f.write_str("OtherMutex"),
            Self::Liveness(error) => f.debug_tuple("Liveness").field(error).finish(),
        }
    }
}

/// What is said of an owner that died, where the guard is at hand.
const DIED: &str = "the last owner died with the lock: the guard in this error has it";

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnerDied(_) => f.write_str(DIED),
            Self::TimedOut => WaitError::TimedOut.fmt(f),
            Self::Interrupted => WaitError::Interrupted.fmt(f),
            Self::OtherMutex => WaitError::OtherMutex.fmt(f),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}

/// What became of a call that locks without waiting, other than a lock whose last owner gave it
/// back. As [`LockError`].
#[non_exhaustive]
pub enum TryLockError<G> {
    /// The caller has the lock, by this guard: its last owner died with it.
    OwnerDied(G),
    /// Another has it.
    WouldBlock,
    /// The operating system did not say whether the owner lives.
    Liveness(LivenessError),
}

impl<G> TryLockError<G> {
    /// As [`LockError::recover`].
    pub fn recover(self) -> Result<G, WaitError> {
        match self {
            Self::OwnerDied(guard) => Ok(guard),
            other => Err(other.into()),
        }
    }
}

/// Gives a guard up.
impl<G> From<TryLockError<G>> for WaitError {
    fn from(error: TryLockError<G>) -> Self {
        match error {
            TryLockError::OwnerDied(_) => Self::OwnerDied,
            TryLockError::WouldBlock => Self::WouldBlock,
            TryLockError::Liveness(error) => Self::Liveness(error),
        }
    }
}

/// Gives a guard up.
#[cfg(feature = "alloc")]
impl<G> From<TryLockError<G>> for Box<dyn Error> {
    fn from(error: TryLockError<G>) -> Self {
        WaitError::from(error).into()
    }
}

/// Gives a guard up.
#[cfg(feature = "alloc")]
impl<G> From<TryLockError<G>> for Box<dyn Error + Send + Sync> {
    fn from(error: TryLockError<G>) -> Self {
        WaitError::from(error).into()
    }
}

impl<G> fmt::Debug for TryLockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnerDied(_) => f.write_str("OwnerDied(..)"),
            Self::WouldBlock => f.write_str("WouldBlock"),
            Self::Liveness(error) => f.debug_tuple("Liveness").field(error).finish(),
        }
    }
}

impl<G> fmt::Display for TryLockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnerDied(_) => f.write_str(DIED),
            Self::WouldBlock => WaitError::WouldBlock.fmt(f),
            Self::Liveness(error) => error.fmt(f),
        }
    }
}
