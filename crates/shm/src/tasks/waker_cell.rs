//! A cell for the waker of one task, which the task fills and other threads empty.
//!
//! As `futures`' `AtomicWaker` has it, from which the idea is: a word says which side has the cell.
//! No side waits for another one. A side that finds the cell taken leaves it to the one that has it
//! to wake the task.
//!
//! | state | the cell is of | the other side |
//! |---|---|---|
//! | `IDLE` | none | takes it |
//! | `REGISTERING` | the task | says `WAKING`; the task sees that when it is done, and wakes itself |
//! | `WAKING` | the thread that wakes | a task wakes itself; another thread has nothing to do |
//!
//! A waker is a runtime's: cloning, dropping and waking it may panic. The cell is in order then, and
//! the task's next poll registers as ever. No waker is called while a panic goes on that comes of
//! another one: a second panic would end the process.

use core::cell::UnsafeCell;
use core::fmt;
use core::task::Waker;

#[cfg(ringway_loom)]
use crate::sync::RaceCell;
use crate::sync::{CasU32, Ordering};

const IDLE: u32 = 0;
const REGISTERING: u32 = 1;
const WAKING: u32 = 2;

/// The cell.
pub struct WakerCell {
    state: CasU32,
    waker: UnsafeCell<Option<Waker>>,
    /// Has loom look for two at the same time.
    #[cfg(ringway_loom)]
    plain: RaceCell,
}

// SAFETY: the waker is reached by the side alone that `state` says has the cell. A `Waker` goes to
// other threads.
unsafe impl Sync for WakerCell {}

impl WakerCell {
    /// An empty one.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> WakerCell {
        WakerCell { state: CasU32::new(IDLE), waker: UnsafeCell::new(None) }
    }

    /// An empty one.
    #[cfg(ringway_loom)]
    pub fn new() -> WakerCell {
        let (state, plain) = (CasU32::new(IDLE), RaceCell::default());
        WakerCell { state, waker: UnsafeCell::new(None), plain }
    }

    /// Has that task woken by each [`wake`](Self::wake) from now on until the first one that finds
    /// it here, in place of the task that was here. By one thread at a time. The caller looks at
    /// what it waits for after this.
    pub fn register(&self, waker: &Waker) {
        // SYNC waker-cell: what the last one did to the cell is over, and what it woke for is seen:
        // see `take`.
        let order = Ordering::Acquire;
        match self.state.compare_exchange(IDLE, REGISTERING, order, order) {
            Ok(_) => {
                let registering = Registering(self);
                if !registering.has(waker) {
                    // Should cloning panic, the cell is given back as it was.
                    let old = registering.put(waker.clone());
                    registering.end();
                    // Runs what the runtime likes, and so with the cell given back.
                    drop(old);
                } else {
                    registering.end();
                }
            }
            Err(WAKING) => waker.wake_by_ref(),
            // Two register at the same time, which callers do not: one of them is woken.
            Err(_) => {}
        }
    }

    /// Wakes the task, if there is one. What the caller did before is seen by the task, which looks
    /// after it has registered, or is woken.
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    /// Empties the cell. `None`: it was empty, or a thread is about to wake the task.
    pub fn take(&self) -> Option<Waker> {
        // SYNC waker-cell: what the task put there is seen; and a task that registers behind this
        // sees what the caller did before.
        if self.state.swap(WAKING, Ordering::AcqRel) != IDLE {
            return None;
        }
        // SAFETY: the state was `IDLE`: the cell is this thread's until it stores the state.
        let waker = unsafe { self.empty() };
        // SYNC waker-cell: the next one finds it empty, and sees what those did before that found
        // the cell taken meanwhile: an exchange goes on with what theirs released.
        self.state.swap(IDLE, Ordering::Release);
        waker
    }

    /// Empties it and drops no waker: what was there is a parent process's.
    pub fn leak(&mut self) {
        core::mem::forget(self.waker.get_mut().take());
    }

    /// # Safety
    ///
    /// The caller has the cell.
    unsafe fn empty(&self) -> Option<Waker> {
        #[cfg(ringway_loom)]
        self.plain.write();
        // SAFETY: the cell is the caller's alone, by this function's contract.
        unsafe { &mut *self.waker.get() }.take()
    }
}

/// A task that has the cell. Dropped by a panic, it gives it back, and does not wake the task, whose
/// poll it is that panics.
struct Registering<'a>(&'a WakerCell);

impl Registering<'_> {
    /// Whether the cell has a waker of that task's already.
    fn has(&self, waker: &Waker) -> bool {
        #[cfg(ringway_loom)]
        self.0.plain.read();
        // SAFETY: the cell is the task's while this is there, and nothing else refers to it.
        let there = unsafe { &*self.0.waker.get() };
        there.as_ref().is_some_and(|there| there.will_wake(waker))
    }

    /// Puts it there, and returns the one that was there.
    fn put(&self, waker: Waker) -> Option<Waker> {
        #[cfg(ringway_loom)]
        self.0.plain.write();
        // SAFETY: the cell is the task's while this is there, and nothing else refers to it.
        unsafe { &mut *self.0.waker.get() }.replace(waker)
    }

    /// Gives the cell back, and wakes the task if a thread wanted to meanwhile.
    fn end(self) {
        let waker = self.give_back();
        core::mem::forget(self);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Gives the cell back. Returns the waker if a thread wanted to wake the task meanwhile.
    fn give_back(&self) -> Option<Waker> {
        let cell = self.0;
        // SYNC waker-cell: the thread that wakes sees what was put there.
        let (order, failed) = (Ordering::Release, Ordering::Relaxed);
        if cell.state.compare_exchange(REGISTERING, IDLE, order, failed).is_ok() {
            return None;
        }
        // SAFETY: who finds a state that is not `IDLE` leaves the cell alone.
        let waker = unsafe { cell.empty() };
        // SYNC waker-cell: the next one finds it empty. What those did before that wanted to wake
        // the task is seen by it.
        cell.state.swap(IDLE, Ordering::AcqRel);
        waker
    }
}

impl Drop for Registering<'_> {
    fn drop(&mut self) {
        // Also its drop runs what the runtime likes.
        core::mem::forget(self.give_back());
    }
}

impl fmt::Debug for WakerCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakerCell").finish_non_exhaustive()
    }
}

/// Calls what runs code of a runtime's, and outlives its panic.
#[cfg(feature = "std")]
pub fn outlive(call: impl FnOnce()) {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        // Dropping it could panic as well.
        core::mem::forget(payload);
    }
}

/// Calls what runs code of a runtime's. Without `std` a panic goes on to the caller.
#[cfg(not(feature = "std"))]
pub fn outlive(call: impl FnOnce()) {
    call();
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use alloc::vec::Vec;
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use core::task::{RawWaker, RawWakerVTable};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn count() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    /// A waker whose clone and drop panic.
    fn bad(panics_when_cloned: bool) -> Waker {
        const CLONES: &RawWakerVTable =
            &RawWakerVTable::new(|_| RawWaker::new(core::ptr::null(), CLONES), nop, nop, panics);
        const BAD: &RawWakerVTable = &RawWakerVTable::new(|_| panic!("a clone"), nop, nop, nop);
        fn nop(_: *const ()) {}
        fn panics(_: *const ()) {
            panic!("a drop");
        }
        let table = if panics_when_cloned { BAD } else { CLONES };
        // SAFETY: it has no data.
        unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), table)) }
    }

    #[test]
    fn the_last_task_is_woken_once() {
        let cell = WakerCell::new();
        let ((old, first), (new, second)) = (count(), count());
        cell.register(&first);
        cell.register(&second);
        cell.register(&second);
        cell.wake();
        cell.wake();
        assert_eq!((old.0.load(Relaxed), new.0.load(Relaxed)), (0, 1));
        assert_eq!((Arc::strong_count(&old), Arc::strong_count(&new)), (2, 2));
    }

    #[test]
    fn wakers_that_panic_leave_the_cell_in_order() {
        let cell = WakerCell::new();
        let (woken, good) = count();
        for panics_when_cloned in [true, false] {
            let bad = core::mem::ManuallyDrop::new(bad(panics_when_cloned));
            // Where it is the drop that panics, that is the second one's.
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                cell.register(&bad);
                cell.register(&good);
            }));
            assert!(outcome.is_err(), "the panic is the caller's");
            cell.register(&good);
            cell.wake();
        }
        assert_eq!(woken.0.load(Relaxed), 2);
    }

    #[test]
    fn wakers_come_and_go_while_others_wake() {
        let rounds = if cfg!(miri) { 50 } else { 50_000 };
        let cell = WakerCell::new();
        let turn = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let woken: Vec<_> = [(), ()].map(|()| count()).into();
            for _ in 0..2 {
                scope.spawn(|| {
                    while turn.load(Relaxed) < rounds {
                        cell.wake();
                        std::thread::yield_now();
                    }
                });
            }
            for round in 0..rounds {
                cell.register(&woken[round % 2].1);
                turn.fetch_add(1, Relaxed);
            }
        });
        // What is left is not lost.
        let (last, waker) = count();
        cell.register(&waker);
        cell.wake();
        assert_eq!(last.0.load(Relaxed), 1);
    }
}
