//! Regions in memory that the caller provides.

use alloc::sync::Arc;
use core::ptr::NonNull;

use ringway_shm::envelope::{Envelope, HEADER_BYTES, Instance};
use ringway_shm::fence::Fences;

use super::attach::Attachment;
use super::header::{KIND, Layout, SEATS_AT, VERSION};
use super::memory::{Bytes, Keep, Memory};
use super::object::OBJECT_ALIGN;
use super::{Plan, Region};
use crate::error::{PlanError, RawError};

impl Plan {
    /// How many bytes the region takes, for [`create_raw`](Self::create_raw).
    pub fn bytes(&self) -> Result<usize, PlanError> {
        Ok(self.layout()?.len)
    }

    /// Makes the region in memory of the caller's: of a `static`, say, or of SRAM that two cores
    /// share. It starts at a multiple of 128 bytes, and has as many as [`bytes`](Self::bytes) says.
    /// What is there is overwritten.
    ///
    /// No kernel knows who lives there. An owner is gone when its last handle is dropped, and not
    /// before: a core that is reset keeps its seats, and what it has locked, until the region is
    /// made anew. In a child that was forked, which may share the memory, the owner is the parent:
    /// what the child has inherited can be dropped, which gives nothing back, and it can
    /// [open](Region::open_raw) the region for itself.
    ///
    /// ```
    /// use core::ptr::NonNull;
    /// use ringway_sync::{Plan, Region};
    ///
    /// #[repr(align(128))]
    /// struct Memory([u8; 4096]);
    ///
    /// let mut memory = Memory([0; 4096]);
    /// let start = NonNull::from(&mut memory).cast();
    /// let plan = Plan::new().seats(2).mutex("count", 7u64);
    /// // SAFETY: the memory is there until both regions are dropped, and has no other users.
    /// let region = unsafe { plan.create_raw(start, 4096)? };
    /// // SAFETY: as above, and the region has been made.
    /// let other = unsafe { Region::open_raw(start, 4096)? };
    /// *region.mutex::<u64>("count")?.lock()? += 1;
    /// assert_eq!(other.mutex::<u64>("count")?.peek()?, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Safety
    ///
    /// So many bytes from `start` on are valid for reads and writes for as long as a handle of the
    /// region is there. Nothing else accesses them before this returns, and later by this crate
    /// alone.
    pub unsafe fn create_raw(&self, start: NonNull<u8>, len: usize) -> Result<Region, PlanError> {
        let layout = self.layout()?;
        if len < layout.len || start.addr().get() % OBJECT_ALIGN != 0 {
            return Err(PlanError::Memory { len, needed: layout.len });
        }
        // SAFETY: so much is there, and nothing else accesses it, by this function's condition.
        unsafe { start.write_bytes(0, layout.len) };
        // SAFETY: aligned, as just seen; zeroed, and as long as the layout.
        unsafe { self.lay_out(start, &layout, Instance([0; 4]), Fences::FULL.mode()) };
        let bytes = Bytes { start, seats_at: SEATS_AT, seats: self.seats, keep: Keep::caller() };
        // SAFETY: what was just written is there; the memory stays, by this function's condition.
        let memory = unsafe { Memory::in_bytes(bytes, layout.entries, Fences::FULL, self.tag) };
        Attachment::by_word(&Arc::new(memory)).map(Region::new).map_err(PlanError::Seat)
    }
}

impl Region {
    /// Opens the region that was [made](Plan::create_raw) in that memory, and takes a seat in it.
    /// What its header and its directory say is checked before it is believed.
    ///
    /// # Safety
    ///
    /// So many bytes from `start` on are initialised, and valid for reads and writes for as long as
    /// a handle of the region is there. They are accessed by this crate alone, and the region
    /// was made before this call begins.
    pub unsafe fn open_raw(start: NonNull<u8>, len: usize) -> Result<Region, RawError> {
        if len < HEADER_BYTES || start.addr().get() % OBJECT_ALIGN != 0 {
            return Err(RawError::Memory { len });
        }
        // SAFETY: aligned, and a header is there, as just seen.
        let envelope = unsafe { super::header::envelope(start) };
        let envelope = Envelope::decode(&envelope, len as u64, KIND, VERSION);
        let envelope = envelope.map_err(RawError::Envelope)?;
        let len = usize::try_from(envelope.len).ok().filter(|&len| len >= HEADER_BYTES);
        let len = len.ok_or(RawError::Corrupt { what: "its length" })?;
        // SAFETY: aligned, and so much is there: the envelope says no more than `len`.
        let read = unsafe { Layout::read(start, len) };
        let (layout, _) = read.map_err(|what| RawError::Corrupt { what })?;
        let bytes = Bytes { start, seats_at: SEATS_AT, seats: layout.seats, keep: Keep::caller() };
        // SAFETY: `read` has found that all entries and the seats lie in the memory, which stays, by
        // this function's condition.
        let memory = unsafe { Memory::in_bytes(bytes, layout.entries, Fences::FULL, envelope.tag) };
        Attachment::by_word(&Arc::new(memory)).map(Region::new).map_err(RawError::Seat)
    }
}
