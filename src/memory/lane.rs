//! Slots one after the other, found without a look at where the ring's memory ends.
//!
//! What a slot costs to find, from its position, is half of what a short message costs. A handle
//! that has made sure of several positions at once keeps them as a lane, which goes no further than
//! the ring's memory does: within it a slot is one multiplication away.

use core::ptr::NonNull;

use super::padding::SMALL;
use super::slot::Slot;
use super::view::View;
use crate::position::Pos;
use ringway_shm::sync::AtomicWord;

/// Whether handles keep lanes. A microcontroller has no room for them in its handles, and no cache
/// that would make the difference.
pub(crate) const LANES: bool = !SMALL;

/// Positions from a handle's own one on, of which the handle has made sure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane([Bounds; LANES as usize]);

#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// The first position behind the lane. There is none in it if that is the handle's own.
    end: Pos,
    /// The same, if a message in the lane can be taken without a check; else the handle's own.
    plain_end: Pos,
    /// Where the slot of the position 0 would be, if memory went on like that before the lane.
    /// Not a place in the ring's memory, but a start for arithmetic.
    zero: *mut AtomicWord,
    /// Half the bytes from one slot to the next, positions being kept doubled.
    half: usize,
}

impl Lane {
    /// With no position in it, for a handle that is at that one.
    #[inline]
    pub(crate) fn none(at: Pos) -> Lane {
        let bounds = Bounds { end: at, plain_end: at, zero: core::ptr::null_mut(), half: 0 };
        Lane([bounds; LANES as usize])
    }

    /// Whether there is a position in it, for a handle that is at that one: then the handle's is.
    #[inline(always)]
    pub(crate) fn has(&self, at: Pos) -> bool {
        self.0.first().is_some_and(|bounds| bounds.end != at)
    }

    /// Whether there is a position in it, for a handle that is at that one, of which the message can
    /// be taken without a check.
    #[inline(always)]
    pub(crate) fn has_plain(&self, at: Pos) -> bool {
        self.0.first().is_some_and(|bounds| bounds.plain_end != at)
    }

    /// Leaves no position in it, for a handle that goes to that one.
    #[inline(always)]
    pub(crate) fn end(&mut self, at: Pos) {
        for bounds in &mut self.0 {
            bounds.end = at;
            bounds.plain_end = at;
        }
    }

    /// Takes as many positions as those, from the handle's own one on, but not beyond the last slot
    /// in memory. `plain`: their messages can be taken without a check.
    #[inline(always)]
    pub(crate) fn open(&mut self, view: &View, at: Pos, positions: usize, plain: bool) {
        for bounds in &mut self.0 {
            let half = view.measures().stride * size_of::<AtomicWord>() / 2;
            let first = view.slot(at).words.as_ptr();
            let zero = first.wrapping_byte_sub(half.wrapping_mul(at.doubled()));
            let end = at.plus(positions.min(to_the_end(view, at)));
            let plain_end = if plain { end } else { at };
            *bounds = Bounds { end, plain_end, zero, half };
        }
    }

    /// A handle whose lanes are not plain has gone from a position in the lane to the next one.
    #[inline(always)]
    pub(crate) fn step(&mut self, to: Pos) {
        for bounds in &mut self.0 {
            bounds.plain_end = to;
        }
    }

    /// How many positions there are in it, for a handle that is at that one.
    #[inline(always)]
    pub(crate) fn left(&self, at: Pos) -> usize {
        self.0.first().map_or(0, |bounds| bounds.end.distance(at) as usize)
    }

    /// The slot of a position in it.
    ///
    /// # Safety
    ///
    /// The position is one in the lane, which was opened on that view.
    #[inline(always)]
    pub(crate) unsafe fn slot<'a>(&self, view: &'a View, position: Pos) -> Slot<'a> {
        let Some(bounds) = self.0.first() else { return view.slot(position) };
        let bytes = bounds.half.wrapping_mul(position.doubled());
        // SAFETY: from the lane's first slot to that of a position in the lane it is `half` bytes
        // for each step of doubled positions, and both are slots of the ring's. So this is not
        // null.
        let words = unsafe { NonNull::new_unchecked(bounds.zero.wrapping_byte_add(bytes)) };
        // SAFETY: this is the slot of the position, as was just said.
        unsafe { Slot::at(words, position, view) }
    }
}

// SAFETY: it gives out nothing without a `View` of the same ring, which is what is used there.
unsafe impl Send for Lane {}
// SAFETY: as it is only read by `&Lane`.
unsafe impl Sync for Lane {}

/// Slots in memory from that position's to the last one.
#[inline(always)]
pub(crate) fn to_the_end(view: &View, at: Pos) -> usize {
    let measures = view.measures();
    measures.capacity() - at.index(measures.mask)
}

/// Slots of positions one after the other, found by adding to an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch<'a> {
    first: Pos,
    words: NonNull<AtomicWord>,
    view: &'a View,
}

/// Slots that a loop over a stretch deals with at a time: then what counts them is a small part of
/// what it does.
pub(crate) const AT_ONCE: usize = if LANES { 4 } else { 1 };

impl View {
    /// The slots from that position on.
    #[inline(always)]
    pub(crate) fn stretch(&self, first: Pos) -> Stretch<'_> {
        Stretch { first, words: self.slot(first).words, view: self }
    }
}

impl<'a> Stretch<'a> {
    /// The position and the slot so many behind the first one.
    ///
    /// # Safety
    ///
    /// There are so many slots in memory, up to the ring's last: see [`to_the_end`].
    #[inline(always)]
    pub(crate) unsafe fn get(self, ahead: usize) -> (Pos, Slot<'a>) {
        let position = self.first.plus(ahead);
        // SAFETY: the slot is there, by this function's contract, and slots are so far apart.
        let words = unsafe { self.words.add(ahead * self.view.measures().stride) };
        // SAFETY: it is as many slots behind that of the first position.
        (position, unsafe { Slot::at(words, position, self.view) })
    }
}
