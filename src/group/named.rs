//! What a worker says of the group that it joins.

use crate::protocol::Start;

/// Which group a worker joins, and how the group is made if there is none of that name.
///
/// A `&str` is one too: the group of that name, which begins at the next message
/// ([`Start::Next`]) and delivers at least once.
///
/// ```
/// use ringway::{Group, Options, Start, Worker};
/// use ringway::error::JoinError;
///
/// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
/// producer.send(&7).unwrap();
/// let mut worker = Worker::join(&ring, Group::new("billing").start(Start::Oldest)).unwrap();
/// assert_eq!(*worker.recv().unwrap(), 7);
///
/// let other = Worker::join(&ring, Group::new("billing").at_most_once());
/// assert_eq!(other.unwrap_err(), JoinError::Delivery { at_most_once: false });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "mpmc")]
#[doc(alias = "work queue")]
#[doc(alias = "consumer group")]
#[must_use = "a worker joins it by `Worker::join`"]
pub struct Group<'a> {
    pub(super) name: &'a str,
    pub(super) start: Start,
    pub(super) at_most_once: bool,
}

impl<'a> Group<'a> {
    /// The group of that name. A name has 1 to 80 bytes, or 1 to 4 on a microcontroller.
    pub const fn new(name: &'a str) -> Self {
        Group { name, start: Start::Next, at_most_once: false }
    }

    /// Where the group begins, if it is made. A group that is there goes on where it is.
    pub const fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Has the group never deliver a message again that may have been delivered: what a worker has
    /// when it dies is skipped, and so is what it [gives back](crate::group::Job::nack).
    ///
    /// By default such a message goes to another worker, marked
    /// ([`redelivered`](crate::group::Job::redelivered)). Every worker of a group has to ask for the same
    /// ([`JoinError::Delivery`](crate::error::JoinError::Delivery)).
    pub const fn at_most_once(mut self) -> Self {
        self.at_most_once = true;
        self
    }
}

impl<'a> From<&'a str> for Group<'a> {
    fn from(name: &'a str) -> Self {
        Group::new(name)
    }
}
