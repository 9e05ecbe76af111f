//! Joining a group as a worker, and making the group if there is none.
//!
//! The entry of a group is like that of a durable subscriber that is away: it is found by its name,
//! and is there until it is given up ([`find`](super::find)). A worker has an entry of its own,
//! without a gate. That entry says which group it works in, and its lock shows that it lives.
//!
//! A process looks for a name under the registry's lock, and groups come and go under it too. A
//! worker leaves without it. So the entry of a group is given up only when the group has no workers
//! that live, and is not made another group's before.
//!
//! A group that was evicted does not wait for its workers, because some may be stopped. Its entry
//! is given up while they are there, and may become another group's, or that of the same name begun
//! anew. Then these workers are of another generation than the entry, and their own entries say so.
//! What they can do there is told in [`claims`](super::claims). One thing is waited for: a message
//! that one of them reads in place. The gate of the group's entry keeps it there.

use core::cmp::Ordering as Comparing;

use super::claims::Claims;
use super::clean_up::clean_up_dead_workers;
use super::find::{Found, find};
use super::named::Group;
use crate::error::JoinError;
use crate::memory::layout::Entry;
use crate::memory::{Entries, Storage};
use crate::position::Pos;
use crate::protocol::Start;
use crate::protocol::durable;
use crate::protocol::entry;
use crate::protocol::join::{self, Joined};
use crate::protocol::members;
use crate::protocol::take;
use ringway_shm::sync::Ordering;

/// What a worker has joined.
#[derive(Debug)]
pub(crate) struct Membership {
    /// The ring, with what shows that the worker lives.
    pub(crate) storage: Storage,
    /// Which of the ring's entries is the worker's.
    pub(crate) index: usize,
    /// Which group, counted from 0, and which of its entry's owners the group is.
    pub(crate) group: usize,
    pub(crate) generation: u32,
    /// The oldest position that may not be done.
    pub(crate) first: Pos,
}

/// Joins the group of that name as a worker, and makes it if there is none.
pub(crate) fn join_group(storage: &Storage, group: Group<'_>) -> Result<Membership, JoinError> {
    let name = group.name.as_bytes();
    durable::check(storage, name)?;
    if storage.measures().groups() == 0 {
        return Err(JoinError::NoFreeGroup { groups: 0 });
    }
    // Before the group: one that was made without a worker would hold the producer back. And before
    // the registry: a peer that cleans up after the dead may be stopped, and keep this one waiting.
    let entry = take_worker_entry(storage)?;
    let _registry = storage.registry()?;
    let found = match find(storage, name)? {
        Some(found) => {
            let once = Claims::of(storage, found.group)
                .is_some_and(|claims| claims.entry().at_most_once.load(Ordering::Relaxed) != 0);
            if once != group.at_most_once {
                return Err(JoinError::Delivery { at_most_once: once });
            }
            found
        }
        None => make(storage, name, group)?,
    };
    Ok(begin_work(entry, found))
}

/// Makes a group of that name, in an entry that is free.
fn make(storage: &Storage, name: &[u8], group: Group<'_>) -> Result<Found, JoinError> {
    let groups = storage.measures().groups();
    let first_entry = storage.measures().subscribers();
    let all = first_entry..first_entry + groups;
    let is_empty = |index: &usize| members::of(storage, *index - first_entry).next().is_none();
    // Entries beside which workers of an evicted group are left come last. Those that are empty
    // come again then: a worker that leaves meanwhile must not have its entry left out of both.
    let in_order = all.clone().filter(is_empty).chain(all);
    let taken = take::take_entry(storage, in_order, |_, _| {})?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeGroup { groups })?;
    let number = index - first_entry;
    // No worker joins meanwhile: that takes the registry's lock, which the caller holds.
    let is_crowded = !is_empty(&index);
    // What the workers that have left did to claims is over before these are written anew: the
    // fence in `head::hint`, with which `join_in` begins, pairs with their release of `joined`.
    let mut start = group.start;
    if let (true, Some(claims)) = (is_crowded, Claims::of(storage, number)) {
        claims.bar()?;
        start = Start::Next;
    }
    let (joined, first) = join::join_in(storage, index, seat, start, |entry, first| {
        durable::write_name(entry, name);
        entry.at_most_once.store(u32::from(group.at_most_once), Ordering::Relaxed);
        if let Some(claims) = Claims::of(storage, number) {
            claims.reset(first);
        }
    })?;
    if let (true, Start::At(position)) = (is_crowded, group.start) {
        let first = first.number();
        // On an error `joined` is dropped, and gives the entry up again.
        match position.cmp(&first) {
            Comparing::Less => return Err(JoinError::TooOld { oldest: first }),
            Comparing::Equal => {}
            Comparing::Greater => return Err(JoinError::NotYet { head: first }),
        }
    }
    entry::go_away(storage, index);
    Ok(Found { group: number, generation: joined.into_generation(), gate: first })
}

/// Takes a worker's entry. It is free again if this is dropped.
fn take_worker_entry(storage: &Storage) -> Result<Joined, JoinError> {
    let workers = storage.measures().workers();
    let entries = storage.measures().gates()..storage.measures().entries();
    let clean_up = |index, _: &Entry| clean_up_dead_workers(storage, &Entries::only(index));
    let taken = take::take_entry(storage, entries, clean_up)?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeWorker { workers })?;
    Ok(Joined { storage: storage.clone().seated(seat), index, generation: 0 })
}

/// Begins to work in a group.
fn begin_work(entry: Joined, found: Found) -> Membership {
    let Found { group, generation, gate } = found;
    let (storage, index, _) = entry.keep();
    if let Some(entry) = storage.entry(index) {
        entry.counters.begin(gate);
        entry.counters.note_process();
        entry.generation.store(generation, Ordering::Relaxed);
        entry.life().store(storage.life().unwrap_or(0), Ordering::Relaxed);
        // That it has joined, and where, is one word.
        // SYNC worker: statistics that see this word see the group, in `of_worker`.
        entry.joined.store(group as u32 + 1, Ordering::Release);
    }
    Membership { storage, index, group, generation, first: gate }
}

impl Joined {
    /// Which of its entry's owners this is. The entry stays as it is.
    fn into_generation(self) -> u32 {
        // What is dropped here is the lock.
        let (_storage, _, generation) = self.keep();
        generation
    }
}
