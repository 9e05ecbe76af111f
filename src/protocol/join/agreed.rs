//! Taking an entry where there is no compare-and-swap: the sides have agreed on who has which, and on who joins when.

use crate::error::JoinError;
use crate::memory::layout::{Entry, FREE_ENTRY, OWNED};
use crate::memory::{Seat, Storage};
use ringway_shm::sync::Ordering;

/// Takes an entry, if nobody has it: nobody else takes one meanwhile.
pub(crate) fn take_one(
    storage: &Storage,
    index: usize,
) -> Result<Option<(usize, Option<Seat>)>, JoinError> {
    // Pairs with the release in `let_go`: what the entry's last owner did is over.
    let entry =
        storage.entry(index).filter(|entry| entry.owner.load(Ordering::Acquire) == FREE_ENTRY);
    Ok(entry.map(|entry| {
        entry.owner.store(OWNED, Ordering::Relaxed);
        (index, None)
    }))
}

/// Gives an entry up, of which nothing else is the owner's any more.
pub(crate) fn let_go(entry: &Entry) {
    // Pairs with the acquire in `take_one`.
    entry.owner.store(FREE_ENTRY, Ordering::Release);
}
