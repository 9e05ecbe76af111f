//! A pair of fences, one cheap and one dear.
//!
//! Whoever sleeps and whoever wakes run the two halves of a store-then-load pattern: each stores
//! its own word and then looks at the other's, and at least one of them has to see the other's
//! store. That takes a full fence on both sides. The side that runs for every message can have its
//! fence reduced to one for the compiler if the other side, about to sleep anyway, asks the kernel
//! to run the missing fence on it: `membarrier(GLOBAL_EXPEDITED)`, Linux 4.16. The kernel's promise
//! (membarrier(2)): every running thread of every process that registered passes a full barrier
//! between the call's start and its return, and a thread that is not running passes one when it is
//! scheduled.
//!
//! Under loom both are `fence(SeqCst)`, or, in models in which nobody sleeps, the light one is nothing.

use core::sync::atomic::compiler_fence;

use crate::sync::{Ordering, barrier_everywhere, fence, register_barrier};

/// The header's word for "a full fence on both sides".
pub(crate) const MODE_FULL: u32 = 0;
/// The header's word for "a full fence on both sides, after a producer that had registered": consumers
/// who were attached then rely on the heavy fence to reach them.
pub(crate) const MODE_FULL_REACHING: u32 = 2;
/// The header's word for "the producer has registered, and its own heavy fence is the kernel's".
pub(crate) const MODE_ASYMMETRIC: u32 = 1;

/// The fences of one handle. What they are is decided once, when the handle is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fences {
    /// The kernel runs our light fence for us.
    light_is_free: bool,
    /// The other side's light fence may be free, so that our heavy one has to reach it.
    heavy_reaches_out: bool,
}

impl Fences {
    /// Full fences, for whoever has no kernel to ask.
    pub(crate) const FULL: Fences = Fences { light_is_free: false, heavy_reaches_out: false };

    /// The producer's: asymmetric if that is wanted and the kernel agrees.
    pub(crate) fn for_producer(asymmetric: bool) -> Fences {
        if asymmetric && register_barrier() && barrier_everywhere() {
            Fences { light_is_free: true, heavy_reaches_out: true }
        } else {
            Fences::FULL
        }
    }

    /// Those of a producer that takes over from one whose fences were asymmetric, or were not. Consumers
    /// that are attached go by what they found, so that our heavy fence reaches out as before.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn for_successor(asymmetric: bool) -> Fences {
        let fences = Fences::for_producer(asymmetric);
        Fences { heavy_reaches_out: asymmetric, ..fences }
    }

    /// A consumer's, on a ring whose producer runs in `mode`. A process that the kernel refuses to
    /// register keeps its light fence full; one that may not call the barrier is told so by
    /// [`heavy`](Self::heavy).
    pub(crate) fn for_consumer(mode: u32) -> Fences {
        if mode == MODE_ASYMMETRIC {
            Fences { light_is_free: register_barrier(), heavy_reaches_out: true }
        } else {
            Fences::FULL
        }
    }

    /// What the producer writes into the header.
    pub(crate) fn mode(self) -> u32 {
        match (self.light_is_free, self.heavy_reaches_out) {
            (true, _) => MODE_ASYMMETRIC,
            (false, true) => MODE_FULL_REACHING,
            (false, false) => MODE_FULL,
        }
    }

    /// The fence of whoever publishes or releases. Pairs with the other side's [`heavy`](Self::heavy).
    #[inline(always)]
    pub(crate) fn light(self) {
        if self.light_is_free {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The fence of whoever is about to sleep. Pairs with the other side's [`light`](Self::light).
    /// `false`: the fence did not reach the other side, so that a wake-up may be missed and the
    /// sleep has to be short.
    pub(crate) fn heavy(self) -> bool {
        fence(Ordering::SeqCst);
        !self.heavy_reaches_out || barrier_everywhere()
    }
}
