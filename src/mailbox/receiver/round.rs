//! Where a receiver is in its round.

use super::taker::Held;

/// Messages that are taken of a lane while others have something.
const TURN: usize = 16;

/// Where a receiver is in its round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// Which lane is visited.
    pub(super) at: usize,
    /// How many more messages are taken of it.
    pub(super) left: usize,
}

impl Round {
    pub(super) fn goes_on(&mut self, lanes: usize) {
        self.at = if self.at + 1 < lanes { self.at + 1 } else { 0 };
        self.left = TURN;
    }
}

/// Messages that were taken, of the lane with that number among the receiver's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken<R> {
    pub(crate) lane: usize,
    pub(crate) what: R,
    pub(crate) held: Held,
}
