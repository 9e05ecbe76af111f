//! Where messages lie that are longer than a slot, and when their places are used again.
//!
//! The arena is a ring of its own, of granules. A message takes as many as it needs, one after the
//! other, behind those of the last one that was spilled; if they do not fit before the arena's end,
//! it begins at the start. So the oldest messages are in the way first, and what is in the way of a
//! message is everything that was spilled before some position R. As no message is longer than half
//! the arena, there is always a place, once enough is let go.
//!
//! **Invariant.** Where a slot says `published(q)` and that its message was spilled, these bytes
//! are still that message's. So a producer that takes them marks the slot first: its state becomes
//! `writing(q + capacity)`, as if that were being written. Then comes the release fence which every
//! message has after its own mark, and then the bytes:
//!
//! ```text
//! producer                                    a consumer that holds nothing back
//! A1  head = next                             C1  state is published(q); fence(Acquire)
//! A2  state(q) = writing(q + capacity)        C2  copy the bytes
//! A3  state(next) = writing(next)             C3  fence(Acquire)
//! A4  fence(Release)                          C4  state is still published(q)?
//! A5  the bytes
//! ```
//!
//! If C2 finds a byte of A5, then C4 finds A2 or a later state, by the two fences, as it does where
//! the slot itself is overwritten. An observer at q is told then that q is gone, as of any slot
//! that has a later message. But a mark that is early says no more than that: neither that what was
//! sent before q is gone, as a whole lap would (`receive::skip`), nor that everything before `q +
//! capacity` has been published. A consumer that wants the head looks at A1 again, which is after q
//! (`head::after`). And a successor, which looks for its place from A1 on, finds no early mark
//! there: all of them are before.
//!
//! **A consumer that still needs the bytes** says so in its gate, as for slots. Where the producer
//! does not know from its credit that none does, it asks (`Credit::reclaim`):
//!
//! ```text
//! joiner                                      producer
//! J2  gate = pin                              K1  head = next
//! J3  fence(SeqCst)                           K2  reclaimed = R            (Release)
//! J4  r = reclaimed; head1 = head             K3  fence(SeqCst)
//! J5  gate = start, not before r              K4  scan the gates
//!                                             K5  all are at R or later: A1 to A5
//! ```
//!
//! Proof that no message from `start` on is reused before the gate says so: if K4 sees J2 or J5, R
//! is not after the pin, or not after the start, and the pin is not after the start either. If it
//! sees neither, then by the two fences J4 sees that K2 or a later one, and `reclaimed` never goes
//! down: so the start is not before R. Nor is it if what J4 sees is more than a capacity before
//! head1, in which case the head alone keeps the start after it. What the producer knows from its
//! credit, that every position before `limit - capacity` is gone, is the promise of `join`, which
//! `start` respects. J4 loads `reclaimed` first: a head that is loaded after it is not before it,
//! because of the release at K2.
//!
//! A first look at the gates, without a fence, comes before K1, so that nothing is denied to
//! joiners for a message that cannot be sent anyway. An acquire fence after K4 keeps A5 behind the
//! reads of all consumers that have let go: also of one that has joined since that first look, and
//! left.
//!
//! Of the account below nothing stands in the ring: a successor walks back to the last message that
//! was spilled and is still whole. So a loan that is dropped or leaked takes nothing but what was
//! in its way. Models: loom-tests/tests/arena.rs.

use crate::memory::geometry::GRANULE;
use crate::memory::{Span, View};
use crate::position::Pos;
use ringway_shm::sync::{Ordering, Signed};

/// The producer's private account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arena {
    /// The granule behind the last message, which may be the arena's end.
    cursor: usize,
    /// No message before this one has granules that matter.
    oldest: Pos,
    /// The last message for which there was a look, the granules that it takes, and what was in its
    /// way.
    asked: Option<(Pos, usize, Option<Pos>)>,
}

impl Arena {
    /// An arena as it is found, by the ring's creator or a successor.
    pub(crate) fn find(view: &View, next: Pos) -> Arena {
        let capacity = view.measures().capacity();
        let mut arena = Arena { cursor: 0, oldest: next.minus(capacity), asked: None };
        if view.measures().has_arena() {
            let newest = (1..=capacity).find_map(|back| spilled(view, next.minus(back)));
            arena.cursor = newest.map_or(0, end_of);
        }
        arena
    }

    /// The message that is in the way first, of those that were looked for last.
    pub(crate) fn oldest(&self) -> Pos {
        self.oldest
    }

    /// Where a message of `len` bytes will lie. What is in its way is cleared first.
    pub(crate) fn place(&self, view: &View, len: usize) -> Option<Span> {
        view.span(fit(self.cursor, view.granules(), len).0, len)
    }

    /// How many granules messages of such lengths take, one after the other, from the cursor on:
    /// their own, and those that are left out at the arena's end.
    pub(crate) fn taken(&self, view: &View, lens: impl IntoIterator<Item = usize>) -> usize {
        let (size, mut cursor, mut taken) = (view.granules(), self.cursor, 0usize);
        for len in lens {
            let (first, more) = fit(cursor, size, len);
            cursor = first + granules(len);
            taken = taken.saturating_add(more);
        }
        taken
    }

    /// The longest message that has a place, in bytes, when all before that position have lost
    /// theirs.
    pub(crate) fn longest_free(&self, view: &View, next: Pos, released: Pos) -> usize {
        let (size, oldest) =
            (view.granules(), self.oldest.max(next.minus(view.measures().capacity())));
        let behind = usize::try_from(next.since(oldest)).unwrap_or(0);
        // Messages lie in their order, so that the first that is needed is the first in the way.
        let needed = (0..behind).map(|ahead| oldest.plus(ahead)).filter(|p| p.since(released) >= 0);
        let mut in_the_way = needed.filter_map(|position| spilled(view, position)?.granule());
        let to_the_end = size - self.cursor;
        let longest = match in_the_way.next().map(|granule| (granule + size - self.cursor) % size) {
            None => to_the_end.max(self.cursor),
            Some(free) if free <= to_the_end => free,
            Some(free) => to_the_end.max(free - to_the_end),
        };
        longest * GRANULE
    }

    /// The position before which all messages have to lose their places, so that there are so many
    /// granules from the cursor on. `None`: there are.
    pub(crate) fn in_the_way(&mut self, view: &View, next: Pos, taken: usize) -> Option<Pos> {
        let capacity = view.measures().capacity();
        // What has no slot any more, has no place. And a ring may have been without such messages
        // for so long that the numbers mean nothing any more.
        if !(0..=capacity as Signed).contains(&next.since(self.oldest)) {
            self.oldest = next.minus(capacity);
        }
        match self.asked {
            // A producer that waits does not look again at what does not change.
            Some((position, granules, found)) if (position, granules) == (next, taken) => found,
            _ => {
                let found = self.walk(view, next, taken);
                self.asked = Some((next, taken, found));
                found
            }
        }
    }

    /// The position behind the last message that lies in the first granules from the cursor on.
    fn walk(&mut self, view: &View, next: Pos, granules: usize) -> Option<Pos> {
        // What is passed here is not looked at again.
        while self.oldest != next && spilled(view, self.oldest).is_none() {
            self.oldest = self.oldest.plus(1);
        }
        let size = view.granules();
        let mut found = None;
        let mut position = self.oldest;
        while position != next {
            if let Some(granule) = spilled(view, position).and_then(Span::granule) {
                // Messages lie in their order, the oldest one first.
                if (granule + size - self.cursor) % size >= granules {
                    break;
                }
                found = Some(position.plus(1));
            }
            position = position.plus(1);
        }
        found
    }

    /// Marks the slots of all messages before a position that were spilled, so that their granules
    /// can be reused: A2. No consumer needs them any more, and `head` was stored since they were
    /// published.
    pub(crate) fn clear(&mut self, view: &View, end: Pos) {
        let capacity = view.measures().capacity();
        while end.since(self.oldest) > 0 {
            if spilled(view, self.oldest).is_some() {
                let marked = self.oldest.plus(capacity).writing();
                // SYNC early-mark: a consumer that sees the mark finds a head that is after it, in
                // `head::after`: it has a fence before that, in `Reader::ready` or `hint`. The
                // fence between the mark and the bytes is the one in `Producer::mark`.
                view.slot(self.oldest).state().store(marked, Ordering::Release);
            }
            self.oldest = self.oldest.plus(1);
        }
    }

    /// A message has been published, in its slot or here.
    #[inline(always)]
    pub(crate) fn publish(&mut self, span: Span) {
        if span.granule().is_some() {
            self.cursor = end_of(span);
        }
    }
}

/// Granules of a message: one at least, so that no two begin at the same place.
fn granules(len: usize) -> usize {
    len.div_ceil(GRANULE).max(1)
}

/// The first granule of a message in an arena of that size, and how many from the cursor on are its
/// own or lost to it.
fn fit(cursor: usize, size: usize, len: usize) -> (usize, usize) {
    let granules = granules(len);
    if cursor + granules <= size { (cursor, granules) } else { (0, size - cursor + granules) }
}

fn end_of(span: Span) -> usize {
    span.granule().unwrap_or(0) + granules(span.len)
}

/// Where the message of a position lies in the arena, if it does, and is whole. Only for the
/// producer, whose words these are.
fn spilled(view: &View, position: Pos) -> Option<Span> {
    let slot = view.slot(position);
    if slot.state().load(Ordering::Relaxed) != position.published() {
        return None;
    }
    let length = slot.length();
    if length <= view.measures().max_len as u64 {
        return None;
    }
    view.spilled(length)
}
