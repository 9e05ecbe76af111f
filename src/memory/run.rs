//! Slots that lie one behind the other, walked from the first to the last by a pointer.

use core::borrow::Borrow;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;

use super::lane::to_the_end;
use super::payload::Payload;
use super::shape::closest;
use super::view::View;
use crate::message::Message;
use crate::position::Pos;
use ringway_shm::sync::{AtomicWord, Ordering, WORD};

/// Slots of a ring of messages `T` that lie one behind the other, those of messages that follow
/// each other.
#[derive(Debug)]
pub(crate) struct SlotRun<'a, T: Message + ?Sized> {
    first: NonNull<AtomicWord>,
    /// The first one's message.
    position: Pos,
    /// Words from one to the next, and from the start of one to its payload.
    stride: usize,
    payload: usize,
    len: usize,
    view: PhantomData<(&'a View, *const T)>,
}

impl View {
    /// The slots of so many positions, at most as many as the ring has: up to the end of the ring's
    /// slots, and from their start on. The second run is often empty.
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`.
    #[inline]
    pub(crate) unsafe fn runs<T: Message + ?Sized>(
        &self,
        position: Pos,
        len: usize,
    ) -> [SlotRun<'_, T>; 2] {
        let len = len.min(self.measures().capacity());
        let first = len.min(to_the_end(self, position));
        [(position, first), (position.plus(first), len - first)].map(|(position, len)| {
            let (first, stride) = (self.slot(position).start(), self.measures().stride);
            let payload = self.measures().payload_of::<T>();
            SlotRun { first, position, stride, payload, len, view: PhantomData }
        })
    }
}

impl<'a, T: Message + ?Sized> SlotRun<'a, T> {
    /// How many slots there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Marks all of them as being written. A release fence has to come behind it.
    #[inline(always)]
    pub(crate) fn mark(self) {
        self.states(|state, position| state.store(position.writing(), Ordering::Relaxed));
    }

    /// Publishes what was written there, in order.
    #[inline(always)]
    pub(crate) fn publish(self) {
        self.states(|state, position| {
            // SYNC published: a consumer that sees the state sees the message, and those before it,
            // in `Reader::ready` and the others of its row.
            state.store(position.published(), Ordering::Release);
        });
    }

    /// Calls `visit` with the state and the position of each.
    #[inline(always)]
    fn states(&self, mut visit: impl FnMut(&'a AtomicWord, Pos)) {
        let mut position = self.position;
        self.walk(0, |words| {
            // SAFETY: the run lies in the ring's slots, of which this is the first word of one. It
            // is valid for reads while the view is used.
            visit(unsafe { &*words }, position);
            position = position.plus(1);
            true
        });
    }

    /// Copies messages in, one to a slot, from the first on, until there are no more of them or no
    /// more slots. Returns how many. Only for messages that all have one length, by the producer,
    /// for slots that are not published.
    #[inline(always)]
    pub(crate) fn fill<M: Borrow<T>>(&self, messages: &mut impl Iterator<Item = M>) -> usize {
        let mut filled = 0;
        self.walk(self.payload, |words| {
            let Some(message) = messages.next() else { return false };
            let bytes = message.borrow().bytes();
            // SAFETY: a slot of messages `T` has their words from there on, by the contract of
            // `View::runs`.
            let place = unsafe { slice::from_raw_parts(words, bytes.len().div_ceil(WORD)) };
            Payload { words: place, known: !T::VARIABLE }.fill(bytes);
            filled += 1;
            true
        });
        filled
    }

    /// Calls `visit` with the word of each that is so far from its start, as long as it says so.
    #[inline(always)]
    fn walk(&self, offset: usize, mut visit: impl FnMut(*const AtomicWord) -> bool) {
        let mut walk = |stride: usize| {
            // Behind the last one nothing is there, and is not looked at.
            let mut words = self.first.as_ptr().wrapping_add(offset);
            for _ in 0..self.len {
                if !visit(words) {
                    return;
                }
                words = words.wrapping_add(stride);
            }
        };
        // The same twice: with a number that the compiler knows it is half the instructions.
        if self.stride == closest::<T>() { walk(closest::<T>()) } else { walk(self.stride) }
    }

    /// Where the first one's message lies, and bytes from one to the next.
    #[cfg(not(ringway_loom))]
    pub(crate) fn places(&self) -> (*mut u8, usize) {
        let first = self.first.as_ptr().wrapping_add(self.payload);
        (first.cast(), self.stride * WORD)
    }
}
