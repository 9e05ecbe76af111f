//! The kinds of messages that rings are tried with.

use arbitrary::{Result, Unstructured};
use ringway::raw::RawParts;
use ringway::{Message, Options, Producer, Ring};

use crate::memory::Memory;
use crate::model::Shape;
use crate::shape::Teams;

/// A kind of message, and how a ring of it is asked for. Where messages have one size, `max_len`
/// does not matter.
pub(crate) trait Kind: Message {
    /// Each message has a length of its own.
    const HAS_LENGTHS: bool = false;

    fn options(capacity: usize, max_len: usize) -> Options<Self>;

    /// With an arena, where there can be one.
    fn spill(options: Options<Self>, _arena: usize) -> Options<Self> {
        options
    }
}

impl Kind for u64 {
    fn options(capacity: usize, _max_len: usize) -> Options<Self> {
        Options::new(capacity)
    }
}

impl Kind for [u64; 7] {
    fn options(capacity: usize, _max_len: usize) -> Options<Self> {
        Options::new(capacity)
    }
}

impl Kind for [u8; 13] {
    fn options(capacity: usize, _max_len: usize) -> Options<Self> {
        Options::new(capacity)
    }
}

impl Kind for [u8] {
    const HAS_LENGTHS: bool = true;

    fn options(capacity: usize, max_len: usize) -> Options<Self> {
        Options::bytes(capacity, max_len)
    }

    fn spill(options: Options<Self>, arena: usize) -> Options<Self> {
        options.arena(arena)
    }
}

/// Calls a function of a kind of message, of whether the ring has groups, and of an input for what the
/// input says.
macro_rules! of_some_kind {
    ($steps:ident($input:ident)) => {
        match $input.int_in_range(0..=5u8)? {
            0 => $steps::<u64>(false, $input),
            1 => $steps::<[u64; 7]>(false, $input),
            2 => $steps::<[u8]>(false, $input),
            3 => $steps::<u64>(true, $input),
            4 => $steps::<[u64; 7]>(true, $input),
            _ => $steps::<[u8]>(true, $input),
        }
    };
}
pub(crate) use of_some_kind;

/// The same ring that evicts whoever lags behind so far, if the input says so.
pub(crate) fn with_max_lag<K: Kind + ?Sized>(
    options: Options<K>,
    input: &mut Unstructured<'_>,
) -> Result<(Options<K>, Option<usize>)> {
    if input.ratio(1u8, 2u8)? {
        return Ok((options, None));
    }
    let max_lag = input.int_in_range(1..=40)?;
    Ok((options.max_lag(max_lag), Some(max_lag)))
}

/// The same ring with an arena, if the input says so.
pub(crate) fn with_arena<K: Kind + ?Sized>(
    options: Options<K>,
    input: &mut Unstructured<'_>,
) -> Result<Options<K>> {
    Ok(K::spill(options, 128 * input.int_in_range(0..=16)?))
}

/// The options for a ring of some shape.
pub(crate) fn options<K: Kind + ?Sized>(shape: Shape, teams: Teams, max_len: usize) -> Options<K> {
    K::options(shape.asked, max_len)
        .overflow(shape.overflow)
        .subscribers(shape.entries)
        .groups(teams.groups)
        .workers(teams.workers)
        .origin(shape.origin)
        .line_per_slot(shape.line_per_slot)
        // No kernel's barrier, which takes longer than everything else here.
        .asymmetric_fences(false)
}

/// A ring in memory of its own.
///
/// # Safety
///
/// The memory is dropped after all handles, and its words are accessed atomically until then.
pub(crate) unsafe fn create<K: Kind + ?Sized>(
    options: Options<K>,
    tag: u64,
) -> (Memory, Producer<K>, Ring<K>) {
    let memory = Memory::zeroed(options.segment_lengths().unwrap());
    let parts: RawParts = memory.parts(true);
    // SAFETY: initialised, and nobody else's; the rest is the caller's promise.
    let producer = unsafe { options.tag(tag).create_raw(parts) }.unwrap();
    // SAFETY: a ring, of this kind of messages; the rest is the caller's promise.
    let ring = unsafe { Ring::open_raw(parts, tag) }.unwrap();
    (memory, producer, ring)
}
