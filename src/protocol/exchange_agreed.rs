//! The words of an entry where there is no compare-and-swap: the sides have agreed on which of them
//! has which entry, and on which joins when.

use crate::memory::View;
use crate::memory::layout::{Entry, FREE_ENTRY, OWNED};
use ringway_shm::sync::{Ordering, Word};

/// Becomes the owner of an entry that is free. No other side takes one meanwhile.
pub(crate) fn own(entry: &Entry) -> bool {
    // SYNC owner: what the entry's last owner did before `let_go` is over.
    let is_free = entry.owner.load(Ordering::Acquire) == FREE_ENTRY;
    if is_free {
        entry.owner.store(OWNED, Ordering::Relaxed);
    }
    is_free
}

/// Gives an entry up. Nothing else in it is the caller's any more.
pub(crate) fn let_go(entry: &Entry) {
    // SYNC owner: the next owner's stores, after `own`, come after this one's.
    entry.owner.store(FREE_ENTRY, Ordering::Release);
}

/// Coming back takes compare-and-swap, so that no owner is away.
pub(crate) fn go_away(_entry: &Entry) {}

/// Sharing a gate takes compare-and-swap, so that none is shared.
pub(crate) fn set_shared_gate(entry: &Entry, gate: Word, order: Ordering) {
    entry.gate.store(gate, order);
}

/// Ringing takes compare-and-swap, so that there are no bells.
pub(crate) fn ring_bells(_view: &View) {}
