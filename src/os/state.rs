//! What a ring's file says about it to somebody who does not attach.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::lock;
use crate::layout::{HEADER_WORDS, ProducerLine};

/// Whether a ring's producer is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentState {
    /// Its producer lives, as far as can be told.
    Alive,
    /// Its producer has closed it, and its name was kept.
    Closed,
    /// Its producer has died: it can be resumed, or removed.
    Orphaned,
}

/// Reads it from a data file, whose header has been looked at.
pub(super) fn of(data: &File) -> io::Result<SegmentState> {
    let word = |offset: usize| -> io::Result<u32> {
        let mut bytes = [0; 4];
        data.read_exact_at(&mut bytes, (HEADER_WORDS * 4 + offset) as u64)?;
        Ok(u32::from_ne_bytes(bytes))
    };
    let closed = || word(core::mem::offset_of!(ProducerLine, closed));
    let guarded = word(core::mem::offset_of!(ProducerLine, guarded))? != 0;
    if guarded && !lock::is_held(data, lock::PRODUCER)? {
        // After the lock: whoever closes the ring gives up the lock later.
        return Ok(if closed()? != 0 { SegmentState::Closed } else { SegmentState::Orphaned });
    }
    Ok(if closed()? != 0 { SegmentState::Closed } else { SegmentState::Alive })
}
