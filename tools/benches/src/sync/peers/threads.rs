//! Locks that go no further than one process: those of the standard library, and parking_lot's.

use std::sync::{Arc, Mutex, RwLock};

use anyhow::Result;

use crate::sync::work::{Board, Exclusion, Latest, Section};
use crate::transport::Message;

/// `std::sync::Mutex`.
pub struct StdMutex(Arc<Mutex<u64>>);

impl Exclusion for StdMutex {
    type Link = ();
    type Side = StdMutex;

    fn link() -> Result<()> {
        Ok(())
    }

    fn side(_: &()) -> Result<StdMutex> {
        Ok(StdMutex(Arc::default()))
    }
}

impl Section for StdMutex {
    #[inline(always)]
    fn add(&mut self) -> u64 {
        let mut number = self.0.lock().expect("no thread panics");
        *number += 1;
        *number
    }
}

/// `parking_lot::Mutex`.
pub struct ParkingLot(Arc<parking_lot::Mutex<u64>>);

impl Exclusion for ParkingLot {
    type Link = ();
    type Side = ParkingLot;

    fn link() -> Result<()> {
        Ok(())
    }

    fn side(_: &()) -> Result<ParkingLot> {
        Ok(ParkingLot(Arc::default()))
    }
}

impl Section for ParkingLot {
    #[inline(always)]
    fn add(&mut self) -> u64 {
        let mut number = self.0.lock();
        *number += 1;
        *number
    }
}

/// `std::sync::RwLock`, of which a reader copies the value.
pub struct StdRwLock<const W: usize>(Arc<RwLock<Message<W>>>);

impl<const W: usize> Latest<W> for StdRwLock<W> {
    type Board = StdRwLock<W>;

    fn board() -> Result<StdRwLock<W>> {
        Ok(StdRwLock(Arc::new(RwLock::new([0; W]))))
    }
}

impl<const W: usize> Board<W> for StdRwLock<W> {
    #[inline(always)]
    fn set(&mut self, value: &Message<W>) {
        *self.0.write().expect("no thread panics") = *value;
    }

    #[inline(always)]
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R {
        let value = *self.0.read().expect("no thread panics");
        look(&value)
    }
}
