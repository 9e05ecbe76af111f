//! What a member sleeps on.

use alloc::sync::Arc;

use crate::protocol::wake::{Awaited, Side};
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::sleeper::Scout;
use ringway_shm::sync::{Futex, Ordering};

/// What a member sleeps on, apart from the member. It keeps the memory in which the word lies.
#[derive(Clone, Debug)]
pub(super) enum Slept {
    Ring(Awaited),
    /// An object of a region.
    Object(Arc<dyn Scout>),
}

impl Slept {
    /// The word; `None` if this process cannot reach it.
    pub(super) fn word(&self) -> Option<&Futex> {
        match self {
            Slept::Ring(awaited) => awaited.word(),
            Slept::Object(scout) => scout.word(),
        }
    }

    /// Whether it is a sole waiter's, which is armed for each sleep.
    pub(super) fn is_sole(&self) -> bool {
        match self {
            Slept::Ring(awaited) => awaited.side == Side::Producer,
            Slept::Object(scout) => scout.is_sole(),
        }
    }

    pub(super) fn fences(&self) -> Fences {
        match self {
            Slept::Ring(awaited) => awaited.fences,
            Slept::Object(scout) => scout.fences(),
        }
    }

    /// Asks to be woken, without the heavy fence.
    pub(super) fn prepare(&self) -> Option<Token> {
        match self {
            Slept::Ring(awaited) => awaited.prepare(),
            Slept::Object(scout) => scout.prepare(),
        }
    }

    /// Whether it has been woken since.
    pub(super) fn has_rung(&self, token: Token) -> bool {
        match self {
            Slept::Ring(awaited) => awaited.has_rung(token),
            Slept::Object(scout) => scout.has_rung(token),
        }
    }

    /// The caller has slept on the word while it was `expected`. Where one waiter is woken at a time
    /// that was this thread, perhaps: it passes the wake-up on, as what the set finds it does not
    /// take. See [`ringway_shm::sleeper`].
    pub(super) fn lets_go(&self, expected: u32) {
        let Slept::Object(scout) = self else { return };
        // What has not rung has woken none.
        if scout.word().is_some_and(|word| word.load(Ordering::Relaxed) != expected) {
            scout.lets_go();
        }
    }
}
