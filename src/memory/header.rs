//! The header of a ring's segments: what its creator writes down and every other process checks.
//!
//! 128 bytes: the envelope that every kind of segment has, and 64 bytes of the ring's own, which
//! are all zeros in the control segment. Pure functions over 32 words of 32 bits: a process that
//! attaches copies the words once and works on the copy. `docs/layout.md` has the same table.

use crate::error::{HeaderError, MessageType};
use crate::memory::geometry::{Geometry, Overflow, Schema, Shape};
use crate::memory::layout::{ENTRIES_OFFSET, Entry, HEADER_WORDS};
use crate::message::Message;
use ringway_shm::envelope::{
    ENVELOPE_WORDS, Envelope, EnvelopeError, EnvelopeWords, Instance, Kind, TextPlace,
};
use ringway_shm::sync::{WORD, Word};

/// The kind of a ring's data segment.
pub(crate) const DATA: Kind = Kind::new(*b"RDAT");
/// The kind of a ring's control segment.
pub(crate) const CONTROL: Kind = Kind::new(*b"RCTL");
/// The layout that this build writes and reads.
pub(crate) const VERSION: u32 = 2;

/// A header's words, copied out of the segment.
pub(crate) type Words = [u32; HEADER_WORDS];

/// Where each field lies, in words. What comes before is the envelope.
mod field {
    pub(crate) const FLAGS: usize = 16;
    pub(crate) const ENTRIES: usize = 17;
    pub(crate) const CAPACITY: usize = 18; // 2 words
    pub(crate) const MAX_LEN: usize = 20;
    pub(crate) const ALIGN: usize = 21;
    pub(crate) const ORIGIN: usize = 22; // 2 words
    pub(crate) const STRIDE: usize = 24;
    pub(crate) const PAYLOAD: usize = 25;
    pub(crate) const SLOTS: usize = 26;
    /// In units of 128 bytes; 0: there is none.
    pub(crate) const ARENA_SIZE: usize = 27;
    pub(crate) const ARENA: usize = 28; // 2 words
    /// The first entry's place in the low half, an entry's size in the high one.
    pub(crate) const ENTRY: usize = 30;
    /// Groups in the low half, workers in the high one.
    pub(crate) const GROUPS: usize = 31;
}

// The documented bytes.
const _: () = {
    assert!(4 * field::FLAGS == 64 && 4 * field::ENTRIES == 68 && 4 * field::CAPACITY == 72);
    assert!(4 * field::MAX_LEN == 80 && 4 * field::ALIGN == 84 && 4 * field::ORIGIN == 88);
    assert!(4 * field::STRIDE == 96 && 4 * field::PAYLOAD == 100 && 4 * field::SLOTS == 104);
    assert!(4 * field::ARENA_SIZE == 108 && 4 * field::ARENA == 112);
    assert!(4 * field::ENTRY == 120 && 4 * field::GROUPS == 124);
};

/// What the flags say.
mod flags {
    pub(crate) const VARIABLE: u32 = 1;
    pub(crate) const OVERWRITE: u32 = 2;
    pub(crate) const LINE_SLOTS: u32 = 4;
    pub(crate) const NO_OBSERVERS: u32 = 8;
    pub(crate) const PINS: u32 = 16;
    /// What a build that has no chains refuses.
    pub(crate) const CHAIN: u32 = 32;
    pub(crate) const ALL: u32 = VARIABLE
        | OVERWRITE
        | LINE_SLOTS
        | NO_OBSERVERS
        | PINS
        | if crate::memory::layout::CHAINS { CHAIN } else { 0 };
}

/// What the messages of a ring have to be, to be attached to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// The type of message that the caller's code was compiled for; where messages vary in length,
    /// the longest is what the header says. `None`: whatever they are.
    pub(crate) schema: Option<Schema>,
    /// `None`: whatever it is.
    pub(crate) tag: Option<u64>,
}

impl Expected {
    /// Messages of that type, with that tag.
    pub(crate) fn of<T: Message + ?Sized>(tag: u64) -> Expected {
        let schema = (!T::UNTYPED).then(|| Schema::of::<T>(0));
        Expected { schema, tag: Some(tag) }
    }
}

impl From<EnvelopeError> for HeaderError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::ByteOrder => Self::ByteOrder,
            EnvelopeError::Version { found, supported } => Self::Version { found, supported },
            EnvelopeError::WordSize { found, supported } => Self::WordSize { found, supported },
            EnvelopeError::TooShort { len, needed } => Self::TooSmall { len, needed },
            EnvelopeError::Corrupt { what } => Self::Corrupt { what },
            _ => Self::NotARing,
        }
    }
}

fn with_envelope(envelope: Envelope) -> Words {
    let mut words = [0; HEADER_WORDS];
    for (word, value) in words.iter_mut().zip(envelope.encode()) {
        *word = value;
    }
    words
}

pub(crate) fn envelope_words(words: &Words) -> EnvelopeWords {
    core::array::from_fn(|i| words[i])
}

const _: () = assert!(HEADER_WORDS == 2 * ENVELOPE_WORDS);

/// The header of the control segment: enough to see that it is one, and whose.
pub(crate) fn encode_control(geometry: &Geometry, instance: Instance) -> Words {
    let envelope = Envelope::new(CONTROL, VERSION, instance, geometry.control_len as u64);
    with_envelope(Envelope { tag: geometry.shape.tag, ..envelope })
}

/// The header of the data segment.
pub(crate) fn encode(geometry: &Geometry, instance: Instance) -> Words {
    let Geometry { shape, measures, slots_offset, text_offset, .. } = *geometry;
    let text = TextPlace { offset: text_offset as u32, len: shape.text as u32 };
    let envelope = Envelope::new(DATA, VERSION, instance, geometry.data_len as u64);
    let mut words = with_envelope(Envelope { tag: shape.tag, text, ..envelope });
    let mut wide = |at: usize, value: u64| {
        words[at] = value as u32;
        words[at + 1] = (value >> 32) as u32;
    };
    wide(field::CAPACITY, shape.capacity as u64);
    // A word is a `u64` already where it has 64 bits.
    #[allow(clippy::useless_conversion)]
    wide(field::ORIGIN, u64::from(shape.origin));
    wide(field::ARENA, geometry.arena_offset as u64);
    words[field::FLAGS] = [
        (shape.schema.variable, flags::VARIABLE),
        (shape.overflow == Overflow::Overwrite, flags::OVERWRITE),
        (shape.line_slots, flags::LINE_SLOTS),
        (!shape.observers, flags::NO_OBSERVERS),
        (shape.pins, flags::PINS),
        (shape.chain, flags::CHAIN),
    ]
    .into_iter()
    .fold(0, |all, (set, flag)| if set { all | flag } else { all });
    words[field::ENTRIES] = shape.entries as u32;
    words[field::MAX_LEN] = shape.schema.max_len as u32;
    words[field::ALIGN] = shape.schema.align as u32;
    words[field::STRIDE] = (measures.stride * WORD) as u32;
    words[field::PAYLOAD] = (measures.payload() * WORD) as u32;
    words[field::SLOTS] = slots_offset as u32;
    words[field::ARENA_SIZE] = (shape.arena / ARENA_STEP) as u32;
    words[field::ENTRY] = ENTRIES_OFFSET as u32 | (size_of::<Entry>() as u32) << 16;
    words[field::GROUPS] = shape.groups as u32 | (shape.workers as u32) << 16;
    words
}

/// In what the size of an arena is said, in bytes.
const ARENA_STEP: usize = 128;

/// Checks that a control segment of `len` bytes belongs to the ring.
pub(crate) fn check_control(
    words: &Words,
    len: usize,
    geometry: &Geometry,
    instance: Instance,
) -> Result<(), HeaderError> {
    let envelope = Envelope::decode(&envelope_words(words), len as u64, CONTROL, VERSION)?;
    if envelope.instance != instance {
        return Err(HeaderError::Unpaired);
    }
    let needed = geometry.control_len as u64;
    if (len as u64) < needed {
        return Err(HeaderError::TooSmall { len: len as u64, needed });
    }
    Ok(())
}

/// What is in a data segment, as far as the header of this version says: without a message type
/// that it has to have.
fn shape(words: &Words, envelope: &Envelope) -> Result<Shape, HeaderError> {
    let corrupt = |what| Err(HeaderError::Corrupt { what });
    let wide = |at: usize| u64::from(words[at]) | u64::from(words[at + 1]) << 32;
    let set = words[field::FLAGS];
    if set & !flags::ALL != 0 {
        return corrupt("flags");
    }
    let variable = set & flags::VARIABLE != 0;
    let Ok(capacity) = usize::try_from(wide(field::CAPACITY)) else {
        return corrupt("capacity");
    };
    let origin = wide(field::ORIGIN);
    #[allow(clippy::useless_conversion)]
    if origin > u64::from(Word::MAX) {
        return corrupt("origin");
    }
    let arena = match usize::try_from(u64::from(words[field::ARENA_SIZE]) * ARENA_STEP as u64) {
        // Where all messages have one length there is nothing to spill.
        Ok(size) if size == 0 || variable => size,
        _ => return corrupt("arena"),
    };
    Ok(Shape {
        schema: Schema {
            variable,
            max_len: words[field::MAX_LEN] as usize,
            align: words[field::ALIGN] as usize,
        },
        capacity,
        entries: words[field::ENTRIES] as usize,
        groups: (words[field::GROUPS] & 0xffff) as usize,
        workers: (words[field::GROUPS] >> 16) as usize,
        overflow: if set & flags::OVERWRITE != 0 { Overflow::Overwrite } else { Overflow::Wait },
        line_slots: set & flags::LINE_SLOTS != 0,
        chain: set & flags::CHAIN != 0,
        observers: set & flags::NO_OBSERVERS == 0,
        pins: set & flags::PINS != 0,
        arena,
        text: envelope.text.len as usize,
        tag: envelope.tag,
        origin: origin as Word,
    })
}

/// Reads the header of a data segment of `len` bytes. The geometry is worked out anew from the
/// shape, and what the header says of it has to agree: a header cannot place anything.
pub(crate) fn decode(
    words: &Words,
    len: usize,
    expected: Expected,
) -> Result<(Geometry, Instance), HeaderError> {
    let envelope = Envelope::decode(&envelope_words(words), len as u64, DATA, VERSION)?;
    let corrupt = |what| Err(HeaderError::Corrupt { what });
    let wide = |at: usize| u64::from(words[at]) | u64::from(words[at + 1]) << 32;
    let shape = shape(words, &envelope)?;
    let Ok(geometry) = Geometry::new(shape) else {
        return corrupt(
            "capacity, message size, alignment, entries, groups, workers, origin, arena or text",
        );
    };
    if words[field::STRIDE] as usize != geometry.measures.stride * WORD {
        return corrupt("stride");
    }
    if words[field::PAYLOAD] as usize != geometry.measures.payload() * WORD {
        return corrupt("payload offset");
    }
    if words[field::SLOTS] as usize != geometry.slots_offset {
        return corrupt("slots offset");
    }
    if wide(field::ARENA) != geometry.arena_offset as u64 {
        return corrupt("arena");
    }
    if envelope.text.offset as usize != geometry.text_offset {
        return corrupt("text");
    }
    // Bare metal pads nothing, so that its control segment is another one.
    if words[field::ENTRY] as usize != ENTRIES_OFFSET | size_of::<Entry>() << 16 {
        return corrupt("entries, which are not where this target has them");
    }
    if len < geometry.data_len {
        let (len, needed) = (len as u64, geometry.data_len as u64);
        return Err(HeaderError::TooSmall { len, needed });
    }
    if envelope.len != geometry.data_len as u64 {
        return corrupt("length");
    }

    let message_type =
        |s: Schema, tag| MessageType { variable: s.variable, size: s.max_len, align: s.align, tag };
    let found = message_type(shape.schema, shape.tag);
    let schema = expected.schema.map(|schema| schema.aligned_as(shape.schema.align));
    let schema = schema.unwrap_or(shape.schema);
    let mut expected = message_type(schema, expected.tag.unwrap_or(shape.tag));
    if expected.variable && found.variable {
        // The longest is the creator's choice.
        expected.size = found.size;
    }
    if expected != found {
        return Err(HeaderError::MessageType { found, expected });
    }
    Ok((geometry, envelope.instance))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: Instance = Instance([1, 2, 3, 4]);

    fn geometry(variable: bool) -> Geometry {
        Geometry::new(Shape {
            schema: Schema { variable, max_len: 24, align: if variable { 1 } else { 8 } },
            capacity: 64,
            entries: 5,
            groups: 2,
            workers: 3,
            overflow: Overflow::Overwrite,
            line_slots: true,
            chain: true,
            observers: false,
            pins: true,
            arena: if variable { 1024 } else { 0 },
            text: 11,
            tag: 0x1234_5678_9abc_def0,
            origin: 77,
        })
        .unwrap()
    }

    fn decode_as(words: &Words, len: usize, like: &Geometry) -> Result<Geometry, HeaderError> {
        let expected = Expected { schema: Some(like.shape.schema), tag: Some(like.shape.tag) };
        decode(words, len, expected).map(|(g, _)| g)
    }

    #[test]
    fn what_was_written_is_read() {
        for variable in [false, true] {
            let g = geometry(variable);
            let words = encode(&g, INSTANCE);
            assert_eq!(decode_as(&words, g.data_len, &g), Ok(g));
            let untyped = decode(&words, g.data_len, Expected { schema: None, tag: None });
            assert_eq!(untyped, Ok((g, INSTANCE)));
            let control = encode_control(&g, INSTANCE);
            assert_eq!(check_control(&control, g.control_len, &g, INSTANCE), Ok(()));
        }
    }

    #[test]
    fn every_field_is_checked() {
        for variable in [false, true] {
            let g = geometry(variable);
            let good = encode(&g, INSTANCE);
            for at in 0..HEADER_WORDS {
                for change in [1, 3, 0x100, 1 << 31, u32::MAX] {
                    let mut words = good;
                    words[at] ^= change;
                    let got = decode_as(&words, g.data_len, &g);
                    // Words of the envelope: a text of another length, and the instance.
                    let free = [7, 8, 9, 10, 11].contains(&at)
                    // Another origin or number of entries is as good a ring, and so is a shorter
                    // message in a slot of the same size.
                        || (field::ORIGIN..field::ORIGIN + 2).contains(&at)
                        || at == field::ENTRIES
                        || at == field::GROUPS
                        || (variable && at == field::MAX_LEN);
                    assert!(got.is_err() || free, "word {at} changed by {change:#x}: {got:?}");
                }
            }
        }
    }

    #[test]
    fn an_arena_is_where_it_has_to_be_or_the_ring_is_refused() {
        let g = geometry(true);
        let good = encode(&g, INSTANCE);
        assert!(g.arena_offset > 0);
        for (at, value) in [
            (field::ARENA, 0),
            (field::ARENA, g.arena_offset as u32 - 128),
            (field::ARENA + 1, 1),
            (field::ARENA_SIZE, 0),
            (field::ARENA_SIZE, 7),
            (field::ARENA_SIZE, 1 << 20),
            (field::ARENA_SIZE, u32::MAX),
        ] {
            let mut words = good;
            words[at] = value;
            assert!(decode_as(&words, g.data_len, &g).is_err(), "word {at} is {value}");
        }
        let fixed = geometry(false);
        let mut words = encode(&fixed, INSTANCE);
        words[field::ARENA] = fixed.data_len.next_multiple_of(128) as u32;
        words[field::ARENA_SIZE] = 1;
        let refused = Err(HeaderError::Corrupt { what: "arena" });
        assert_eq!(decode_as(&words, 1 << 20, &fixed), refused);
    }

    #[test]
    fn each_mistake_has_its_error() {
        let g = geometry(false);
        let good = encode(&g, INSTANCE);
        let with = |at: usize, value: u32| {
            let mut words = good;
            words[at] = value;
            decode_as(&words, g.data_len, &g).unwrap_err()
        };
        assert_eq!(decode_as(&[0; 32], 4096, &g), Err(HeaderError::NotARing));
        assert_eq!(decode_as(&good.map(u32::swap_bytes), 4096, &g), Err(HeaderError::ByteOrder));
        // Words of the envelope: version, word size.
        let version = HeaderError::Version { found: 9, supported: VERSION };
        assert_eq!(with(4, 9), version);
        let found = 12 - WORD as u32;
        let word_size = HeaderError::WordSize { found, supported: WORD as u32 };
        assert_eq!(with(5, found), word_size);
        assert_eq!(with(field::STRIDE, 8), HeaderError::Corrupt { what: "stride" });
        let short = g.data_len - 1;
        let needed = g.data_len as u64;
        let too_small = HeaderError::TooSmall { len: short as u64, needed };
        assert_eq!(decode_as(&good, short, &g), Err(too_small));

        let other = Schema { max_len: 16, ..g.shape.schema };
        for (schema, tag) in [(other, g.shape.tag), (g.shape.schema, 0)] {
            let expected = Expected { schema: Some(schema), tag: Some(tag) };
            let error = decode(&good, g.data_len, expected).unwrap_err();
            assert!(matches!(error, HeaderError::MessageType { .. }), "{error:?}");
        }
        let control = encode_control(&g, Instance([9; 4]));
        let unpaired = Err(HeaderError::Unpaired);
        assert_eq!(check_control(&control, g.control_len, &g, INSTANCE), unpaired);
        assert_eq!(check_control(&good, g.control_len, &g, INSTANCE), Err(HeaderError::NotARing));
        let control = encode_control(&g, INSTANCE);
        assert!(check_control(&control, g.control_len - 1, &g, INSTANCE).is_err());
    }
}
