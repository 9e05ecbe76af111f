//! How a party gets a place: one that was never taken, or that of a party that is gone.

use ringway_shm::sync::{Ordering, peek};

use super::words::{PlaceWords, Places};
use crate::error::JoinError;
use crate::owner::{DIED, Owner};
use crate::party::Party;

/// Takes a place: its number, and the phase that it has come to already.
pub(super) fn join(
    places: &Places<'_>,
    party: &impl Party,
) -> Result<(usize, Option<u32>), JoinError> {
    let number = match take(places, party.me(), |owner| Ok(owner == 0))? {
        Some(number) => number,
        None => {
            let gone = |owner: u32| match owner & DIED != 0 {
                true => Ok(true),
                false => party.is_gone(Owner::of_word(owner)),
            };
            let full = JoinError::Full { parties: places.items.len() };
            take(places, party.me(), gone)?.ok_or(full)?
        }
    };
    let pending = places.items.get(number).and_then(|place| places.begin(place));
    Ok((number, pending))
}

fn take(
    places: &Places<'_>,
    me: Owner,
    free: impl Fn(u32) -> Result<bool, ringway_shm::LivenessError>,
) -> Result<Option<usize>, JoinError> {
    for (number, place) in places.items.iter().enumerate() {
        let owner = peek(&place.owner);
        // SYNC seat: the generation that the owner stored is seen, and so one that is not its own is
        // a later one.
        ringway_shm::sync::fence(Ordering::Acquire);
        if free(owner)? && exchange(place, owner, me) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

fn exchange(place: &PlaceWords, found: u32, me: Owner) -> bool {
    // SYNC party, seat: the side that asks whether this owner is gone sees its generation. What the
    // last owner did is seen by the fence of `Places::begin`.
    place.owner.compare_exchange(found, me.word(), Ordering::Release, Ordering::Relaxed).is_ok()
}
