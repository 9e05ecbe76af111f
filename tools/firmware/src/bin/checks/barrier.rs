//! A barrier in a `static`, by loads and stores alone: one party is an interrupt, which does not wait, and the other
//! the main loop, which waits for an event.

use core::sync::atomic::{AtomicU32, Ordering};

use firmware::board::{Event, again_in, pauses, start};
use firmware::{Given, Random, println};
use ringway_sync::{StaticBarrier, StaticParty};

/// Phases in which both write, and then read. Between any two is one more.
const PHASES: u32 = 5_000;

static BARRIER: StaticBarrier<2, Event> = StaticBarrier::with_wait(Event);
/// What the two parties write, each its own.
static WRITTEN: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

struct Comes {
    party: StaticParty<'static, 2, Event>,
    /// The phase that it comes to next.
    phase: u32,
    random: Random,
}

static COMES: Given<Comes> = Given::nothing();

fn come() {
    // SAFETY: this is the handler.
    let Some(comes) = (unsafe { COMES.get() }) else { return };
    if comes.phase % 2 == 0 {
        WRITTEN[1].store(comes.phase / 2 + 1, Ordering::Relaxed);
    }
    if let Some(phase) = comes.party.try_wait() {
        assert_eq!(phase, comes.phase);
        if phase % 2 == 0 {
            assert_eq!(WRITTEN[0].load(Ordering::Relaxed), phase / 2 + 1);
        }
        comes.phase += 1;
    }
    again_in(1 + comes.random.below(24));
}

/// Each sees behind a phase what the other wrote before it.
pub fn phases() {
    // SAFETY: the only parties of the barrier, each at a place of its own.
    let [mine, theirs] = [0, 1].map(|place| unsafe { BARRIER.assume_party(place) });
    let (mut mine, party) = (mine.unwrap(), theirs.unwrap());
    // SAFETY: the timer stands still.
    *unsafe { COMES.get() } = Some(Comes { party, phase: 0, random: Random::new(21) });
    let (before, mut random) = (pauses(), Random::new(23));
    start(come);
    for phase in 0..PHASES {
        WRITTEN[0].store(phase + 1, Ordering::Relaxed);
        assert_eq!(mine.wait(), 2 * phase);
        assert_eq!(WRITTEN[1].load(Ordering::Relaxed), phase + 1);
        assert_eq!(mine.wait(), 2 * phase + 1);
        for _ in 0..random.below(128) {
            core::hint::spin_loop();
        }
    }
    let pauses = pauses() - before;
    assert!(pauses > 0, "it never had to wait");
    println!("    {PHASES} phases of each kind, {pauses} pauses");
}
