//! Finding a group by its name, and giving its entry up.

use super::claims::Claims;
use super::clean_up::reap;
use super::presence::has_workers;
use crate::error::{JoinError, LivenessError};
use crate::memory::layout::Entry;
use crate::memory::{Storage, View};
use crate::name::{ConsumerKind, ConsumerName};
use crate::position::Pos;
use crate::protocol::entry;
use crate::protocol::exchange;
use crate::protocol::members;
use crate::protocol::take;
use crate::protocol::{durable, head, wake};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, fence};

/// How often, a moment apart, a caller looks whether workers that are in the way are gone.
const ATTEMPTS: u32 = 10;

/// Frees the entry of that group, if there is one and no worker is in it.
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

/// Frees the entry of a group that was evicted, if no worker is left in it. The caller has just
/// told a worker that is about to go.
pub(crate) fn forget_evicted(storage: &Storage, group: usize, generation: u32) {
    let Ok(_registry) = storage.registry() else { return };
    let Some(entry) = storage.shared_entry(group) else { return };
    let evicted = is_evicted(storage, group, entry);
    if evicted && entry.generation.load(Ordering::Relaxed) == generation {
        // A worker that is still there is told by its own calls, and is in the way here.
        let _ = close(storage, group, Blockers::All);
    }
}

/// A group that was found or made.
pub(super) struct Found {
    pub(super) group: usize,
    pub(super) generation: u32,
    pub(super) gate: Pos,
}

/// The group of that name.
pub(super) fn find(storage: &Storage, name: &[u8]) -> Result<Option<Found>, JoinError> {
    let named = |entry: &Entry| entry::is_durable(entry) && entry.has_name(name);
    let Some(group) = storage.shared_entries().iter().position(named) else {
        return Ok(None);
    };
    let Some(entry) = storage.shared_entry(group) else {
        return Ok(None);
    };
    // The fence in `head::hint` pairs with the release of `joined`: what was found is a group with
    // its name and its claims.
    let head = head::exact(storage);
    let generation = entry.generation.load(Ordering::Relaxed);
    if is_evicted(storage, group, entry) {
        let missed = Claims::of(storage, group).map_or(0, |claims| claims.undone(head));
        // Workers that are there are told by their own calls, and the next to join is told here.
        close(storage, group, Blockers::Pinned)?;
        return Err(JoinError::Evicted { missed });
    }
    // Whether what it says of itself is true, each worker finds out message by message.
    let first = Claims::of(storage, group).and_then(|claims| claims.gate()).unwrap_or(head);
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
    /// All that live.
    All,
    /// Those that read a message in place: the group was evicted.
    Pinned,
}

/// Frees a group's entry, if no worker is in the way.
fn close(storage: &Storage, group: usize, blockers: Blockers) -> Result<(), JoinError> {
    for attempt in 0..=take::WHILE_CLEANING {
        reap(storage).map_err(not_told)?;
        let in_the_way = match blockers {
            Blockers::All => has_workers(storage, group).map_err(not_told)?,
            Blockers::Pinned => {
                // SYNC group-pin: either this sees the pin of `Worker::pin`, or the worker sees
                // that the group was evicted, as the caller has, and reads nothing in place. A
                // worker that finds a word which is barred below sees that, too.
                fence(Ordering::SeqCst);
                members::read_in_place(storage, storage.measures().subscribers() + group)
            }
        };
        if !in_the_way {
            break;
        }
        // It may be a peer that only looks whether a worker lives, or cleans up after many dead.
        let is_last =
            attempt == take::WHILE_CLEANING || (attempt >= ATTEMPTS && !storage.is_cleaning()?);
        if is_last || !storage.pause() {
            let name = storage.shared_entry(group).and_then(Entry::consumer_name);
            let name = name.unwrap_or(ConsumerName::from_bytes(&[]));
            return Err(JoinError::InUse { kind: ConsumerKind::Group, name });
        }
    }
    let are_left = members::of(storage, group).next().is_some();
    if let (true, Some(claims)) = (are_left, Claims::of(storage, group)) {
        // Also if the group begins anew in another entry: what the workers that are left have
        // claimed is no longer theirs.
        claims.bar()?;
    }
    // SYNC left, barred: what the workers that have left have read, they read before `joined` was
    // cleared in `entry::reset_by`, and before the gate is gone. And a message whose claim was
    // barred is there for the process that makes a group after this.
    fence(Ordering::Acquire);
    if let Some(entry) = storage.shared_entry(group) {
        entry::reset_by(entry, exchange::set_shared_gate);
        wake::wake_producer(storage, Fences::FULL);
    }
    Ok(())
}

/// What a caller is told that joins or gives up a group, if the kernel does not say which workers
/// live.
fn not_told(error: LivenessError) -> JoinError {
    JoinError::Lock { os_error: error.os_error() }
}
