//! What a ring has done, for each process that may read it.
//!
//! What the producer counts stands in its line of the data segment. No consumer can forge it there,
//! and each process that may read the ring can read it. What a consumer has got follows from its
//! gate and from where it began, so that nothing is counted as it receives; a worker, which has no
//! gate, counts in its entry. Looking stores nothing, locks nothing and makes no system call.

#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod consumers;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod liveness;

#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
pub use liveness::Liveness;

use core::time::Duration;

use crate::memory::View;
use crate::message::Message;
pub use crate::name::{ConsumerId, ConsumerKind, ConsumerName};
use crate::position::Pos;
use crate::producer::Producer;
use crate::protocol::head;
use crate::ring::Ring;
use ringway_shm::sync::{Ordering, Word};
use ringway_shm::wait::Wait;

/// What a ring's producers have done since it was created, as it was at some moment of the call
/// that returned it. Numbers only grow, across takeovers too. With 32-bit words they wrap around:
/// `sent` after 2^31 messages, `blocked` after 71 minutes, the others after 2^32.
///
/// On microcontrollers (32 bits, no operating system) there are only `sent`, `epoch` and `closed`:
/// no producer waits by the clock there, no consumer sleeps or is evicted, and the others are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Messages sent.
    pub sent: u64,
    /// How long the producer has waited for room, in whole microseconds. One that waits now is
    /// counted up to 70 ms before this moment. Waiting for anything else does not count, and nor
    /// does a `try_send` that finds no room. A future that waits is counted when its task is next
    /// polled, or it is dropped; polls of the program's own (`poll_send`) and sinks do not count.
    /// Without the feature `std` there is no clock, and this
    /// is 0.
    pub blocked: Duration,
    /// Calls that do not block and found no room, of `try_send`, `try_reserve`, `ready` and their
    /// like; each batch counts once.
    pub refused: u64,
    /// The consumer that is furthest behind of those that leave the producer no room now. Found
    /// when a producer that has no room looks what is in its way: every 20 ms, or sooner where
    /// there are limits. It stands here until the producer has sent a message again. `None`: there
    /// is room, or it has not looked, or this process does not have the control segment.
    pub held_by: Option<ConsumerId>,
    /// How often the producer found that a consumer slept, or was about to, and woke all that did.
    /// Each is one system call, and one more for each group. A takeover counts as one.
    pub wakes: u64,
    /// Subscribers and groups that were evicted.
    pub evictions: u64,
    /// The one that was evicted last. While it has not left, its
    /// [`ConsumerStats`](Ring::consumer_stats) have its name.
    pub last_evicted: Option<ConsumerId>,
    /// Takeovers of the ring by a new producer.
    pub epoch: u32,
    /// The producer has closed the ring. One that was kept may be resumed.
    pub closed: bool,
}

/// What a consumer has got, as it was at some moment of the call that returned it.
///
/// Of what was sent since it began, a subscriber, a group or an observer has `received` some, is
/// past `lagged` others, and `lag`s behind by the rest: while no message is sent or received,
/// received + lagged + lag is what was sent. Else `lag` can be less than that, since the head that
/// it is measured from is older.
///
/// With 32-bit words `received` wraps around after 2^31 messages (a worker's after 2^32), and so
/// does `lagged` after 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerStats {
    /// What it is.
    pub kind: ConsumerKind,
    /// Which one: for [`Producer::evict`] and [`Ring::liveness`]. Of an observer it says nothing.
    pub id: ConsumerId,
    /// The number of the process that has joined as this consumer, in that process's pid namespace,
    /// as it wrote it down. `None`: not known, or a group. For a person to look at: a number comes
    /// again, so that nothing should go by it.
    pub process: Option<u32>,
    /// The name of a subscriber, if it is durable or was given one; of a group; or of a worker's
    /// group.
    pub name: Option<ConsumerName>,
    /// Whether it is there. `false`: a durable subscriber that is away, or a group without workers.
    /// The kernel is not asked: one that has died is there until it is found dead.
    pub present: bool,
    /// Messages that a subscriber has received and released since it joined; if it is durable,
    /// since it first did, under whichever of its owners. After an eviction the next one of the
    /// name begins at 0.
    ///
    /// Of a group: messages that are done, and all before them. Of a worker: messages that it was
    /// given since it joined, also those that it gave back.
    pub received: u64,
    /// Messages that it can no longer get: of an observer those of its `Lagged` errors, of one that
    /// was evicted everything since. Else 0.
    pub lagged: u64,
    /// Messages that it is still to get. A worker has none of its own.
    pub lag: u64,
    /// Messages that were delivered once more, having been given back: to a group's workers, or to
    /// that worker. Modulo 2^32.
    pub redelivered: u64,
    /// It has been evicted, and not yet left.
    pub evicted: bool,
    /// Of a group: messages that a worker has and that are not done. Else 0.
    pub in_flight: u64,
    /// Of a group: messages that were given back and that no worker has now. Else 0.
    pub returned: u64,
}

impl<T: Message + ?Sized> Ring<T> {
    /// What the producer has done so far. Waits for nothing and changes nothing: the ring's bytes
    /// are what they were, and no system call is made. It looks at some slots, in logarithmic time.
    ///
    /// Each process that may read the ring may do this, also if it may only observe.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    /// let slow = ring.subscribe(Start::Next).unwrap();
    /// for n in 0..6 {
    ///     producer.try_send(&n).unwrap();
    /// }
    /// let stats = ring.stats();
    /// assert_eq!((stats.sent, stats.evictions, stats.wakes), (6, 1, 0));
    /// ```
    pub fn stats(&self) -> Stats {
        of_ring(self.newest().monitored())
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// As [`Ring::stats`].
    ///
    /// ```
    /// # use ringway::Options;
    /// let (mut producer, _) = Options::<u64>::new(8).heap().unwrap();
    /// producer.send(&1).unwrap();
    /// assert_eq!(producer.stats().sent, 1);
    /// ```
    pub fn stats(&self) -> Stats {
        of_ring(&self.storage)
    }
}

/// A word is a `u64` already where it has 64 bits.
#[allow(clippy::useless_conversion)]
pub(crate) fn wide(word: Word) -> u64 {
    word.into()
}

fn of_ring(view: &View) -> Stats {
    let line = view.producer();
    let head = head::exact(view);
    Stats {
        sent: wide(head.distance(began(view))),
        blocked: Duration::from_micros(wide(line.blocked.get())),
        refused: wide(line.refused.get()),
        held_by: held_by(view, head),
        wakes: wide(line.wakes.get()),
        evictions: wide(line.evicted.get()),
        last_evicted: last_evicted(view),
        epoch: line.epoch.load(Ordering::Relaxed),
        closed: line.closed.load(Ordering::Relaxed) != 0,
    }
}

/// The position at which the ring began, and not its newest segment.
fn began(view: &View) -> Pos {
    #[cfg(any(feature = "std", ringway_loom))]
    if let Some(words) = view.chain() {
        return words.plan().began;
    }
    view.measures().origin()
}

fn held_by(view: &View, head: Pos) -> Option<ConsumerId> {
    let line = view.producer();
    let index = (line.held_by.get() as usize).checked_sub(1)?;
    // It was in the way of a message that has been sent since.
    if line.held_at.get() != head.number() {
        return None;
    }
    let generation = view.entry(index)?.generation.load(Ordering::Relaxed);
    Some(ConsumerId::new(index, generation))
}

fn last_evicted(view: &View) -> Option<ConsumerId> {
    let line = view.producer();
    let index = (line.evicted_entry.get() as usize).checked_sub(1)?;
    Some(ConsumerId::new(index, line.evicted_generation.get()))
}
