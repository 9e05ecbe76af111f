//! Tasks that are woken by the other side itself, without an allocator or an operating system.

use core::fmt;
use core::task::Waker;

use ringway_shm::sync::{AtomicU32, CasU32, Ordering, fence, spin_loop};
use ringway_shm::tasks::{Home, HomeCell, WakerCell, outlive};
use ringway_shm::wait::{Pause, Wait};

/// Looks of a call that blocks before it sleeps.
const SPINS: u32 = 100;

/// Room for the wakers of `N` tasks of one program, for rings whose two sides are in it: in a
/// `static`, for embassy say, or on the heap.
///
/// Each handle of the ring gets a [`wait`](Self::wait) of the same `Wakers`, also one that no task
/// awaits. Where handles are awaited by more than `N` tasks at the same time, those without a place
/// are woken [as if there were none of these](crate::future#who-wakes-the-task): of a ring on the
/// heap by the other side, else by the reactor. Where there is neither, they are polled again and
/// again.
///
/// A ring in a segment has peers that can die, and a producer may evict after a time, of which
/// these wakers tell nothing. On Linux with `std` the [reactor](crate::future) wakes the task then,
/// and for each message too, as far as these have not.
///
/// On Linux with `std` a forked child wakes no task of its parent's by its copy of these, and the
/// places that its parent's tasks have stay taken there.
///
/// What it costs a side that sends, or makes room: a full fence and a load. If a task waits, all
/// that wait are woken, one after the other, on the thread that sends. With `std` a waker that
/// panics harms its own task alone. Without, the panic goes on to the sender, and the tasks behind
/// that one are woken the next time.
///
/// ```
/// use ringway::future::{Async, Wakers};
/// use ringway::{Options, Start};
///
/// # #[cfg(feature = "std")] {
/// static WAKERS: Wakers<2> = Wakers::new();
///
/// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let mut producer = producer.with_wait(WAKERS.wait());
/// let subscriber = ring.subscribe(Start::Next).unwrap().with_wait(WAKERS.wait());
/// let mut subscriber = Async::new(subscriber);
/// let thread = std::thread::spawn(move || futures_executor::block_on(subscriber.recv()));
/// producer.send(&7).unwrap();
/// assert_eq!(thread.join().unwrap(), Ok(7));
/// # }
/// ```
pub struct Wakers<const N: usize> {
    /// 1: a task waits.
    flag: AtomicU32,
    places: [Place; N],
}

struct Place {
    /// 1: it is a handle's.
    taken: CasU32,
    /// In which process it was taken.
    home: HomeCell,
    waker: WakerCell,
}

impl Place {
    #[cfg(not(ringway_loom))]
    const fn new() -> Place {
        Place { taken: CasU32::new(0), home: HomeCell::new(), waker: WakerCell::new() }
    }

    #[cfg(ringway_loom)]
    fn new() -> Place {
        Place { taken: CasU32::new(0), home: HomeCell::new(), waker: WakerCell::new() }
    }

    /// Wakes the task, if there is one, and it is this process's.
    fn wake(&self) {
        let Some(waker) = self.waker.take() else { return };
        // Behind the cell, which its task has filled after it had taken the place.
        if self.home.is_here() {
            waker.wake();
        } else {
            core::mem::forget(waker);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.home.is_here() {
            self.waker.leak();
        }
    }
}

impl<const N: usize> Wakers<N> {
    /// Room for so many, of which none is taken.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        Wakers { flag: AtomicU32::new(0), places: [const { Place::new() }; N] }
    }

    /// The same of a model, whose words are no constants.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        Wakers { flag: AtomicU32::new(0), places: core::array::from_fn(|_| Place::new()) }
    }

    /// How a handle is to wait that shares these wakers: give it to `with_wait`. It takes a place
    /// when a task first awaits the handle, and gives it back when it is dropped.
    pub fn wait(&self) -> TaskWait<'_> {
        TaskWait { flag: &self.flag, places: &self.places, place: None }
    }
}

impl<const N: usize> Default for Wakers<N> {
    fn default() -> Self {
        Wakers::new()
    }
}

impl<const N: usize> fmt::Debug for Wakers<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakers").field("room", &N).finish_non_exhaustive()
    }
}

/// How a handle waits that shares [`Wakers`]. Calls that block look for a moment and then sleep.
pub struct TaskWait<'a> {
    flag: &'a AtomicU32,
    places: &'a [Place],
    /// Its place, and in which process it has taken that.
    place: Option<(usize, Home)>,
}

impl TaskWait<'_> {
    /// The place of this handle, if it has one or there is one.
    fn place(&mut self) -> Option<&Place> {
        // That of a parent process stays the parent's: it may be half changed.
        if !self.place.is_some_and(|(_, home)| home.is_here()) {
            let free = |place: &Place| {
                // SYNC place: the last one that had it has taken its waker back.
                let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
                place.taken.compare_exchange(0, 1, order, failed).is_ok()
            };
            let home = Home::here();
            self.place = self.places.iter().position(free).map(|index| (index, home));
            let taken = self.place.and_then(|(index, _)| self.places.get(index));
            taken?.home.set(home);
        }
        self.places.get(self.place?.0)
    }
}

/// Raises the flag again if it is dropped by the panic of a waker: those behind that one are woken
/// the next time. Woken now, a second one that panics would end the process.
struct Again<'a>(&'a AtomicU32);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        self.0.store(1, Ordering::Relaxed);
    }
}

impl Wait for TaskWait<'_> {
    fn pause(&mut self, round: u32) -> Pause {
        if round < SPINS {
            spin_loop();
            return Pause::Again;
        }
        Pause::Sleep
    }

    fn notify(&mut self) {
        // SYNC task-flag: this side sees the flag, or the task that raised it sees what was made
        // known, after its fence in `register`.
        fence(Ordering::SeqCst);
        if self.flag.load(Ordering::Relaxed) == 0 {
            return;
        }
        // A task that raised the flag before this, which lowers it, has registered before. Had it
        // registered after it was not woken below, it would have seen this store, and raised the
        // flag behind it.
        self.flag.store(0, Ordering::Relaxed);
        let again = Again(self.flag);
        for place in self.places {
            outlive(|| place.wake());
        }
        core::mem::forget(again);
    }

    fn register(&mut self, waker: &Waker) -> bool {
        let Some(place) = self.place() else { return false };
        place.waker.register(waker);
        self.flag.store(1, Ordering::Relaxed);
        // SYNC task-flag: the task's look, which comes next, sees what was made known before the
        // other side looked at the flag in vain.
        fence(Ordering::SeqCst);
        true
    }
}

impl Clone for TaskWait<'_> {
    fn clone(&self) -> Self {
        TaskWait { flag: self.flag, places: self.places, place: None }
    }
}

impl Drop for TaskWait<'_> {
    fn drop(&mut self) {
        let Some((index, home)) = self.place else { return };
        if let Some(place) = self.places.get(index).filter(|_| home.is_here()) {
            let waker = place.waker.take();
            // SYNC place: the waker has been taken back.
            place.taken.store(0, Ordering::Release);
            // Runs what its runtime likes, and may panic.
            drop(waker);
        }
    }
}

impl fmt::Debug for TaskWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskWait")
            .field("place", &self.place.map(|(index, _)| index))
            .finish_non_exhaustive()
    }
}
