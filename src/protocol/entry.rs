//! An entry as its owner changes it: named, pinned, given up.
//!
//! A process that has the lock of an owner that died changes it in the owner's place.

use super::exchange::{self, let_go, set_shared_gate};
use crate::memory::View;
use crate::memory::layout::Entry;
use crate::position::FREE;
#[cfg(any(feature = "std", ringway_loom))]
use ringway_shm::sync::peek;
use ringway_shm::sync::{Ordering, Word};

/// Whether an entry stays when its owner goes.
pub(crate) fn is_durable(entry: &Entry) -> bool {
    entry.joined.load(Ordering::Relaxed) != 0 && entry.durable.load(Ordering::Relaxed) != 0
}

/// Whether an entry is kept for an owner in the segment before, which has not come over.
pub(crate) fn is_expected(_entry: &Entry) -> bool {
    #[cfg(any(feature = "std", ringway_loom))]
    return peek(&_entry.owner) == crate::memory::layout::COMING;
    #[cfg(not(any(feature = "std", ringway_loom)))]
    false
}

/// Lets the producer overwrite what an evicted owner had not received.
pub(crate) fn unpin(entry: &Entry) {
    // SYNC unpin: the reads in place are over before the slot is written: see
    // `Credit::refill_evicting`.
    entry.pinned.store(0, Ordering::Release);
}

/// Stores the gate of an entry in which its owner joins.
pub(crate) fn set_gate(view: &View, index: usize, entry: &Entry, gate: Word, order: Ordering) {
    // Those after the subscribers' are shared.
    if index >= view.measures().subscribers() {
        return set_shared_gate(entry, gate, order);
    }
    entry.gate.store(gate, order);
}

/// What a durable subscriber that is dropped does with its entry, instead of leaving it; or a
/// process that has found it dead.
pub(crate) fn go_away(view: &View, index: usize) {
    if let Some(entry) = view.entry(index) {
        // What is left of a leaked `Ref`.
        unpin(entry);
        exchange::go_away(entry);
    }
}

/// Gives an entry up. The caller wakes the producer.
pub(crate) fn leave(view: &View, index: usize) {
    if let Some(entry) = view.entry(index) {
        reset(entry);
    }
}

/// Makes an entry free that has a gate of its own.
pub(crate) fn reset(entry: &Entry) {
    reset_by(entry, |entry, gate, order| entry.gate.store(gate, order));
}

/// Makes an entry free, whose gate `set_gate` changes.
pub(crate) fn reset_by(entry: &Entry, set_gate: impl FnOnce(&Entry, Word, Ordering)) {
    // SYNC left: what the owner did before it left is done, for `Producer::count_laggards`, and for
    // a process that gives up a group or makes one (`close`, `head::hint`).
    entry.joined.store(0, Ordering::Release);
    entry.durable.store(0, Ordering::Relaxed);
    // What is left of a leaked `Ref`, or of one whose owner has died.
    unpin(entry);
    // First the gate: once the entry is free, its gate is the next owner's.
    // SYNC gate: the owner's reads are over before the slots are written again: see
    // `Credit::refill_evicting`.
    set_gate(entry, FREE, Ordering::Release);
    let_go(entry);
}
