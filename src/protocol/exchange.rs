//! The words of an entry that more than one process may change: by compare-and-swap.

use crate::memory::View;
use crate::memory::layout::{AWAY, Entry, FREE_ENTRY, OWNED};
use ringway_shm::event::EventCount;
use ringway_shm::sync::{Futex, Ordering, Word, peek, peek_word};

/// Becomes the owner of an entry that is free.
pub(crate) fn own(entry: &Entry) -> bool {
    own_from(entry, FREE_ENTRY)
}

/// Becomes the owner of an entry whose owner's word is `from`.
pub(crate) fn own_from(entry: &Entry, from: u32) -> bool {
    // SYNC owner: what the entry's last owner did before `let_go` or `go_away`, its reads of slots
    // and its last store to the gate, is over.
    let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
    entry.owner.compare_exchange(from, OWNED, order, failed).is_ok()
}

/// Gives an entry up. Nothing else in it is the caller's any more.
pub(crate) fn let_go(entry: &Entry) {
    // Release pairs with the acquire in `own_from`.
    let owner = peek(&entry.owner);
    // SYNC owner: the next owner's stores, after `own_from`, come after this one's.
    let (order, failed) = (Ordering::Release, Ordering::Relaxed);
    let _ = entry.owner.compare_exchange(owner, FREE_ENTRY, order, failed);
}

/// Keeps an entry, which has an owner, for the owner's coming back.
pub(crate) fn go_away(entry: &Entry) {
    // SYNC owner: the owner's reads are over before it comes back, in `own_from`.
    let (order, failed) = (Ordering::Release, Ordering::Relaxed);
    let _ = entry.owner.compare_exchange(OWNED, AWAY, order, failed);
}

/// Keeps an entry, which is free and which no other process sees so far, for an owner that is to come
/// from the segment before.
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) fn expect(entry: &Entry) {
    // Published with `closed` of the segment before: see `chain::close`.
    let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
    let coming = crate::memory::layout::COMING;
    let _ = entry.owner.compare_exchange(FREE_ENTRY, coming, order, failed);
}

/// The owner of an entry has gone back to the segment before, and comes again.
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) fn await_again(entry: &Entry) {
    // The owner itself comes again, or the producer finds that it has gone: neither relies on what
    // it did here.
    let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
    let coming = crate::memory::layout::COMING;
    let _ = entry.owner.compare_exchange(OWNED, coming, order, failed);
}

/// How often a gate is exchanged that others change meanwhile: few of them, a few times each.
const TRIES: u32 = 64;

/// Gives a gate that its owner shares with others another value: in one step with what they
/// exchange there.
pub(crate) fn set_shared_gate(entry: &Entry, gate: Word, order: Ordering) {
    let exchanged = (0..TRIES).any(|_| {
        let failed = Ordering::Relaxed;
        entry.gate.compare_exchange(peek_word(&entry.gate), gate, order, failed).is_ok()
    });
    if !exchanged {
        entry.gate.store(gate, order);
    }
}

/// Wakes all that sleep on a bell which several may ring, to look again for what the caller has
/// just made known.
pub(crate) fn ring_bell(bell: &Futex) {
    EventCount::new(bell).sound();
}

/// Rings the bells of all groups.
pub(crate) fn ring_bells(view: &View) {
    for group in view.shared_entries() {
        // A worker that does not see what was published made its group, or found it, before its
        // heavy fence, which comes before the producer's light one then: so the group is seen here.
        if group.owner.load(Ordering::Relaxed) != FREE_ENTRY {
            ring_bell(&group.bell);
        }
    }
}
