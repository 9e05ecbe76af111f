//! How far the producer may go.
//!
//! It owns a limit: the first position that it may not publish yet. At the limit it makes `head`
//! exact and reads all gates, one event every eighth of a ring. So a joiner is seen soon, and
//! somebody who asks for the oldest message can be promised seven eighths of the ring.

use crate::geometry::Overflow;
use crate::layout::{Entry, SMALL};
use crate::position::Pos;
use crate::storage::View;
use crate::sync::{Ordering, Signed, Word, fence};

/// Whether there is eviction. A microcontroller has no room for it in its flash: there `Options` offers no limit, and
/// nothing in a ring's header could set one.
pub(crate) const EVICTS: bool = !SMALL;

/// How long a subscriber may hold the producer back. Chosen by the ring's creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Messages that it may lag behind; a capacity or more: as many as it takes.
    pub(crate) max_lag: usize,
    /// Milliseconds for which it may keep the producer waiting; `u32::MAX`: for ever.
    pub(crate) max_hold: u32,
    /// The same for a durable one that is away.
    pub(crate) max_away: u32,
}

impl Limits {
    /// As long as it takes.
    pub(crate) fn none(capacity: usize) -> Limits {
        Limits { max_lag: capacity, max_hold: u32::MAX, max_away: u32::MAX }
    }

    /// What stands in the segment, whose data is the producer's own.
    pub(crate) fn read(view: &View) -> Limits {
        let line = view.producer();
        Limits {
            max_lag: line.max_lag.load(Ordering::Relaxed) as usize,
            max_hold: line.max_hold.load(Ordering::Relaxed),
            max_away: line.max_away.load(Ordering::Relaxed),
        }
    }

    /// Whether a subscriber that is there can be evicted. One that comes back can be taken for being away
    /// still.
    pub(crate) fn evict(self, view: &View) -> bool {
        let most = u32::MAX;
        EVICTS
            && (self.max_lag < view.geometry().capacity()
                || self.max_hold != most
                || self.max_away != most)
    }

    pub(crate) fn write(self, view: &View) {
        let line = view.producer();
        line.max_lag.store(self.max_lag as Word, Ordering::Relaxed);
        line.max_hold.store(self.max_hold, Ordering::Relaxed);
        line.max_away.store(self.max_away, Ordering::Relaxed);
    }
}

/// How often one refill looks at a gate that changes under it.
const LOOKS: u32 = 8;

/// The producer's private account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    max_lag: usize,
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
    pub(crate) fn new(view: &View, next: Pos, max_lag: usize) -> Credit {
        let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
        Credit { max_lag, next, limit: next, lapped }
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
        self.refill_evicting(view, |_| false)
    }

    /// The same, evicting those who leave no room for the next message and of whom `too_long` says, given
    /// an entry's index, that they have done so for too long.
    #[cold]
    pub(crate) fn refill_evicting(
        &mut self,
        view: &View,
        too_long: impl Fn(usize) -> bool,
    ) -> bool {
        self.publish_head(view);
        let geometry = view.geometry();
        let mut room = geometry.credit() as Signed;
        if geometry.shape.overflow == Overflow::Wait {
            // Pairs with the fence in `join`: either this scan sees a joiner's first gate, or the
            // joiner's second look at the head sees the one just stored.
            fence(Ordering::SeqCst);
            for (index, entry) in view.entries().iter().enumerate() {
                let lag = self.lag_allowed(view, index, entry, &too_long);
                if let Some(lag) = lag.or_else(|| self.lag_pinned(view, entry)) {
                    room = room.min(geometry.capacity() as Signed - lag);
                }
            }
            // Pairs with the stores to gates and pins: what a consumer read before it let go of a slot, it
            // has read before the slot is written again.
            fence(Ordering::Acquire);
        }
        if room > 0 {
            self.limit = self.limit.max(self.next.plus(room as usize));
        }
        self.next != self.limit
    }

    /// How far the owner of an entry, which holds nothing back or has been evicted, lags behind if it reads a
    /// message in place, which it may finish.
    fn lag_pinned(&self, view: &View, entry: &Entry) -> Option<Signed> {
        if !EVICTS || !view.geometry().shape.pins {
            return None;
        }
        let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
        let pinned = entry.pinned.load(Ordering::Relaxed) != 0;
        pinned.then(|| self.next.since(gate))
    }

    /// How far an entry's owner lags behind, if it holds anything back. Evicts it if it lags too far, or
    /// leaves no room and `too_long` says, given the entry's index, that it has done so for too long.
    fn lag_allowed(
        &self,
        view: &View,
        index: usize,
        entry: &Entry,
        too_long: &impl Fn(usize) -> bool,
    ) -> Option<Signed> {
        let capacity = view.geometry().capacity() as Signed;
        // Where there is no limit a lag may be more than a capacity for a moment: a joiner's first gate.
        let limit = if EVICTS && self.max_lag < capacity as usize {
            self.max_lag as Signed
        } else {
            Signed::MAX
        };
        let first = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
        // Before the gates that count are loaded: it may take a system call.
        let too_long = self.next.since(first) >= capacity && too_long(index);
        for look in 1..=LOOKS {
            let word = entry.gate.load(Ordering::Relaxed);
            let gate = Pos::from_gate(word)?;
            if is_evicted(view, index, entry) {
                return None;
            }
            let lag = self.next.since(gate);
            // A gate above the exact head is a lie: nobody can need what has not been sent.
            if (0..=limit).contains(&lag) && !(too_long && lag >= capacity) {
                return Some(lag);
            }
            // The only reason where there is no eviction: a lie holds nothing back.
            if !EVICTS {
                return None;
            }
            // Whoever has blocked for too long and changes its gate faster than one can look is evicted
            // for that.
            if evict(view, index, entry, word, too_long && look == LOOKS) {
                return None;
            }
        }
        // There is no room for now, for the benefit of the doubt.
        Some(capacity)
    }
}

/// The gates of those who have joined and not been evicted. A joiner that is still about to has a gate
/// already, but no place yet.
pub(crate) fn gates(view: &View) -> impl Iterator<Item = Pos> + '_ {
    joined(view).map(|(_, gate)| gate)
}

/// The same with their entries.
pub(crate) fn joined(view: &View) -> impl Iterator<Item = (&Entry, Pos)> + '_ {
    view.entries().iter().enumerate().filter_map(|(index, entry)| {
        if entry.joined.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
        (!is_evicted(view, index, entry)).then_some((entry, gate))
    })
}

/// Whether an entry's owner has been evicted, its gate having been loaded. There is a gate, so that its
/// owner has a generation, which is not 0; who says 0 there has forged it, and holds nothing.
fn is_evicted(view: &View, index: usize, entry: &Entry) -> bool {
    if !EVICTS {
        return false;
    }
    // Pairs with the release of a gate by the entry's next owner: who sees that gate sees its
    // generation, which was not evicted.
    fence(Ordering::Acquire);
    let generation = entry.generation.load(Ordering::Relaxed);
    view.evicted(index).is_none_or(|word| word.load(Ordering::Relaxed) == generation)
}

/// Holds nothing back any more for the owner of an entry, who had that gate, as was found after a look at
/// [`is_evicted`]. `false`: it has another one now, or the entry has another owner; unless it is `forced`.
#[cold]
fn evict(view: &View, index: usize, entry: &Entry, gate: Word, forced: bool) -> bool {
    let Some(word) = view.evicted(index) else { return false };
    let generation = entry.generation.load(Ordering::Relaxed);
    // Pairs with the release of the generation: if it is a later one, the gate has changed by then, and
    // its owner has done nothing to be evicted for.
    fence(Ordering::Acquire);
    let evicted = forced || entry.gate.load(Ordering::Relaxed) == gate;
    if evicted {
        word.store(generation, Ordering::Relaxed);
        // Pairs with the fence in `Subscriber::lagged`: who finds that what it wanted is being overwritten
        // finds that it was evicted. And with the one in `Subscriber::pin`: either the owner sees that it was
        // evicted and reads nothing in place, or the look at its pin that follows here sees that.
        fence(Ordering::SeqCst);
    }
    evicted
}
