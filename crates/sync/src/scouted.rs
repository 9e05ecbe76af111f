//! Handles on whose behalf a wait set looks.

use alloc::sync::Arc;

use ringway_shm::sleeper::{NoScout, Scout, Scouted};

use crate::barrier::Barrier;
use crate::behalf::{
    Behalf, Object, OfBarrier, OfCell, OfLock, OfOnce, OfSemaphore, OfSignal, OfTable, Phase,
};
use crate::cell::Changes;
use crate::lock::Lock;
use crate::mutex::{InPlace, Mutex};
use crate::once::Once;
use crate::plain::Plain;
use crate::region::handle::Handle;
use crate::region::object::ObjectKind;
use crate::semaphore::Semaphore;
use crate::signal::Signal;
use crate::table::TableChanges;

/// What looks on behalf of that handle.
fn scout<K: ObjectKind, O: Object>(
    handle: &Handle<K>,
    object: O,
) -> Result<Arc<dyn Scout>, NoScout> {
    if !handle.is_here() {
        return Err(NoScout::Forked);
    }
    Ok(Behalf::of(handle, object).ok_or(NoScout::CallersMemory)?)
}

/// Ready while the lock is free, or its owner is gone.
impl Scouted for Lock {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        scout(&self.handle, OfLock { spot: *self.handle.spot(), lock: |words| words })
    }
}

/// Ready while the lock is free, or its owner is gone.
impl<T: Plain> Scouted for Mutex<T> {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        scout(self.handle(), OfLock { spot: *self.handle().spot(), lock: |words| &words.lock })
    }
}

/// Ready while the lock is free, or its owner is gone.
impl<T: Plain> Scouted for InPlace<T> {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        scout(&self.handle, OfLock { spot: *self.handle.spot(), lock: |words| words })
    }
}

/// Ready when the value was made, or the one that was making it is gone.
impl<T: Plain> Scouted for Once<T> {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        scout(&self.handle, OfOnce(*self.handle.spot()))
    }
}

/// Ready while a permit is free, or the owner of one is gone.
impl Scouted for Semaphore {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        scout(&self.handle, OfSemaphore(*self.handle.spot()))
    }
}

/// Ready while there is a token.
impl Scouted for Signal {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        scout(&self.handle, OfSignal(*self.handle.spot()))
    }
}

/// Ready when the phase is over to which this party has come, or a party is gone that has not: until
/// this one's next call.
impl Scouted for Barrier {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        let phase = Phase::Told(self.followed.trail(self.pending).clone());
        let (spot, leaves_out, place) = (*self.handle.spot(), self.leaves_out, self.place);
        scout(&self.handle, OfBarrier { spot, leaves_out, place, phase })
    }
}

/// Ready when there is a value that this has not returned, or a death of which it has not told.
impl<T: Plain> Scouted for Changes<T> {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        let trail = self.followed.trail(self.known).clone();
        let (spot, mask) = (*self.cell.handle.spot(), self.cell.mask);
        scout(&self.cell.handle, OfCell { spot, mask, trail })
    }
}

/// Ready when the table has changed since this has said so.
impl<K: Plain, V: Plain> Scouted for TableChanges<K, V> {
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout> {
        let trail = self.followed.trail(self.seen).clone();
        let (spot, form) = (*self.table.handle.spot(), self.table.form);
        scout(&self.table.handle, OfTable { spot, form, trail })
    }
}
