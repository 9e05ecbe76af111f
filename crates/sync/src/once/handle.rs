//! The value that is made once.

use core::convert::Infallible;
use core::marker::PhantomData;

use ringway_shm::envelope::Kind;
use ringway_shm::wait::Deadline;

use super::words::{OnceWords, Slot};
use crate::error::{LookupError, OnceError};
use crate::lock::words::{How, Taken};
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};

/// The kind of [`Once`].
#[derive(Debug)]
pub(crate) enum OnceKind {}

impl ObjectKind for OnceKind {
    type Head = OnceWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"ONCE");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent { items: 0, data: shape.value_words() })
    }

    fn holder(head: &OnceWords) -> u32 {
        head.lock.word()
    }
}

impl Plan {
    /// Declares a [`Once`] of that type, whose value is yet to be made.
    pub fn once<'a, T: Plain>(self, name: impl Into<ObjectName<'a>>) -> Plan {
        self.object::<OnceKind>(name, Shape::of::<T>(0), &[])
    }
}

impl Region {
    /// The [`Once`] of that name, with a value of that type.
    pub fn once<'a, T: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Once<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &Shape::of::<T>(tag))?;
        Ok(Once { handle, value: PhantomData })
    }
}

/// A value that is made once, by the first process that needs it, and then stays. With the type `()`
/// it is something that is done once.
///
/// One caller at a time makes it; the others wait. The value is there for all when it is whole. A
/// caller that is killed while it makes it, or panics, is replaced: the next one makes it anew. So
/// what making it does elsewhere may be begun more than once, and has to allow for that.
///
/// A caller that needs the value of the same `Once` to make it waits for itself.
///
/// ```
/// let region = ringway_sync::Plan::new().once::<u64>("seed").heap()?;
/// let seed = region.once::<u64>("seed")?;
/// assert_eq!(seed.get(), None);
/// assert_eq!(seed.get_or_init(|| 42)?, 42);
/// assert_eq!(seed.get_or_init(|| unreachable!())?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Once<T> {
    pub(crate) handle: Handle<OnceKind>,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Once<T> {
    fn clone(&self) -> Self {
        Once { handle: self.handle.clone(), value: PhantomData }
    }
}

/// Gives the lock back, also if making the value panics.
struct Making<'a>(&'a Handle<OnceKind>);

impl Drop for Making<'_> {
    fn drop(&mut self) {
        // In a child that was forked the lock is the parent's.
        if self.0.is_here() {
            self.0.head().lock.unlock(self.0.fences(), false);
        }
    }
}

impl<T: Plain> Once<T> {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Once<T> {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    fn slot(&self) -> Slot<'_> {
        Slot::of(self.handle.spot())
    }

    /// The value, if it was made. Waits for nothing; costs a look at a word, and copying the value.
    #[inline]
    pub fn get(&self) -> Option<T> {
        self.slot().get()
    }

    /// The value. If it was not made yet, this caller makes it, or waits for the one that is making
    /// it. That that one is gone is noticed as an owner of a [`Lock`](crate::Lock) is.
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> Result<T, OnceError> {
        self.get_or_init_until(make, Deadline::Never)
    }

    /// As [`get_or_init`](Self::get_or_init), until a deadline: a `Duration` from now, or an
    /// `Instant`. It ends waiting for another, and not making it.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn get_or_init_timeout(
        &self,
        make: impl FnOnce() -> T,
        deadline: impl Into<Deadline>,
    ) -> Result<T, OnceError> {
        self.get_or_init_until(make, deadline.into())
    }

    /// As [`get_or_init`](Self::get_or_init), and waits for nothing. Where another is making it, the
    /// kernel is asked whether that one lives: one system call.
    ///
    /// [`OnceError::WouldBlock`]: it does.
    pub fn try_get_or_init(&self, make: impl FnOnce() -> T) -> Result<T, OnceError> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let taken = self.handle.head().lock.try_lock(self.handle.party());
        let taken = taken.map_err(OnceError::Liveness)?.ok_or(OnceError::WouldBlock)?;
        let make = || Ok::<T, Infallible>(make());
        self.make(taken, make).map_err(|never| match never {})
    }

    fn get_or_init_until(
        &self,
        make: impl FnOnce() -> T,
        deadline: Deadline,
    ) -> Result<T, OnceError> {
        let make = || Ok::<T, Infallible>(make());
        self.get_or_make(make, deadline)?.map_err(|never| match never {})
    }

    /// As [`get_or_init`](Self::get_or_init), with a way of making the value that may fail. If it
    /// does, there is no value, its error is returned, and the next caller makes it.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().once::<u64>("seed").heap()?;
    /// let seed = region.once::<u64>("seed")?;
    /// assert!(seed.get_or_try_init(|| "x".parse())?.is_err());
    /// assert_eq!(seed.get_or_try_init(|| "7".parse())?, Ok(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_or_try_init<E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, OnceError> {
        self.get_or_make(make, Deadline::Never)
    }

    fn get_or_make<E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
        deadline: Deadline,
    ) -> Result<Result<T, E>, OnceError> {
        if let Some(value) = self.get() {
            return Ok(Ok(value));
        }
        let how = How { deadline, alarm: &self.handle.alarm, sleeps: true };
        let taken = self.handle.head().lock.lock(self.handle.party(), how)?;
        Ok(self.make(taken, make))
    }

    /// Makes the value, by a caller that has just taken the lock, if it is not there.
    pub(crate) fn make<E>(
        &self,
        taken: Taken,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let _making = Making(&self.handle);
        if let Some(value) = self.slot().get_locked(taken) {
            return Ok(value);
        }
        let value = make()?;
        if self.handle.is_here() {
            self.slot().set(&value);
        }
        Ok(value)
    }

    /// For models: begins to make the value, stores it or not, and goes away as one that is killed.
    #[cfg(ringway_loom)]
    #[doc(hidden)]
    pub fn dies(self, value: Option<T>) {
        let taken = self.handle.head().lock.try_lock(self.handle.party());
        if let (Ok(Some(taken)), Some(value)) = (taken, value) {
            if self.slot().get_locked::<T>(taken).is_none() {
                self.slot().set(&value);
            }
        }
    }
}
