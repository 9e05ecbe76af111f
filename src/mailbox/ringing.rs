//! How a sender waits, and rings.

use core::fmt;
use core::task::Waker;

use super::door::Bell;
use ringway_shm::wait::{AdaptiveSpin, Pause, Wait};

/// How the producer in a [`Sender`](super::Sender) waits: as `W` does, and with each publication it
/// wakes receivers that sleep. That costs a look at one word.
pub struct Ringing<W = AdaptiveSpin> {
    pub(super) bell: Bell,
    pub(super) inner: W,
}

impl<W: Wait> Wait for Ringing<W> {
    #[inline(always)]
    fn pause(&mut self, round: u32) -> Pause {
        self.inner.pause(round)
    }

    #[inline(always)]
    fn quick_rounds(&self) -> u32 {
        self.inner.quick_rounds()
    }

    fn pause_for_room(&mut self, round: u32) -> Pause {
        self.inner.pause_for_room(round)
    }

    fn linger(&mut self, round: u32) -> bool {
        self.inner.linger(round)
    }

    #[inline(always)]
    fn notify(&mut self) {
        self.bell.ring();
        self.inner.notify();
    }

    fn register(&mut self, waker: &Waker) -> bool {
        self.inner.register(waker)
    }
}

impl<W: fmt::Debug> fmt::Debug for Ringing<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ringing").field(&self.inner).finish()
    }
}
