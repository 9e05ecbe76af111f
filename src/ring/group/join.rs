//! Making a group, working in it, leaving it, forgetting it.
//!
//! The entry of a group is like that of a durable subscriber which is away: found by its name, and there
//! until it is forgotten. A worker has an entry of its own, without a gate, which says which group it works
//! in, and whose lock shows that it lives. Who looks for a name does so under the registry's lock, and that
//! is also when groups come and go. A worker leaves without it; so the entry of a group is free only when
//! it has no workers that live, and is not made another group's before.

use super::Group;
use super::desk::Desk;
use crate::error::JoinError;
use crate::fence::Fences;
use crate::layout::{Entry, NOBODY};
use crate::position::Pos;
use crate::ring::join::{self, Joined};
use crate::ring::stats::{ConsumerKind, ConsumerName};
use crate::ring::{durable, head};
use crate::storage::{LivenessError, Storage, View};
use crate::sync::{Ordering, fence};
use crate::wait;

/// How often, a moment apart, somebody looks whether workers that are in the way are gone.
const ATTEMPTS: u32 = 10;

/// A place in a group.
#[derive(Debug)]
pub(crate) struct Hired {
    /// With what shows that the worker lives.
    pub(crate) storage: Storage,
    /// Which of the ring's entries is the worker's.
    pub(crate) index: usize,
    /// Which group, counted from 0, and which of its entry's owners it is.
    pub(crate) group: usize,
    pub(crate) generation: u32,
    /// The oldest position that may not be done.
    pub(crate) first: Pos,
}

/// Joins the group of that name as a worker, and makes it if there is none.
pub(crate) fn hire(storage: &Storage, group: Group<'_>) -> Result<Hired, JoinError> {
    let name = group.name.as_bytes();
    durable::check(storage, name)?;
    if storage.measures().groups() == 0 {
        return Err(JoinError::NoFreeGroup { groups: 0 });
    }
    let _registry = storage.registry()?;
    // First of all: a group that was made for nobody would hold the producer back.
    let place = take_place(storage)?;
    let found = match find(storage, name)? {
        Some(found) => {
            let once = Desk::of(storage, found.group)
                .is_some_and(|desk| desk.entry().at_most_once.load(Ordering::Relaxed) != 0);
            if once != group.at_most_once {
                return Err(JoinError::Delivery { at_most_once: once });
            }
            found
        }
        None => make(storage, name, group)?,
    };
    Ok(work(place, found))
}

/// Frees the entry of that group, if there is one and nobody works in it.
pub(crate) fn forget(storage: &Storage, name: &[u8]) -> Result<bool, JoinError> {
    durable::check(storage, name)?;
    let _registry = storage.registry()?;
    match find(storage, name) {
        Ok(None) => Ok(false),
        Ok(Some(found)) => close(storage, found.group).map(|()| true),
        // It is free by now.
        Err(JoinError::Evicted { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Frees the entry of a group that was evicted, of which the caller has just told its last worker, unless
/// somebody else has done so.
pub(crate) fn forget_evicted(storage: &Storage, group: usize, generation: u32) {
    let Ok(_registry) = storage.registry() else { return };
    let Some(entry) = storage.group_entries().get(group) else { return };
    let evicted = is_evicted(storage, group, entry);
    if evicted && entry.generation.load(Ordering::Relaxed) == generation {
        // If somebody works there still, it is for him to be told.
        let _ = close(storage, group);
    }
}

/// A group that was found or made.
struct Found {
    group: usize,
    generation: u32,
    gate: Pos,
}

/// The group of that name.
fn find(storage: &Storage, name: &[u8]) -> Result<Option<Found>, JoinError> {
    let named = |entry: &Entry| join::is_durable(entry) && durable::has_name(entry, name);
    let Some(group) = storage.group_entries().iter().position(named) else {
        return Ok(None);
    };
    let Some(entry) = storage.group_entries().get(group) else {
        return Ok(None);
    };
    // It begins with a fence, which pairs with the release of `joined`: what was found is a group with its
    // name and its claims.
    let head = head::exact(storage);
    let generation = entry.generation.load(Ordering::Relaxed);
    if is_evicted(storage, group, entry) {
        let missed = Desk::of(storage, group).map_or(0, |desk| desk.undone(head));
        // Who works there is told by himself, and the next one here.
        close(storage, group)?;
        return Err(JoinError::Evicted { missed });
    }
    // What it says of itself is believed or not by whoever works there, message by message.
    let first = Desk::of(storage, group).and_then(|desk| desk.gate()).unwrap_or(head);
    Ok(Some(Found { group, generation, gate: first }))
}

/// Whether the group in an entry has been evicted.
fn is_evicted(view: &View, group: usize, entry: &Entry) -> bool {
    let generation = entry.generation.load(Ordering::Relaxed);
    generation != 0 && view.was_evicted(view.measures().subscribers() + group, generation)
}

/// Frees a group's entry, if nobody works there.
fn close(storage: &Storage, group: usize) -> Result<(), JoinError> {
    for attempt in 0.. {
        let _ = reap(storage);
        if !storage.has_workers(group) {
            break;
        }
        // It may be somebody who only looks whether a worker lives.
        if attempt == ATTEMPTS || !storage.pause() {
            let name = storage.group_entries().get(group).and_then(ConsumerName::of);
            let name = name.unwrap_or(ConsumerName::from_bytes(&[]));
            return Err(JoinError::InUse { kind: ConsumerKind::Group, name });
        }
    }
    // Pairs with the release of `joined` by those who have left: what they have read is read before the
    // gate is gone.
    fence(Ordering::Acquire);
    if let Some(entry) = storage.group_entries().get(group) {
        join::reset(entry);
        wait::wake_producer(storage, Fences::FULL);
    }
    Ok(())
}

/// Makes a group of that name, in an entry that is free.
fn make(storage: &Storage, name: &[u8], group: Group<'_>) -> Result<Found, JoinError> {
    let groups = storage.measures().groups();
    let first_entry = storage.measures().subscribers();
    let taken = join::take_entry(storage, first_entry..first_entry + groups, |_, _| {})?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeGroup { groups })?;
    let number = index - first_entry;
    let (joined, first) = join::join_in(storage, index, seat, group.start, |entry, first| {
        durable::write_name(entry, name);
        entry.at_most_once.store(u32::from(group.at_most_once), Ordering::Relaxed);
        if let Some(desk) = Desk::of(storage, number) {
            desk.reset(first);
        }
    })?;
    durable::go_away(storage, index);
    Ok(Found { group: number, generation: joined.into_generation(), gate: first })
}

/// Takes an entry to work in some group, which is free again if this is dropped.
fn take_place(storage: &Storage) -> Result<Joined, JoinError> {
    let workers = storage.measures().workers();
    let entries = storage.measures().gates()..storage.measures().entries();
    let taken = join::take_entry(storage, entries, |index, entry| bury(storage, index, entry))?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeWorker { workers })?;
    Ok(Joined { storage: storage.clone().seated(seat), index, generation: 0 })
}

/// Begins to work in a group.
fn work(place: Joined, found: Found) -> Hired {
    let Found { group, generation, gate } = found;
    let (storage, index, _) = place.keep();
    if let Some(entry) = storage.entry(index) {
        entry.tally.begin(gate);
        // That it has joined, and where, is one word. Pairs with the fence in `stats::of_worker`: who sees it
        // sees the group.
        entry.joined.store(group as u32 + 1, Ordering::Release);
    }
    Hired { storage, index, group, generation, first: gate }
}

/// Clears up after a worker that has died, in whose entry nobody else can be meanwhile: the caller has
/// its lock. What it had claimed goes to others first, and the entry is free last, so that no claim names
/// an entry that is somebody else's by then. Who dies here leaves the rest to the next.
pub(crate) fn bury(view: &View, index: usize, entry: &Entry) {
    let group = entry.joined.load(Ordering::Relaxed).checked_sub(1);
    if let Some(desk) = group.and_then(|group| Desk::of(view, group as usize)) {
        desk.take_back(index);
    }
    join::reset(entry);
}

/// Cleans up after all workers that have died. Returns how many they were.
pub(crate) fn reap(storage: &Storage) -> Result<usize, LivenessError> {
    let workers = storage.worker_entries();
    let present = workers.filter(|(_, entry)| entry.owner.load(Ordering::Relaxed) != NOBODY);
    storage.reap(present.map(|(index, _)| index), |dead| {
        for index in dead.iter() {
            if let Some(entry) = storage.entry(index) {
                bury(storage, index, entry);
            }
        }
    })
}

impl Joined {
    /// Which of its entry's owners this is. The entry stays as it is.
    fn into_generation(self) -> u32 {
        // What is dropped here is the lock.
        let (_storage, _, generation) = self.keep();
        generation
    }
}
