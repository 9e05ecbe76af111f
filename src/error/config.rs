//! Why a ring could not be made.

use core::fmt;

use super::header::HeaderError;
use super::said::error;
use crate::position::Position;

/// Why a ring with such options is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A ring needs room for one message at least.
    ZeroCapacity,
    /// The capacity cannot be represented, or all its slots are more than the address space holds.
    CapacityTooLarge {
        /// The capacity that was asked for, rounded up to a power of two where that is possible.
        capacity: usize,
        /// The largest capacity that any ring can have.
        max: usize,
    },
    /// A subscriber that may not lag by a message could never receive one.
    ZeroMaxLag,
    /// A message would be longer than any ring can carry.
    MessageTooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// The message type has a stricter alignment than a segment can give.
    AlignTooLarge {
        /// The alignment that the type has.
        align: usize,
        /// The largest that is possible.
        max: usize,
    },
    /// More subscribers than a ring has entries for.
    TooManySubscribers {
        /// The number that was asked for.
        asked: usize,
        /// The largest number.
        max: usize,
    },
    /// More subscribers, groups and workers together than a ring has entries for.
    TooManyEntries {
        /// The number that was asked for.
        asked: usize,
        /// The largest number.
        max: usize,
    },
    /// The arena is too large, alone or with the slots.
    ArenaTooLarge {
        /// The size in bytes that was asked for, rounded up where that is possible.
        size: usize,
        /// The largest, in bytes.
        max: usize,
    },
    /// The text is too long.
    TextTooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// An [unbounded](crate::Options::unbounded) ring cannot have that.
    NotUnbounded {
        /// The option.
        with: &'static str,
    },
    /// The ring was not created to be [unbounded](crate::Options::unbounded): it has its capacity for
    /// good.
    NotGrowing,
    /// The memory limit of an [unbounded](crate::Options::unbounded) ring leaves no room for a
    /// segment.
    LimitTooSmall {
        /// The limit in bytes.
        limit: u64,
        /// Bytes that it would have to be: of this segment and those that there are.
        needed: u64,
    },
    /// A ring on the heap has no place for a text: no other process could read it.
    NoPlaceForText,
    /// The first position is not a position.
    OriginTooLarge {
        /// The last position before they wrap around.
        max: Position,
    },
    /// There is not enough memory for a ring on the heap.
    OutOfMemory {
        /// Bytes that the ring takes.
        bytes: usize,
    },
}

error!(ConfigError {
    Self::ZeroCapacity => "the capacity is 0: a ring needs room for at least one message";
    Self::ZeroMaxLag => "the largest lag is 0: a subscriber has to be able to lag by one message";
    Self::CapacityTooLarge { capacity, max } =>
        "a capacity of {capacity} messages of this size is too large: choose at most {max}, and \
         less where all slots together do not fit the address space";
    Self::MessageTooLarge { len, max } =>
        "messages of {len} bytes are too long: choose at most {max}";
    Self::AlignTooLarge { align, max } =>
        "an alignment of {align} bytes is too large: choose a type of at most {max}";
    Self::TooManySubscribers { asked, max } =>
        "{asked} subscribers are too many: choose at most {max}";
    Self::TooManyEntries { asked, max } =>
        "{asked} subscribers, groups and workers are too many: choose at most {max} together";
    Self::ArenaTooLarge { size, max } =>
        "an arena of {size} bytes is too large: choose at most {max}, and less where it does not \
         fit the address space together with the slots";
    Self::TextTooLong { len, max } => "a text of {len} bytes is too long: choose at most {max}";
    Self::NoPlaceForText =>
        "a ring on the heap has no place for a text: leave it out, or create a segment";
    Self::NotUnbounded { with } =>
        "an unbounded ring cannot have {with}: leave that out, or choose a capacity for good";
    Self::NotGrowing =>
        "the ring has its capacity for good: create it with Options::unbounded";
    Self::LimitTooSmall { limit, needed } =>
        "a limit of {limit} bytes is less than the {needed} of all segments: allow more, or choose \
         a smaller capacity";
    Self::OriginTooLarge { max } => "the origin is beyond the last position: choose at most {max}";
    Self::OutOfMemory { bytes } =>
        "there is no memory for a ring of {bytes} bytes: choose a smaller capacity, shorter \
         messages, a smaller arena or fewer groups";
});

/// Why a [`Static`](crate::Static) ring was not split into handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitError {
    /// It had been split before.
    AlreadySplit,
    /// A ring that overwrites has no subscribers: its `S` has to be 0.
    Overwrites,
    /// Its options are impossible.
    Config(ConfigError),
}

error!(SplitError {
    Self::AlreadySplit =>
        "the ring has been split before: use the handles that the first call returned";
    Self::Overwrites => "a ring that overwrites has no subscribers: make its third parameter 0";
    Self::Config(error) => "{error}";
});

/// Why memory of the caller could not be made a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawError {
    /// The ring's options are impossible.
    Config(ConfigError),
    /// The memory does not fit it.
    Memory(HeaderError),
}

error!(RawError {
    Self::Config(error) => "{error}";
    Self::Memory(error) => "{error}";
});
