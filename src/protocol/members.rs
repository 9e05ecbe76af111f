//! The members of a shared entry.
//!
//! A member's entry says which shared entry it belongs to, and which of that entry's owners it has
//! joined. A shared entry may be given up while members are left that were evicted with its last
//! owner. So a member of it is not always one of its present owner's.

use crate::memory::View;
use crate::memory::layout::Entry;
use ringway_shm::sync::Ordering;

/// The entries of those that say that they are members of the shared entry of that number, counted
/// from 0. Among them may be members of an owner that the entry had before, and that was evicted.
pub(crate) fn of(view: &View, shared: usize) -> impl Iterator<Item = (usize, &Entry)> {
    let belongs = move |entry: &Entry| entry.joined.load(Ordering::Relaxed) as usize == shared + 1;
    view.member_entries().filter(move |(_, entry)| belongs(entry))
}

/// Whether a member has joined the present owner of that shared entry, and not one that the entry
/// had before and that was evicted.
pub(crate) fn is_current(view: &View, member: &Entry, shared: usize) -> bool {
    let generation = member.generation.load(Ordering::Relaxed);
    let entry = view.shared_entry(shared);
    entry.is_some_and(|entry| entry.generation.load(Ordering::Relaxed) == generation)
}

/// Whether the entry of that number is a shared one of which a member reads a message in place.
pub(crate) fn read_in_place(view: &View, entry: usize) -> bool {
    view.measures().shared_number(entry).is_some_and(|shared| {
        // A member of an owner that the entry had before may be about to find that this owner was
        // evicted, with its pin set. Then it reads nothing in place, or the entry had not been
        // given up.
        of(view, shared).any(|(_, member)| {
            member.pinned.load(Ordering::Relaxed) != 0 && is_current(view, member, shared)
        })
    })
}
