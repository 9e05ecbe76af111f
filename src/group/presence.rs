//! Whether the owners of gates are away: durable subscribers, and groups without workers.

use crate::error::LivenessError;
use crate::memory::Storage;
use crate::memory::layout::{AWAY, Entry, FREE_ENTRY};
use crate::protocol::members;
use ringway_shm::sync::Ordering;

/// Whether the owner of an entry is not there, and may come back: a durable subscriber that is away
/// or has died, or a group of which no worker is known to live. May ask the kernel.
pub(crate) fn is_away(storage: &Storage, entry: usize) -> bool {
    if let Some(group) = storage.measures().shared_number(entry) {
        return !has_workers(storage, group).unwrap_or(true);
    }
    // An owner of which the kernel does not tell is not away: the limit for the living counts.
    is_durable(storage, entry)
        && (has_left(storage, entry) || storage.is_dead(entry).unwrap_or(false))
}

/// Whether the owner of an entry may go away and come back: a durable subscriber, or a group.
pub(crate) fn comes_back(storage: &Storage, entry: usize) -> bool {
    storage.measures().shared_number(entry).is_some() || is_durable(storage, entry)
}

/// Whether the owner of an entry is away, as far as can be seen without asking the kernel.
pub(crate) fn seems_away(storage: &Storage, entry: usize) -> bool {
    match storage.measures().shared_number(entry) {
        Some(group) => !members::of(storage, group).any(|(_, worker)| has_owner(worker)),
        None => has_left(storage, entry),
    }
}

/// Whether a worker that is not dead is in that group, counted from 0, as the group is now.
pub(crate) fn has_workers(storage: &Storage, group: usize) -> Result<bool, LivenessError> {
    let view = storage.monitored();
    for (index, worker) in members::of(view, group) {
        let is_here = has_owner(worker) && members::is_current(view, worker, group);
        if is_here && !storage.is_dead(index)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_owner(entry: &Entry) -> bool {
    entry.owner.load(Ordering::Relaxed) != FREE_ENTRY
}

fn is_durable(storage: &Storage, entry: usize) -> bool {
    storage.entry(entry).is_some_and(|entry| entry.durable.load(Ordering::Relaxed) != 0)
}

/// Whether the entry's owner has said that it goes away, and will come back.
fn has_left(storage: &Storage, entry: usize) -> bool {
    storage.entry(entry).is_some_and(|entry| entry.owner.load(Ordering::Relaxed) == AWAY)
}
