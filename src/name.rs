//! What a consumer is, and what it is called.

use core::fmt;
use core::str;

/// Words of 32 bits in the name of a consumer or a group: few on a microcontroller.
pub(crate) const NAME_WORDS: usize =
    if cfg!(all(target_os = "none", target_pointer_width = "32")) { 1 } else { 20 };

/// The longest name, in bytes.
pub(crate) const MAX_NAME: usize = NAME_WORDS * 4;

/// What a consumer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerKind {
    /// A [`Subscriber`](crate::Subscriber). It has a name if it is durable.
    Subscriber,
    /// A group of workers, as a whole.
    Group,
    /// One of the workers of the group of that name.
    Worker,
    /// An [`Observer`](crate::Observer).
    Observer,
}

/// One consumer: an entry of the ring, and which of the entry's owners it is. As
/// [`ConsumerStats::id`](crate::stats::ConsumerStats) has it. A consumer that joins anew is another
/// one, and so is each next owner of the entry. A durable subscriber that comes back is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerId {
    entry: u32,
    generation: u32,
}

impl ConsumerId {
    pub(crate) fn new(entry: usize, generation: u32) -> ConsumerId {
        ConsumerId { entry: entry as u32, generation }
    }

    /// The number of its entry in the ring, counted from 0: first those of subscribers, then those
    /// of groups, then those of workers.
    pub fn entry(self) -> usize {
        self.entry as usize
    }

    pub(crate) fn generation(self) -> u32 {
        self.generation
    }
}

/// The name of a durable subscriber or of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConsumerName {
    bytes: [u8; MAX_NAME],
    len: usize,
}

impl ConsumerName {
    /// The name of those bytes, or of as many of them as a name can have.
    pub(crate) fn from_bytes(name: &[u8]) -> ConsumerName {
        let mut bytes = [0; MAX_NAME];
        for (to, from) in bytes.iter_mut().zip(name) {
            *to = *from;
        }
        ConsumerName { bytes, len: name.len().min(MAX_NAME) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        // A process that may write the control segment can have written anything there.
        self.bytes.get(..self.len).and_then(|name| str::from_utf8(name).ok()).unwrap_or("")
    }
}

impl fmt::Debug for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if MAX_NAME > 4 {
            return self.as_str().fmt(f);
        }
        // On a microcontroller: to tell which letters can be printed takes tables of kilobytes, and
        // errors have names in them.
        self.bytes.iter().take(self.len).try_for_each(|&byte| {
            let letter = if byte.is_ascii_graphic() { byte } else { b'?' };
            fmt::Write::write_char(f, letter.into())
        })
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
