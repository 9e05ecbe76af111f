//! Slots one after the other, found without a look at where the ring's memory ends.
//!
//! What a slot costs to find, from its position, is half of what a short message costs. A handle
//! that has made sure of several positions at once keeps them as a lane, which goes no further than
//! the ring's memory does: within it a slot is one multiplication away.

use core::ptr::NonNull;

use super::padding::SMALL;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
use super::shape::closest;
use super::slot::Slot;
use super::view::View;
use crate::message::Message;
use crate::position::Pos;
use ringway_shm::sync::{AtomicWord, prefetch_to_write};

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
    /// As `zero`, so many slots further as the handle looks ahead.
    far: *mut AtomicWord,
}

impl Lane {
    /// With no position in it, for a handle that is at that one.
    #[inline]
    pub(crate) fn none(at: Pos) -> Lane {
        let nowhere = core::ptr::null_mut();
        let bounds = Bounds { end: at, plain_end: at, zero: nowhere, half: 0, far: nowhere };
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
            *bounds = Bounds { end, plain_end, zero, half, far: zero };
        }
    }

    /// A handle whose lanes are not plain has gone from a position in the lane to the next one.
    #[inline(always)]
    pub(crate) fn step(&mut self, to: Pos) {
        for bounds in &mut self.0 {
            bounds.plain_end = to;
        }
    }

    /// Has [`expect_write`](Self::expect_write) look so many slots ahead, until the lane is opened
    /// again.
    #[inline(always)]
    pub(crate) fn look_ahead(&mut self, slots: usize) {
        for bounds in &mut self.0 {
            bounds.far = bounds.zero.wrapping_byte_add(2 * slots * bounds.half);
        }
    }

    /// Hints that a slot is about to be written that is some ahead of that position's. Where there
    /// is none, up to the ring's last slot in memory, it is a hint at something else, which does no
    /// harm.
    #[inline(always)]
    pub(crate) fn expect_write(&self, position: Pos) {
        if let Some(bounds) = self.0.first() {
            let bytes = bounds.half.wrapping_mul(position.doubled());
            prefetch_to_write(bounds.far.wrapping_byte_add(bytes));
        }
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
        // SAFETY: `words` is where the position's slot begins.
        unsafe { Slot::at(words, position, view) }
    }
}

// SAFETY: it gives out nothing without a `View` of the same ring, which is what is used there.
unsafe impl Send for Lane {}
// SAFETY: a shared reference only reads the pointers, and changes none.
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
    /// Words from one slot to the next.
    stride: usize,
    view: &'a View,
}

/// Slots that a loop over a stretch deals with at a time: then what counts them is a small part of
/// what it does.
pub(crate) const AT_ONCE: usize = 4;

impl View {
    /// The slots from that position on.
    #[inline(always)]
    pub(crate) fn stretch(&self, first: Pos) -> Stretch<'_> {
        let stride = self.measures().stride;
        Stretch { first, words: self.slot(first).words, stride, view: self }
    }
}

impl<'a> Stretch<'a> {
    /// The same if slots of messages `T` lie as close as they can, as they do unless the ring's
    /// creator wants them apart: how close is a number that the compiler knows.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    #[inline(always)]
    pub(crate) fn closest<T: Message>(self) -> Option<Stretch<'a>> {
        let stride = closest::<T>();
        (self.stride == stride).then_some(Stretch { stride, ..self })
    }

    /// No code is there twice.
    #[cfg(all(target_os = "none", target_pointer_width = "32"))]
    pub(crate) fn closest<T: Message>(self) -> Option<Stretch<'a>> {
        None
    }

    /// The position and the slot so many behind the first one.
    ///
    /// # Safety
    ///
    /// There are so many slots in memory, up to the ring's last: see [`to_the_end`].
    #[inline(always)]
    pub(crate) unsafe fn get(self, ahead: usize) -> (Pos, Slot<'a>) {
        let position = self.first.plus(ahead);
        // SAFETY: the slot is there, by this function's contract, and slots are so far apart.
        let words = unsafe { self.words.add(ahead * self.stride) };
        // SAFETY: it is as many slots behind that of the first position.
        (position, unsafe { Slot::at(words, position, self.view) })
    }
}
