//! Everything that users of rings and of what else is in a `static` call, in a program that prints nothing: in its image there is to be nothing of
//! a panic, which `cargo xtask firmware` looks for. It runs, too.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use firmware::board::{self, Event};
use firmware::message::{MAX_LEN, Sample};
use firmware::{exit, ring, roots, statics};
use ringway::{Overflow, Start, Static};

#[board::entry]
fn main() -> ! {
    exit(if run().is_some() { 0 } else { 1 })
}

/// `None`: something went wrong.
fn run() -> Option<()> {
    let ok = |yes: bool| yes.then_some(());
    let parts = roots::ringway_split(ring!(roots::Words))?;
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    let mut observer = parts.ring.observe(Start::Next).ok()?;
    let mut buffer = [0; 4];
    ok(roots::ringway_send(&mut producer, 7))?;
    ok(roots::ringway_recv(&mut subscriber)? == 7)?;
    ok(roots::ringway_observe(&mut observer)? == 7)?;
    ok(roots::ringway_batch_send(&mut producer, &[1, 2, 3]) == 3)?;
    ok(roots::ringway_batch_recv(&mut subscriber, &mut buffer) == 3)?;
    let mut producer = producer.with_wait(Event);
    let mut subscriber = subscriber.with_wait(Event);
    ok(roots::blocking_send(&mut producer, &[1, 2, 3, 4]))?;
    ok(roots::blocking_recv(&mut subscriber, &mut buffer)? == 5)?;

    let parts = ring!(Static<Sample, 16>).split_mut(Overflow::Wait, 0).ok()?;
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    ok(roots::ringway_sample_send(&mut producer, &Sample::new(7)))?;
    ok(roots::ringway_sample_recv(&mut subscriber)? == Sample::new(7))?;

    let parts = ring!(roots::Lengths).split_mut(Overflow::Wait, 0).ok()?;
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    let mut buffer = [0; MAX_LEN];
    ok(roots::ringway_bytes_send(&mut producer, b"seven"))?;
    ok(roots::ringway_bytes_recv(&mut subscriber, &mut buffer) == 5)?;
    let mut producer = producer.with_wait(Event);
    let mut subscriber = subscriber.with_wait(Event);
    ok(roots::blocking_bytes(&mut producer, &mut subscriber, &mut buffer) == 1 + MAX_LEN)?;
    ok(cell_and_barrier()?)?;
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ok(locks())?;
    Some(())
}

/// What loads and stores are enough for.
fn cell_and_barrier() -> Option<bool> {
    static CELL: statics::Cell = statics::Cell::new(Sample::FIRST);
    // SAFETY: the only writer of the cell.
    let mut writer = unsafe { CELL.assume_writer() };
    let mut reader = CELL.reader();
    statics::ringway_cell_set(&mut writer, &Sample::new(7));
    let read = statics::ringway_cell_read(&mut reader)?;
    static BARRIER: statics::Barrier = statics::Barrier::new();
    // SAFETY: the only party at the place.
    let mut first = unsafe { BARRIER.assume_party(0) }?;
    // SAFETY: the only party at the place.
    let mut second = unsafe { BARRIER.assume_party(1) }?;
    let come = statics::ringway_barrier_come(&mut first);
    let over = statics::ringway_barrier_look(&mut second)?;
    let waited = statics::blocking_barrier(&mut first);
    Some(read == Sample::new(7) && (come, over, waited) == (0, 0, 0))
}

/// What takes compare-and-swap.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
fn locks() -> bool {
    static LOCK: ringway_sync::StaticLock = ringway_sync::StaticLock::new();
    static MUTEX: statics::Mutex = statics::Mutex::new(Sample::FIRST);
    static SEMAPHORE: statics::Semaphore = statics::Semaphore::new();
    static SIGNAL: ringway_sync::StaticSignal = ringway_sync::StaticSignal::new();
    static ONCE: statics::Once = statics::Once::new();
    let guard = statics::ringway_lock_lock(&LOCK);
    let alone = LOCK.try_lock().is_none();
    statics::ringway_lock_unlock(guard);
    statics::ringway_mutex_change(&MUTEX, 7);
    let peeked = statics::ringway_mutex_peek(&MUTEX);
    let permit = statics::ringway_semaphore_acquire(&SEMAPHORE);
    let available = SEMAPHORE.available();
    statics::ringway_semaphore_release(permit);
    let posted = statics::ringway_signal_post(&SIGNAL);
    statics::ringway_signal_wait(&SIGNAL);
    let made = statics::ringway_once_make(&ONCE, 7);
    alone
        && peeked.is_some_and(|sample| sample.number == 7)
        && available == 3
        && posted
        && statics::ringway_once_get(&ONCE) == Some(made)
}

#[panic_handler]
fn failed(_: &PanicInfo<'_>) -> ! {
    exit(2)
}
