//! Why a consumer could not join.

use core::fmt;

use super::said::error;
use crate::name::{ConsumerKind, ConsumerName};
use crate::position::Position;

/// Why a consumer could not join the ring. Nothing of it is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// As many subscribers are attached as the ring was created for.
    NoFreeEntry {
        /// How many that is.
        entries: usize,
    },
    /// The entry that was asked for has an owner, or there is none of that number.
    EntryInUse {
        /// The entry.
        entry: usize,
        /// Entries for subscribers that the ring has.
        entries: usize,
    },
    /// The ring was created with [`Overflow::Overwrite`](crate::Overflow::Overwrite). Its producer
    /// waits for no consumer, so that it can have observers, but no subscribers.
    Overwrites,
    /// The ring was created without [`observers`](crate::Options::observers).
    NoObservers,
    /// The control segment is read-only here, and a subscriber has to write there what it still
    /// needs. An observer can join.
    ReadOnly,
    /// The lock that shows that a subscriber lives could not be taken: there are too many open
    /// files, say.
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
    /// The group delivers in the other way: see
    /// [`Group::at_most_once`](crate::Group::at_most_once).
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
    /// that is to be removed; or the group was evicted and one of its workers still reads a message
    /// in place, which the group's entry keeps there: try again when it has finished.
    InUse {
        /// Which of the two it is.
        kind: ConsumerKind,
        /// The name.
        name: ConsumerName,
    },
    /// The durable subscriber or the group of that name was evicted while it was away. This is how
    /// it learns of it. The name is free again: joining once more starts anew.
    Evicted {
        /// Messages that have been sent by now and that it has not received.
        missed: u64,
    },
    /// What stands in the durable subscriber's entry is not what it writes: another process has
    /// forged it. The name is free again.
    Corrupt,
    /// The ring is [unbounded](crate::Options::unbounded), and its producer stopped, or died, while
    /// it was going on in another segment. A producer that resumes the ring ends that.
    Sealed,
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
        "entry {entry} is taken, or not one of the {entries} for subscribers: choose another";
    Self::NoObservers =>
        "the ring was created without observers: subscribe, or create it with Options::observers";
    Self::Overwrites => "the ring overwrites and waits for no consumer: observe it instead";
    Self::ReadOnly => "the control segment is read-only for this process: observe instead";
    Self::Lock { os_error } => "a subscriber's entry could not be locked: {}", OsError(*os_error);
    Self::Name { len, max } =>
        "a name of {len} bytes is invalid for a durable subscriber or a group: choose one of 1 to \
         {max}";
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
    Self::InUse { kind: ConsumerKind::Group, name } =>
        "the group {name:?} still has workers: wait until they have gone";
    Self::InUse { kind: _, name } =>
        "the durable name {name:?} is held by a consumer that lives: wait until it has gone, or \
         choose another";
    Self::Evicted { missed } =>
        "evicted while away, with {missed} messages missed: join once more to start anew";
    Self::Corrupt => "what stood in the entry of the durable subscriber was forged";
    Self::Sealed =>
        "the producer stopped while it was going on in another segment: try again once it runs, or \
         another one has resumed the ring";
    Self::TooOld { oldest } =>
        "the position is no longer there: start at {oldest}, which is the oldest, or later";
    Self::NotYet { head } =>
        "the position is in the future: start at {head}, which is the next, or earlier";
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
