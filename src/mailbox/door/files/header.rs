//! The header of a door, and where its words lie.
//!
//! | byte | bytes | field |
//! |---:|---:|---|
//! | 0 | 64 | the envelope: kind `RDOR`, version 1, the tag of the messages |
//! | 64 | 4 | mode of the fences, as a ring's |
//! | 68 | 4 | the most receivers |
//! | 72 | 4 | the most lanes |
//! | 76 | 4 | 1: each message has its own length |
//! | 80 | 8 | the longest message in bytes, in a slot |
//! | 88 | 8 | messages that each lane holds |
//! | 96 | 8 | bytes of each lane's arena |
//! | 104 | 4 | what a message's address is a multiple of |
//! | 108 | 4 | 1: lanes have asymmetric fences, where the kernel has them |
//! | 112 | 16 | a note of what is built on the mailbox; zeros, if it is nothing |
//! | 128 | 4 | `bell` |
//! | 132 | 4 | `sleepers` |
//! | 192 | 4 | `lanes` |
//! | 196 | 4 | `patrols` |
//! | 256 | 4 each | receivers' words: twice a count of the seat's owners; 1 more while it is taken |
//!
//! Of 8 bytes the low half comes first.

use super::place::{DOOR, VERSION};
use crate::error::HeaderError;
use crate::mailbox::door::words::Words;
use crate::mailbox::shape::LaneShape;
use crate::memory::geometry::Schema;
use ringway_shm::MAX_SEATS;
use ringway_shm::envelope::{ENVELOPE_WORDS, Envelope, HEADER_BYTES, Instance};
use ringway_shm::segment::Header;

const MODE: usize = ENVELOPE_WORDS;
const RECEIVERS: usize = MODE + 1;
const LANES: usize = MODE + 2;
const VARIABLE: usize = MODE + 3;
const MAX_LEN: usize = MODE + 4; // 2 words
const CAPACITY: usize = MODE + 6; // 2 words
const ARENA: usize = MODE + 8; // 2 words
const ALIGN: usize = MODE + 10;
const ASYMMETRIC: usize = MODE + 11;
const NOTE: usize = MODE + 12; // 4 words

/// Bytes from the start to the words.
pub(super) const WORDS_AT: usize = HEADER_BYTES;
/// Bytes from the start to the receivers' words.
pub(in crate::mailbox) const SEATS_AT: usize = WORDS_AT + size_of::<Words>();

// The documented bytes.
const _: () = assert!(WORDS_AT == 128 && SEATS_AT == 256);
const _: () = assert!(core::mem::offset_of!(Words, sleepers) == 4);
const _: () = assert!(core::mem::offset_of!(Words, lanes) == 64);
const _: () = assert!(core::mem::offset_of!(Words, patrols) == 68);

/// Bytes of a door.
pub(in crate::mailbox) fn len(receivers: usize) -> usize {
    SEATS_AT + 4 * receivers
}

/// The most receivers of a mailbox of files.
pub(in crate::mailbox) const MOST_RECEIVERS: usize = MAX_SEATS;

pub(in crate::mailbox) fn encode(shape: &LaneShape, mode: u32, instance: Instance) -> Header {
    let mut envelope = Envelope::new(DOOR, VERSION, instance, len(shape.receivers) as u64);
    envelope.tag = shape.tag;
    let mut header: Header = [0; HEADER_BYTES / 4];
    for (word, value) in header.iter_mut().zip(envelope.encode()) {
        *word = value;
    }
    let mut wide = |at: usize, value: usize| {
        header[at] = value as u32;
        header[at + 1] = (value as u64 >> 32) as u32;
    };
    wide(MAX_LEN, shape.schema.max_len);
    wide(CAPACITY, shape.capacity);
    wide(ARENA, shape.arena);
    header[MODE] = mode;
    header[RECEIVERS] = u32::try_from(shape.receivers).unwrap_or(u32::MAX);
    header[LANES] = u32::try_from(shape.lanes).unwrap_or(u32::MAX);
    header[VARIABLE] = shape.schema.variable.into();
    header[ALIGN] = shape.schema.align as u32;
    header[ASYMMETRIC] = shape.asymmetric.into();
    shape.note.into_iter().enumerate().for_each(|(at, word)| header[NOTE + at] = word);
    header
}

/// What a header says, and the mode. `len`: bytes that are mapped. What the lanes are is checked
/// when one is made, or opened.
pub(in crate::mailbox) fn decode(
    header: &Header,
    tag: u64,
    bytes: usize,
) -> Result<(LaneShape, u32), HeaderError> {
    let corrupt = |what| HeaderError::Corrupt { what };
    let wide = |at: usize, what| {
        let value = u64::from(header[at]) | u64::from(header[at + 1]) << 32;
        usize::try_from(value).map_err(|_| corrupt(what))
    };
    let receivers = header[RECEIVERS] as usize;
    if receivers == 0 || receivers > MOST_RECEIVERS {
        return Err(corrupt("receivers"));
    }
    let needed = len(receivers);
    if bytes < needed {
        return Err(HeaderError::TooSmall { len: bytes as u64, needed: needed as u64 });
    }
    if header[LANES] == 0 {
        return Err(corrupt("lanes"));
    }
    let schema = Schema {
        variable: header[VARIABLE] != 0,
        max_len: wide(MAX_LEN, "the longest message")?,
        align: header[ALIGN] as usize,
    };
    let shape = LaneShape {
        capacity: wide(CAPACITY, "capacity")?,
        schema,
        arena: wide(ARENA, "arena")?,
        lanes: header[LANES] as usize,
        receivers,
        tag,
        asymmetric: header[ASYMMETRIC] != 0,
        note: core::array::from_fn(|at| header[NOTE + at]),
    };
    Ok((shape, header[MODE]))
}
