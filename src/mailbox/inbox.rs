//! The entry in each lane that receivers take, so that messages stay while there is no receiver.

use crate::error::JoinError;
use crate::group::{Group, Worker};
use crate::memory::Storage;
use crate::memory::layout::Entry;
use crate::message::Message;
use crate::protocol::{Start, entry, head, joined};
use crate::ring::Ring;

/// Its name.
pub(super) const INBOX: &str = "inbox";

/// The group that receivers share.
pub(super) const SHARED: Group<'static> = Group::new(INBOX).start(Start::Oldest);

/// Makes the entry, if it is not there, and leaves it to receivers. The caller has not sent
/// anything.
pub(super) fn make<T: Message + ?Sized>(ring: &Ring<T>, is_shared: bool) -> Result<(), JoinError> {
    if is_there(&ring.storage, is_shared) {
        return Ok(());
    }
    let made = match is_shared {
        true => Worker::join(ring, SHARED).map(drop),
        false => ring.subscribe_durable(INBOX, Start::Oldest).map(drop),
    };
    match made {
        // A receiver was faster, and has it.
        Err(JoinError::InUse { .. }) => Ok(()),
        made => made,
    }
}

fn is_there(storage: &Storage, is_shared: bool) -> bool {
    let named = |entry: &Entry| entry::is_durable(entry) && entry.has_name(INBOX.as_bytes());
    match is_shared {
        true => storage.shared_entries().iter().any(named),
        false => storage.entries().iter().any(named),
    }
}

/// Messages of a lane that are not done, as far as its gates say.
#[cfg(not(ringway_loom))]
pub(super) fn undone(storage: &Storage) -> u64 {
    let view = storage.monitored();
    let head = head::exact(view);
    let undone = joined::gates(view).map(|gate| head.since(gate)).max();
    undone.map_or(0, |undone| u64::try_from(undone).unwrap_or(0))
}

/// Whether all that was sent into a lane is done, as far as its gates say.
pub(super) fn is_done(storage: &Storage) -> bool {
    let head = head::exact(storage);
    joined::gates(storage).all(|gate| head.since(gate) <= 0)
}
