//! The condition: how it is declared and found, and how its waiters are notified.

use core::ptr;

use ringway_shm::envelope::Kind;

use super::words::ConditionWords;
use crate::error::LookupError;
use crate::mutex::{Mutex, MutexGuard, MutexKind};
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::Plan;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};

/// The kind of [`Condition`].
#[derive(Debug)]
pub(crate) enum ConditionKind {}

/// The count of a condition that was declared without its mutex.
const NONE: u32 = u32::MAX;

impl ObjectKind for ConditionKind {
    type Head = ConditionWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"COND");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        (shape.count != NONE).then_some(Extent::default())
    }
}

impl Plan {
    /// Declares a [`Condition`] of a [`Mutex`] that was declared before, by that mutex's name.
    pub fn condition<'a>(self, name: impl Into<ObjectName<'a>>, mutex: &str) -> Plan {
        let count = self.number_of(mutex, MutexKind::KIND).unwrap_or(NONE);
        self.object::<ConditionKind>(name, Shape { count, ..Shape::NONE }, &[])
    }
}

impl<T: Plain> Mutex<T> {
    /// The [`Condition`] of that name, which is one of this mutex.
    pub fn condition<'a>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Condition<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let mutex = self.handle();
        let (handle, shape) = Handle::find(mutex.at(), name, &Shape { tag, ..Shape::NONE })?;
        let number = mutex.at().memory.number_at(self.place());
        if number != shape.count {
            return Err(LookupError::OtherMutex { name: name.into() });
        }
        Ok(Condition { handle, mutex: self.clone() })
    }
}

/// Waiting until the value of a [`Mutex`] is as wanted: a monitor's condition.
///
/// A condition belongs to one mutex, with which it is declared, and through which it is found. An
/// owner of the mutex that finds its value not as wanted gives the lock back and waits
/// ([`MutexGuard::wait_while`]); one that has changed the value notifies one waiter or all. Several
/// conditions of one mutex keep apart who waits for what.
///
/// # Deaths
///
/// A waiter that is killed hangs nothing, and takes no notification with it: the others look for
/// themselves within 20 ms. A waiter asks the same way for what an owner has committed and not
/// notified of, and for an owner that is gone: it takes the lock then, and is told, as one that
/// locks. So what a killed process was to notify of is late, and not lost.
///
/// ```
/// use std::thread;
///
/// let plan = ringway_sync::Plan::new().mutex("jobs", 0u64).condition("filled", "jobs");
/// let region = plan.heap()?;
/// let jobs = region.mutex::<u64>("jobs")?;
/// let filled = jobs.condition("filled")?;
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut jobs = jobs.lock().unwrap();
///         *jobs += 1;
///         filled.notify_one(&jobs);
///     });
///     let mut jobs = jobs.lock().unwrap().wait_while(&filled, |jobs| *jobs == 0).unwrap();
///     *jobs -= 1;
/// });
/// assert_eq!(jobs.peek()?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Condition<T> {
    pub(crate) handle: Handle<ConditionKind>,
    mutex: Mutex<T>,
}

impl<T> Clone for Condition<T> {
    fn clone(&self) -> Self {
        Condition { handle: self.handle.clone(), mutex: self.mutex.clone() }
    }
}

impl<T: Plain> Condition<T> {
    /// Has that interrupt end the waits for this condition by this handle. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Condition<T> {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    /// Its mutex.
    pub fn mutex(&self) -> &Mutex<T> {
        &self.mutex
    }

    /// Whether that is its mutex, in this or another handle.
    pub(crate) fn is_of(&self, mutex: &Mutex<T>) -> bool {
        ptr::eq(self.mutex.handle().head(), mutex.handle().head())
    }

    /// Wakes one waiter, if there is one, to look at the value that this owner of the mutex leaves:
    /// it gets the lock after this one. Costs no system call where there is no waiter.
    ///
    /// If the waiter that is woken is killed, or finds the value not as it wants it, the others look
    /// for themselves within 20 ms.
    pub fn notify_one(&self, guard: &MutexGuard<'_, T>) {
        match self.is_of(guard.mutex()) {
            true => self.handle.head().notify_one(),
            false => self.handle.head().wake_all(),
        }
    }

    /// Wakes all waiters to look at the value that this owner of the mutex leaves. Costs no system
    /// call where there is no waiter, and one for any number.
    ///
    /// A guard of another mutex, with a value of the same type, says nothing of who waits: then one
    /// system call is made in any case.
    pub fn notify_all(&self, guard: &MutexGuard<'_, T>) {
        match self.is_of(guard.mutex()) {
            true => self.handle.head().notify_all(),
            false => self.handle.head().wake_all(),
        }
    }
}
