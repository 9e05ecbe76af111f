//! What a ring's file says about it to somebody who does not attach.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::lock;
use crate::layout::{HEADER_WORDS, ProducerLine};

/// Whether a ring's producer is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentState {
    /// Its producer lives, as far as can be told.
    Alive,
    /// Its producer has closed it, and its name was kept.
    Closed,
    /// Its producer has died: it can be resumed (unless it died on its way out), or removed.
    Orphaned,
    /// It belongs to another user, or was made by a build of another layout.
    Foreign,
}

/// Reads it from a data file, whose header has been looked at.
pub(super) fn of(data: &File) -> io::Result<SegmentState> {
    let guarded = word(data, core::mem::offset_of!(ProducerLine, guarded))? != 0;
    let dead = guarded && !lock::is_held(data, lock::PRODUCER)?;
    // After the lock: whoever closes the ring gives up the lock later.
    let closed = is_closed(data)?;
    let kept = word(data, core::mem::offset_of!(ProducerLine, kept))? != 0;
    Ok(match (closed && kept, dead) {
        (true, _) => SegmentState::Closed,
        // Perhaps between closing the ring and removing its names.
        (false, true) => SegmentState::Orphaned,
        (false, false) => SegmentState::Alive,
    })
}

/// Whether the ring was closed.
pub(super) fn is_closed(data: &File) -> io::Result<bool> {
    Ok(word(data, core::mem::offset_of!(ProducerLine, closed))? != 0)
}

/// A word of the producer's line.
fn word(data: &File, offset: usize) -> io::Result<u32> {
    let mut bytes = [0; 4];
    data.read_exact_at(&mut bytes, (HEADER_WORDS * 4 + offset) as u64)?;
    Ok(u32::from_ne_bytes(bytes))
}
