//! A task that the other side of its ring wakes by itself: the waker lies in the ring's memory.

use core::task::Waker;

use super::sealed::SleepsOn;
use crate::memory::Place;
use crate::protocol::wake::Awaited;
use ringway_shm::event::Token;

/// How the task of a handle asks to be woken.
#[derive(Debug)]
pub(super) struct Ask {
    place: Place,
    awaited: Awaited,
    /// How it last asked; `None`: it has to ask anew.
    seen: Option<Token>,
}

impl Ask {
    /// For a handle of a ring on the heap. `None`: the ring is another one, or there is no memory.
    pub(super) fn new(awaited: Awaited) -> Option<Ask> {
        let place = awaited.storage.place_for_task(awaited.word()?)?;
        Some(Ask { place, awaited, seen: None })
    }

    /// Has the task woken when the other side rings from here on. The caller looks once more after
    /// this. `false`: the kernel does not let the other side see that.
    pub(super) fn register(&mut self, waker: &Waker) -> bool {
        self.place.register(waker);
        // Behind the registration: what no waker was woken for is seen here.
        if self.seen.is_none_or(|token| self.awaited.has_rung(token)) {
            let token = self.awaited.prepare();
            // SYNC awaited, sole-waiter, ring-task: the heavy fence of `EventCount::arm_since`, and
            // of `SoleWaiter::arm`; and for the side that rings, in `Tasks::wake`.
            let is_reached = self.awaited.fences.heavy();
            self.seen = token.map(|token| token.confirm(is_reached));
        }
        self.seen.is_some_and(Token::is_reached)
    }

    /// The next time it asks anew.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }

    /// Whether it is that handle's, in this process: not one that the process was forked from.
    pub(super) fn is_of(&self, handle: SleepsOn<'_>) -> bool {
        self.place.is_here() && handle.is(Some(&self.awaited))
    }
}
