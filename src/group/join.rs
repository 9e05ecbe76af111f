//! Making a group, working in it, leaving it, forgetting it.
//!
//! The entry of a group is like that of a durable subscriber which is away: found by its name, and there
//! until it is forgotten. A worker has an entry of its own, without a gate, which says which group it works
//! in, and whose lock shows that it lives. Who looks for a name does so under the registry's lock, and that
//! is also when groups come and go. A worker leaves without it; so the entry of a group is free only when
//! it has no workers that live, and is not made another group's before.
//!
//! But a group that was evicted does not wait for its workers, of which some may be stopped. Its
//! entry is given up while they are there, and may be another group's, or that of its name begun
//! anew: then they are of another generation than the entry, which they remember in their own. What
//! they can do there is said in [`desk`](super::desk). The one thing that is waited for is a
//! message that one of them reads in place: the gate of the group's entry keeps it there.

use core::cmp::Ordering as Comparing;

use super::Group;
use super::desk::Desk;
use crate::error::{JoinError, LivenessError};
use crate::memory::layout::{Entry, FREE_ENTRY};
use crate::memory::{Entries, Storage, View};
use crate::name::{ConsumerKind, ConsumerName};
use crate::position::Pos;
use crate::protocol::Start;
use crate::protocol::join::{self, Joined};
use crate::protocol::wake;
use crate::protocol::{durable, entry, exchange, head, take};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, fence};

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
    // First of all: a group that was made without a worker would hold the producer back. And before
    // the registry: a peer that cleans up after the dead may be stopped, and keep this one waiting.
    let place = take_place(storage)?;
    let _registry = storage.registry()?;
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
        Ok(Some(found)) => close(storage, found.group, Blockers::All).map(|()| true),
        // It is free by now.
        Err(JoinError::Evicted { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Frees the entry of a group that was evicted, if the caller has just told its last worker, and no
/// other has done so.
pub(crate) fn forget_evicted(storage: &Storage, group: usize, generation: u32) {
    let Ok(_registry) = storage.registry() else { return };
    let Some(entry) = storage.group_entries().get(group) else { return };
    let evicted = is_evicted(storage, group, entry);
    if evicted && entry.generation.load(Ordering::Relaxed) == generation {
        // If somebody works there still, it is for him to be told.
        let _ = close(storage, group, Blockers::All);
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
    let named = |entry: &Entry| entry::is_durable(entry) && entry.has_name(name);
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
        close(storage, group, Blockers::Pinned)?;
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

/// Which workers are in the way of giving up a group's entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blockers {
    All,
    /// The group was evicted: those that read a message in place.
    Pinned,
}

/// Frees a group's entry, if no worker is in the way.
fn close(storage: &Storage, group: usize, blockers: Blockers) -> Result<(), JoinError> {
    for attempt in 0..=take::WHILE_CLEANING {
        reap(storage).map_err(not_told)?;
        let in_the_way = match blockers {
            Blockers::All => storage.has_workers(group).map_err(not_told)?,
            Blockers::Pinned => {
                // Pairs with the one in `Worker::pin`: either we see the pin, or its worker sees
                // that the group was evicted, as we have, and reads nothing in place.
                fence(Ordering::SeqCst);
                storage.has_pinned_worker(storage.measures().subscribers() + group)
            }
        };
        if !in_the_way {
            break;
        }
        // It may be a peer that only looks whether a worker lives, or cleans up after many dead.
        let is_last =
            attempt == take::WHILE_CLEANING || (attempt >= ATTEMPTS && !storage.is_cleaning()?);
        if is_last || !storage.pause() {
            let name = storage.group_entries().get(group).and_then(Entry::consumer_name);
            let name = name.unwrap_or(ConsumerName::from_bytes(&[]));
            return Err(JoinError::InUse { kind: ConsumerKind::Group, name });
        }
    }
    // Pairs with the release of `joined` by those who have left: what they have read is read before the
    // gate is gone.
    fence(Ordering::Acquire);
    let are_left = storage.workers_of(group).next().is_some();
    if let (true, Some(desk)) = (are_left, Desk::of(storage, group)) {
        // Also if the group begins anew in another entry: what workers have that are left is theirs
        // no more.
        desk.bar()?;
    }
    if let Some(entry) = storage.group_entries().get(group) {
        entry::reset_by(entry, exchange::set_shared_gate);
        wake::wake_producer(storage, Fences::FULL);
    }
    Ok(())
}

/// Makes a group of that name, in an entry that is free.
fn make(storage: &Storage, name: &[u8], group: Group<'_>) -> Result<Found, JoinError> {
    let groups = storage.measures().groups();
    let first_entry = storage.measures().subscribers();
    let all = first_entry..first_entry + groups;
    let is_empty = |index: &usize| storage.workers_of(*index - first_entry).next().is_none();
    // Last those beside which workers of an evicted group are left.
    let empty = all.clone().filter(is_empty);
    let in_order = empty.chain(all.filter(|index| !is_empty(index)));
    let taken = take::take_entry(storage, in_order, |_, _| {})?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeGroup { groups })?;
    let number = index - first_entry;
    // None comes to be there meanwhile: joining a group takes the registry's lock, which is ours.
    let is_crowded = !is_empty(&index);
    // Pairs with the release of `joined` by those who have left: what they did to claims is over.
    fence(Ordering::Acquire);
    let mut start = group.start;
    if let (true, Some(desk)) = (is_crowded, Desk::of(storage, number)) {
        desk.bar()?;
        start = Start::Next;
    }
    let (joined, first) = join::join_in(storage, index, seat, start, |entry, first| {
        durable::write_name(entry, name);
        entry.at_most_once.store(u32::from(group.at_most_once), Ordering::Relaxed);
        if let Some(desk) = Desk::of(storage, number) {
            desk.reset(first);
        }
    })?;
    if let (true, Start::At(position)) = (is_crowded, group.start) {
        let first = first.number();
        // Dropped, what has joined leaves again.
        match position.cmp(&first) {
            Comparing::Less => return Err(JoinError::TooOld { oldest: first }),
            Comparing::Equal => {}
            Comparing::Greater => return Err(JoinError::NotYet { head: first }),
        }
    }
    entry::go_away(storage, index);
    Ok(Found { group: number, generation: joined.into_generation(), gate: first })
}

/// Takes an entry to work in some group, which is free again if this is dropped.
fn take_place(storage: &Storage) -> Result<Joined, JoinError> {
    let workers = storage.measures().workers();
    let entries = storage.measures().gates()..storage.measures().entries();
    let bury = |index, _: &Entry| bury(storage, &Entries::only(index));
    let taken = take::take_entry(storage, entries, bury)?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeWorker { workers })?;
    Ok(Joined { storage: storage.clone().seated(seat), index, generation: 0 })
}

/// Begins to work in a group.
fn work(place: Joined, found: Found) -> Hired {
    let Found { group, generation, gate } = found;
    let (storage, index, _) = place.keep();
    if let Some(entry) = storage.entry(index) {
        entry.tally.begin(gate);
        entry.generation.store(generation, Ordering::Relaxed);
        entry.life().store(storage.life().unwrap_or(0), Ordering::Relaxed);
        // That it has joined, and where, is one word. Pairs with the fence in `stats::of_worker`: who sees it
        // sees the group.
        entry.joined.store(group as u32 + 1, Ordering::Release);
    }
    Hired { storage, index, group, generation, first: gate }
}

/// Clears up after workers that have died, in whose entries no other can be meanwhile: the caller
/// has their locks. All that any of them had claimed goes to others first, group by group, one walk
/// over the claims of each. The entries are free last, so that no claim names an entry that is
/// another worker's by then. Who dies here leaves the rest to the next: as long as an entry is not
/// free, what is still claimed in its name is found by the process that has its lock next, and the
/// others are told of what was given back once more.
pub(crate) fn bury(view: &View, dead: &Entries) {
    let group_of = |index: usize| {
        let entry = view.entry(index);
        entry.map_or(0, |entry| entry.joined.load(Ordering::Relaxed))
    };
    let mut left = dead.clone();
    for first in dead.iter() {
        if !left.contains(first) {
            continue;
        }
        let group = group_of(first);
        // In any case: what the word says may be forged, and change.
        let mut together = Entries::only(first);
        for index in left.iter().filter(|&index| group_of(index) == group) {
            together.insert(index);
        }
        for index in together.iter() {
            left.remove(index);
        }
        let desk = group.checked_sub(1).and_then(|group| Desk::of(view, group as usize));
        if let Some(desk) = desk {
            desk.take_back(&together);
        }
    }
    for entry in dead.iter().filter_map(|index| view.entry(index)) {
        entry::reset(entry);
    }
}

/// Of how many mappings one look remembers whether they live.
const LIVES: usize = 16;

/// Cleans up after all workers that have died. Returns how many they were.
pub(crate) fn reap(storage: &Storage) -> Result<usize, LivenessError> {
    // Of those that say which mapping they are of, one question for all of that mapping, unless
    // many are mixed. That they say it is worth as much as that they are there: it is their own
    // word, as `owner` is.
    let mut known = [(0, false); LIVES];
    let mut next = 0;
    let mut is_known_to_live = |entry: &Entry| {
        if entry.joined.load(Ordering::Relaxed) == 0 {
            return false;
        }
        // It may still be what the entry's last owner said: then this look goes by that, and a later one
        // by what its owner says now.
        let life = entry.life().load(Ordering::Relaxed);
        if life == 0 {
            return false;
        }
        if let Some((_, lives)) = known.iter().find(|(number, _)| *number == life) {
            return *lives;
        }
        let lives = storage.is_life(life);
        known[next] = (life, lives);
        next = (next + 1) % LIVES;
        lives
    };
    let doubtful = storage.worker_entries().filter(|(_, entry)| {
        entry.owner.load(Ordering::Relaxed) != FREE_ENTRY && !is_known_to_live(entry)
    });
    storage.reap(doubtful.map(|(index, _)| index), |dead| bury(storage, dead))
}

/// What a caller that joins, or forgets a group, is told if the kernel does not say who lives.
fn not_told(error: LivenessError) -> JoinError {
    JoinError::Lock { os_error: error.os_error() }
}

impl Joined {
    /// Which of its entry's owners this is. The entry stays as it is.
    fn into_generation(self) -> u32 {
        // What is dropped here is the lock.
        let (_storage, _, generation) = self.keep();
        generation
    }
}
