//! Joining a ring that runs, and leaving it.
//!
//! A subscriber has to say from where on it needs messages before it knows how far the producer is.
//! So it first pins a position that it knows to be early enough, and then looks how far the producer
//! had come when that could be seen:
//!
//! ```text
//! joiner                                  producer, at its limit
//! J1  head0 = head                        R1  head = next      (exact)
//! J2  gate = pin(head0)                   R2  fence(SeqCst)
//! J3  fence(SeqCst)                       R3  scan the gates
//! J4  head1 = head                        R4  limit = at most next + credit
//! J5  gate = start(head1)
//! ```
//!
//! with `credit` an eighth of the capacity. Proof that no position from `start` on is overwritten
//! before the gate says so: take the last refill whose scan (R3) did not see J2. By the two fences
//! J4 saw its R1 or a later head: head1 >= its `next`. Its limit is at most next + credit, so that
//! without another refill nothing from head1 + credit - capacity on is overwritten. Every later scan
//! sees J2 or J5, and grants nothing beyond `pin + capacity` or `start + capacity`; the pin is not
//! after the start, because head0 <= head1. With `start` = head1 (or later), or for the oldest,
//! head1 + credit - capacity, nothing from it on is lost.
//!
//! Where messages are spilled, the oldest one that a joiner starts at is not before what J4 finds to have been
//! reclaimed: see [`arena`](super::arena).
//!
//! Each of these is needed: either fence, the second look at the head, and that the head is stored
//! before the scan. Models: joiner_*, in loom-tests/tests/join.rs.

#[cfg(not(any(target_has_atomic = "32", feature = "portable-atomic")))]
mod agreed;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod take;

use super::credit;
use super::head::{exact, hint, search};
use crate::error::JoinError;
use crate::memory::geometry::Overflow;
use crate::memory::layout::{Entry, SOMEBODY};
use crate::memory::{Seat, Storage, View};
use crate::position::{FREE, Pos, Position};
use crate::protocol::wake::wake_producer;
use ringway_shm::fence::Fences;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use ringway_shm::sync::peek_word;
use ringway_shm::sync::{Ordering, WORD, Word, fence};

#[cfg(not(any(target_has_atomic = "32", feature = "portable-atomic")))]
use agreed::{let_go, take_one};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub(crate) use take::{WHILE_CLEANING, join, subscribe, take_entry};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use take::{let_go, take_one};

/// Where a consumer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// At the next message that is sent. Everything whose sending began after joining returned is
    /// received; nothing that was sent before joining began.
    Next,
    /// At the oldest message that can still be had. For a subscriber these are at least
    /// capacity - max(1, capacity / 8) messages, if so many have been sent: the rest may be about to
    /// be overwritten. On a ring that evicts by [`max_lag`](crate::Options::max_lag), if that is
    /// less than the capacity, it is at least max_lag - max(1, capacity / 8), or none if max_lag is
    /// less than that, and at most max(1, capacity / 8) more: a subscriber that started further
    /// back would be evicted as soon as the producer looks for room. With an
    /// [arena](crate::Options::arena) it is fewer: none that comes before one of whose place there
    /// something else is, and up to max(1, capacity / 8) behind it. An observer tries for all that
    /// the ring holds, and may find that it has lagged.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// for (max_lag, back) in [(64, 56), (24, 16), (8, 0)] {
    ///     let (mut producer, ring) = Options::<u64>::new(64).max_lag(max_lag).heap().unwrap();
    ///     producer.try_send_batch(&[0; 200]);
    ///     let subscriber = ring.subscribe(Start::Oldest).unwrap();
    ///     let behind = producer.head() - subscriber.position();
    ///     assert!((back..=back + 8).contains(&behind), "{behind}");
    /// }
    /// ```
    Oldest,
    /// At this position. [`JoinError::TooOld`] if it comes before the ring's
    /// [first](crate::Options::origin), and for a subscriber if it can no longer be promised;
    /// [`JoinError::NotYet`] if it comes after the next message, however far. Positions count from
    /// the ring's first one on, and begin again from 0 after the last that there is; so a number
    /// that is smaller than the first position's comes before that, unless it is less than
    /// 2<sup>62</sup> ahead.
    ///
    /// With words of 32 bits positions begin again after 2<sup>31</sup> messages, and the same
    /// number is many messages'. The one is meant that is nearest to the next message: what is more
    /// than 2<sup>30</sup> ahead of it is taken for one that has been sent, and is `TooOld` for a
    /// subscriber; what an observer asks for so far back is [lagged](crate::error::TryRecvError::Lagged)
    /// for by as many, modulo 2<sup>31</sup>.
    ///
    /// ```
    /// use ringway::{Options, Position, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).origin(100).heap().unwrap();
    /// producer.try_send_batch(&[1, 2]);
    /// assert!(ring.subscribe(Start::At(102)).is_ok());
    /// let too_old = JoinError::TooOld { oldest: 100 };
    /// assert_eq!(ring.subscribe(Start::At(99)).unwrap_err(), too_old);
    /// let not_yet = JoinError::NotYet { head: 102 };
    /// assert_eq!(ring.subscribe(Start::At(103)).unwrap_err(), not_yet);
    /// if Position::BITS == 64 {
    ///     let last = Start::At(Position::MAX >> 1);
    ///     assert_eq!(ring.subscribe(last).unwrap_err(), not_yet);
    /// }
    /// ```
    At(Position),
}

/// The oldest position that was ever sent, given a head and whether the first lap is over.
///
/// `lapped` was loaded before `head`, so that a head that goes with a set flag is at least a capacity
/// past the origin. If the flag is not set, the head is near enough
/// to the origin for a signed difference.
pub(crate) fn at_least_origin(view: &View, position: Pos, lapped: bool) -> Pos {
    if lapped { position } else { position.max(view.measures().origin()) }
}

/// A position that was asked for, if it is one that has been sent, or the next. `None`: it is
/// before the first, as far as that can be told. `lapped` was loaded before `head`.
///
/// With words of 8 bytes no ring comes round to its origin again. So positions have an order: from
/// the origin on, and past the last position if the origin is near that. A smaller number than the
/// origin is before it, unless it is less than half of all positions ahead. With words of 4 bytes a
/// ring may have come round any number of times, and a position is taken for the one that is
/// nearest to the head.
fn checked(
    view: &View,
    position: Position,
    lapped: bool,
    head: Pos,
) -> Result<Option<Pos>, JoinError> {
    let not_yet = JoinError::NotYet { head: head.number() };
    if position > Position::MAX >> 1 {
        return Err(not_yet);
    }
    let (position, origin) = (Pos::new(position), view.measures().origin());
    let ahead = if WORD == 8 {
        if position.number() < origin.number() && position.since(origin) < 0 {
            return Ok(None);
        }
        position.distance(origin) > head.distance(origin)
    } else {
        position.since(head) > 0
    };
    if ahead {
        return Err(not_yet);
    }
    let is_before = WORD < 8 && !lapped && position.since(origin) < 0;
    Ok((!is_before).then_some(position))
}

/// Whether there can be subscribers here, and groups.
pub(crate) fn can_subscribe(storage: &Storage) -> Result<(), JoinError> {
    if storage.measures().overflow == Overflow::Overwrite {
        return Err(JoinError::Overwrites);
    }
    if storage.flags().is_none() {
        return Err(JoinError::ReadOnly);
    }
    Ok(())
}

/// Takes that entry, and joins there. Returns it, and the first position.
///
/// # Safety
///
/// Nobody else joins meanwhile.
pub(crate) unsafe fn subscribe_in(
    storage: &Storage,
    index: usize,
    start: Start,
) -> Result<(Joined, Pos), JoinError> {
    can_subscribe(storage)?;
    let entries = storage.measures().subscribers();
    let taken = if index < entries { take_one(storage, index)? } else { None };
    let Some((index, seat)) = taken else {
        return Err(JoinError::EntryInUse { entry: index, entries });
    };
    join_in(storage, index, seat, start, |_, _| {})
}

/// Joins in an entry that the caller has just taken.
pub(crate) fn join_in(
    storage: &Storage,
    index: usize,
    seat: Option<Seat>,
    start: Start,
    describe: impl FnOnce(&Entry, Pos),
) -> Result<(Joined, Pos), JoinError> {
    // Should it fail from here on, this one leaves again, and wakes the producer.
    let mut joined = Joined { storage: storage.clone().seated(seat), index, generation: 0 };
    let first = joined.pin(start)?;
    if let Some(entry) = storage.entry(index) {
        describe(entry, first);
        entry.counters.begin(first);
        // After the search for the first position: what is sent by a producer that sees this is not
        // found by it. Pairs with the fence in `Producer::consumers`.
        entry.joined.store(1, Ordering::Release);
    }
    // The gate was stored for the last time, perhaps later than the pin before it, and a producer may
    // have gone to sleep over that pin. A full fence is a light one too.
    wake_producer(storage, Fences::FULL);
    Ok((joined, first))
}

/// J1 to J5, in an entry that is ours.
fn pin(view: &View, index: usize, start: Start) -> Result<Pos, JoinError> {
    let Some(entry) = view.entry(index) else {
        return Err(JoinError::ReadOnly);
    };
    let measures = view.measures();
    // As far as the producer promises, and not so far that it would be evicted at the next refill:
    // that comes at most a credit after the head that is stored. Any `max_lag` will do that may
    // stand there.
    let max_lag = view.producer().max_lag.load(Ordering::Relaxed) as usize;
    let back = max_lag.min(measures.capacity()).saturating_sub(measures.credit());

    let head0 = hint(view);
    let pin = if start == Start::Next { head0 } else { head0.minus(back) };
    // Release, as every store to a gate: the entry's last owner may have read slots that this store
    // lets the producer reuse.
    set_gate(view, index, entry, pin.gate(), Ordering::Release);
    let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
    // Pairs with the one in `Credit::refill`. It also is the acquire fence between `lapped` and
    // `head` that `at_least_origin` needs.
    fence(Ordering::SeqCst);
    // Before the head, so that the head is not before it.
    let reclaimed = credit::reclaimed(view);
    let head1 = hint(view);

    let oldest = at_least_origin(view, head1.minus(back), lapped);
    let oldest = credit::not_reclaimed(view, reclaimed, head1, oldest);
    let first = match start {
        Start::Next => search(view, head1),
        Start::Oldest => oldest,
        Start::At(position) => {
            let position = checked(view, position, lapped, search(view, head1))?;
            let there = position.filter(|position| position.since(oldest) >= 0);
            there.ok_or(JoinError::TooOld { oldest: oldest.number() })?
        }
    };
    // Nothing was read since that fence which is a release of what was read before.
    set_gate(view, index, entry, first.gate(), Ordering::Relaxed);
    Ok(first)
}

/// Gives the gate of an entry that nobody has joined yet its first position, which is the ring's, and
/// returns the generation of its first owner.
/// Only by the ring's creator, before the producer sends.
pub(crate) fn preassign(view: &View, index: usize) -> u32 {
    const FIRST: u32 = 1;
    if let Some(entry) = view.entry(index) {
        entry.generation.store(FIRST, Ordering::Relaxed);
        entry.owner.store(SOMEBODY, Ordering::Relaxed);
        entry.gate.store(view.measures().origin().gate(), Ordering::Relaxed);
        entry.counters.begin(view.measures().origin());
        entry.joined.store(1, Ordering::Relaxed);
    }
    FIRST
}

/// Gives an entry up. The caller wakes the producer.
pub(crate) fn leave(view: &View, index: usize) {
    if let Some(entry) = view.entry(index) {
        reset(entry);
    }
}

/// Whether an entry stays when its owner goes.
pub(crate) fn is_durable(entry: &Entry) -> bool {
    entry.joined.load(Ordering::Relaxed) != 0 && entry.durable.load(Ordering::Relaxed) != 0
}

/// Lets the producer overwrite what an evicted owner had not received, for the owner, or for whoever has its
/// lock.
pub(crate) fn unpin(entry: &Entry) {
    // Pairs with the fence after the producer's scan: the reads in place are over.
    entry.pinned.store(0, Ordering::Release);
}

/// How often a gate is exchanged that others change meanwhile: few of them, a few times each.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
const TRIES: u32 = 64;

/// Gives the gate of a group's entry another value, in one step with what workers exchange that
/// were evicted there.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
fn exchange_gate(entry: &Entry, gate: Word, order: Ordering) {
    let exchanged = (0..TRIES).any(|_| {
        let failed = Ordering::Relaxed;
        entry.gate.compare_exchange(peek_word(&entry.gate), gate, order, failed).is_ok()
    });
    if !exchanged {
        entry.gate.store(gate, order);
    }
}

/// Stores the gate of an entry in which its owner joins.
fn set_gate(view: &View, index: usize, entry: &Entry, gate: Word, order: Ordering) {
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    if index >= view.measures().subscribers() {
        return exchange_gate(entry, gate, order);
    }
    #[cfg(not(any(target_has_atomic = "32", feature = "portable-atomic")))]
    let _ = (view, index);
    entry.gate.store(gate, order);
}

/// Makes the entry of a group free, of which workers may be left that were evicted.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub(crate) fn reset_group(entry: &Entry) {
    reset_by(entry, exchange_gate);
}

/// Makes an entry free, for its owner, or for whoever has its owner's lock.
pub(crate) fn reset(entry: &Entry) {
    reset_by(entry, |entry, gate, order| entry.gate.store(gate, order));
}

fn reset_by(entry: &Entry, set_gate: impl FnOnce(&Entry, Word, Ordering)) {
    // Pairs with the fence in `is_flushed`: what the owner did before it left is done.
    entry.joined.store(0, Ordering::Release);
    entry.durable.store(0, Ordering::Relaxed);
    // What is left of a leaked `Ref`, or of one whose owner has died.
    unpin(entry);
    // First the gate: once the entry is free, its gate is the next owner's. Release pairs with the
    // producer's scan: our reads are over.
    set_gate(entry, FREE, Ordering::Release);
    let_go(entry);
}

/// An entry in which somebody has joined, who leaves again if this is dropped.
pub(crate) struct Joined {
    pub(crate) storage: Storage,
    pub(crate) index: usize,
    /// Which of the entry's owners this is.
    pub(crate) generation: u32,
}

/// How often somebody tries again who finds no entry, or is evicted while joining.
const ATTEMPTS: u32 = 4;

impl Joined {
    /// Pins the first position. A producer that evicts whoever lags may do so while this one joins, its
    /// first gate being a guess: then it tries again as the entry's next owner.
    ///
    /// Generations come round after 2^32 owners, and the one that was evicted last may come again.
    /// That is the same case: the joiner finds that it was evicted, and takes the next one. So the
    /// owner of an entry has not been evicted when it has joined. Later it is told so only if it
    /// is: what it loads from the word after that is no older, and neither is what others load that
    /// learn of it from `joined` or `owner` (a group's workers, a durable subscriber's next
    /// process). The producer stores a generation that it has just loaded from the entry. For that
    /// to be a later owner's too, 2^32 of them would have to join while the producer stands still
    /// between the two.
    fn pin(&mut self, start: Start) -> Result<Pos, JoinError> {
        let Some(entry) = self.storage.entry(self.index) else {
            return Err(JoinError::ReadOnly);
        };
        let mut attempt = 0;
        loop {
            self.generation = entry.generation.load(Ordering::Relaxed).wrapping_add(1).max(1);
            // After the last owner's gate, and before ours, whose release pairs with the first fences in
            // `credit`; this one with the second in `evict`.
            entry.generation.store(self.generation, Ordering::Release);
            let first = pin(&self.storage, self.index, start)?;
            attempt += 1;
            // Should it be evicted later, or once too often, it is told when it receives.
            if attempt == ATTEMPTS || !self.storage.was_evicted(self.index, self.generation) {
                return Ok(first);
            }
        }
    }

    /// The ring, the entry and the generation. From here on somebody else sees to leaving the entry.
    pub(crate) fn keep(self) -> (Storage, usize, u32) {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        (unsafe { core::ptr::read(&this.storage) }, this.index, this.generation)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        leave(&self.storage, self.index);
        wake_producer(&self.storage, Fences::FULL);
    }
}

/// The first position of an observer.
pub(crate) fn observe(view: &View, start: Start) -> Result<Pos, JoinError> {
    if !view.measures().observers {
        return Err(JoinError::NoObservers);
    }
    // The search for the exact head begins with a fence, and so finds all that was sent before the
    // flag was set: it pairs with the flag's release.
    let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
    let head = exact(view);
    let origin = view.measures().origin();
    match start {
        Start::Next => Ok(head),
        Start::Oldest => Ok(at_least_origin(view, head.minus(view.measures().capacity()), lapped)),
        Start::At(position) => checked(view, position, lapped, head)?
            .ok_or(JoinError::TooOld { oldest: origin.number() }),
    }
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use crate::error::TryRecvError;
    use crate::group::{Group, Worker};
    use crate::options::Options;
    use crate::protocol::Start;
    use crate::ring::Ring;
    use ringway_shm::sync::Ordering;

    /// Generations that an entry's owners have come to, and the one that was evicted last: the next
    /// one, also over the end of the numbers.
    const SOON: [(u32, u32); 4] = [(0, 1), (4, 5), (u32::MAX - 1, u32::MAX), (u32::MAX, 1)];

    /// The generation of an entry's owner.
    fn generation(ring: &Ring<u64>, index: usize) -> u32 {
        ring.storage.entry(index).unwrap().generation.load(Ordering::Relaxed)
    }

    fn come_to(ring: &Ring<u64>, index: usize, (last, evicted): (u32, u32)) {
        ring.storage.entry(index).unwrap().generation.store(last, Ordering::Relaxed);
        ring.storage.evicted(index).unwrap().store(evicted, Ordering::Relaxed);
    }

    #[test]
    fn no_new_owner_is_the_one_that_was_evicted_before_its_time() {
        for soon in SOON {
            let options = Options::<u64>::new(8).subscribers(1).groups(1).max_lag(4);
            let (mut producer, ring) = options.heap().unwrap();
            come_to(&ring, 0, soon);
            let mut subscriber = ring.subscribe(Start::Next).unwrap();
            assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty), "{soon:?}");
            // Not by chance: it passed over the one, and no other.
            let next = if soon.1 == u32::MAX { 1 } else { soon.1 + 1 };
            assert_eq!(generation(&ring, 0), next);
            drop(subscriber);

            come_to(&ring, 0, soon);
            let mut durable = ring.subscribe_durable("name", Start::Next).unwrap();
            assert_eq!(durable.try_recv(), Err(TryRecvError::Empty), "{soon:?}");
            drop(durable);
            // It comes back as the one that it was.
            let mut durable = ring.subscribe_durable("name", Start::Next).unwrap();
            assert_eq!(generation(&ring, 0), next);

            come_to(&ring, 1, soon);
            let group = Group::new("group");
            let mut worker = Worker::join(&ring, group).unwrap();
            assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty), "{soon:?}");
            assert_eq!(generation(&ring, 1), next);

            // Evicted in its own time it is told.
            assert_eq!(producer.try_send_batch(&[0; 20]), 20);
            let evicted = TryRecvError::Evicted { missed: 20 };
            assert_eq!(durable.try_recv(), Err(evicted));
            assert_eq!(worker.try_recv().err(), Some(evicted));
        }
    }
}
