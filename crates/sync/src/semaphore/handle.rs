//! The semaphore, and the right of one that has a permit.

use ringway_shm::LivenessError;
use ringway_shm::envelope::Kind;
use ringway_shm::wait::Deadline;

use super::words::{ForPermit, PermitWord, Permits, SemaphoreWords, Taken};
use crate::asked::Asked;
use crate::error::{AcquireError, LookupError, TryAcquireError};
use crate::name::ObjectName;
use crate::party::Party;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};
use crate::wait::wait;

/// The kind of [`Semaphore`].
#[derive(Debug)]
pub(crate) enum SemaphoreKind {}

impl ObjectKind for SemaphoreKind {
    type Head = SemaphoreWords;
    type Item = PermitWord;
    const KIND: Kind = Kind::new(*b"SEMA");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        let items = usize::try_from(shape.count).ok().filter(|&items| items > 0)?;
        Some(Extent { items, data: 0 })
    }

    fn item_holder(item: &PermitWord) -> u32 {
        item.holder()
    }
}

impl Plan {
    /// Declares a [`Semaphore`] of so many permits, 1 at least: all are free.
    pub fn semaphore<'a>(self, name: impl Into<ObjectName<'a>>, permits: u32) -> Plan {
        let shape = Shape { count: permits, ..Shape::NONE };
        self.object::<SemaphoreKind>(name, shape, &[])
    }
}

impl Region {
    /// The [`Semaphore`] of that name.
    pub fn semaphore<'a>(&self, name: impl Into<ObjectName<'a>>) -> Result<Semaphore, LookupError> {
        let ObjectName { name, tag } = name.into();
        let shape = Shape { tag, ..Shape::NONE };
        let (handle, _) = Handle::<SemaphoreKind>::find(&self.at, name, &shape)?;
        let first = self.seat() % handle.spot().items().len().max(1);
        Ok(Semaphore { handle, asked: Asked::now(), first })
    }
}

/// So many permits, of which each has one owner at a time. With one permit it is a binary semaphore.
///
/// An owner is a [seat](Region#seats), which may have several permits. Waiters are not served in
/// order.
///
/// # The owner dies
///
/// A permit knows its owner. Of one that was killed the permits come back: the next caller that finds
/// no free one takes it over, and is told ([`Permit::owner_died`]). There are never more permits, and
/// never less, than were declared. A permit that is leaked is its owner's until its process ends, or
/// the last handle of its seat is dropped.
///
/// For tokens that have no owner, which one process posts and another takes, there is
/// [`Signal`](crate::Signal).
///
/// ```
/// let region = ringway_sync::Plan::new().semaphore("slots", 2).heap()?;
/// let slots = region.semaphore("slots")?;
/// let first = slots.acquire()?;
/// let second = slots.acquire()?;
/// assert!(slots.try_acquire().is_err());
/// drop(first);
/// assert_eq!(slots.available(), 1);
///
/// // An owner that goes away with a permit, as one that is killed.
/// let other = region.attach()?.semaphore("slots")?;
/// std::mem::forget(other.acquire()?);
/// drop(other);
/// assert!(slots.acquire()?.owner_died());
/// # drop(second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Semaphore {
    pub(crate) handle: Handle<SemaphoreKind>,
    asked: Asked,
    /// The permit at which it looks first, which depends on the seat: so that owners do not all look
    /// at the same.
    first: usize,
}

impl Semaphore {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Semaphore {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    #[inline(always)]
    pub(crate) fn permits(&self) -> Permits<'_> {
        let spot = self.handle.spot();
        Permits { head: spot.head(), items: spot.items(), first: self.first }
    }

    #[inline(always)]
    pub(crate) fn permit(&self, Taken { permit, died }: Taken) -> Permit<'_> {
        Permit { semaphore: self, permit, died }
    }

    /// How many permits there are.
    pub fn permits_total(&self) -> usize {
        self.handle.spot().items().len()
    }

    /// How many permits are free. It is out of date as soon as it is there. Those of the dead count
    /// as taken until a caller takes them over.
    pub fn available(&self) -> usize {
        self.permits().free()
    }

    /// Takes a permit, and waits for it as long as all have owners that live. Where one is free it
    /// costs no system call; it is looked for from one that depends on the caller's seat, one word
    /// after another.
    ///
    /// That an owner is gone is noticed after about the time that was waited already, and within
    /// 20 ms of sleep; at once with [`Region::watched_by`]. Each waiter asks the kernel for each
    /// owner then, once. Where permits come back all the time, so that no call waits for long, every
    /// 20 ms one that finds none free asks.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire_until(Deadline::Never)
    }

    /// As [`acquire`](Self::acquire), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn acquire_timeout(
        &self,
        deadline: impl Into<Deadline>,
    ) -> Result<Permit<'_>, AcquireError> {
        self.acquire_until(deadline.into())
    }

    #[inline]
    fn acquire_until(&self, deadline: Deadline) -> Result<Permit<'_>, AcquireError> {
        let taken = match self.permits().try_free(Party::me(self.handle.party())) {
            Some(taken) => taken,
            None => self.await_one(deadline)?,
        };
        Ok(self.permit(taken))
    }

    #[cold]
    #[inline(never)]
    fn await_one(&self, deadline: Deadline) -> Result<Taken, AcquireError> {
        if let Some(taken) = self.look_now_and_then().map_err(AcquireError::Liveness)? {
            return Ok(taken);
        }
        let (permits, party) = (self.permits(), self.handle.party());
        Ok(wait(ForPermit { permits, party }, party, &self.handle.alarm, deadline)?)
    }

    /// Takes a permit that is free; and every now and then one whose owner is gone. For permits that
    /// come back all the time let no call wait for long enough to ask by itself.
    #[cfg(any(test, feature = "async"))]
    pub(crate) fn look(&self) -> Result<Option<Taken>, LivenessError> {
        match self.permits().try_free(Party::me(self.handle.party())) {
            None => self.look_now_and_then(),
            taken => Ok(taken),
        }
    }

    fn look_now_and_then(&self) -> Result<Option<Taken>, LivenessError> {
        match self.asked.is_due() {
            true => self.permits().try_gone(self.handle.party()),
            false => Ok(None),
        }
    }

    /// Takes a permit if one is free, or the owner of one is gone. Waits for nothing. Where all are
    /// taken, the kernel is asked whether their owners live: one system call for each owner.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, TryAcquireError> {
        let (permits, party) = (self.permits(), self.handle.party());
        let taken = match permits.try_free(Party::me(party)) {
            Some(taken) => Some(taken),
            None => permits.try_gone(party)?,
        };
        taken.map(|taken| self.permit(taken)).ok_or(TryAcquireError::NoPermits)
    }
}

/// A permit of a [`Semaphore`], which comes back when this is dropped. It may be sent to another
/// thread.
#[derive(Debug)]
#[must_use = "the permit is given back when this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    permit: usize,
    died: bool,
}

impl Permit<'_> {
    /// Its number: of all permits that are out at a time, each has another, below
    /// [`Semaphore::permits_total`]. For a place in a table, say, that is this owner's meanwhile.
    pub fn number(&self) -> usize {
        self.permit
    }

    /// Whether the owner that had it before died with it. It is told to this owner alone.
    pub fn owner_died(&self) -> bool {
        self.died
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        let handle = &self.semaphore.handle;
        // In a child that was forked the permit is the parent's.
        if handle.is_here() {
            self.semaphore.permits().give_back(self.permit, handle.fences());
        }
    }
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_call_that_finds_no_free_permit_asks_for_the_dead_now_and_then() {
        let region = Plan::new().semaphore("slots", 1).heap().unwrap();
        let (slots, other) = (region.semaphore("slots").unwrap(), region.attach().unwrap());
        core::mem::forget(other.semaphore("slots").unwrap().acquire().unwrap());
        assert_eq!(slots.clone().look(), Ok(None));
        // Its owner lives.
        std::thread::sleep(Duration::from_millis(25));
        assert_eq!(slots.look(), Ok(None));
        drop(other);
        std::thread::sleep(Duration::from_millis(25));
        assert_eq!(slots.look(), Ok(Some(Taken { permit: 0, died: true })));
    }
}
