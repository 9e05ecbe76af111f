//! Where the parts of a ring lie.
//!
//! Worked out once, and checked once. What is needed further on is kept in private memory: nothing
//! that another process can change is ever asked again.

pub(crate) use super::measures::Measures;
pub(crate) use super::shape::*;
use crate::error::ConfigError;
use crate::memory::layout::{CHAIN_WORDS, ENTRIES_OFFSET, EVICTIONS_OFFSET, Entry};
use ringway_shm::sync::{AtomicU32, WORD, Word};

/// A ring's shape, checked, and where its parts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) shape: Shape,
    pub(crate) measures: Measures,
    /// Bytes from the start of the data segment to the text; 0 if there is none.
    pub(crate) text_offset: usize,
    /// Bytes from the start of the data segment to the first slot.
    pub(crate) slots_offset: usize,
    /// Bytes from the start of the data segment to the arena; 0 if there is none.
    pub(crate) arena_offset: usize,
    /// Bytes of the data segment.
    pub(crate) data_len: usize,
    /// Bytes from the start of the control segment to the first group's claims.
    pub(crate) claims_offset: usize,
    /// Bytes of the control segment.
    pub(crate) control_len: usize,
}

impl Geometry {
    /// `const`, so that a ring in a `static` brings only what comes of it into a firmware's image.
    pub(crate) const fn new(shape: Shape) -> Result<Geometry, ConfigError> {
        let Shape { schema, capacity, entries: subscribers, groups, workers, .. } = shape;
        let too_large = ConfigError::CapacityTooLarge { capacity, max: MAX_CAPACITY };
        if capacity == 0 {
            return Err(ConfigError::ZeroCapacity);
        }
        if capacity > MAX_CAPACITY || !capacity.is_power_of_two() {
            return Err(too_large);
        }
        if schema.max_len > MAX_MESSAGE {
            return Err(ConfigError::MessageTooLarge { len: schema.max_len, max: MAX_MESSAGE });
        }
        if !schema.align.is_power_of_two() || schema.align > MAX_ALIGN {
            return Err(ConfigError::AlignTooLarge { align: schema.align, max: MAX_ALIGN });
        }
        if subscribers > MAX_ENTRIES {
            return Err(ConfigError::TooManySubscribers { asked: subscribers, max: MAX_ENTRIES });
        }
        let entries = subscribers.saturating_add(groups).saturating_add(workers);
        if entries > MAX_ENTRIES {
            return Err(ConfigError::TooManyEntries { asked: entries, max: MAX_ENTRIES });
        }
        if shape.text > MAX_TEXT {
            return Err(ConfigError::TextTooLong { len: shape.text, max: MAX_TEXT });
        }
        if let Err(error) = check_origin(shape.origin) {
            return Err(error);
        }

        let Schema { variable, max_len, align } = schema;
        let (payload, stride) = slot_layout(variable, max_len, align, shape.line_slots);
        let chain = if shape.chain { CHAIN_WORDS } else { 0 };
        let evictions_end =
            EVICTIONS_OFFSET + (subscribers + groups + chain) * size_of::<AtomicU32>();
        // Where there can be none the compiler is not left to find out that there is none.
        let text = if MAX_TEXT == 0 { 0 } else { shape.text };
        let text_offset = if text == 0 { 0 } else { evictions_end };
        let text_end = evictions_end + text;
        let slots_align = if align > SLOTS_ALIGN { align } else { SLOTS_ALIGN };
        let slots_offset = text_end.next_multiple_of(slots_align);
        let Some(slots_end) = end_of(slots_offset, capacity, stride) else {
            return Err(too_large);
        };
        let arena_too_large = ConfigError::ArenaTooLarge { size: shape.arena, max: MAX_ARENA };
        if shape.arena > MAX_ARENA || shape.arena % ARENA_UNIT != 0 {
            return Err(arena_too_large);
        }
        // Neither sum is more than twice what fits.
        let slots_end =
            if shape.arena == 0 { slots_end } else { slots_end.next_multiple_of(ARENA_UNIT) };
        let Some(data_len) = end_of(slots_end, shape.arena, 1) else {
            return Err(arena_too_large);
        };
        let measures = Measures::new(&shape, stride / WORD, payload / WORD);
        let entries_end = ENTRIES_OFFSET + entries * size_of::<Entry>();
        let claims_offset =
            if groups == 0 { entries_end } else { entries_end.next_multiple_of(CLAIMS_ALIGN) };
        // One group's claims fit, being about as large as the states of the slots.
        let claims = measures.claims_stride() * WORD;
        let Some(control_len) = end_of(claims_offset, groups, claims) else {
            return Err(too_large);
        };
        let arena_offset = if shape.arena == 0 { 0 } else { slots_end };
        Ok(Geometry {
            shape,
            measures,
            text_offset,
            slots_offset,
            arena_offset,
            data_len,
            claims_offset,
            control_len,
        })
    }
}

/// Whether a ring's first position is one.
pub(crate) const fn check_origin(origin: Word) -> Result<(), ConfigError> {
    let max = Word::MAX >> 1;
    if origin > max { Err(ConfigError::OriginTooLarge { max }) } else { Ok(()) }
}

/// Where so many parts of that size end that begin there, if the address space has room for them.
const fn end_of(start: usize, parts: usize, size: usize) -> Option<usize> {
    let Some(len) = parts.checked_mul(size) else { return None };
    match len.checked_add(start) {
        Some(end) if end <= isize::MAX as usize => Some(end),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::layout::SMALL;

    fn shape(max_len: usize, align: usize, variable: bool) -> Shape {
        Shape {
            schema: Schema { variable, max_len, align },
            capacity: 8,
            entries: 3,
            groups: 0,
            workers: 0,
            overflow: Overflow::Wait,
            line_slots: false,
            chain: false,
            observers: true,
            pins: false,
            arena: 0,
            text: 0,
            tag: 0,
            origin: 0,
        }
    }

    fn stride_and_payload(shape: Shape) -> (usize, usize) {
        let g = Geometry::new(shape).unwrap();
        (g.measures.stride * WORD, g.measures.payload() * WORD)
    }

    #[test]
    fn the_default_stride_is_the_natural_one() {
        assert_eq!(stride_and_payload(shape(0, 1, false)), (WORD, WORD));
        assert_eq!(stride_and_payload(shape(1, 1, false)), (2 * WORD, WORD));
        assert_eq!(stride_and_payload(shape(8, 8, false)), (16, 8));
        assert_eq!(stride_and_payload(shape(56, 8, false)), (64, 8));
        assert_eq!(stride_and_payload(shape(16, 16, false)), (32, 16));
        assert_eq!(stride_and_payload(shape(64, 64, false)), (128, 64));
        assert_eq!(
            stride_and_payload(shape(48, 1, true)),
            (if WORD == 8 { 64 } else { 60 }, WORD + 8)
        );
    }

    #[test]
    fn long_messages_begin_on_a_line() {
        if SMALL {
            return;
        }
        let in_lines = |max_len, align, variable| {
            let shape = shape(max_len, align, variable);
            stride_and_payload(Shape { schema: shape.schema.in_lines(), ..shape })
        };
        assert_eq!(in_lines(248, 8, false), (256, 8));
        assert_eq!(in_lines(255, 1, false).1, WORD);
        assert_eq!(in_lines(256, 1, false), (320, 64));
        assert_eq!(in_lines(1024, 128, false), (1152, 128));
        assert_eq!(in_lines(256, 1, true).1, WORD + 8);
    }

    #[test]
    fn a_slot_can_have_a_line_of_its_own() {
        let lines = |s: Shape| stride_and_payload(Shape { line_slots: true, ..s });
        assert_eq!(lines(shape(8, 8, false)), (64, 8));
        assert_eq!(lines(shape(56, 8, false)), (64, 8));
        assert_eq!(lines(shape(57, 1, false)).0, if WORD == 8 { 128 } else { 64 });
        assert_eq!(lines(shape(128, 128, false)), (256, 128));
    }

    #[test]
    fn what_cannot_be_represented_is_refused() {
        let new = |f: &dyn Fn(&mut Shape)| {
            let mut s = shape(8, 8, false);
            f(&mut s);
            Geometry::new(s)
        };
        assert_eq!(new(&|s| s.capacity = 0), Err(ConfigError::ZeroCapacity));
        for capacity in [3, MAX_CAPACITY * 2, usize::MAX] {
            let refused = Err(ConfigError::CapacityTooLarge { capacity, max: MAX_CAPACITY });
            assert_eq!(new(&|s| s.capacity = capacity), refused);
        }
        // Words of 32 bits on a machine of 64 leave room for the largest of all rings.
        if MAX_CAPACITY as u128 * MAX_MESSAGE as u128 > isize::MAX as u128 {
            let all = |s: &mut Shape| (s.capacity, s.schema.max_len) = (MAX_CAPACITY, MAX_MESSAGE);
            assert!(new(&all).is_err());
        }
        assert!(new(&|s| s.schema.max_len = MAX_MESSAGE + 1).is_err());
        assert!(new(&|s| s.schema.align = 8192).is_err());
        assert!(new(&|s| s.schema.align = 3).is_err());
        assert!(new(&|s| s.entries = MAX_ENTRIES + 1).is_err());
        assert!(new(&|s| s.workers = MAX_ENTRIES - 2).is_err());
        assert!(new(&|s| s.groups = usize::MAX).is_err());
        assert!(new(&|s| s.origin = Word::MAX).is_err());
        assert!(new(&|s| s.arena = ARENA_UNIT + 1).is_err());
        assert!(new(&|s| s.arena = MAX_ARENA + ARENA_UNIT).is_err());
    }

    #[test]
    fn an_arena_lies_behind_the_slots_and_takes_messages_of_half_its_size() {
        let without = Geometry::new(shape(40, 1, true)).unwrap();
        assert_eq!((without.arena_offset, without.measures.longest()), (0, 40));
        let with = Geometry::new(Shape { arena: 4096, ..without.shape }).unwrap();
        let end = without.data_len;
        assert!((end..end + ARENA_UNIT).contains(&with.arena_offset));
        assert_eq!(with.arena_offset % ARENA_UNIT, 0);
        assert_eq!(with.data_len, with.arena_offset + 4096);
        assert_eq!(with.slots_offset + with.measures.arena_start() * WORD, with.arena_offset);
        assert_eq!(
            (with.measures.stride, with.slots_offset, with.measures.longest()),
            (without.measures.stride, without.slots_offset, 2048)
        );
        let small = Geometry::new(Shape { arena: ARENA_UNIT, ..shape(500, 1, true) }).unwrap();
        assert_eq!(small.measures.longest(), 500);
    }
}
