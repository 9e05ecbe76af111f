//! Subscribers that have a name, go away and come back.
//!
//! The entry of a durable subscriber stays when its owner is dropped, or dies: its gate goes on
//! holding the producer back, and says where the owner goes on. So all that has to be found again
//! is the entry, by its name. Processes look for a name, to take its entry or to make one, one at a
//! time.

use super::head;
use super::join::{self, Joined};
use super::start::{Start, at_least_origin};
use super::{entry, exchange, take};
use crate::error::JoinError;
use crate::memory::layout::{AWAY, Entry, FREE_ENTRY};
use crate::memory::{Claim, Storage};
use crate::name::{ConsumerKind, ConsumerName, MAX_NAME};
use crate::position::Pos;

use ringway_shm::sync::{Ordering, Signed, fence};

/// How often, a moment apart, an entry is asked for whose owner seems to live.
const ATTEMPTS: u32 = 10;

/// Takes the entry of that name again, or a new one. Returns it and the first position.
pub(crate) fn subscribe(
    storage: &Storage,
    name: &[u8],
    start: Start,
) -> Result<(Joined, Pos), JoinError> {
    check(storage, name)?;
    join::in_newest(storage, |storage| {
        #[cfg(any(feature = "std", ringway_loom))]
        if let Some(found) = find_in_chain(storage, name)? {
            return Ok(found);
        }
        let _registry = storage.registry()?;
        if let Some(found) = take_again(storage, name)? {
            return Ok(found);
        }
        let (index, seat) = take::take_any(storage)?;
        join::join_in(storage, index, seat, start, |entry, _| write_name(entry, name))
    })
}

/// The entry of that name in the oldest segment that has one.
///
/// Where a name is given for the first time, in the newest segment, all before it have been looked at
/// since they were sealed: so none is given there any more, and one that was is found. A segment is
/// looked at while no other process gives a name there.
#[cfg(any(feature = "std", ringway_loom))]
fn find_in_chain(storage: &Storage, name: &[u8]) -> Result<Option<(Joined, Pos)>, JoinError> {
    if !storage.measures().is_chain() {
        return Ok(None);
    }
    let living = storage.living();
    let not_attached =
        |error: crate::memory::chain::NotAttached| JoinError::Lock { os_error: error.0 };
    for segment in living.map_err(not_attached)? {
        let _registry = segment.registry()?;
        if let Some(found) = take_again(&segment, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Frees the entry of that name, if there is one and its owner is away.
pub(crate) fn forget(storage: &Storage, name: &[u8]) -> Result<bool, JoinError> {
    check(storage, name)?;
    #[cfg(any(feature = "std", ringway_loom))]
    if storage.measures().is_chain() {
        return match find_in_chain(storage, name) {
            Ok(found) => Ok(found.is_some()),
            Err(JoinError::Evicted { .. } | JoinError::Corrupt) => Ok(true),
            Err(error) => Err(error),
        };
    }
    let _registry = storage.registry()?;
    // Dropped, it leaves.
    match take_again(storage, name) {
        Ok(found) => Ok(found.is_some()),
        // It had been evicted, or forged, and is free by now.
        Err(JoinError::Evicted { .. } | JoinError::Corrupt) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether a subscriber or a group can have that name here.
pub(crate) fn check(storage: &Storage, name: &[u8]) -> Result<(), JoinError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(JoinError::Name { len: name.len(), max: MAX_NAME });
    }
    join::can_subscribe(storage)
}

fn in_use(name: &[u8]) -> JoinError {
    JoinError::InUse { kind: ConsumerKind::Subscriber, name: ConsumerName::from_bytes(name) }
}

/// The entry of that name, which is the caller's from here on, and where its last owner stopped.
fn take_again(storage: &Storage, name: &[u8]) -> Result<Option<(Joined, Pos)>, JoinError> {
    let named = |entry: &Entry| {
        entry::is_durable(entry) && entry.has_name(name) && !entry::is_expected(entry)
    };
    // Groups have names of their own.
    let subscribers = storage.measures().subscribers();
    let Some(index) = storage.entries().iter().take(subscribers).position(named) else {
        return Ok(None);
    };
    let Some(entry) = storage.entry(index) else {
        return Ok(None);
    };
    // SYNC joined: what was found is an entry with its name, which was there before `joined` in
    // `join_in`.
    fence(Ordering::Acquire);
    let own = |from| exchange::own_from(entry, from);
    let mut claim = storage.claim(index)?;
    for attempt in 0..take::WHILE_CLEANING {
        // It may be a peer that only looks whether its owner lives, or cleans up after many dead.
        if !matches!(claim, Claim::Taken)
            || (attempt >= ATTEMPTS && !storage.is_cleaning()?)
            || !storage.pause()
        {
            break;
        }
        claim = storage.claim(index)?;
    }
    let seat = match claim {
        Claim::Taken => return Err(in_use(name)),
        Claim::Open if own(AWAY) => None,
        Claim::Open => return Err(in_use(name)),
        Claim::Ours(seat) => {
            let owner = entry.owner.load(Ordering::Relaxed);
            // An owner that has died still says that it is there.
            if !named(entry) || owner == FREE_ENTRY || !own(owner) {
                // It left for good before the lock was ours.
                return Ok(None);
            }
            Some(seat)
        }
    };
    entry.counters.note_process();
    // The last owner may have died over a message that it read in place.
    entry::unpin(entry);
    let generation = entry.generation.load(Ordering::Relaxed);
    // Dropped, it gives the entry up.
    let joined = Joined { storage: storage.clone().seated(seat), index, generation };
    // Before the head, whose search begins with a fence.
    let lapped = storage.producer().lapped.load(Ordering::Relaxed) != 0;
    let head = head::exact(storage);
    // After the head, whose search ends with a fence: a producer that evicted this one did so
    // before it overwrote anything of its, and the head is not beyond that.
    let evicted = generation != 0 && storage.was_evicted(index, generation);
    let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed));
    let lag = gate.map(|gate| head.since(gate));
    if evicted {
        return Err(JoinError::Evicted { missed: lag.map_or(0, |lag| lag.max(0) as u64) });
    }
    // Slots say of positions before the origin that they are there.
    let is_there = |gate| at_least_origin(storage, gate, lapped) == gate;
    match (gate, lag) {
        (Some(gate), Some(lag))
            if (0..=storage.measures().capacity() as Signed).contains(&lag) && is_there(gate) =>
        {
            Ok(Some((joined, gate)))
        }
        _ => Err(JoinError::Corrupt),
    }
}

/// Writes the name of an entry that is the caller's. It counts once it has joined.
pub(crate) fn write_name(entry: &Entry, name: &[u8]) {
    entry.set_name(name);
    entry.durable.store(1, Ordering::Relaxed);
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::memory::layout::OWNED;
    use crate::options::Options;

    /// A process that has died with many subscribers is started again while the producer cleans up.
    #[test]
    fn one_that_comes_back_waits_for_a_peer_that_cleans_up_after_it() {
        let (_producer, files) = Options::<u64>::new(8).subscribers(1).anonymous().unwrap();
        let [ring, peer] = [(); 2].map(|()| files.ring::<u64>(0).unwrap());
        drop(ring.subscribe_durable("name", Start::Next).unwrap());
        // A dead subscriber: the entry says that it has an owner, and no process has its lock.
        let entry = ring.storage.entry(0).unwrap();
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        entry.owner.compare_exchange(AWAY, OWNED, order, failed).unwrap();
        let cleans = AtomicBool::new(false);
        let clean = |_: &crate::memory::Entries| {
            cleans.store(true, Ordering::Release);
            thread::sleep(Duration::from_millis(50));
            entry::go_away(&peer.storage, 0);
        };
        thread::scope(|scope| {
            let cleaner = scope.spawn(|| peer.storage.reap([0], clean).unwrap());
            while !cleans.load(Ordering::Acquire) {
                thread::yield_now();
            }
            assert_eq!(ring.subscribe_durable("name", Start::Next).map(drop), Ok(()));
            assert_eq!(cleaner.join().unwrap(), 1);
        });
    }
}
