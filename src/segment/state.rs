//! What a ring's file says about it to a process that does not attach.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ringway_shm::envelope::{Envelope, EnvelopeError, Identity};
use ringway_shm::file::lock;
use ringway_shm::segment::{Header, envelope_of};

use crate::error::HeaderError;
use crate::memory::header::{DATA, VERSION};
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
    /// ([`SegmentInfo::foreign`](crate::segment::SegmentInfo::foreign)) or its producer died on its
    /// way out.
    ProducerDied,
    /// It belongs to another user, or cannot be looked at.
    Inaccessible,
}

/// Which ring's data a header is, of whatever layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// Why this build cannot attach, if its layout is the reason.
    pub(crate) foreign: Option<HeaderError>,
    /// Its version is this build's, so that the producer's words lie where this build has them,
    /// whatever their byte order: those of 4 bytes also if its words are of another size.
    known: bool,
}

impl Ring {
    /// `Err`: it is none.
    pub(crate) fn of(header: &Header) -> Result<Ring, EnvelopeError> {
        let words = envelope_of(header);
        let identity = Identity::of(&words)?;
        if identity.kind != DATA {
            return Err(EnvelopeError::Kind { found: identity.kind, expected: DATA });
        }
        let foreign = match Envelope::decode(&words, u64::MAX, DATA, VERSION) {
            Err(
                error @ (EnvelopeError::ByteOrder
                | EnvelopeError::Version { .. }
                | EnvelopeError::WordSize { .. }),
            ) => Some(error.into()),
            _ => None,
        };
        Ok(Ring { foreign, known: identity.version == VERSION })
    }

    /// The ring's state, by its data file. The lock means the same in every layout.
    pub(crate) fn state(&self, data: &File) -> io::Result<SegmentState> {
        let dead = !lock::is_held(data, lock::OWNER)?;
        // After the lock: a producer that closes the ring gives up the lock later.
        if self.is_closed(data)? && word(data, core::mem::offset_of!(ProducerLine, kept))? != 0 {
            return Ok(SegmentState::Closed);
        }
        // Dead is also one between closing the ring and removing its names.
        Ok(if dead { SegmentState::ProducerDied } else { SegmentState::Alive })
    }

    /// Whether the ring was closed, as far as this build can read that.
    pub(crate) fn is_closed(&self, data: &File) -> io::Result<bool> {
        Ok(self.known && word(data, core::mem::offset_of!(ProducerLine, closed))? != 0)
    }
}

/// A word of the producer's line. In which byte order it is does not matter: what is asked is
/// whether it is 0.
fn word(data: &File, offset: usize) -> io::Result<u32> {
    let mut bytes = [0; 4];
    data.read_exact_at(&mut bytes, (HEADER_WORDS * 4 + offset) as u64)?;
    Ok(u32::from_ne_bytes(bytes))
}
