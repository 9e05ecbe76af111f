//! The consumers that have joined.

use super::credit::is_evicted;
use super::members;
use crate::memory::View;
use crate::memory::layout::{Entry, FREE_ENTRY};
use crate::position::Pos;
use ringway_shm::sync::Ordering;

/// The gates of consumers that have joined and not been evicted. A joiner that is still about to
/// has a gate already, but no place yet.
pub(crate) fn gates(view: &View) -> impl Iterator<Item = Pos> + '_ {
    joined(view).map(|(_, gate)| gate)
}

/// The same with their entries.
pub(crate) fn joined(view: &View) -> impl Iterator<Item = (&Entry, Pos)> + '_ {
    all_joined(view).map(|(_, entry, gate)| (entry, gate))
}

/// How many of them are there, or are durable: all but groups in which there is no worker, by what
/// workers say of themselves.
pub(crate) fn consumers(view: &View) -> usize {
    all_consumers(view).count()
}

/// Whether there is one.
pub(crate) fn has_consumers(view: &View) -> bool {
    all_consumers(view).next().is_some()
}

fn all_consumers(view: &View) -> impl Iterator<Item = usize> + '_ {
    let subscribers = view.measures().subscribers();
    let has_worker = |group| {
        let mut workers = members::of(view, group);
        workers.any(|(_, worker)| worker.owner.load(Ordering::Relaxed) != FREE_ENTRY)
    };
    let counts = move |index: usize| index.checked_sub(subscribers).is_none_or(has_worker);
    all_joined(view).map(|(index, ..)| index).filter(move |&index| counts(index))
}

fn all_joined(view: &View) -> impl Iterator<Item = (usize, &Entry, Pos)> + '_ {
    view.entries().iter().enumerate().filter_map(|(index, entry)| {
        if entry.joined.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
        (!is_evicted(view, index, entry)).then_some((index, entry, gate))
    })
}
