//! A timer's interrupt, a count of instructions, a way to wait: what differs from board to board.

#[cfg(target_arch = "arm")]
#[path = "cortex_m.rs"]
mod imp;
#[cfg(target_arch = "riscv32")]
#[path = "riscv.rs"]
mod imp;

use core::cell::UnsafeCell;
use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

pub use imp::{Event, again_in, entry};

static PAUSES: AtomicU32 = AtomicU32::new(0);

/// Pauses that were made.
pub fn pauses() -> u32 {
    PAUSES.load(Ordering::Relaxed)
}

fn count_pause() {
    // Only the main program waits.
    PAUSES.store(pauses() + 1, Ordering::Relaxed);
}

/// The handler of the timer's interrupt.
struct Handler(UnsafeCell<fn()>);

// SAFETY: it is changed while the timer stands still, and there is one core.
unsafe impl Sync for Handler {}

static HANDLER: Handler = Handler(UnsafeCell::new(|| ()));

/// Has `handler` called by the timer's interrupt, for the first time soon. It says when it wants to be called
/// again by [`again_in`]; else it is not.
pub fn start(handler: fn()) {
    stop();
    // SAFETY: the timer stands still.
    unsafe { *HANDLER.0.get() = handler };
    // What the main program has put there for the handler, it has put there before it can come.
    compiler_fence(Ordering::SeqCst);
    again_in(50);
    imp::unmask();
}

/// No more interrupts, until the next start.
pub fn stop() {
    imp::mask();
    // What the handler has left, the main program reads only now.
    compiler_fence(Ordering::SeqCst);
}

/// What the boards' vectors call.
fn interrupted() {
    // SAFETY: nobody changes it while the timer runs.
    let handler = unsafe { *HANDLER.0.get() };
    handler();
}

/// A clock of which it is known how many instructions of QEMU a tick of it is.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// Ticks for so many instructions.
    ticks: u64,
    instructions: u64,
}

impl Counter {
    /// Compares the clock with a loop of known length.
    pub fn new() -> Counter {
        const TURNS: u32 = 1_000_000;
        let ticks = imp::ticks(|| imp::two_instructions(TURNS));
        Counter { ticks: ticks.into(), instructions: 2 * u64::from(TURNS) }
    }

    /// Instructions that `work` takes, a hundred for each that there are.
    pub fn hundredths(self, work: impl FnOnce()) -> u64 {
        let ticks = imp::ticks(|| {
            work();
            black_box(())
        });
        100 * u64::from(ticks) * self.instructions / self.ticks
    }
}

impl Default for Counter {
    fn default() -> Self {
        Counter::new()
    }
}
