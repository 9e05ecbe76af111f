//! One slot: its words, found by pointers.

use core::ptr::NonNull;
use core::slice;

use super::ghosts::ghost;
use super::payload::{Payload, Span};
use super::shape::LENGTH_WORDS;
use super::view::View;
use crate::message::Message;
use crate::position::Pos;
use ringway_shm::sync::{AtomicWord, NATIVE, Ordering, RaceCell, WORD, Word, prefetch_to_write};

impl View {
    /// The slot that a position's message has, had or will have.
    #[inline(always)]
    pub(crate) fn slot(&self, position: Pos) -> Slot<'_> {
        let index = position.index(self.measures().mask);
        // SAFETY: the index is below the capacity, and that many slots lie there, each `stride`
        // words long, by the contract of `new`. `Geometry::new` checked that the product fits.
        let words = unsafe { self.slots.add(index * self.measures().stride) };
        // SAFETY: `words` was just found by the position.
        unsafe { Slot::at(words, position, self) }
    }
}

/// One slot: its state, the length of its message, its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    pub(super) words: NonNull<AtomicWord>,
    index: usize,
    view: &'a View,
}

impl<'a> Slot<'a> {
    /// # Safety
    ///
    /// There are the words of the position's slot.
    #[inline(always)]
    pub(super) unsafe fn at(words: NonNull<AtomicWord>, position: Pos, view: &'a View) -> Self {
        Slot { words, index: position.index(view.measures().mask), view }
    }

    #[inline(always)]
    pub(crate) fn state(self) -> &'a AtomicWord {
        // SAFETY: a slot's first word is valid for reads while the view is used, by the contract of
        // `View::new`.
        unsafe { self.words.as_ref() }
    }

    /// Its first word.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    pub(super) fn start(self) -> NonNull<AtomicWord> {
        self.words
    }

    /// Hints that the slot so many behind this one is about to be written. Where there is none, up
    /// to the ring's last slot in memory, it is a hint at something else, which does no harm.
    #[inline(always)]
    pub(crate) fn expect_write_ahead(self, slots: usize) {
        let stride = self.view.measures().stride;
        prefetch_to_write(self.words.as_ptr().wrapping_add(slots * stride));
    }

    #[inline(always)]
    pub(crate) fn ghost(self) -> &'a RaceCell {
        // SAFETY: the index is below the capacity, and that many ghosts lie there.
        unsafe { ghost(self.view.ghosts(), self.index) }
    }

    /// The words that a message of `len` bytes fills in its slot.
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`, and `len` is at most what a slot has room for.
    #[inline(always)]
    pub(crate) unsafe fn payload<T: Message + ?Sized>(self, len: usize) -> Payload<'a> {
        debug_assert!(len <= self.view.measures().max_len);
        debug_assert_eq!(self.view.measures().payload(), self.view.measures().payload_of::<T>());
        // SAFETY: `Geometry::new` made the stride long enough for the payload's offset and the
        // longest message, rounded up to words. The offset follows from the type `T`, which a
        // process that attaches has compared with the ring's.
        let first = unsafe { self.words.add(self.view.measures().payload_of::<T>()) };
        // SAFETY: the stride has room for the longest message behind `first`, and `len` is at most
        // that.
        let words = unsafe { slice::from_raw_parts(first.as_ptr(), len.div_ceil(WORD)) };
        Payload { words, known: !T::VARIABLE }
    }

    /// The words of a message, in its slot or in the arena.
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`, and the span one of this ring's.
    #[inline(always)]
    pub(crate) unsafe fn payload_at<T: Message + ?Sized>(self, span: Span) -> Payload<'a> {
        if self.view.measures().has_lengths::<T>() && span.granule().is_some() {
            // SAFETY: this function's caller promises that the span is one of this ring's, and it
            // is one in the arena.
            return unsafe { self.view.spilled_payload(span) };
        }
        // SAFETY: this function's caller promises that the ring's messages are `T` and that the
        // span is one of this ring's. It lies in the slot, which has room for it.
        unsafe { self.payload::<T>(span.len) }
    }

    /// Where a message lies.
    ///
    /// # Safety
    ///
    /// As for [`payload_at`](Self::payload_at).
    #[cfg(not(ringway_loom))]
    #[inline(always)]
    pub(crate) unsafe fn place_at<T: Message + ?Sized>(self, span: Span) -> NonNull<u8> {
        if self.view.measures().has_lengths::<T>() && span.granule().is_some() {
            // SAFETY: this function's caller promises that the span is one of this ring's, and it
            // is one in the arena.
            return unsafe { self.view.spilled_words(span) }.cast();
        }
        self.place::<T>()
    }

    /// Where the message lies, or would, if it is in its slot.
    #[inline(always)]
    pub(crate) fn place<T: Message + ?Sized>(self) -> NonNull<u8> {
        // SAFETY: `Geometry::new` made the stride long enough for the payload's offset.
        unsafe { self.words.add(self.view.measures().payload_of::<T>()) }.cast()
    }

    /// Whether the message lies where one of `T` may.
    #[inline(always)]
    pub(crate) fn is_aligned<T: Message + ?Sized>(self) -> bool {
        !NATIVE || T::ALIGN <= WORD || self.place::<T>().addr().get() % T::ALIGN == 0
    }

    /// Writes the length of the message, and where it lies. Only where messages vary in length.
    #[inline(always)]
    pub(crate) fn set_span(self, span: Span) {
        debug_assert!(self.view.measures().variable());
        for i in 0..LENGTH_WORDS {
            // SAFETY: a slot of a ring of variable messages has these words after its state.
            let word = unsafe { self.words.add(1 + i) };
            let part = (span.code() >> (i * 8 * WORD)) as Word;
            // SAFETY: a slot's words are valid for reads while the view is used, and the producer,
            // which alone calls this, has them valid for writes, by the contract of `View::new`.
            unsafe { word.as_ref() }.store(part, Ordering::Relaxed);
        }
    }

    /// What stands where the length of the message is. It may be anything while the producer writes
    /// it. If the message is in the slot, it is a number of bytes. Else [`View::spilled`] reads it.
    /// Only where messages vary in length.
    #[inline(always)]
    pub(crate) fn length(self) -> u64 {
        debug_assert!(self.view.measures().variable());
        let mut code = 0;
        for i in 0..LENGTH_WORDS {
            // SAFETY: a slot of a ring of variable messages has these words after its state.
            let word = unsafe { self.words.add(1 + i) };
            // SAFETY: a slot's words are valid for reads while the view is used, by the contract of
            // `View::new`.
            let part = unsafe { word.as_ref() }.load(Ordering::Relaxed);
            #[allow(clippy::useless_conversion)]
            let part = u64::from(part);
            code |= part << (i * 8 * WORD);
        }
        code
    }

    /// Stores 0 to every word. Only by the ring's creator, for memory of which some bytes may not
    /// have been initialised: an observer may copy words that no message has filled yet, before it
    /// finds out that it was too late.
    #[cfg(not(ringway_loom))]
    pub(crate) fn clear(self) {
        for i in 0..self.view.measures().stride {
            // SAFETY: a slot is `stride` words long.
            let word = unsafe { self.words.add(i) };
            // SAFETY: a slot's words are valid for reads while the view is used, by the contract of
            // `View::new`.
            unsafe { word.as_ref() }.store(0, Ordering::Relaxed);
        }
    }
}
