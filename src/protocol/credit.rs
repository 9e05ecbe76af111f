//! How far the producer may go.
//!
//! It owns a limit: the first position that it may not publish yet. At the limit it makes `head`
//! exact and reads all gates, one event every eighth of a ring. So a joiner is seen soon, and
//! one that asks for the oldest message can be promised seven eighths of the ring.

use super::limits::Limits;
use super::members;
use crate::memory::lane::Lane;
use crate::memory::layout::{ARENAS, EVICTS, Entry};
use crate::memory::{Slot, View};
use crate::position::Pos;
use ringway_shm::sync::{AtomicU32, Ordering, Signed, Word, fence, own};

/// How often one refill looks at a gate that changes under it.
const LOOKS: u32 = 8;

/// The producer's private account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    limits: [Limits; EVICTS as usize],
    /// Whether any has been evicted since that was last [asked](Self::take_evicted).
    has_evicted: [bool; EVICTS as usize],
    /// The position of the next message.
    next: Pos,
    /// Positions from the next one on that may be published.
    lane: Lane,
    /// The first position that may not be published yet. Never before `next`, and never goes down:
    /// an honest gate can lie more than a lap back for a moment (a joiner's first), and what was
    /// granted before is granted.
    limit: Pos,
    arena: [Reclaim; ARENAS as usize],
}

/// How far the arena may be used again.
#[derive(Clone, Copy, Debug)]
struct Reclaim {
    /// Messages before this one may lose their place in the arena: all gates were found to be here
    /// or later.
    reclaimable: Pos,
    /// The last `reclaimed` that was stored; or a later position, if that is a lap back.
    reclaimed: Pos,
}

impl Credit {
    /// None yet: the first message, at that position, refills it.
    pub(crate) fn new(view: &View, next: Pos, limits: Limits) -> Credit {
        let gone = next.minus(view.measures().capacity());
        // A predecessor may have let go of more, and of less than it says.
        let reclaimed = not_reclaimed(view, reclaimed(view), next, gone);
        Credit {
            limits: [limits; EVICTS as usize],
            has_evicted: [false; EVICTS as usize],
            next,
            lane: Lane::none(next),
            limit: next,
            arena: [Reclaim { reclaimable: gone, reclaimed }; ARENAS as usize],
        }
    }

    /// How long consumers may hold the producer back; `None`: none is evicted.
    pub(crate) fn limits(&self) -> Option<Limits> {
        self.limits.first().copied()
    }

    /// Whether it has evicted a consumer since this was last asked, which may sleep, and be told.
    pub(crate) fn take_evicted(&mut self) -> bool {
        self.has_evicted.iter_mut().any(core::mem::take)
    }

    /// The position of the next message.
    #[inline(always)]
    pub(crate) fn next(&self) -> Pos {
        self.next
    }

    /// Goes to a position behind messages that were published.
    #[inline(always)]
    pub(crate) fn go_to(&mut self, next: Pos) {
        self.next = next;
        self.lane.end(next);
    }

    /// Whether the next message may be published, as was made sure of before.
    #[inline(always)]
    pub(crate) fn is_in_lane(&self) -> bool {
        self.lane.has(self.next)
    }

    /// The slot of the next message, which was [made sure of](Self::is_in_lane).
    ///
    /// # Safety
    ///
    /// It was, on that view.
    #[inline(always)]
    pub(crate) unsafe fn slot_in_lane<'a>(&self, view: &'a View) -> Slot<'a> {
        debug_assert!(self.is_in_lane());
        // SAFETY: the position is in the lane, by this function's contract.
        unsafe { self.lane.slot(view, self.next) }
    }

    /// Goes to the position behind a message that was published in the lane, and hints that a slot
    /// ahead of it is about to be written.
    #[inline(always)]
    pub(crate) fn step(&mut self) {
        let before = self.next;
        self.next = before.plus(1);
        self.lane.expect_write(before);
    }

    /// Makes sure of the positions that may be published without asking again. `ahead`: how many
    /// slots ahead the lane's [steps](Self::step) hint.
    #[inline(always)]
    pub(crate) fn open_lane(&mut self, view: &View, ahead: usize) {
        self.lane.open(view, self.next, self.left(), false);
        self.lane.look_ahead(ahead);
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
        // SYNC head: a consumer that sees this head, in `hint`, sees every message before it.
        line.head.store(self.next.number(), Ordering::Release);
        if own(&line.lapped) == 0
            && self.next.since(view.measures().origin()) >= view.measures().capacity() as Signed
        {
            // SYNC lapped: a joiner that sees it, in `pin` or before the fence in `hint`, sees a
            // head that is at least a capacity past the origin.
            line.lapped.store(1, Ordering::Release);
        }
    }

    #[cold]
    pub(crate) fn refill(&mut self, view: &View) -> bool {
        // Its producer looks after its segments first, and then asks for so much as it needs.
        if view.measures().is_chain() {
            return false;
        }
        self.refill_evicting(view, 1, |_| false)
    }

    /// Whether there is room for the next `messages`, one at least. An eighth of the ring is
    /// granted at most, so that of more than that a joiner may take some away again. Evicts the
    /// consumers that leave no such room and of which `too_long` says, given an entry's index, that
    /// they have done so for too long.
    #[cold]
    pub(crate) fn refill_evicting(
        &mut self,
        view: &View,
        messages: usize,
        too_long: impl Fn(usize) -> bool,
    ) -> bool {
        self.publish_head(view);
        let measures = view.measures();
        let capacity = measures.capacity() as Signed;
        let mut room = capacity;
        if !measures.overwrites() {
            // SYNC join: either this scan sees a joiner's first gate, or the joiner's second look
            // at the head, in `pin`, sees the one just stored.
            fence(Ordering::SeqCst);
            let too_far = capacity - (messages - 1) as Signed;
            room -= self.largest_lag(view, too_far, &too_long);
            // SYNC gate, unpin: what a consumer read before it let go of a slot, in
            // `Subscriber::let_go` and the others of these rows, it has read before the
            // slot is written again.
            fence(Ordering::Acquire);
        }
        let granted = room.min(measures.credit() as Signed);
        if granted > 0 {
            self.limit = self.limit.max(self.next.plus(granted as usize));
        }
        for arena in self.arena.iter_mut().filter(|_| measures.has_arena()) {
            // So that they are never so far back that they seem to be ahead.
            let gone = self.limit.minus(measures.capacity());
            arena.reclaimable = arena.reclaimable.max(gone);
            arena.reclaimed = arena.reclaimed.max(gone);
        }
        // Also where only a refill of the credit can have made a difference: that is less code.
        if messages == 1 {
            return self.next != self.limit;
        }
        room.max(self.left() as Signed) >= messages as Signed
    }

    /// Whether every message before that position, which is not after the next one, may lose its
    /// place in the arena. Evicts those who keep it there and of whom `too_long` says that they
    /// have done so for too long. Why this is so is said in `arena`.
    pub(crate) fn reclaim(
        &mut self,
        view: &View,
        first: Pos,
        too_long: impl Fn(usize) -> bool,
    ) -> bool {
        let measures = view.measures();
        let Some(mut arena) = self.arena.first().copied() else { return true };
        // Every message before this one may lose its slot, and so its place in the arena, too.
        let gone = self.limit.minus(measures.capacity());
        arena.reclaimable = arena.reclaimable.max(gone);
        if measures.overwrites() || first.since(arena.reclaimable) <= 0 {
            return true;
        }
        // A consumer that lags by so much is in the way.
        let too_far = self.next.since(first) + 1;
        // A first look, so that joiners are not denied what stays in the end.
        let lag = self.largest_lag(view, too_far, &too_long);
        if lag >= too_far {
            return false;
        }
        // An eighth of a ring more, if no consumer needs that: one scan for all of it.
        let seen = self.next.minus(lag as usize);
        let more = first.plus(measures.credit());
        let asked = if seen.since(more) < 0 { seen } else { more };
        arena.reclaimed = arena.reclaimed.max(asked);
        self.publish_head(view);
        // After the head: pairs with the fence between the two in `pin`.
        if let Some(word) = view.producer().reclaimed() {
            // SYNC reclaimed: after the head. A joiner that sees it, in `credit::reclaimed`, sees
            // no earlier head.
            word.store(arena.reclaimed.number(), Ordering::Release);
        }
        // SYNC join-arena: either this scan sees a joiner's first gate, or the joiner sees what was
        // just stored, in `pin`.
        fence(Ordering::SeqCst);
        let lag = self.largest_lag(view, too_far, &too_long);
        // SYNC gate, unpin: what a consumer read before it let go of a message, also one that
        // joined and left between the two looks, it has read before anything is written there.
        fence(Ordering::Acquire);
        let seen = self.next.minus(lag as usize);
        let may = if seen.since(asked) < 0 { seen } else { asked };
        arena.reclaimable = arena.reclaimable.max(may);
        self.arena = [arena; ARENAS as usize];
        first.since(arena.reclaimable) <= 0
    }

    /// How far the last of those lags whose gates count; 0 if there is none. Evicts each that lags
    /// further than it may, or by `too_far` and for too long, as `too_long` says.
    fn largest_lag(
        &mut self,
        view: &View,
        too_far: Signed,
        too_long: &impl Fn(usize) -> bool,
    ) -> Signed {
        let mut largest = 0;
        for (index, entry) in view.entries().iter().enumerate() {
            let lag = self.lag_allowed(view, index, entry, too_far, too_long);
            if let Some(lag) = lag.or_else(|| self.lag_pinned(view, index, entry)) {
                largest = largest.max(lag);
            }
        }
        largest
    }

    /// Whether an entry's owner lags by so much, and that counts: it has not been evicted, or reads
    /// in place what it has.
    pub(crate) fn is_held_by(
        &self,
        view: &View,
        index: usize,
        entry: &Entry,
        too_far: Signed,
    ) -> bool {
        let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed));
        gate.is_some_and(|gate| self.next.since(gate) >= too_far)
            && (!is_evicted(view, index, entry) || self.lag_pinned(view, index, entry).is_some())
    }

    /// The position before which every message has been released.
    pub(crate) fn released(&self, view: &View) -> Pos {
        let lags = view.entries().iter().enumerate().filter_map(|(index, entry)| {
            let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
            let lag = self.next.since(gate);
            self.is_held_by(view, index, entry, lag).then_some(lag)
        });
        self.next.minus(lags.max().unwrap_or(0).max(0) as usize)
    }

    /// The entry whose owner is furthest behind, and by so much at least.
    pub(crate) fn furthest_behind(&self, view: &View, too_far: Signed) -> Option<usize> {
        let all = view.entries().iter().enumerate();
        let held = all.filter(|&(index, entry)| self.is_held_by(view, index, entry, too_far));
        let lag = |entry: &Entry| {
            let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed));
            gate.map_or(0, |gate| self.next.since(gate))
        };
        held.max_by_key(|&(_, entry)| lag(entry)).map(|(index, _)| index)
    }

    /// How far the owner of an entry, which holds nothing back or has been evicted, lags behind if
    /// it reads a message in place, which it may finish; or if a worker of the group's whose entry
    /// it is does.
    fn lag_pinned(&self, view: &View, index: usize, entry: &Entry) -> Option<Signed> {
        if !EVICTS || !view.measures().pins() {
            return None;
        }
        let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
        let pinned =
            entry.pinned.load(Ordering::Relaxed) != 0 || members::read_in_place(view, index);
        pinned.then(|| self.next.since(gate))
    }

    /// How far an entry's owner lags behind, if it holds anything back. Evicts it if it lags
    /// further than it may, or by `too_far`, so that it leaves no room, and `too_long` says, given
    /// the entry's index, that it has done so for too long.
    fn lag_allowed(
        &mut self,
        view: &View,
        index: usize,
        entry: &Entry,
        too_far: Signed,
        too_long: &impl Fn(usize) -> bool,
    ) -> Option<Signed> {
        if !EVICTS {
            // All that is left is that a lie holds nothing back: its lag is negative, which is less
            // than none.
            let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
            return Some(self.next.since(gate));
        }
        let capacity = view.measures().capacity() as Signed;
        // Where there is no limit a lag may be more than a capacity for a moment: a joiner's first
        // gate.
        let max_lag = self.limits().map_or(usize::MAX, |limits| limits.max_lag);
        let limit = if max_lag < capacity as usize { max_lag as Signed } else { Signed::MAX };
        let first = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
        // Before the gates that count are loaded: it may take a system call.
        let too_long = self.next.since(first) >= too_far && too_long(index);
        for look in 1..=LOOKS {
            let word = entry.gate.load(Ordering::Relaxed);
            let gate = Pos::from_gate(word)?;
            if is_evicted(view, index, entry) {
                return None;
            }
            let lag = self.next.since(gate);
            // A gate above the exact head is a lie: no consumer can need what has not been sent.
            if (0..=limit).contains(&lag) && !(too_long && lag >= too_far) {
                return Some(lag);
            }
            // One that has blocked for too long and changes its gate faster than this can look is
            // evicted for that.
            if evict(view, index, entry, word, too_long && look == LOOKS) {
                self.has_evicted = [true; EVICTS as usize];
                return None;
            }
        }
        // There is no room for now, for the benefit of the doubt.
        Some(capacity)
    }
}

/// Before which position messages may have lost their place in the arena, by what the producer last
/// said. `None`: there is no arena.
pub(crate) fn reclaimed(view: &View) -> Option<Pos> {
    if !view.measures().has_arena() {
        return None;
    }
    let position = view.producer().reclaimed()?.load(Ordering::Relaxed);
    // SYNC reclaimed: a head that is loaded from here on is not before the one that
    // `Credit::reclaim` stored first.
    fence(Ordering::Acquire);
    Some(Pos::new(position))
}

/// The same, for a joiner that has since seen that head and starts at a position at the earliest.
/// What was said so long ago that it may be any number by now says nothing.
pub(crate) fn not_reclaimed(view: &View, reclaimed: Option<Pos>, head: Pos, position: Pos) -> Pos {
    let recent = 0..=view.measures().capacity() as Signed;
    let reclaimed = reclaimed.filter(|&reclaimed| recent.contains(&head.since(reclaimed)));
    reclaimed.map_or(position, |reclaimed| position.max(reclaimed))
}

/// Whether an entry's owner has been evicted, its gate having been loaded. There is a gate, so that
/// its owner has a generation, which is not 0; a 0 there is forged, and holds nothing.
pub(super) fn is_evicted(view: &View, index: usize, entry: &Entry) -> bool {
    // SYNC next-gate: a gate that the entry's next owner stored in `pin` comes with that owner's
    // generation, which was not evicted.
    fence(Ordering::Acquire);
    let generation = entry.generation.load(Ordering::Relaxed);
    view.was_evicted(index, generation)
}

/// Says which owner of an entry was evicted.
fn note_evicted(view: &View, index: usize, word: &AtomicU32, generation: u32) {
    word.store(generation, Ordering::Relaxed);
    let line = view.producer();
    line.evicted.add(1);
    line.evicted_entry.set(index as u32 + 1);
    line.evicted_generation.set(generation);
    // SYNC evicted, pin: a consumer that finds what it wanted being overwritten finds that it was
    // evicted, in `Consumer::evicted_if_passed` and `Worker::overtaken`. And either the owner sees
    // that it was evicted, and reads nothing in place, or the look at its pin that follows this
    // sees that: see `Subscriber::pin` and `Worker::pin`.
    fence(Ordering::SeqCst);
}

/// Holds nothing back any more for that owner of an entry, if it is there still. `false`: it is
/// not.
pub(crate) fn evict_owner(view: &View, index: usize, generation: u32) -> bool {
    let (Some(entry), Some(word)) = (view.entry(index), view.evicted(index)) else { return false };
    let is_there = entry.joined.load(Ordering::Relaxed) != 0
        && Pos::from_gate(entry.gate.load(Ordering::Relaxed)).is_some()
        && !is_evicted(view, index, entry)
        && entry.generation.load(Ordering::Relaxed) == generation;
    if is_there {
        // Should the owner have left since, no later one has its generation.
        note_evicted(view, index, word, generation);
    }
    is_there
}

/// Holds nothing back any more for the owner of an entry, which had that gate, as was found after a
/// look at [`is_evicted`]. `false`: it has another one now, or the entry has another owner; unless
/// it is `forced`.
#[cold]
fn evict(view: &View, index: usize, entry: &Entry, gate: Word, forced: bool) -> bool {
    let Some(word) = view.evicted(index) else { return false };
    let generation = entry.generation.load(Ordering::Relaxed);
    // SYNC generation: if it is a later one, of `Joined::pin`, the gate has changed by then, and
    // its owner has done nothing to be evicted for.
    fence(Ordering::Acquire);
    let evicted = forced || entry.gate.load(Ordering::Relaxed) == gate;
    if evicted {
        note_evicted(view, index, word, generation);
    }
    evicted
}
