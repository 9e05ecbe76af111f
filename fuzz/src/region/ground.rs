//! Memory for a region.

use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use crate::memory::Segment;

/// Bytes in front of a region and behind it, which stay as they are. None for a sanitizer: it sees
/// an access outside of what was allocated, also one that only reads.
const MARGIN: usize = if cfg!(fuzzing) { 0 } else { 128 };
const MARK: u8 = 0xa5;

/// A region's bytes, with a margin on both sides.
pub(super) struct Ground {
    whole: Segment,
    len: usize,
}

impl Ground {
    pub(super) fn zeroed(len: usize) -> Ground {
        let ground = Ground { whole: Segment::zeroed(len + 2 * MARGIN), len };
        ground.margins().for_each(|at| ground.set(at, MARK));
        ground
    }

    /// With those bytes.
    pub(super) fn of(bytes: &[u8]) -> Ground {
        let ground = Ground::zeroed(bytes.len());
        bytes.iter().enumerate().for_each(|(at, &byte)| ground.set(MARGIN + at, byte));
        ground
    }

    /// Its bytes, cut or filled up with zeros.
    pub(super) fn bytes(&self, len: usize) -> Vec<u8> {
        (0..len).map(|at| if at < self.len { self.get(MARGIN + at) } else { 0 }).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        // SAFETY: within the allocation, or at its end.
        unsafe { self.whole.start().add(MARGIN) }
    }

    /// The 32 bits at a multiple of 4 bytes, if the region is as long.
    pub(super) fn half(&self, at: usize) -> Option<u32> {
        let half = self.whole.half(MARGIN + at).filter(|_| at + 4 <= self.len)?;
        Some(half.load(Ordering::Relaxed))
    }

    /// Changes the 32 bits at a multiple of 4 bytes. Nothing if the region is not as long.
    pub(super) fn change(&self, at: usize, change: impl FnOnce(u32) -> u32) {
        if at + 4 <= self.len {
            self.whole.change_half(MARGIN + at, |old| change(old as u32).into());
        }
    }

    /// Panics if something was written beside the region.
    pub(super) fn check(&self) {
        let untouched = self.margins().all(|at| self.get(at) == MARK);
        assert!(untouched, "written in front of the region, or behind it");
    }

    fn margins(&self) -> impl Iterator<Item = usize> + use<> {
        let behind = MARGIN + self.len;
        (0..MARGIN).chain(behind..behind + MARGIN)
    }

    fn get(&self, at: usize) -> u8 {
        self.whole.byte(at).map_or(0, |byte| byte.load(Ordering::Relaxed))
    }

    fn set(&self, at: usize, to: u8) {
        if let Some(byte) = self.whole.byte(at) {
            byte.store(to, Ordering::Relaxed);
        }
    }
}
