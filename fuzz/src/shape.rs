//! Rings that can be, from an input.

use arbitrary::{Result, Unstructured};
use ringway::{Overflow, Position};

use crate::model::{LAST_POSITION, Shape};

/// The most messages that a ring is asked for, and the most subscribers.
const CAPACITY: usize = 33;
const ENTRIES: usize = 4;
/// The most groups, and the most workers.
const GROUPS: usize = 2;
const WORKERS: usize = 4;

/// A small ring that starts at 0, just before some arithmetic turns over, or anywhere.
pub(crate) fn shape(input: &mut Unstructured<'_>) -> Result<Shape> {
    let overwrite = input.ratio(1u8, 4u8)?;
    Ok(Shape {
        asked: input.int_in_range(1..=CAPACITY)?,
        entries: input.int_in_range(0..=ENTRIES)?,
        overflow: if overwrite { Overflow::Overwrite } else { Overflow::Wait },
        origin: origin(input)?,
        line_per_slot: input.arbitrary()?,
    })
}

/// How many groups a ring can have, and workers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Teams {
    pub(crate) groups: usize,
    pub(crate) workers: usize,
}

pub(crate) fn teams(input: &mut Unstructured<'_>) -> Result<Teams> {
    Ok(Teams { groups: input.int_in_range(0..=GROUPS)?, workers: input.int_in_range(0..=WORKERS)? })
}

fn origin(input: &mut Unstructured<'_>) -> Result<Position> {
    Ok(match input.int_in_range(0..=3u8)? {
        0 => 0,
        1 => LAST_POSITION - Position::from(input.arbitrary::<u8>()?),
        2 => LAST_POSITION / 2 - Position::from(input.arbitrary::<u8>()?),
        _ => input.arbitrary::<Position>()? & LAST_POSITION,
    })
}

/// Messages from one position to a later one; negative if it is not later.
pub(crate) fn distance(from: Position, to: Position) -> i64 {
    let doubled = to.wrapping_sub(from) << 1;
    #[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
    let doubled = doubled as i64;
    #[cfg(not(all(target_pointer_width = "64", not(ringway_word32))))]
    let doubled = i64::from(doubled as i32);
    doubled >> 1
}

/// The position so many messages after another.
pub(crate) fn after(position: Position, messages: i64) -> Position {
    position.wrapping_add(messages as Position) & LAST_POSITION
}
