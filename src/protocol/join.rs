//! Joining a ring that runs, told from top to bottom: [`join`] takes an entry, [`join_in`] says
//! there that a consumer has joined, [`Joined::pin`] finds its first position, and [`pin`] is the
//! protocol of that.
//!
//! A subscriber has to say from where on it needs messages before it knows how far the producer is.
//! So it first pins a position that it knows to be early enough, and then looks how far the
//! producer had come when that could be seen:
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
//! without another refill nothing from head1 + credit - capacity on is overwritten. Every later
//! scan sees J2 or J5, and grants nothing beyond `pin + capacity` or `start + capacity`; the pin is
//! not after the start, because head0 <= head1. With `start` = head1 (or later), or for the oldest,
//! head1 + credit - capacity, nothing from it on is lost.
//!
//! Where messages are spilled, the oldest one that a joiner starts at is not before what J4 finds
//! to have been reclaimed: see `producer/arena.rs`.
//!
//! Each of these is needed: either fence, the second look at the head, and that the head is stored
//! before the scan. Models: joiner_*, in loom-tests/tests/join.rs.

#[cfg(any(feature = "std", ringway_loom))]
use super::chain;
use super::credit;
use super::entry::{leave, set_gate};
use super::head::{exact, hint, search};
use super::start::{Start, at_least_origin, checked};
use super::take::Taken;
use super::wake::wake_producer;
use crate::error::JoinError;
use crate::memory::layout::{Entry, OWNED};
use crate::memory::{Seat, Storage, View};
use crate::position::Pos;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, fence};

/// Joins as a subscriber, in an entry that `take` takes, and of which `describe` says more before
/// it counts. Returns that, and the first position.
pub(crate) fn join(
    storage: &Storage,
    start: Start,
    take: impl Fn(&Storage) -> Result<Taken, JoinError>,
    describe: impl Fn(&Entry, Pos),
) -> Result<(Joined, Pos), JoinError> {
    can_subscribe(storage)?;
    in_newest(storage, |storage| {
        let (index, seat) = take(storage)?;
        join_in(storage, index, seat, start, &describe)
    })
}

/// Joins as `join` does: of a chain, in its newest segment.
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) fn in_newest<R>(
    storage: &Storage,
    join: impl Fn(&Storage) -> Result<R, JoinError>,
) -> Result<R, JoinError> {
    if !storage.measures().is_chain() {
        return join(storage);
    }
    let (mut newest, mut has_swept) = (newest(storage)?, false);
    for _ in 0..ATTEMPTS_IN_CHAIN {
        match join(&newest) {
            // Some may be kept for owners that have left, this one among them.
            Err(JoinError::NoFreeEntry { .. } | JoinError::EntryInUse { .. }) if !has_swept => {
                chain::sweep_all(storage);
                has_swept = true;
                continue;
            }
            // The producer has been about to go on in another segment.
            Err(JoinError::Sealed) => has_swept = false,
            outcome => return outcome,
        }
        for _ in 0..if newest.can_die() { WHILE_SEALED } else { WHILE_SEALED_HERE } {
            if newest.goes_on() || !newest.waits_for_switch() {
                break;
            }
        }
        if !newest.goes_on() {
            break;
        }
        newest = self::newest(&newest)?;
    }
    Err(JoinError::Sealed)
}

/// The newest segment of a chain.
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) fn newest(storage: &Storage) -> Result<Storage, JoinError> {
    let newest = storage.newest();
    newest.map_err(|crate::memory::chain::NotAttached(os_error)| JoinError::Lock { os_error })
}

/// There are no chains.
#[cfg(not(any(feature = "std", ringway_loom)))]
pub(crate) fn in_newest<R>(
    storage: &Storage,
    join: impl Fn(&Storage) -> Result<R, JoinError>,
) -> Result<R, JoinError> {
    join(storage)
}

/// How many segments a joiner tries, that are left while it joins.
#[cfg(any(feature = "std", ringway_loom))]
const ATTEMPTS_IN_CHAIN: u32 = 100;
/// How often, a millisecond apart, it looks whether a producer has done what takes it a few stores.
#[cfg(any(feature = "std", ringway_loom))]
const WHILE_SEALED: u32 = 1000;
/// The same for one that is a thread of this process.
#[cfg(any(feature = "std", ringway_loom))]
const WHILE_SEALED_HERE: u32 = 1_000_000;

/// Whether there can be subscribers here, and groups.
pub(crate) fn can_subscribe(storage: &Storage) -> Result<(), JoinError> {
    if storage.measures().overwrites() {
        return Err(JoinError::Overwrites);
    }
    if storage.flags().is_none() {
        return Err(JoinError::ReadOnly);
    }
    Ok(())
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
        entry.note_given(first);
        entry.counters.note_process();
        // SYNC joined: after the search for the first position. What is sent by a producer that
        // sees this, in `Producer::look_at_consumers`, is not found by that. And the entry's name
        // and numbers are there.
        entry.joined.store(1, Ordering::Release);
    }
    // The gate was stored for the last time, perhaps later than the pin before it, and a producer
    // may have gone to sleep over that pin. A full fence is a light one too.
    wake_producer(storage, Fences::FULL);
    Ok((joined, first))
}

/// An entry in which a consumer has joined. Dropped, the consumer leaves again.
pub(crate) struct Joined {
    pub(crate) storage: Storage,
    pub(crate) index: usize,
    /// Which of the entry's owners this is.
    pub(crate) generation: u32,
}

/// How often a joiner tries again that is evicted while it joins.
const ATTEMPTS: u32 = 4;

impl Joined {
    /// Pins the first position. A producer that evicts consumers that lag may evict this one while
    /// it joins, its first gate being a guess: then it tries again as the entry's next owner.
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
            // SYNC generation: after the last owner's gate, and before this one's. See
            // `credit::evict` and `of_gate`.
            entry.generation.store(self.generation, Ordering::Release);
            let first = pin(&self.storage, self.index, start)?;
            attempt += 1;
            // Should it be evicted later, or once too often, it is told when it receives.
            if attempt == ATTEMPTS || !self.storage.was_evicted(self.index, self.generation) {
                return Ok(first);
            }
        }
    }

    /// The ring, the entry and the generation. From here on the caller sees to leaving the entry.
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

/// J1 to J5, in an entry that is the caller's.
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
    // SYNC gate, next-gate, numbers, regroup: the entry's last owner may have read slots that this
    // store lets the producer reuse (`Credit::refill_evicting`). And with this gate the generation
    // is seen: `credit::is_evicted`, `of_gate`, `Worker::is_still_its_group`.
    set_gate(view, index, entry, pin.gate(), Ordering::Release);
    let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
    // SYNC join, join-arena, lapped, sealed: either a scan in `Credit::refill_evicting` or
    // `Credit::reclaim` sees the gate, or this joiner sees what was stored before the scan. It also
    // is the acquire fence between `lapped` and `head` that `at_least_origin` needs.
    // SYNC numbers, regroup: with what is stored after this the generation is seen, as with the
    // gate.
    // And this joiner sees that the segment is sealed, or the copying of entries behind the fence in
    // `chain::seal` sees the gate.
    fence(Ordering::SeqCst);
    #[cfg(any(feature = "std", ringway_loom))]
    if view.chain().is_some_and(|chain| chain.is_sealed()) {
        return Err(JoinError::Sealed);
    }
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

/// Has an entry's first owner join at the ring's first position, and returns that owner's
/// generation. Only by the ring's creator, before the producer sends.
pub(crate) fn preassign(view: &View, index: usize) -> u32 {
    const FIRST: u32 = 1;
    if let Some(entry) = view.entry(index) {
        entry.generation.store(FIRST, Ordering::Relaxed);
        entry.owner.store(OWNED, Ordering::Relaxed);
        entry.gate.store(view.measures().origin().gate(), Ordering::Relaxed);
        entry.counters.begin(view.measures().origin());
        entry.note_given(view.measures().origin());
        entry.joined.store(1, Ordering::Relaxed);
    }
    FIRST
}

/// The oldest message that the ring has, before that head. `lapped` was loaded before the head.
fn oldest_before(view: &View, head: Pos, lapped: bool) -> Pos {
    at_least_origin(view, head.minus(view.measures().capacity()), lapped)
}

/// The oldest message that the ring has.
pub(crate) fn oldest(view: &View) -> Pos {
    // Before the head: see `observe`.
    let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
    oldest_before(view, exact(view), lapped)
}

/// The first position of an observer.
pub(crate) fn observe(view: &View, start: Start) -> Result<Pos, JoinError> {
    if !view.measures().observers() {
        return Err(JoinError::NoObservers);
    }
    // The search for the exact head begins with a fence, and so finds all that was sent before the
    // flag was set: it pairs with the flag's release.
    let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
    let head = exact(view);
    let origin = view.measures().origin();
    match start {
        Start::Next => Ok(head),
        Start::Oldest => Ok(oldest_before(view, head, lapped)),
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
