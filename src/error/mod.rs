//! What can go wrong, one small enum per operation.

use core::fmt;

use crate::position::Position;
use crate::stats::{ConsumerKind, ConsumerName};

pub use ringway_shm::LivenessError;

/// Implements `Error` and `Display`, one line per variant.
macro_rules! error {
    ($name:ident { $($pattern:pat => $($text:expr),+;)+ }) => {
        impl core::error::Error for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $($pattern => write!(f, $($text),+),)+ }
            }
        }
    };
}

/// Why a ring with such options cannot be.
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
    /// A subscriber that may not lag behind by a message could never receive one.
    ZeroMaxLag,
    /// A message would be longer than any ring can carry.
    MessageTooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// A message's type wants a stricter alignment than a segment can give.
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
        "a capacity of {capacity} messages of this size is too large (at most {max}, and all slots \
         together have to fit the address space)";
    Self::MessageTooLarge { len, max } => "messages of {len} bytes are too long (at most {max})";
    Self::AlignTooLarge { align, max } => "an alignment of {align} is too large (at most {max})";
    Self::TooManySubscribers { asked, max } => "{asked} subscribers are too many (at most {max})";
    Self::TooManyEntries { asked, max } =>
        "{asked} subscribers, groups and workers are too many (at most {max} together)";
    Self::ArenaTooLarge { size, max } =>
        "an arena of {size} bytes is too large (at most {max}, and with the slots it has to fit the \
         address space)";
    Self::TextTooLong { len, max } => "a text of {len} bytes is too long (at most {max})";
    Self::NoPlaceForText =>
        "a ring on the heap has no place for a text: leave it out, or create a segment";
    Self::OriginTooLarge { max } => "the origin is beyond the last position, {max}";
    Self::OutOfMemory { bytes } =>
        "there is no memory for a ring of {bytes} bytes: choose a smaller capacity, shorter \
         messages, a smaller arena or fewer groups";
});

/// Why a message was not sent by a call that does not block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError {
    /// The slowest subscriber still needs the slot, or room in the arena. Nothing was sent.
    Full,
    /// The message is longer than the ring's messages can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// There is no room, and the kernel would not say which of the consumers in the way are dead,
    /// so that one of them might be. Nothing was sent. Comes only where rings are files, from a
    /// process that was forbidden to ask (by a filter of system calls, say) after it had attached
    /// to the ring. A limit ([`max_hold`](crate::Options::max_hold)) goes on counting over calls
    /// that end like this, and evicts the dead too.
    Liveness(LivenessError),
}

error!(TrySendError {
    Self::Full => "the ring is full: a subscriber still needs the oldest message";
    Self::TooLarge { len, max } => "a message of {len} bytes is too long for this ring ({max})";
    Self::Liveness(error) => "there is no room, and {error}";
});

/// Why a message was not sent by a call that blocks for as long as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The message is longer than the ring's messages can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// See [`TrySendError::Liveness`].
    Liveness(LivenessError),
}

error!(SendError {
    Self::TooLarge { len, max } => "a message of {len} bytes is too long for this ring ({max})";
    Self::Liveness(error) => "there is no room, and {error}";
});

/// Why a message was not sent by a call that blocks for a limited time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendTimeoutError {
    /// The ring was full for all that time. Nothing was sent.
    Timeout,
    /// The message is longer than the ring's messages can be. Nothing was sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that this ring carries, in bytes.
        max: usize,
    },
    /// See [`TrySendError::Liveness`].
    Liveness(LivenessError),
}

error!(SendTimeoutError {
    Self::Timeout => "the ring was still full when the time was over";
    Self::TooLarge { len, max } => "a message of {len} bytes is too long for this ring ({max})";
    Self::Liveness(error) => "there is no room, and {error}";
});

impl From<SendError> for TrySendError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::TooLarge { len, max } => Self::TooLarge { len, max },
            SendError::Liveness(error) => Self::Liveness(error),
        }
    }
}

impl From<SendError> for SendTimeoutError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::TooLarge { len, max } => Self::TooLarge { len, max },
            SendError::Liveness(error) => Self::Liveness(error),
        }
    }
}

/// Why a producer does not know that everything that it sent was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// Subscribers or groups had not released everything when the time was over.
    Timeout {
        /// How many had not.
        laggards: usize,
    },
    /// The kernel would not say which of them are dead: see [`TrySendError::Liveness`].
    Liveness(LivenessError),
}

error!(FlushError {
    Self::Timeout { laggards } =>
        "{laggards} subscribers and groups had not released everything when the time was over";
    Self::Liveness(error) => "not everything was released, and {error}";
});

/// Why there are not as many consumers as a producer waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// There can never be so many: the ring was created for fewer.
    TooMany {
        /// How many were asked for.
        asked: usize,
        /// Subscribers and groups that the ring has room for; 0 if it overwrites, and so has none.
        max: usize,
    },
    /// There were fewer until the time was over.
    Timeout {
        /// How many had joined by then.
        joined: usize,
    },
    /// The kernel would not say which of them are dead: see [`TrySendError::Liveness`].
    Liveness(LivenessError),
}

error!(WaitError {
    Self::TooMany { asked, max } =>
        "{asked} consumers can never join this ring, which has room for {max} subscribers and groups: \
         create it with more";
    Self::Timeout { joined } => "only {joined} consumers had joined when the time was over";
    Self::Liveness(error) => "{error}";
});

/// Why a message that was to be sent and released was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendSyncError {
    /// It was not sent.
    NotSent(SendTimeoutError),
    /// It was sent, and is not known to have been released.
    NotReleased(FlushError),
}

error!(SendSyncError {
    Self::NotSent(error) => "the message was not sent: {error}";
    Self::NotReleased(error) => "the message was sent; {error}";
});

/// Why not all that closing a ring does was done. The ring is closed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseError {
    /// A name of the ring could not be removed: because the process has lost its privileges since
    /// it created the ring, say.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Name {
        /// The file that is still there.
        path: std::path::PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl core::error::Error for CloseError {}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
        let _ = f;
        match *self {
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            Self::Name { ref path, ref source } => write!(
                f,
                "the ring is closed, and {} could not be removed ({source}): unlink it as its owner",
                path.display()
            ),
        }
    }
}

/// A batch that was not sent to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchError {
    /// Messages of the batch that were sent, from its start. The next one failed.
    pub sent: usize,
    /// Why it failed.
    pub error: SendError,
}

impl core::error::Error for BatchError {}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages of the batch were sent, then: {}", self.sent, self.error)
    }
}

/// Why a call that does not block brought no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// Nothing more has been published yet.
    Empty,
    /// The producer has closed the ring, and everything before that has been received. Comes again
    /// with every call, unless the ring was kept and a successor goes on with it
    /// ([`Producer::resume`](crate::Producer::resume)); then messages go on where they ended.
    Closed,
    /// Exactly this many messages were overwritten before this observer got to them. The next call
    /// goes on at the oldest message that is left. Subscribers are told this only where somebody has
    /// forged what they wrote to the control segment.
    Lagged(u64),
    /// This subscriber has been evicted: it was too slow, by the ring's
    /// [`max_lag`](crate::Options::max_lag) or [`max_hold`](crate::Options::max_hold), or what it wrote
    /// to the control segment was forged. It gets nothing more; drop it and join anew.
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// The buffer is shorter than the message, which has not been consumed: try again with `needed`
    /// bytes. Only where messages have lengths of their own.
    BufferTooSmall {
        /// The message's length in bytes.
        needed: usize,
    },
    /// The slot holds what no producer writes there. Somebody who may write the segment does not
    /// follow the protocol; nothing that it says can be relied on.
    Corrupt,
    /// Messages cannot be read in place here: others may write the memory, and nobody promised that they
    /// follow the protocol ([`Subscriber::trust`](crate::Subscriber::trust)), or the ring evicts and does not
    /// let messages be pinned ([`Options::pins`](crate::Options::pins)). Receive a copy.
    NotInPlace,
    /// The producer has died without closing the ring, or has [left it](crate::Producer::detach)
    /// for a successor, and everything that it sent has been received. Comes again with every call,
    /// until a successor takes the ring over ([`Producer::resume`](crate::Producer::resume)); then
    /// messages go on where they ended.
    ///
    /// The kernel is asked every 20 ms at most, by calls that find nothing, and not before 20 ms
    /// have passed since the first of them that found nothing at this position: until then they say
    /// [`Empty`](Self::Empty).
    ProducerDied,
    /// See [`RecvError::Liveness`].
    Liveness(LivenessError),
}

error!(TryRecvError {
    Self::Empty => "no message yet";
    Self::Closed => "the producer has closed the ring and every message has been received";
    Self::Lagged(n) => "{n} messages were overwritten before they could be received";
    Self::Evicted { missed } =>
        "evicted for being too slow: {missed} messages were missed; drop it and join anew";
    Self::BufferTooSmall { needed } => "the buffer is too small: the message has {needed} bytes";
    Self::Corrupt => "the ring is corrupt: a slot holds what no producer writes";
    Self::NotInPlace =>
        "messages cannot be read in place here: promise that all who may write the ring follow the \
         protocol (trust), create a ring that evicts with pins, or receive copies";
    Self::ProducerDied =>
        "the producer has died without closing the ring, and every message has been received";
    Self::Liveness(error) => "no message, and {error}";
});

/// Why a call that blocks for as long as it takes brought no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// See [`TryRecvError::Closed`].
    Closed,
    /// See [`TryRecvError::Lagged`].
    Lagged(u64),
    /// See [`TryRecvError::Evicted`].
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// See [`TryRecvError::BufferTooSmall`].
    BufferTooSmall {
        /// The message's length in bytes.
        needed: usize,
    },
    /// See [`TryRecvError::Corrupt`].
    Corrupt,
    /// See [`TryRecvError::NotInPlace`].
    NotInPlace,
    /// The producer has died without closing the ring, or has [left it](crate::Producer::detach)
    /// for a successor, and everything that it sent has been received. Comes again with every call,
    /// until a successor takes the ring over ([`Producer::resume`](crate::Producer::resume)); then
    /// messages go on where they ended.
    ProducerDied,
    /// There is no message, and the operating system did not say whether the producer lives. It
    /// may: the next call waits for it, and asks again.
    Liveness(LivenessError),
}

/// Why a call that blocks for a limited time brought no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvTimeoutError {
    /// Nothing was published in that time.
    Timeout,
    /// See [`TryRecvError::Closed`].
    Closed,
    /// See [`TryRecvError::Lagged`].
    Lagged(u64),
    /// See [`TryRecvError::Evicted`].
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// See [`TryRecvError::BufferTooSmall`].
    BufferTooSmall {
        /// The message's length in bytes.
        needed: usize,
    },
    /// See [`TryRecvError::Corrupt`].
    Corrupt,
    /// See [`TryRecvError::NotInPlace`].
    NotInPlace,
    /// The producer has died without closing the ring, or has [left it](crate::Producer::detach)
    /// for a successor, and everything that it sent has been received. Comes again with every call,
    /// until a successor takes the ring over ([`Producer::resume`](crate::Producer::resume)); then
    /// messages go on where they ended.
    ProducerDied,
    /// See [`RecvError::Liveness`].
    Liveness(LivenessError),
}

impl core::error::Error for RecvError {}
impl core::error::Error for RecvTimeoutError {}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RecvTimeoutError::from(*self).fmt(f)
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Timeout => f.write_str("no message before the time was over"),
            Self::ProducerDied => TryRecvError::ProducerDied.fmt(f),
            Self::Liveness(error) => TryRecvError::Liveness(error).fmt(f),
            Self::Closed => TryRecvError::Closed.fmt(f),
            Self::Lagged(n) => TryRecvError::Lagged(n).fmt(f),
            Self::Evicted { missed } => TryRecvError::Evicted { missed }.fmt(f),
            Self::BufferTooSmall { needed } => TryRecvError::BufferTooSmall { needed }.fmt(f),
            Self::Corrupt => TryRecvError::Corrupt.fmt(f),
            Self::NotInPlace => TryRecvError::NotInPlace.fmt(f),
        }
    }
}

impl TryRecvError {
    /// What a call that blocks says, if this is the end of its waiting.
    pub(crate) fn unless_empty(self) -> Option<RecvError> {
        match self {
            Self::Empty => None,
            Self::Closed => Some(RecvError::Closed),
            Self::Lagged(n) => Some(RecvError::Lagged(n)),
            Self::Evicted { missed } => Some(RecvError::Evicted { missed }),
            Self::BufferTooSmall { needed } => Some(RecvError::BufferTooSmall { needed }),
            Self::Corrupt => Some(RecvError::Corrupt),
            Self::NotInPlace => Some(RecvError::NotInPlace),
            Self::ProducerDied => Some(RecvError::ProducerDied),
            Self::Liveness(error) => Some(RecvError::Liveness(error)),
        }
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Closed => Self::Closed,
            RecvError::Lagged(n) => Self::Lagged(n),
            RecvError::Evicted { missed } => Self::Evicted { missed },
            RecvError::BufferTooSmall { needed } => Self::BufferTooSmall { needed },
            RecvError::Corrupt => Self::Corrupt,
            RecvError::NotInPlace => Self::NotInPlace,
            RecvError::ProducerDied => Self::ProducerDied,
            RecvError::Liveness(error) => Self::Liveness(error),
        }
    }
}

impl RecvError {
    /// Whether the next call can bring something else than this once more: what was lost has been
    /// told, and messages go on. All other errors are final states of a consumer that does nothing
    /// about them.
    pub(crate) fn goes_on(self) -> bool {
        match self {
            Self::Lagged(_) => true,
            Self::Closed
            | Self::Evicted { .. }
            | Self::BufferTooSmall { .. }
            | Self::Corrupt
            | Self::NotInPlace
            | Self::ProducerDied
            | Self::Liveness(_) => false,
        }
    }
}

/// Why a consumer could not join the ring. Nothing of it is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// As many subscribers are attached as the ring was created for.
    NoFreeEntry {
        /// How many that is.
        entries: usize,
    },
    /// Somebody has the entry that was asked for, or there is none of that number.
    EntryInUse {
        /// The entry.
        entry: usize,
        /// Entries for subscribers that the ring has.
        entries: usize,
    },
    /// The ring was created with [`Overflow::Overwrite`](crate::Overflow::Overwrite): its producer
    /// waits for nobody, so that it can have observers, but no subscribers.
    Overwrites,
    /// The ring was created without [`observers`](crate::Options::observers).
    NoObservers,
    /// The control segment cannot be written, and a subscriber has to say there what it still needs.
    /// An observer can join.
    ReadOnly,
    /// The lock that shows that a subscriber lives could not be taken: there are too many open files,
    /// say.
    Lock {
        /// The operating system's number for what went wrong.
        os_error: i32,
    },
    /// There are as many groups as the ring was created for.
    NoFreeGroup {
        /// How many that is.
        groups: usize,
    },
    /// As many workers are attached as the ring was created for.
    NoFreeWorker {
        /// How many that is.
        workers: usize,
    },
    /// The group delivers in the other way: see [`Group::at_most_once`](crate::Group::at_most_once).
    Delivery {
        /// The group delivers at most once, and not at least once.
        at_most_once: bool,
    },
    /// The name of a durable subscriber or a group is empty or too long.
    Name {
        /// Its length in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// There is a durable subscriber of that name, and it lives; or there are workers in the group
    /// that is to be forgotten; or the group was evicted and a worker of it reads a message in
    /// place still, which the group's entry keeps there: try again when that is over.
    InUse {
        /// Which of the two it is.
        kind: ConsumerKind,
        /// The name.
        name: ConsumerName,
    },
    /// The durable subscriber of that name was evicted while it was away, and this is how it learns of
    /// it; or the group was. The name is free again: joining once more starts anew.
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// What the durable subscriber of that name had written down is not what it writes: somebody forged
    /// it. The name is free again.
    Corrupt,
    /// The position asked for has been overwritten, or may be before the first message is received.
    TooOld {
        /// The oldest position that could be had now.
        oldest: Position,
    },
    /// The position asked for is beyond the next message.
    NotYet {
        /// The position of the next message.
        head: Position,
    },
}

error!(JoinError {
    Self::NoFreeEntry { entries } =>
        "all {entries} entries for subscribers are taken: create the ring with more";
    Self::EntryInUse { entry, entries } =>
        "entry {entry} is taken, or not one of the {entries} for subscribers";
    Self::NoObservers => "the ring was created for subscribers alone: it cannot be observed";
    Self::Overwrites => "the ring overwrites and waits for nobody: observe it instead";
    Self::ReadOnly => "the control segment is read-only for this process: observe instead";
    Self::Lock { os_error } => "a subscriber's entry could not be locked: {}", OsError(*os_error);
    Self::Name { len, max } =>
        "the name of a durable subscriber or a group has 1 to {max} bytes, and this has {len}";
    Self::NoFreeGroup { groups: 0 } =>
        "the ring was created without groups: create it with Options::groups";
    Self::NoFreeGroup { groups } =>
        "all {groups} entries for groups are taken: create the ring with more";
    Self::NoFreeWorker { workers } =>
        "all {workers} entries for workers are taken: create the ring with more";
    Self::Delivery { at_most_once: true } =>
        "the group delivers at most once, and this worker does not ask for that: join it with \
         Group::at_most_once";
    Self::Delivery { at_most_once: false } =>
        "the group delivers at least once: join it without Group::at_most_once";
    Self::InUse { kind: ConsumerKind::Group, name } => "there are workers in the group {name:?}";
    Self::InUse { kind: _, name } => "the durable subscriber {name:?} is here already";
    Self::Evicted { missed } => "evicted while away: {missed} messages were missed";
    Self::Corrupt => "what the durable subscriber had written down was forged";
    Self::TooOld { oldest } => "the position is no longer there: the oldest is {oldest}";
    Self::NotYet { head } => "the position is in the future: the next message is {head}";
});

/// What an operating system calls its error of that number, where there is one.
struct OsError(i32);

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "std")]
        return std::io::Error::from_raw_os_error(self.0).fmt(f);
        #[cfg(not(feature = "std"))]
        return write!(f, "error {}", self.0);
    }
}

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
        "other messages: the ring's are {found}, the program's {expected}";
    Self::TooSmall { len, needed } => "{len} bytes long, but {needed} would be needed";
    Self::Unpaired => "data and control segment belong to different rings";
    Self::Corrupt { what } => "corrupt header: {what}";
});

/// Why a [`Static`](crate::Static) ring was not split into handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitError {
    /// It had been split before.
    AlreadySplit,
    /// A ring that overwrites has no subscribers: its `S` has to be 0.
    Overwrites,
    /// It cannot be as it was asked for.
    Config(ConfigError),
}

error!(SplitError {
    Self::AlreadySplit => "the ring has been split before";
    Self::Overwrites => "a ring that overwrites has no subscribers: make its third parameter 0";
    Self::Config(error) => "{error}";
});

/// Why memory of the caller's could not be made a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawError {
    /// The ring cannot be as it was asked for.
    Config(ConfigError),
    /// The memory does not fit it.
    Memory(HeaderError),
}

error!(RawError {
    Self::Config(error) => "{error}";
    Self::Memory(error) => "{error}";
});
