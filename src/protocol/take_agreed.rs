//! Taking an entry where there is no compare-and-swap: the sides have agreed on which of them has
//! which entry.

use super::exchange::own;
use crate::error::JoinError;
use crate::memory::{Seat, Storage};

/// An entry that is the caller's, and what shows that its owner lives.
pub(crate) type Taken = (usize, Option<Seat>);

/// Takes that entry, if it is free: no other side takes one meanwhile.
pub(crate) fn take_one(storage: &Storage, index: usize) -> Result<Option<Taken>, JoinError> {
    let is_ours = storage.entry(index).is_some_and(own);
    Ok(is_ours.then_some((index, None)))
}
