//! What a ring's file says about it to somebody who does not attach.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::lock;
use crate::memory::header::Identity;
use crate::memory::layout::{HEADER_WORDS, ProducerLine};

/// Whether a ring's producer is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentState {
    /// Its producer lives, as far as can be told.
    Alive,
    /// Its producer has closed it, and its name was kept: what is left can be read, and a producer
    /// can go on with it.
    Closed,
    /// Its producer has died, or has left it for a successor ([`detach`](crate::Producer::detach)):
    /// it can be removed, and resumed, unless its layout is another
    /// ([`SegmentInfo::foreign`](crate::segment::SegmentInfo::foreign)) or its producer died on its way out.
    Orphaned,
    /// It belongs to another user, or cannot be looked at.
    Foreign,
}

/// Reads it from a data file, whose header has been looked at. The lock means the same in every
/// layout.
pub(crate) fn of(data: &File, identity: &Identity) -> io::Result<SegmentState> {
    if !identity.known {
        let alive = lock::is_held(data, lock::PRODUCER)?;
        return Ok(if alive { SegmentState::Alive } else { SegmentState::Orphaned });
    }
    let guarded = word(data, core::mem::offset_of!(ProducerLine, guarded))? != 0;
    let dead = guarded && !lock::is_held(data, lock::PRODUCER)?;
    // After the lock: whoever closes the ring gives up the lock later.
    let closed = is_closed(data, identity)?;
    let kept = word(data, core::mem::offset_of!(ProducerLine, kept))? != 0;
    Ok(match (closed && kept, dead) {
        (true, _) => SegmentState::Closed,
        // Perhaps between closing the ring and removing its names.
        (false, true) => SegmentState::Orphaned,
        (false, false) => SegmentState::Alive,
    })
}

/// Whether the ring was closed, as far as this build can read that.
pub(crate) fn is_closed(data: &File, identity: &Identity) -> io::Result<bool> {
    Ok(identity.known && word(data, core::mem::offset_of!(ProducerLine, closed))? != 0)
}

/// Whether a file ended before what was to be read: it is shorter than a ring's, or was made so.
pub(crate) fn is_cut_short(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// A word of the producer's line. In which byte order it is does not matter: what is asked is
/// whether it is 0.
fn word(data: &File, offset: usize) -> io::Result<u32> {
    let mut bytes = [0; 4];
    data.read_exact_at(&mut bytes, (HEADER_WORDS * 4 + offset) as u64)?;
    Ok(u32::from_ne_bytes(bytes))
}
