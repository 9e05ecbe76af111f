//! One object under a name: a region with nothing else in it.
//!
//! A short way for programs that share one thing. What it makes is a region as any other, of 64
//! seats, whose one object has the name `only`.

use ringway_shm::segment::Place;

use crate::barrier::{Barrier, Parties};
use crate::cell::Cell;
use crate::error::{JoinError, LookupError, OpenError};
use crate::lock::{Lock, SpinLock};
use crate::mutex::Mutex;
use crate::once::Once;
use crate::plain::Plain;
use crate::region::{Plan, Region};
use crate::semaphore::Semaphore;
use crate::signal::Signal;
use crate::table::Table;

/// What the object is called.
const ONLY: &str = "only";

/// Opens the region, and finds its object.
fn open<H, E>(
    place: impl Into<Place>,
    find: impl FnOnce(&Region) -> Result<H, E>,
) -> Result<H, OpenError>
where
    OpenError: At<E>,
{
    let place = place.into();
    find(&Region::open(&place)?).map_err(|error| OpenError::at(&place, error))
}

/// The same. Creates it if there is none.
fn create_or_open<H, E>(
    plan: Plan,
    place: impl Into<Place>,
    find: impl FnOnce(&Region) -> Result<H, E>,
) -> Result<H, OpenError>
where
    OpenError: At<E>,
{
    let place = place.into();
    find(&plan.create_or_open(&place)?).map_err(|error| OpenError::at(&place, error))
}

/// An error of which the file is known.
trait At<E> {
    fn at(place: &Place, error: E) -> Self;
}

impl At<LookupError> for OpenError {
    fn at(place: &Place, why: LookupError) -> OpenError {
        OpenError::Differs { path: place.path(), why }
    }
}

impl At<JoinError> for OpenError {
    fn at(place: &Place, error: JoinError) -> OpenError {
        match error {
            JoinError::Lookup(why) => OpenError::at(place, why),
            error => OpenError::Join(error),
        }
    }
}

/// # Alone under a name
impl<T: Plain> Mutex<T> {
    /// The mutex in the region of that name, which has nothing else in it. If there is no such
    /// region it is created, and the mutex begins with that value; if there is one the value stays
    /// as it is.
    ///
    /// It is short for [`Plan::create_or_open`] and [`Region::mutex`] with the name `only`.
    /// [`unlink`](crate::unlink) removes it.
    ///
    /// ```
    /// use ringway_sync::{LockError, Mutex};
    ///
    /// let name = format!("doc-only-{}", std::process::id());
    /// let count = Mutex::create_or_open(&name, 7u64)?;
    /// *count.lock().or_else(LockError::recover)? += 1;
    /// // In another process, as a rule:
    /// assert_eq!(Mutex::<u64>::open(&name)?.peek()?, 8);
    /// # drop(count);
    /// ringway_sync::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_or_open(place: impl Into<Place>, value: T) -> Result<Mutex<T>, OpenError> {
        create_or_open(Plan::new().mutex(ONLY, value), place, |region| region.mutex(ONLY))
    }

    /// The mutex in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Mutex<T>, OpenError> {
        open(place, |region| region.mutex(ONLY))
    }
}

/// # Alone under a name
impl<T: Plain> Cell<T> {
    /// The cell in the region of that name, which has nothing else in it. If there is no such
    /// region it is created, and the cell begins with that value. As
    /// [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>, value: T) -> Result<Cell<T>, OpenError> {
        create_or_open(Plan::new().cell(ONLY, value), place, |region| region.cell(ONLY))
    }

    /// The cell in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Cell<T>, OpenError> {
        open(place, |region| region.cell(ONLY))
    }
}

/// # Alone under a name
impl<T: Plain> Once<T> {
    /// The value in the region of that name, which has nothing else in it. If there is no such
    /// region it is created, and nothing is made yet. As
    /// [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>) -> Result<Once<T>, OpenError> {
        create_or_open(Plan::new().once::<T>(ONLY), place, |region| region.once(ONLY))
    }

    /// The value in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Once<T>, OpenError> {
        open(place, |region| region.once(ONLY))
    }
}

/// # Alone under a name
impl<K: Plain, V: Plain> Table<K, V> {
    /// The table in the region of that name, which has nothing else in it. If there is no such
    /// region it is created, with so many rows, none of them in use; one that is there has to have
    /// as many. As [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>, rows: usize) -> Result<Table<K, V>, OpenError> {
        create_or_open(Plan::new().table::<K, V>(ONLY, rows), place, |region| region.table(ONLY))
    }

    /// The table in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Table<K, V>, OpenError> {
        open(place, |region| region.table(ONLY))
    }
}

/// # Alone under a name
impl Lock {
    /// The lock in the region of that name, which has nothing else in it. If there is no such region
    /// it is created. As [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>) -> Result<Lock, OpenError> {
        create_or_open(Plan::new().lock(ONLY), place, |region| region.lock(ONLY))
    }

    /// The lock in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Lock, OpenError> {
        open(place, |region| region.lock(ONLY))
    }
}

/// # Alone under a name
impl SpinLock {
    /// The spin lock in the region of that name, which has nothing else in it. If there is no such
    /// region it is created. As [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>) -> Result<SpinLock, OpenError> {
        create_or_open(Plan::new().spin_lock(ONLY), place, |region| region.spin_lock(ONLY))
    }

    /// The spin lock in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<SpinLock, OpenError> {
        open(place, |region| region.spin_lock(ONLY))
    }
}

/// # Alone under a name
impl Semaphore {
    /// The semaphore in the region of that name, which has nothing else in it. If there is no such
    /// region it is created, with so many permits; one that is there has to have as many. As
    /// [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>, permits: u32) -> Result<Semaphore, OpenError> {
        let plan = Plan::new().semaphore(ONLY, permits);
        create_or_open(plan, place, |region| region.semaphore(ONLY))
    }

    /// The semaphore in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Semaphore, OpenError> {
        open(place, |region| region.semaphore(ONLY))
    }
}

/// # Alone under a name
impl Signal {
    /// The signal in the region of that name, which has nothing else in it. If there is no such
    /// region it is created, without a token. As
    /// [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(place: impl Into<Place>) -> Result<Signal, OpenError> {
        create_or_open(Plan::new().signal(ONLY), place, |region| region.signal(ONLY))
    }

    /// The signal in the region of that name, which has nothing else in it.
    pub fn open(place: impl Into<Place>) -> Result<Signal, OpenError> {
        open(place, |region| region.signal(ONLY))
    }
}

/// # Alone under a name
impl Barrier {
    /// Joins the barrier in the region of that name, which has nothing else in it. If there is no
    /// such region it is created, for so many parties; one that is there has to have as many. As
    /// [`Mutex::create_or_open`](crate::Mutex::create_or_open).
    pub fn create_or_open(
        place: impl Into<Place>,
        parties: impl Into<Parties>,
    ) -> Result<Barrier, OpenError> {
        create_or_open(Plan::new().barrier(ONLY, parties), place, |region| {
            region.join_barrier(ONLY)
        })
    }

    /// Joins the barrier in the region of that name, which has nothing else in it.
    pub fn join(place: impl Into<Place>) -> Result<Barrier, OpenError> {
        open(place, |region| region.join_barrier(ONLY))
    }
}
