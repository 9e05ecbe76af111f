//! Says what each operation on what is in a `static` and is no ring costs, as `measure` does of rings. It is a program
//! of its own, so that neither changes what the compiler makes of the other.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use firmware::board::{self, Counter};
use firmware::message::Sample;
use firmware::{exit, println, statics};

/// How often each is done.
const TIMES: u32 = 4096;

#[board::entry]
fn main() -> ! {
    let counter = Counter::new();
    cell_and_barrier(counter);
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    locks(counter);
    exit(0)
}

/// Says what a pair of operations costs, with their calls, and the memory that they work on.
fn pair(counter: Counter, name: &str, ram: usize, mut both: impl FnMut(u32)) {
    let hundredths = counter.hundredths(|| (0..TIMES).for_each(&mut both));
    println!("instructions {name} {}", hundredths / u64::from(TIMES));
    println!("ram {name} {ram}");
}

/// What loads and stores are enough for.
fn cell_and_barrier(counter: Counter) {
    static CELL: statics::Cell = statics::Cell::new(Sample::FIRST);
    // SAFETY: the only writer of the cell.
    let mut writer = unsafe { CELL.assume_writer() };
    let (mut reader, sample) = (CELL.reader(), Sample::new(1));
    pair(counter, "ringway_cell", size_of_val(&CELL), |_| {
        statics::ringway_cell_set(&mut writer, &sample);
        assert!(statics::ringway_cell_read(&mut reader).is_some());
    });
    println!("handles ringway_cell {}", size_of_val(&writer) + size_of_val(&reader));

    static BARRIER: statics::Barrier = statics::Barrier::new();
    // SAFETY: the only parties of the barrier, each at a place of its own.
    let [first, second] = [0, 1].map(|place| unsafe { BARRIER.assume_party(place) });
    let (mut first, mut second) = (first.unwrap(), second.unwrap());
    pair(counter, "ringway_barrier", size_of_val(&BARRIER), |phase| {
        assert_eq!(statics::ringway_barrier_come(&mut first), phase);
        assert_eq!(statics::ringway_barrier_look(&mut second), Some(phase));
        assert_eq!(statics::ringway_barrier_look(&mut first), Some(phase));
    });
    println!("handles ringway_barrier {}", size_of_val(&first) + size_of_val(&second));
}

/// What takes compare-and-swap.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
fn locks(counter: Counter) {
    static LOCK: ringway_sync::StaticLock = ringway_sync::StaticLock::new();
    pair(counter, "ringway_lock", size_of_val(&LOCK), |_| {
        statics::ringway_lock_unlock(statics::ringway_lock_lock(&LOCK));
    });
    static MUTEX: statics::Mutex = statics::Mutex::new(Sample::FIRST);
    pair(counter, "ringway_mutex", size_of_val(&MUTEX), |number| {
        statics::ringway_mutex_change(&MUTEX, number);
        assert!(statics::ringway_mutex_peek(&MUTEX).is_some());
    });
    static SEMAPHORE: statics::Semaphore = statics::Semaphore::new();
    pair(counter, "ringway_semaphore", size_of_val(&SEMAPHORE), |_| {
        statics::ringway_semaphore_release(statics::ringway_semaphore_acquire(&SEMAPHORE));
    });
    static SIGNAL: ringway_sync::StaticSignal = ringway_sync::StaticSignal::new();
    pair(counter, "ringway_signal", size_of_val(&SIGNAL), |_| {
        assert!(statics::ringway_signal_post(&SIGNAL));
        statics::ringway_signal_wait(&SIGNAL);
    });
    static ONCE: statics::Once = statics::Once::new();
    assert_eq!(statics::ringway_once_make(&ONCE, 1), Sample::new(1));
    pair(counter, "ringway_once", size_of_val(&ONCE), |number| {
        // It is there, and stays.
        let made = statics::ringway_once_make(&ONCE, number);
        assert!(statics::ringway_once_get(&ONCE).is_some() && made.number == 1);
    });
}

#[panic_handler]
fn failed(info: &PanicInfo<'_>) -> ! {
    println!("FAILED: {info}");
    exit(1)
}
