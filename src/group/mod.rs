//! Groups: each message goes to one worker of a group.
//!
//! A group holds the producer back as a subscriber does, by a gate in an entry of its own. For each slot
//! it has a word that says what has become of the slot's message ([`code`]), and which is changed by
//! compare-exchange alone ([`desk`]): a worker claims a message by it, and ends its claim by it. So it is
//! always known who has what, also of a worker that dies at any instruction; whoever finds it dead gives
//! what it had to the others.
//!
//! **Who gets a message.** Workers claim on demand, each the oldest message that nobody has. A worker that
//! waits in a call, and for which others have been faster several times, claims the next position that
//! nobody has before there is a message in it, and waits for that one. From then on nobody can be faster.
//! If its call ends before the message comes, it gives the claim back.
//!
//! **Returned messages.** Workers look at each position once, the oldest first, and then go on; a count in
//! the group's entry says that something was given back, and then all look again from the gate on.

pub(crate) mod code;
pub(crate) mod desk;
mod join;
mod remove;
mod worker;

pub(crate) use desk::{Desk, Fate, Offer, Others, Outcome, Rest};
#[cfg(any(test, ringway_loom))]
pub(crate) use join::bury;
pub(crate) use join::{Hired, forget_evicted, hire, reap};

use crate::protocol::Start;
pub use worker::{Batch, BytesJob, ClaimLost, Job, JobRef, Worker};

/// Which group a worker joins, and what it is to be if it has to be made. A `&str` is one too: the group of
/// that name, which begins at the next message ([`Start::Next`]) and delivers at least once.
///
/// ```
/// use ringway::{Group, JoinError, Options, Start, Worker};
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
pub struct Group<'a> {
    name: &'a str,
    start: Start,
    at_most_once: bool,
}

impl<'a> Group<'a> {
    /// The group of that name, of 1 to 80 bytes; on a microcontroller, of 1 to 4.
    pub const fn new(name: &'a str) -> Self {
        Group { name, start: Start::Next, at_most_once: false }
    }

    /// Where it begins, if it has to be made. A group that is there goes on where it is.
    pub const fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// A message that may have been delivered is never delivered again: what a worker has claimed when it
    /// dies is skipped, and so is what it [gives back](crate::Job::nack). Else, which is the default, it
    /// goes to another worker, marked ([`redelivered`](crate::Job::redelivered)). Every worker of a group
    /// has to ask for the same ([`JoinError::Delivery`](crate::JoinError::Delivery)).
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
