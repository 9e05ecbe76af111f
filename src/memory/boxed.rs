//! The words of a ring on the heap, and the lock under which a name is looked for there.

use alloc::alloc::Layout;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ptr::NonNull;

use super::geometry::Geometry;
use super::kind::EntryKind;
use super::shape::GRANULE;
use crate::memory::layout::{CHAIN_WORDS, Entry, ProducerLine, SleepFlags};
use ringway_shm::sync::{AtomicU32, AtomicWord, CasWord, NATIVE, RaceCell, WORD};

/// Slots start on a pair of cache lines, as they do in a segment.
const SLOT_ALIGN: usize = 128;

/// The words of a ring on the heap.
pub(crate) struct Memory {
    pub(super) producer: ProducerLine,
    pub(super) evictions: Box<[AtomicU32]>,
    pub(super) slots: Box<[AtomicWord]>,
    /// Words before the first slot, for its alignment.
    pub(super) skipped: usize,
    pub(super) ghosts: Box<[RaceCell]>,
    pub(super) waiting: Waiting,
    pub(super) entries: Box<[Entry]>,
    pub(super) claims: Box<[CasWord]>,
    /// Held while a name is looked for among the entries.
    registry: registry::Lock,
    /// What a segment of a chain has to find the others.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(super) chain: Option<Box<dyn core::any::Any + Send + Sync>>,
}

pub(crate) use registry::Registry;

/// Who waits. The view finds what is here by the flags, which are the first.
#[repr(C)]
pub(crate) struct Waiting {
    pub(super) flags: SleepFlags,
    #[cfg(feature = "async")]
    pub(super) tasks: super::tasks::Tasks,
}

impl Waiting {
    fn new() -> Waiting {
        Waiting {
            flags: SleepFlags::new(),
            #[cfg(feature = "async")]
            tasks: super::tasks::Tasks::new(),
        }
    }
}

impl Memory {
    /// Waits while another thread looks for a name.
    pub(crate) fn registry(&self) -> Registry<'_> {
        self.registry.take()
    }
}

/// The lock under which a name is looked for. A thread that waits for it sleeps: the holder may
/// have a lower priority, and no other processor to go on.
#[cfg(all(feature = "std", not(ringway_loom)))]
mod registry {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    #[derive(Debug, Default)]
    pub(crate) struct Lock(Mutex<()>);

    /// Keeps others from looking for a name, until it is dropped.
    pub(crate) type Registry<'a> = MutexGuard<'a, ()>;

    impl Lock {
        pub(crate) fn take(&self) -> Registry<'_> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

/// The same where nothing can sleep, or in a model.
#[cfg(not(all(feature = "std", not(ringway_loom))))]
mod registry {
    use ringway_shm::sync::{CasU32, Ordering, spin_loop};

    /// 1: it is held.
    #[derive(Debug)]
    pub(crate) struct Lock(CasU32);

    impl Default for Lock {
        fn default() -> Self {
            Lock(CasU32::new(0))
        }
    }

    /// Keeps others from looking for a name, until it is dropped.
    #[derive(Debug)]
    pub(crate) struct Registry<'a>(&'a CasU32);

    impl Lock {
        /// Waits for a few stores of others.
        pub(crate) fn take(&self) -> Registry<'_> {
            // SYNC registry: this one sees the entries as the last one left them, in
            // `Registry::drop`.
            let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
            while self.0.compare_exchange(0, 1, order, failed).is_err() {
                spin_loop();
            }
            Registry(&self.0)
        }
    }

    impl Drop for Registry<'_> {
        fn drop(&mut self) {
            // SYNC registry: the next one sees the entries as this one left them, in `Lock::take`.
            self.0.store(0, Ordering::Release);
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("producer", &self.producer).finish_non_exhaustive()
    }
}

/// There is not so much memory.
pub(super) struct OutOfMemory;

/// As many as there are to be, each as `new` makes it.
fn filled<T>(len: usize, new: impl Fn() -> T) -> Result<Box<[T]>, OutOfMemory> {
    let mut all = Vec::new();
    all.try_reserve_exact(len).map_err(|_| OutOfMemory)?;
    all.extend((0..len).map(|_| new()));
    Ok(all.into_boxed_slice())
}

/// Words that are 0, by memory that comes zeroed: pages that are not touched take no room.
///
/// # Safety
///
/// Zeros are a value of `T`.
unsafe fn zeroed<T>(len: usize) -> Result<Box<[T]>, OutOfMemory> {
    let layout = Layout::array::<T>(len).map_err(|_| OutOfMemory)?;
    if layout.size() == 0 {
        // Of things of no size as many as are wanted cost nothing, but here there are none.
        return Ok(Vec::new().into_boxed_slice());
    }
    // SAFETY: the layout has a size.
    let start = unsafe { alloc::alloc::alloc_zeroed(layout) };
    let all = NonNull::new(start.cast::<T>()).ok_or(OutOfMemory)?;
    let all = NonNull::slice_from_raw_parts(all, len);
    // SAFETY: the memory is allocated as that of a box of so many `T`. Each of them is zeros, of
    // which this function's caller promises that they are a value.
    Ok(unsafe { Box::from_raw(all.as_ptr()) })
}

/// Words of the ring's.
fn words(len: usize) -> Result<Box<[AtomicWord]>, OutOfMemory> {
    if !NATIVE {
        return filled(len, || AtomicWord::new(0));
    }
    // SAFETY: natively the word is an integer as it lies in memory, of which zeros are a value.
    unsafe { zeroed(len) }
}

/// The same for words that are exchanged.
fn exchanged_words(len: usize) -> Result<Box<[CasWord]>, OutOfMemory> {
    if !NATIVE {
        return filled(len, || CasWord::new(0));
    }
    // SAFETY: natively the word is an integer as it lies in memory, of which zeros are a value.
    unsafe { zeroed(len) }
}

/// Everything of which the creator chooses how much there is. Nothing is left if there is no more.
pub(super) fn allocate(geometry: &Geometry) -> Result<Memory, OutOfMemory> {
    let measures = geometry.measures;
    let align = SLOT_ALIGN.max(geometry.shape.schema.align);
    let padding = if NATIVE { align / WORD } else { 0 };
    // The slots, and the arena behind them.
    let slots = words((geometry.data_len - geometry.slots_offset) / WORD + padding)?;
    // In units of words; of no account if it cannot be had.
    let skipped = if NATIVE { slots.as_ptr().align_offset(align).min(padding) } else { 0 };
    // For each slot and granule one, which have no size where they are for nothing.
    let ghosts = match NATIVE {
        true => 0,
        false => measures.capacity() + geometry.shape.arena / GRANULE,
    };
    Ok(Memory {
        producer: ProducerLine::new(),
        evictions: filled(
            measures.gates() + if measures.is_chain() { CHAIN_WORDS } else { 0 },
            || AtomicU32::new(0),
        )?,
        slots,
        skipped,
        ghosts: filled(ghosts, RaceCell::default)?,
        waiting: Waiting::new(),
        entries: filled(measures.entries(), Entry::new)?,
        // `Geometry::new` checked that the product fits.
        claims: exchanged_words(
            measures.claims_stride() * measures.entries_of(EntryKind::Shared).len(),
        )?,
        registry: registry::Lock::default(),
        #[cfg(any(feature = "std", ringway_loom))]
        chain: None,
    })
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::eprintln;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::registry::Lock;

    /// Lets this thread run on the first processor alone that it may run on.
    fn pin() {
        // SAFETY: a set of bits, all of which may be 0.
        let mut all: libc::cpu_set_t = unsafe { core::mem::zeroed() };
        let size = size_of::<libc::cpu_set_t>();
        // SAFETY: the kernel writes the set, which is as long as that.
        assert_eq!(unsafe { libc::sched_getaffinity(0, size, &mut all) }, 0);
        let first = (0..libc::CPU_SETSIZE as usize).find(|&cpu| {
            // SAFETY: looks at one bit of the set.
            unsafe { libc::CPU_ISSET(cpu, &all) }
        });
        // SAFETY: a set of bits, all of which may be 0.
        let mut one: libc::cpu_set_t = unsafe { core::mem::zeroed() };
        // SAFETY: sets one bit of the set.
        unsafe { libc::CPU_SET(first.unwrap(), &mut one) };
        // SAFETY: the kernel reads the set.
        assert_eq!(unsafe { libc::sched_setaffinity(0, size, &one) }, 0);
    }

    /// Gives this thread a priority over all that have none.
    fn has_priority() -> bool {
        let priority = libc::sched_param { sched_priority: 1 };
        // SAFETY: the kernel reads the parameters.
        unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &priority) == 0 }
    }

    /// Processor time that this thread has used.
    fn used() -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the kernel writes the time.
        assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) }, 0);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    /// The holder needs the processor that the one with priority would keep from it by spinning.
    #[test]
    fn who_waits_for_the_registry_leaves_the_processor_to_its_holder() {
        let (lock, asks) = (Lock::default(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                pin();
                let held = lock.take();
                let urgent = scope.spawn(|| {
                    pin();
                    if !has_priority() {
                        asks.store(true, Ordering::Relaxed);
                        eprintln!("not checked: this user may give no priority");
                        return None;
                    }
                    let before = used();
                    asks.store(true, Ordering::Relaxed);
                    drop(lock.take());
                    Some(used() - before)
                });
                while !asks.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                // It asks by now: nothing else of lower priority runs here until it sleeps.
                drop(held);
                let used = urgent.join().unwrap();
                assert!(used.is_none_or(|used| used < Duration::from_millis(50)), "{used:?}");
            });
        });
    }
}
