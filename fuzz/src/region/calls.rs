//! All calls that end by themselves, on all objects, with what has to hold of each whatever the
//! memory says.

use std::fmt::Debug;
use std::mem::forget;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use ringway_sync::{Interrupt, Region};

use super::value::{Key, Large, Odd, Small, Value, WideKey};

/// Is told how calls have ended.
pub(super) type Told<'a> = &'a mut dyn FnMut(String);

/// What calls are made with.
struct Calls<'a> {
    region: &'a Region,
    /// Guards are leaked.
    leaks: bool,
    /// It is raised: so that a call that waits for others ends.
    interrupt: Interrupt,
    told: Told<'a>,
}

/// Makes the calls of every kind and of several types on every object.
pub(super) fn all(region: &Region, leaks: bool, told: Told<'_>) {
    let interrupt = Interrupt::new();
    interrupt.raise();
    let mut calls = Calls { region, leaks, interrupt, told };
    for object in region.objects() {
        assert!(!format!("{object:?}").is_empty());
        let name = object.name.as_str();
        calls.locks(name);
        calls.permits(name);
        calls.phases(name);
        calls.atomics(name);
        calls.values::<()>(name);
        calls.values::<Small>(name);
        calls.values::<Large>(name);
        calls.values::<Odd>(name);
    }
    calls.end("attach", region.attach().map(drop));
}

impl Calls<'_> {
    /// Tells how a call has ended, and drops what it brought, or leaks it.
    fn end<G, E: Debug>(&mut self, what: &str, outcome: Result<G, E>) {
        match outcome {
            Ok(guard) => {
                (self.told)(format!("{what}:got"));
                if self.leaks {
                    forget(guard);
                }
            }
            Err(error) => (self.told)(format!("{what}:{error:?}")),
        }
    }

    /// Whether an object was found; tells why it was not, but for those of other kinds and types.
    fn found<H, E: Debug>(&mut self, what: &str, outcome: Result<H, E>) -> Option<H> {
        match outcome {
            Ok(handle) => Some(handle),
            Err(error) => {
                (self.told)(format!("{what}:{error:?}"));
                None
            }
        }
    }

    fn locks(&mut self, name: &str) {
        let interrupt = self.interrupt.clone();
        if let Some(lock) = self.found("lock", self.region.lock(name)) {
            self.end("lock", lock.try_lock());
            self.end("lock", lock.lock_timeout(Duration::ZERO));
            let lock = lock.interrupted_by(&interrupt);
            self.end("lock", lock.lock());
        }
        if let Some(lock) = self.found("spin", self.region.spin_lock(name)) {
            self.end("spin", lock.try_lock());
            self.end("spin", lock.lock_timeout(Duration::ZERO));
            let lock = lock.interrupted_by(&interrupt);
            self.end("spin", lock.lock());
        }
    }

    fn permits(&mut self, name: &str) {
        let interrupt = self.interrupt.clone();
        if let Some(semaphore) = self.found("semaphore", self.region.semaphore(name)) {
            let total = semaphore.permits_total();
            assert!(semaphore.available() <= total);
            if let Ok(permit) = semaphore.try_acquire() {
                assert!(permit.number() < total);
            }
            self.end("semaphore", semaphore.try_acquire());
            self.end("semaphore", semaphore.acquire_timeout(Duration::ZERO));
            let semaphore = semaphore.interrupted_by(&interrupt);
            self.end("semaphore", semaphore.acquire());
        }
        if let Some(signal) = self.found("signal", self.region.signal(name)) {
            self.end("signal", signal.post());
            let _ = (signal.tokens(), signal.try_wait());
            self.end("signal", signal.wait_timeout(Duration::ZERO));
            self.end("signal", signal.interrupted_by(&interrupt).wait());
        }
    }

    fn phases(&mut self, name: &str) {
        let Some(mut barrier) = self.found("barrier", self.region.join_barrier(name)) else {
            return;
        };
        assert!(barrier.place() < barrier.parties());
        self.end("barrier", barrier.try_wait());
        self.end("barrier", barrier.wait_timeout(Duration::ZERO));
        let mut barrier = barrier.interrupted_by(&self.interrupt);
        self.end("barrier", barrier.wait());
        // A second party, and a third.
        let others = [self.region.join_barrier(name), self.region.join_barrier(name)];
        for other in others {
            let outcome = other.map(|mut other| other.try_wait());
            self.end("barrier", outcome);
        }
        self.end("barrier", barrier.try_wait());
    }

    fn atomics(&mut self, name: &str) {
        if let Some(atomics) = self.found("atomics", self.region.atomics::<[AtomicU32; 5]>(name)) {
            atomics.iter().for_each(|atomic| atomic.store(1, Ordering::Relaxed));
        }
        if let Some(atomics) = self.found("atomics", self.region.atomics::<[AtomicU8; 13]>(name)) {
            atomics.iter().for_each(|atomic| atomic.store(1, Ordering::Relaxed));
        }
    }

    fn values<T: Value>(&mut self, name: &str) {
        self.mutex::<T>(name);
        self.in_place::<T>(name);
        self.once::<T>(name);
        self.cell::<T>(name);
        self.table::<Key, T>(name);
        self.table::<WideKey, T>(name);
        self.table::<(), T>(name);
    }

    fn mutex<T: Value>(&mut self, name: &str) {
        let Some(mutex) = self.found("mutex", self.region.mutex::<T>(name)) else { return };
        self.end("peek", mutex.peek());
        if let Ok(mut guard) = mutex.try_lock() {
            *guard = T::of(1);
            guard.commit();
            assert_eq!(*guard, T::of(1));
        }
        for object in self.region.objects() {
            let condition = mutex.condition(&object.name);
            let Some(condition) = self.found("condition", condition) else { continue };
            if let Ok(guard) = mutex.try_lock() {
                condition.notify_one(&guard);
                condition.notify_all(&guard);
                let wait = guard.wait_while_timeout(&condition, |_| true, Duration::ZERO);
                self.end("condition", wait);
            }
        }
        self.end("mutex", mutex.try_lock());
        self.end("mutex", mutex.lock_timeout(Duration::ZERO));
        let mutex = mutex.interrupted_by(&self.interrupt);
        self.end("mutex", mutex.lock());
    }

    fn in_place<T: Value>(&mut self, name: &str) {
        // SAFETY: no other thread has the region, and no reference to the value lives beside
        // another: each is of one statement.
        let found = unsafe { self.region.in_place::<T>(name) };
        let Some(place) = self.found("place", found) else { return };
        let _ = place.try_lock().map(|mut guard| *guard = T::of(2));
        if let Ok(guard) = place.try_lock() {
            assert_eq!(*guard, T::of(2));
        }
        self.end("place", place.try_lock());
        self.end("place", place.lock_timeout(Duration::ZERO));
    }

    fn once<T: Value>(&mut self, name: &str) {
        let Some(once) = self.found("once", self.region.once::<T>(name)) else { return };
        let _ = once.get();
        self.end("once", once.try_get_or_init(|| T::of(3)));
        self.end("once", once.get_or_init_timeout(|| T::of(3), Duration::ZERO));
        self.end("once", once.interrupted_by(&self.interrupt).get_or_init(|| T::of(3)));
    }

    fn cell<T: Value>(&mut self, name: &str) {
        let Some(cell) = self.found("cell", self.region.cell::<T>(name)) else { return };
        self.end("cell", cell.read());
        let _ = (cell.version(), cell.writer());
        let mut changes = cell.changes();
        self.end("changes", changes.try_next());
        if let Ok(mut writer) = cell.try_claim() {
            writer.set(&T::of(4));
            writer.update(|value| assert_eq!(*value, T::of(4)));
            assert_eq!(writer.get(), T::of(4));
            assert_eq!(cell.read(), Ok(T::of(4)));
        }
        self.end("changes", changes.wait_next_timeout(Duration::ZERO));
        self.end("changes", changes.wait_next_timeout(Duration::ZERO));
        // A leaked writer would keep what it has of the region.
        self.end("claim", cell.claim_timeout(Duration::ZERO).map(drop));
        self.end("claim", cell.interrupted_by(&self.interrupt).claim().map(drop));
    }

    fn table<K: Value, T: Value>(&mut self, name: &str) {
        let Some(table) = self.found("table", self.region.table::<K, T>(name)) else { return };
        let rows = table.rows();
        let mut changes = table.changes();
        let _ = changes.try_next();
        for seed in 0..4 {
            let key = K::of(seed);
            let _ = (table.get(&key), table.entry(&key));
            if let Ok(mut row) = table.try_claim(&key, &T::of(5)) {
                row.set(&T::of(6));
                row.update(|value| assert_eq!(*value, T::of(6)));
                assert_eq!(row.get(), T::of(6));
            }
            self.end("row", table.claim_timeout(&key, &T::of(7), Duration::ZERO).map(drop));
        }
        if let Ok(entries) = table.entries() {
            assert!(entries.len() <= rows);
            (self.told)(format!("entries:{}", entries.len().min(3)));
        }
        self.end("next", changes.wait_next_timeout(Duration::ZERO));
        self.end("next", changes.wait_next_timeout(Duration::ZERO));
        // Where the lock is forged to have an owner they would wait for that.
        let table = table.interrupted_by(&self.interrupt);
        self.end("row", table.claim(&K::of(8), &T::of(8)).map(|row| row.remove()));
        self.end("remove", table.remove(&K::of(1)));
    }
}
