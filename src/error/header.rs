//! Why memory is not a ring that this program can attach to.

use core::fmt;

use super::said::error;

/// Why what is in memory is not a ring that this program can attach to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// No ring was ever made there.
    NotARing,
    /// Another version of the layout.
    Version {
        /// The version found.
        found: u32,
        /// The version that this build can read.
        supported: u32,
    },
    /// A machine of the other byte order made it.
    ByteOrder,
    /// Its words have another width: made by a build for 32 bits where this one is for 64, or the
    /// other way round.
    WordSize {
        /// Bytes in a word there.
        found: u32,
        /// Bytes in a word here.
        supported: u32,
    },
    /// Its messages are of another type.
    MessageType {
        /// What they are.
        found: MessageType,
        /// What was asked for.
        expected: MessageType,
    },
    /// The segment is shorter than its header claims.
    TooSmall {
        /// Its length in bytes.
        len: u64,
        /// The length that it would need.
        needed: u64,
    },
    /// The data and control segments belong to different rings.
    Unpaired,
    /// The header holds what no producer writes there.
    Corrupt {
        /// The field or the check that failed.
        what: &'static str,
    },
}

/// What the messages of a ring are, as far as two programs can compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageType {
    /// Each message has a length of its own.
    pub variable: bool,
    /// A message's size in bytes; of the longest one where they vary.
    pub size: usize,
    /// Its alignment in bytes.
    pub align: usize,
    /// What the creator chose with [`Options::tag`](crate::Options::tag).
    pub tag: u64,
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let up_to = if self.variable { "up to " } else { "" };
        write!(f, "{up_to}{} bytes, aligned to {}, tag {:#x}", self.size, self.align, self.tag)
    }
}

error!(HeaderError {
    Self::NotARing => "not a ring";
    Self::Version { found, supported } =>
        "layout version {found}, but this build reads {supported}: rebuild one of the two sides";
    Self::ByteOrder => "made by a machine of the other byte order";
    Self::WordSize { found, supported } =>
        "made by a {}-bit build, and this one has {} bits: use one width on both sides",
        found * 8, supported * 8;
    Self::MessageType { found, expected } =>
        "other messages: the ring's are {found}, the program's {expected}: attach with the type and \
         the tag that its creator chose";
    Self::TooSmall { len, needed } => "{len} bytes long, but {needed} would be needed";
    Self::Unpaired => "data and control segment belong to different rings";
    Self::Corrupt { what } => "corrupt header: {what}";
});
