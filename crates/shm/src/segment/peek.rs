//! The first bytes of a file, read by a process that does not attach.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::envelope::{ENVELOPE_WORDS, EnvelopeError, EnvelopeWords, HEADER_BYTES, Identity};

/// The words of a header: an envelope, and as many of its kind's own.
pub type Header = [u32; HEADER_BYTES / 4];

/// The envelope of a header.
pub fn envelope_of(header: &Header) -> EnvelopeWords {
    core::array::from_fn(|i| header[i])
}

const _: () = assert!(ENVELOPE_WORDS <= HEADER_BYTES / 4);

/// The header of a file that has a header's length, or had.
pub fn read_header(file: &File) -> io::Result<Header> {
    let mut bytes = [0; HEADER_BYTES];
    file.read_exact_at(&mut bytes, 0)?;
    let mut words: Header = [0; HEADER_BYTES / 4];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        if let Ok(four) = four.try_into() {
            *word = u32::from_ne_bytes(four);
        }
    }
    Ok(words)
}

/// The header that is mapped there, each word loaded once.
///
/// # Safety
///
/// `start` is aligned to words of 32 bits and valid for atomic loads of a header.
pub(super) unsafe fn decode_header(start: NonNull<u8>) -> Header {
    // SAFETY: `start` is aligned to words of 32 bits, and a header there is valid for loads.
    let words = unsafe { start.cast::<[AtomicU32; HEADER_BYTES / 4]>().as_ref() };
    core::array::from_fn(|i| words[i].load(Ordering::Relaxed))
}

/// Whether a file ended before what was to be read: it is shorter than a segment, or was made so.
pub fn is_cut_short(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// A file's length, if it can hold a header and this process can map it.
pub fn mappable(len: u64) -> Result<usize, EnvelopeError> {
    let needed = HEADER_BYTES as u64;
    if len < needed {
        return Err(EnvelopeError::TooShort { len, needed });
    }
    usize::try_from(len).map_err(|_| EnvelopeError::Corrupt {
        what: "the segment is longer than the address space",
    })
}

/// Which segment a file is; `None`: it is none.
pub fn identity_of(file: &File) -> io::Result<Option<Identity>> {
    if mappable(file.metadata()?.len()).is_err() {
        return Ok(None);
    }
    match read_header(file) {
        Err(error) if is_cut_short(&error) => Ok(None),
        header => Ok(Identity::of(&envelope_of(&header?)).ok()),
    }
}
