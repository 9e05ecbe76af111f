//! How far the producer may go.
//!
//! It owns a limit: the first position that it may not publish yet. At the limit it makes `head`
//! exact and reads all gates, one event every eighth of a ring. So a joiner is seen soon, and
//! somebody who asks for the oldest message can be promised seven eighths of the ring.

use crate::geometry::Overflow;
use crate::position::Pos;
use crate::storage::View;
use crate::sync::{Ordering, Signed, fence};

/// The producer's private account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    /// The position of the next message.
    pub(crate) next: Pos,
    /// The first position that may not be published yet. Never before `next`, and never goes down:
    /// an honest gate can lie more than a lap back for a moment (a joiner's first), and what was
    /// granted before is granted.
    limit: Pos,
    /// `lapped` has been stored.
    lapped: bool,
}

impl Credit {
    /// None yet: the first message, at that position, refills it.
    pub(crate) fn new(view: &View, next: Pos) -> Credit {
        let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
        Credit { next, limit: next, lapped }
    }

    /// Whether the next message may be published.
    #[inline(always)]
    pub(crate) fn check(&mut self, view: &View) -> bool {
        self.next != self.limit || self.refill(view)
    }

    /// Whether the next `messages` may be published: no more than an eighth of the ring, or one.
    pub(crate) fn check_for(&mut self, messages: usize, view: &View) -> bool {
        self.left() >= messages || (self.refill(view) && self.left() >= messages)
    }

    /// Messages that may be published without asking again.
    #[inline]
    pub(crate) fn left(&self) -> usize {
        // The limit is never before the next message.
        self.limit.since(self.next) as usize
    }

    /// Stores the exact head.
    pub(crate) fn publish_head(&mut self, view: &View) {
        let line = view.producer();
        // Pairs with the fences in `join`: who sees this head sees every message before it.
        line.head.store(self.next.number(), Ordering::Release);
        if !self.lapped
            && self.next.since(view.geometry().origin()) >= view.geometry().capacity() as Signed
        {
            self.lapped = true;
            // Pairs with the fence after it is loaded in `join`: who sees it sees a head that is at
            // least a capacity past the origin.
            line.lapped.store(1, Ordering::Release);
        }
    }

    #[cold]
    pub(crate) fn refill(&mut self, view: &View) -> bool {
        self.publish_head(view);
        let geometry = view.geometry();
        let mut room = geometry.credit() as Signed;
        if geometry.shape.overflow == Overflow::Wait {
            // Pairs with the fence in `join`: either this scan sees a joiner's first gate, or the
            // joiner's second look at the head sees the one just stored.
            fence(Ordering::SeqCst);
            for entry in view.entries() {
                let Some(gate) = Pos::from_gate(entry.gate.load(Ordering::Relaxed)) else {
                    continue;
                };
                let lag = self.next.since(gate);
                // A gate above the exact head is a lie: nobody can need what has not been sent.
                if lag >= 0 {
                    room = room.min(geometry.capacity() as Signed - lag);
                }
            }
            // Pairs with the gates' stores: what a consumer read before it let go of a slot, it has
            // read before the slot is written again.
            fence(Ordering::Acquire);
        }
        if room > 0 {
            self.limit = self.limit.max(self.next.plus(room as usize));
        }
        self.next != self.limit
    }
}
