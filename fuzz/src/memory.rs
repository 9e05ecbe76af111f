//! Memory for a ring or a region, exactly as long as is claimed: a sanitizer then sees an access
//! outside of it.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use ringway::Position;
use ringway::raw::RawParts;

#[cfg(not(all(target_pointer_width = "64", not(ringway_word32))))]
use std::sync::atomic::AtomicU32 as AtomicWord;
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
use std::sync::atomic::AtomicU64 as AtomicWord;

/// What a segment's start is aligned to: enough for every message here.
const ALIGN: usize = 128;

/// Bytes of the layout's word.
pub(crate) const WORD: usize = size_of::<Position>();

/// One of a ring's two segments.
pub(crate) struct Segment {
    start: NonNull<u8>,
    len: usize,
}

impl Segment {
    pub(crate) fn zeroed(len: usize) -> Segment {
        let start = if len == 0 {
            // Aligned, and nowhere.
            NonNull::new(ptr::without_provenance_mut(ALIGN)).unwrap()
        } else {
            let layout = layout(len);
            // SAFETY: the length is not 0.
            let start = unsafe { alloc_zeroed(layout) };
            NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout))
        };
        Segment { start, len }
    }

    /// The start of this one in a segment of another length, filled up with zeros. Only while no
    /// other thread has it.
    pub(crate) fn resized(&self, len: usize) -> Segment {
        let other = Segment::zeroed(len);
        // SAFETY: both have as many bytes, all initialised, and they are different allocations.
        unsafe {
            ptr::copy_nonoverlapping(self.start.as_ptr(), other.start.as_ptr(), len.min(self.len))
        };
        other
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The byte at that place, if the segment is as long.
    pub(crate) fn byte(&self, at: usize) -> Option<&AtomicU8> {
        let at = self.at(at, 1)?;
        // SAFETY: allocated for as long as the reference lives, and no other thread has it.
        Some(unsafe { AtomicU8::from_ptr(at.as_ptr()) })
    }

    /// Changes the 32 bits at a multiple of 4 bytes. Nothing if the segment is not as long.
    pub(crate) fn change_half(&self, at: usize, change: impl FnOnce(u64) -> u64) {
        if let Some(half) = self.half(at) {
            half.store(change(half.load(Ordering::Relaxed).into()) as u32, Ordering::Relaxed);
        }
    }

    /// Changes the word at a multiple of its size. Nothing if the segment is not as long.
    #[allow(clippy::useless_conversion)] // A word is a `u64` already where it has 64 bits.
    pub(crate) fn change_word(&self, at: usize, change: impl FnOnce(u64) -> u64) {
        if let Some(word) = self.word(at) {
            word.store(change(word.load(Ordering::Relaxed).into()) as Position, Ordering::Relaxed);
        }
    }

    /// The 32 bits at a multiple of 4 bytes, if the segment is as long. Only at places where the
    /// layout has 32 bits.
    pub(crate) fn half(&self, at: usize) -> Option<&AtomicU32> {
        assert!(at.is_multiple_of(4));
        let at = self.at(at, 4)?;
        // SAFETY: aligned, allocated for as long as the reference lives, and accessed atomically by
        // all who have it.
        Some(unsafe { AtomicU32::from_ptr(at.cast().as_ptr()) })
    }

    /// The word at a multiple of its size, if the segment is as long. Only at places where the
    /// layout has words.
    pub(crate) fn word(&self, at: usize) -> Option<&AtomicWord> {
        assert!(at.is_multiple_of(WORD));
        let at = self.at(at, WORD)?;
        // SAFETY: aligned, allocated for as long as the reference lives, and accessed atomically by
        // all who have it.
        Some(unsafe { AtomicWord::from_ptr(at.cast().as_ptr()) })
    }

    fn at(&self, at: usize, bytes: usize) -> Option<NonNull<u8>> {
        if at.checked_add(bytes)? > self.len {
            return None;
        }
        // SAFETY: within the allocation.
        Some(unsafe { self.start.add(at) })
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: allocated with this layout, and nobody uses it any more: whoever made handles
            // from it has promised that.
            unsafe { dealloc(self.start.as_ptr(), layout(self.len)) };
        }
    }
}

fn layout(len: usize) -> Layout {
    Layout::from_size_align(len, ALIGN).expect("segments are short")
}

/// Both segments of a ring.
pub(crate) struct Memory {
    pub(crate) data: Segment,
    pub(crate) control: Segment,
}

impl Memory {
    pub(crate) fn zeroed((data, control): (usize, usize)) -> Memory {
        Memory { data: Segment::zeroed(data), control: Segment::zeroed(control) }
    }

    pub(crate) fn parts(&self, with_control: bool) -> RawParts {
        RawParts {
            data: self.data.start,
            data_len: self.data.len,
            control: with_control.then_some(self.control.start),
            control_len: if with_control { self.control.len } else { 0 },
        }
    }
}
