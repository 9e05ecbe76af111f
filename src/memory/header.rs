//! The header of a segment: what a ring's creator writes down and everybody else checks.
//!
//! Pure functions over 32 words of 32 bits. Who attaches copies the words once and works on the
//! copy. `docs/layout.md` has the same table.

use crate::error::{HeaderError, MessageType};
use crate::memory::geometry::{Geometry, Overflow, Schema, Shape};
use crate::memory::layout::{ENTRIES_OFFSET, Entry, HEADER_WORDS};
use ringway_shm::sync::{WORD, Word};

/// "RINGWAY" and a digit that is not the version: 0 for data, 1 for control.
const MAGIC_LOW: u32 = u32::from_le_bytes(*b"RING");
const MAGIC_DATA: u32 = u32::from_le_bytes(*b"WAY0");
const MAGIC_CONTROL: u32 = u32::from_le_bytes(*b"WAY1");
/// The layout that this build writes and reads.
pub(crate) const VERSION: u32 = 1;
/// Reads differently on a machine of the other byte order.
const BYTE_ORDER: u32 = 0x0102_0304;

/// Random bits that tell one ring from any other, also from its successor of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instance(pub(crate) [u32; 4]);

/// A header's words, copied out of the segment.
pub(crate) type Words = [u32; HEADER_WORDS];

/// Where each field lies, in words.
mod field {
    pub(crate) const MAGIC: usize = 0; // 2 words
    pub(crate) const VERSION: usize = 2;
    pub(crate) const BYTE_ORDER: usize = 3;
    pub(crate) const INSTANCE: usize = 4; // 4 words
    pub(crate) const WORD_SIZE: usize = 8;
    pub(crate) const VARIABLE: usize = 9;
    pub(crate) const OVERFLOW: usize = 10;
    pub(crate) const ENTRIES: usize = 11;
    pub(crate) const CAPACITY: usize = 12; // 2 words
    pub(crate) const MAX_LEN: usize = 14;
    pub(crate) const ALIGN: usize = 15;
    pub(crate) const TAG: usize = 16; // 2 words
    pub(crate) const ORIGIN: usize = 18; // 2 words
    pub(crate) const STRIDE: usize = 20;
    pub(crate) const PAYLOAD: usize = 21;
    pub(crate) const SLOTS: usize = 22; // 2 words
    pub(crate) const ARENA: usize = 24; // 4 words: offset and size; zeros: there is none
    pub(crate) const FLAGS: usize = 28;
    pub(crate) const FIRST_ENTRY: usize = 29;
    pub(crate) const ENTRY: usize = 30;
    /// Groups in the low half, workers in the high one.
    pub(crate) const GROUPS: usize = 31;
}

/// What the flags say.
mod flags {
    pub(crate) const LINE_SLOTS: u32 = 1;
    pub(crate) const NO_OBSERVERS: u32 = 2;
    pub(crate) const PINS: u32 = 4;
    pub(crate) const ALL: u32 = LINE_SLOTS | NO_OBSERVERS | PINS;
}

/// The first words of the control segment: enough to see that it is one, and whose.
pub(crate) fn encode_control(instance: Instance) -> Words {
    let mut words = [0; HEADER_WORDS];
    words[field::MAGIC] = MAGIC_LOW;
    words[field::MAGIC + 1] = MAGIC_CONTROL;
    words[field::VERSION] = VERSION;
    words[field::BYTE_ORDER] = BYTE_ORDER;
    words[field::INSTANCE..field::INSTANCE + 4].copy_from_slice(&instance.0);
    words
}

/// The header of the data segment.
pub(crate) fn encode(geometry: &Geometry, instance: Instance) -> Words {
    let Geometry { shape, measures, slots_offset, .. } = *geometry;
    let mut words = encode_control(instance);
    let mut wide = |at: usize, value: u64| {
        words[at] = value as u32;
        words[at + 1] = (value >> 32) as u32;
    };
    wide(field::CAPACITY, shape.capacity as u64);
    wide(field::TAG, shape.tag);
    // A word is a `u64` already where it has 64 bits.
    #[allow(clippy::useless_conversion)]
    wide(field::ORIGIN, u64::from(shape.origin));
    wide(field::SLOTS, slots_offset as u64);
    wide(field::ARENA, geometry.arena_offset as u64);
    wide(field::ARENA + 2, shape.arena as u64);
    words[field::MAGIC + 1] = MAGIC_DATA;
    words[field::WORD_SIZE] = WORD as u32;
    words[field::VARIABLE] = u32::from(shape.schema.variable);
    words[field::OVERFLOW] = match shape.overflow {
        Overflow::Wait => 0,
        Overflow::Overwrite => 1,
    };
    words[field::ENTRIES] = shape.entries as u32;
    words[field::MAX_LEN] = shape.schema.max_len as u32;
    words[field::ALIGN] = shape.schema.align as u32;
    words[field::STRIDE] = (measures.stride * WORD) as u32;
    words[field::PAYLOAD] = (measures.payload() * WORD) as u32;
    words[field::FLAGS] = [
        (shape.line_slots, flags::LINE_SLOTS),
        (!shape.observers, flags::NO_OBSERVERS),
        (shape.pins, flags::PINS),
    ]
    .into_iter()
    .fold(0, |all, (set, flag)| if set { all | flag } else { all });
    words[field::FIRST_ENTRY] = ENTRIES_OFFSET as u32;
    words[field::ENTRY] = size_of::<Entry>() as u32;
    words[field::GROUPS] = shape.groups as u32 | (shape.workers as u32) << 16;
    words
}

/// What both headers begin with. The order of the checks matters: each one makes the next readable.
fn check_start(words: &Words, magic: u32) -> Result<Instance, HeaderError> {
    if words[field::MAGIC] != MAGIC_LOW || words[field::MAGIC + 1] != magic {
        let swapped = words[field::MAGIC] == MAGIC_LOW.swap_bytes();
        return Err(if swapped { HeaderError::ByteOrder } else { HeaderError::NotARing });
    }
    if words[field::BYTE_ORDER] != BYTE_ORDER {
        return Err(HeaderError::ByteOrder);
    }
    let found = words[field::VERSION];
    if found != VERSION {
        return Err(HeaderError::Version { found, supported: VERSION });
    }
    let mut instance = [0; 4];
    instance.copy_from_slice(&words[field::INSTANCE..field::INSTANCE + 4]);
    Ok(Instance(instance))
}

/// Checks that a control segment of `len` bytes belongs to the ring.
pub(crate) fn check_control(
    words: &Words,
    len: usize,
    geometry: &Geometry,
    instance: Instance,
) -> Result<(), HeaderError> {
    if check_start(words, MAGIC_CONTROL)? != instance {
        return Err(HeaderError::Unpaired);
    }
    if len < geometry.control_len {
        let (len, needed) = (len as u64, geometry.control_len as u64);
        return Err(HeaderError::TooSmall { len, needed });
    }
    Ok(())
}

/// What the data segment of a ring says of itself in every version of the layout.
#[cfg(any(test, all(feature = "std", target_os = "linux")))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// As its creator wrote it, whatever that machine's byte order.
    pub(crate) instance: Instance,
    /// Why this build cannot attach, if its layout is the reason.
    pub(crate) foreign: Option<HeaderError>,
    /// Its version is this build's, so that the producer's words lie where this build has them,
    /// whatever their byte order: those of 4 bytes also if its words are of another size.
    pub(crate) known: bool,
}

/// Whose data segment it is, whatever version, word size and byte order made it. The only error is
/// that it is none.
#[cfg(any(test, all(feature = "std", target_os = "linux")))]
pub(crate) fn identify(words: &Words) -> Result<Identity, HeaderError> {
    // The magic tells the byte order: the field of that name is of version 1.
    let swapped = match [words[field::MAGIC], words[field::MAGIC + 1]] {
        [MAGIC_LOW, MAGIC_DATA] => false,
        other if other == [MAGIC_LOW.swap_bytes(), MAGIC_DATA.swap_bytes()] => true,
        _ => return Err(HeaderError::NotARing),
    };
    let native = |at: usize| if swapped { words[at].swap_bytes() } else { words[at] };
    let instance = Instance(core::array::from_fn(|i| native(field::INSTANCE + i)));
    let found = words[field::WORD_SIZE];
    let foreign = match check_start(words, MAGIC_DATA) {
        Err(error) => Some(error),
        Ok(_) if found != WORD as u32 && matches!(found, 4 | 8) => {
            Some(HeaderError::WordSize { found, supported: WORD as u32 })
        }
        Ok(_) => None,
    };
    Ok(Identity { instance, foreign, known: native(field::VERSION) == VERSION })
}

/// Reads the header of a data segment of `len` bytes. The geometry is worked out anew from the
/// shape, and what the header says of it has to agree: a header cannot place anything.
///
/// `expected` is the type of message that the caller's code was compiled for; where messages vary
/// in length, the longest is what the header says.
pub(crate) fn decode(
    words: &Words,
    len: usize,
    expected: Schema,
    tag: u64,
) -> Result<(Geometry, Instance), HeaderError> {
    let instance = check_start(words, MAGIC_DATA)?;
    let corrupt = |what| Err(HeaderError::Corrupt { what });
    let wide = |at: usize| u64::from(words[at]) | u64::from(words[at + 1]) << 32;

    let found = words[field::WORD_SIZE];
    if found != WORD as u32 {
        return match found {
            4 | 8 => Err(HeaderError::WordSize { found, supported: WORD as u32 }),
            _ => corrupt("word size"),
        };
    }
    let flag = |at: usize, what| match words[at] {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(HeaderError::Corrupt { what }),
    };
    let variable = flag(field::VARIABLE, "kind of message")?;
    let flags = words[field::FLAGS];
    if flags & !flags::ALL != 0 {
        return corrupt("flags");
    }
    let overwrite = flag(field::OVERFLOW, "overflow policy")?;
    let Ok(capacity) = usize::try_from(wide(field::CAPACITY)) else {
        return corrupt("capacity");
    };
    let origin = wide(field::ORIGIN);
    #[allow(clippy::useless_conversion)]
    if origin > u64::from(Word::MAX) {
        return corrupt("origin");
    }
    let arena = match usize::try_from(wide(field::ARENA + 2)) {
        // Where all messages have one length there is nothing to spill.
        Ok(size) if size == 0 || variable => size,
        _ => return corrupt("arena"),
    };
    let shape = Shape {
        schema: Schema {
            variable,
            max_len: words[field::MAX_LEN] as usize,
            align: words[field::ALIGN] as usize,
        },
        capacity,
        entries: words[field::ENTRIES] as usize,
        groups: (words[field::GROUPS] & 0xffff) as usize,
        workers: (words[field::GROUPS] >> 16) as usize,
        overflow: if overwrite { Overflow::Overwrite } else { Overflow::Wait },
        line_slots: flags & flags::LINE_SLOTS != 0,
        observers: flags & flags::NO_OBSERVERS == 0,
        pins: flags & flags::PINS != 0,
        arena,
        tag: wide(field::TAG),
        origin: origin as Word,
    };
    let Ok(geometry) = Geometry::new(shape) else {
        return corrupt(
            "capacity, message size, alignment, entries, groups, workers, origin or arena",
        );
    };
    if words[field::STRIDE] as usize != geometry.measures.stride * WORD {
        return corrupt("stride");
    }
    if words[field::PAYLOAD] as usize != geometry.measures.payload() * WORD {
        return corrupt("payload offset");
    }
    if wide(field::SLOTS) != geometry.slots_offset as u64 {
        return corrupt("slots offset");
    }
    if wide(field::ARENA) != geometry.arena_offset as u64 {
        return corrupt("arena");
    }
    // Bare metal pads nothing, so that its control segment is another one.
    if words[field::FIRST_ENTRY] as usize != ENTRIES_OFFSET
        || words[field::ENTRY] as usize != size_of::<Entry>()
    {
        return corrupt("entries, which are not where this target has them");
    }
    if len < geometry.data_len {
        let (len, needed) = (len as u64, geometry.data_len as u64);
        return Err(HeaderError::TooSmall { len, needed });
    }

    let message_type =
        |s: Schema, tag| MessageType { variable: s.variable, size: s.max_len, align: s.align, tag };
    let found = message_type(shape.schema, shape.tag);
    let mut expected = message_type(expected, tag);
    if expected.variable && found.variable {
        // The longest is the creator's choice.
        expected.size = found.size;
    }
    if expected != found {
        return Err(HeaderError::MessageType { found, expected });
    }
    Ok((geometry, instance))
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
            observers: false,
            pins: true,
            arena: if variable { 1024 } else { 0 },
            tag: 0x1234_5678_9abc_def0,
            origin: 77,
        })
        .unwrap()
    }

    fn decode_as(words: &Words, len: usize, like: &Geometry) -> Result<Geometry, HeaderError> {
        decode(words, len, like.shape.schema, like.shape.tag).map(|(g, _)| g)
    }

    #[test]
    fn what_was_written_is_read() {
        for variable in [false, true] {
            let g = geometry(variable);
            let words = encode(&g, INSTANCE);
            assert_eq!(decode_as(&words, g.data_len, &g), Ok(g));
            assert_eq!(check_start(&words, MAGIC_DATA), Ok(INSTANCE));
            let control = encode_control(INSTANCE);
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
                    let identity = field::INSTANCE..field::INSTANCE + 4;
                    // Another origin or number of entries is as good a ring, and so is a shorter message
                    // in a slot of the same size, or a smaller arena in the same place.
                    let free = identity.contains(&at)
                        || (field::ORIGIN..field::ORIGIN + 2).contains(&at)
                        || at == field::ENTRIES
                        || at == field::GROUPS
                        || (variable && at == field::MAX_LEN)
                        || (variable && at == field::ARENA + 2)
                        || (at == field::OVERFLOW && change == 1);
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
        for (at, value) in
            [(0, 0), (0, g.arena_offset as u32 - 128), (1, 1), (2, 1025), (2, 1 << 20), (3, 1)]
        {
            let mut words = good;
            words[field::ARENA + at] = value;
            assert!(decode_as(&words, g.data_len, &g).is_err(), "word {at} is {value}");
        }
        let fixed = geometry(false);
        let mut words = encode(&fixed, INSTANCE);
        words[field::ARENA] = fixed.data_len.next_multiple_of(128) as u32;
        words[field::ARENA + 2] = 128;
        let refused = Err(HeaderError::Corrupt { what: "arena" });
        assert_eq!(decode_as(&words, 1 << 20, &fixed), refused);
    }

    #[test]
    fn every_layout_says_which_ring_it_is() {
        let good = encode(&geometry(true), INSTANCE);
        let with = |at: usize, value: u32| {
            let mut words = good;
            words[at] = value;
            words
        };
        let identity = |words: &Words| identify(words).unwrap();
        let version = HeaderError::Version { found: 9, supported: VERSION };
        let size = 12 - WORD as u32;
        let word_size = HeaderError::WordSize { found: size, supported: WORD as u32 };
        let other = with(field::VERSION, 9);
        for (words, foreign, known) in [
            (good, None, true),
            (good.map(u32::swap_bytes), Some(HeaderError::ByteOrder), true),
            (other, Some(version), false),
            (other.map(u32::swap_bytes), Some(HeaderError::ByteOrder), false),
            (with(field::WORD_SIZE, size), Some(word_size), true),
        ] {
            assert_eq!(identity(&words), Identity { instance: INSTANCE, foreign, known });
        }
        for words in [[0; HEADER_WORDS], encode_control(INSTANCE), with(field::MAGIC, 1)] {
            assert_eq!(identify(&words), Err(HeaderError::NotARing));
        }
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
        let version = HeaderError::Version { found: 9, supported: VERSION };
        assert_eq!(with(field::VERSION, 9), version);
        let found = 12 - WORD as u32;
        let word_size = HeaderError::WordSize { found, supported: WORD as u32 };
        assert_eq!(with(field::WORD_SIZE, found), word_size);
        assert_eq!(with(field::STRIDE, 8), HeaderError::Corrupt { what: "stride" });
        let short = g.data_len - 1;
        let needed = g.data_len as u64;
        let too_small = HeaderError::TooSmall { len: short as u64, needed };
        assert_eq!(decode_as(&good, short, &g), Err(too_small));

        let other = Schema { max_len: 16, ..g.shape.schema };
        for (schema, tag) in [(other, g.shape.tag), (g.shape.schema, 0)] {
            let error = decode(&good, g.data_len, schema, tag).unwrap_err();
            assert!(matches!(error, HeaderError::MessageType { .. }), "{error:?}");
        }
        let control = encode_control(Instance([9; 4]));
        let unpaired = Err(HeaderError::Unpaired);
        assert_eq!(check_control(&control, g.control_len, &g, INSTANCE), unpaired);
        assert_eq!(check_control(&good, g.control_len, &g, INSTANCE), Err(HeaderError::NotARing));
        let control = encode_control(INSTANCE);
        assert!(check_control(&control, g.control_len - 1, &g, INSTANCE).is_err());
    }
}
