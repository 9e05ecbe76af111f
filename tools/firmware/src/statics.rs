//! What is in a `static` and is no ring, and the operations on it whose size and instructions are counted, as those
//! of rings in [`roots`](crate::roots).

use ringway_sync::{
    StaticBarrier, StaticCell, StaticParty, StaticReader, StaticWriter, cell_words,
};

use crate::message::Sample;

/// Words of two copies of a sample.
pub const WORDS: usize = cell_words::<Sample>();
/// A cell with a sample.
pub type Cell = StaticCell<Sample, WORDS>;
/// A barrier of two.
pub type Barrier = StaticBarrier<2>;

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_cell_set(
    writer: &mut StaticWriter<'static, Sample, WORDS>,
    value: &Sample,
) {
    writer.set(value);
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_cell_read(
    reader: &mut StaticReader<'static, Sample, WORDS>,
) -> Option<Sample> {
    reader.try_next().ok().flatten()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_barrier_come(party: &mut StaticParty<'static, 2>) -> u32 {
    party.arrive()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_barrier_look(party: &mut StaticParty<'static, 2>) -> Option<u32> {
    party.try_wait()
}

/// A call that waits, which is not measured; but it does not panic either.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn blocking_barrier(party: &mut StaticParty<'static, 2>) -> u32 {
    party.wait()
}

#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use with_exchange::*;

/// What takes compare-and-swap.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod with_exchange {
    use ringway_sync::{
        StaticLock, StaticLockGuard, StaticMutex, StaticOnce, StaticPermit, StaticSemaphore,
        StaticSignal, once_words,
    };

    use super::{Sample, WORDS};

    /// A mutex with a sample.
    pub type Mutex = StaticMutex<Sample, WORDS>;
    /// A semaphore of four permits.
    pub type Semaphore = StaticSemaphore<4>;
    /// A sample that is made once.
    pub type Once = StaticOnce<Sample, { once_words::<Sample>() }>;

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_lock_lock(lock: &'static StaticLock) -> StaticLockGuard<'static> {
        lock.lock()
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_lock_unlock(guard: StaticLockGuard<'static>) {
        drop(guard);
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_mutex_change(mutex: &'static Mutex, number: u32) {
        mutex.lock().number = number;
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_mutex_peek(mutex: &'static Mutex) -> Option<Sample> {
        mutex.peek().ok()
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_semaphore_acquire(
        semaphore: &'static Semaphore,
    ) -> StaticPermit<'static, 4> {
        semaphore.acquire()
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_semaphore_release(permit: StaticPermit<'static, 4>) {
        drop(permit);
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_signal_post(signal: &'static StaticSignal) -> bool {
        signal.post().is_ok()
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_signal_wait(signal: &'static StaticSignal) {
        signal.wait();
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_once_make(once: &'static Once, number: u32) -> Sample {
        once.get_or_init(|| Sample::new(number))
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn ringway_once_get(once: &'static Once) -> Option<Sample> {
        once.get()
    }
}
