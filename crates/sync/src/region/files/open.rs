//! Opening a region by its name.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::thread;
use std::time::Duration;

use ringway_shm::envelope::Envelope;
use ringway_shm::segment::{self, DeathWatch, Expected, Found, Mapping, Place, Use, directory};
use ringway_shm::sync::Futex;
use ringway_shm::wait::Deadline;

use super::super::Region;
use super::super::header::{KIND, Layout, SEATS_AT, VERSION};
use super::super::memory::{Bytes, Keep, Memory};
use super::seat::{PATIENCE, seat_within};
use super::{SEATS, fences_of};
use crate::error::{OpenError, SeatError};
use crate::slices::Slices;

impl Region {
    /// Opens the region of that name, and takes a seat in it. The file has to belong to this user,
    /// unless [`Place::owner`] says otherwise.
    ///
    /// Waits for nothing but a process that is removing the name at this moment: until it has, or
    /// has not for a second ([`SeatError::BeingRemoved`]).
    pub fn open(place: impl Into<Place>) -> Result<Region, OpenError> {
        Region::open_within(&place.into(), PATIENCE)
    }

    /// The same for one that waits no longer for a process that removes the name.
    fn open_within(place: &Place, patience: Duration) -> Result<Region, OpenError> {
        let memory = Arc::new(map(place, Use::Write)?);
        let at = seat_within(&memory, patience).map_err(OpenError::Seat)?;
        // Removed before there was the seat, which keeps the name from then on.
        match memory.mapping().map(Mapping::is_removed) {
            Some(Ok(false)) | None => Ok(Region::new(at)),
            Some(Ok(true)) => Err(OpenError::Seat(SeatError::Removed)),
            Some(Err(source)) => Err(OpenError::Segment(segment::OpenError::Io {
                what: "asking whether the file has a name",
                path: Some(place.path()),
                source,
            })),
        }
    }

    /// As [`open`](Self::open), and waits until the region is there. The deadline is a `Duration`
    /// from now, or an `Instant`. Looks every 20 milliseconds, and more often at first. If a process
    /// is removing the name all that time, it says so.
    pub fn open_wait(
        place: impl Into<Place>,
        deadline: impl Into<Deadline>,
    ) -> Result<Region, OpenError> {
        let (place, deadline) = (place.into(), deadline.into());
        let mut slices = Slices::new();
        loop {
            let being_removed = match Region::open_within(&place, deadline.left(PATIENCE)) {
                Err(error @ OpenError::Seat(SeatError::BeingRemoved)) => Some(error),
                Err(error) if Region::may_come(&error) => None,
                outcome => return outcome,
            };
            let left = deadline.left(slices.next());
            if left == Duration::ZERO {
                let timed_out = OpenError::TimedOut { path: place.path() };
                return Err(being_removed.unwrap_or(timed_out));
            }
            thread::sleep(left);
        }
    }

    /// Whether a region of that name may be there later.
    pub(super) fn may_come(error: &OpenError) -> bool {
        matches!(
            error,
            OpenError::Segment(segment::OpenError::NotFound { .. })
                | OpenError::Seat(SeatError::Removed)
        )
    }

    /// Has that watch tell this seat's waits of deaths as they happen: a waiter then learns of the
    /// death of an owner as soon as the kernel has closed the process's files, and otherwise within
    /// 20 ms. Does nothing for a region that is no file, and the second time.
    ///
    /// An error: the kernel has no watches left, say (`ENOSPC`). Waits work as before.
    pub fn watched_by(&self, watch: &DeathWatch) -> std::io::Result<()> {
        let Some(mapping) = self.at.memory.mapping() else { return Ok(()) };
        if self.at.watched.get().is_none() {
            let watched = watch.add(mapping, Arc::new(Futex::new(0)))?;
            // Of two threads at once one has it, and the other's goes.
            let _ = self.at.watched.set(watched);
        }
        Ok(())
    }
}

/// Maps a region, and checks what it says.
pub(super) fn map(place: &Place, to: Use) -> Result<Memory, OpenError> {
    let expected = Expected {
        kind: KIND,
        version: VERSION,
        writable: to == Use::Write,
        companion: false,
        group_may_write: true,
    };
    let found = directory(place).and_then(|directory| Found::new(&directory, place, expected));
    let found = found.map_err(OpenError::Segment)?;
    let mapping = Mapping::new(found.files, found.lengths, to, SEATS).map_err(|source| {
        let (what, path) = ("mapping the segment", Some(place.path()));
        OpenError::Segment(segment::OpenError::Io { what, path, source })
    })?;
    check(mapping, &found.envelope, Some(place))
}

/// What a mapped region says is checked, and kept. `said`: its envelope.
pub(super) fn check(
    mapping: Mapping,
    said: &Envelope,
    place: Option<&Place>,
) -> Result<Memory, OpenError> {
    let (start, len) = mapping.main().map_err(|source| {
        let (what, path) = ("mapping the segment", place.map(Place::path));
        OpenError::Segment(segment::OpenError::Io { what, path, source })
    })?;
    // No longer than the envelope says: a file may be, but what is there is no region's.
    let len = usize::try_from(said.len).unwrap_or(usize::MAX).min(len);
    let corrupt = |what| OpenError::Corrupt { path: place.map(Place::path), what };
    if len < ringway_shm::envelope::HEADER_BYTES {
        return Err(corrupt("its length"));
    }
    // SAFETY: a mapping begins at a page, and so much of it is there.
    let (layout, mode) = unsafe { Layout::read(start, len) }.map_err(corrupt)?;
    let keep = Keep::Mapped(Box::new(mapping));
    let bytes = Bytes { start, seats_at: SEATS_AT, seats: layout.seats, keep };
    // SAFETY: `read` has found that all entries and the seats lie in the mapping.
    Ok(unsafe { Memory::in_bytes(bytes, layout.entries, fences_of(mode), said.tag) })
}
