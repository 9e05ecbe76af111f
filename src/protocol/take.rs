//! Taking an entry: one that is free, or that of an owner that has died.

use super::entry::{is_durable, is_expected, reset};
use super::exchange::own;
use crate::error::JoinError;
use crate::memory::layout::{Entry, FREE_ENTRY};
use crate::memory::{Claim, Seat, Storage};
use ringway_shm::sync::peek;

/// An entry that is the caller's, and what shows that its owner lives.
pub(crate) type Taken = (usize, Option<Seat>);

/// Takes any entry for a subscriber.
pub(crate) fn take_any(storage: &Storage) -> Result<Taken, JoinError> {
    let entries = storage.measures().subscribers();
    take_entry(storage, 0..entries, |_, _| {})?.ok_or(JoinError::NoFreeEntry { entries })
}

/// Takes that entry, if it is free, or its owner is dead.
pub(crate) fn take_one(storage: &Storage, index: usize) -> Result<Option<Taken>, JoinError> {
    take_entry(storage, index..index + 1, |_, _| {})
}

/// Attempts at an entry that seems to be taken, while no peer cleans up.
const ATTEMPTS: u32 = 4;

/// How often, a millisecond apart, a joiner looks again while a peer cleans up after the dead.
pub(crate) const WHILE_CLEANING: u32 = 1000;

/// Takes one of some entries: one that is free, or one whose owner is dead, for which `clean_up` is
/// called first.
///
/// Each entry that has an owner costs a question to the kernel, once. Later attempts look only at
/// entries that say that they are free: where a dead owner's was being cleaned, it says so by then.
/// While a peer cleans there are more attempts, for a second at most: the peer may be stopped.
pub(crate) fn take_entry(
    storage: &Storage,
    entries: impl Iterator<Item = usize> + Clone,
    clean_up: impl Fn(usize, &Entry),
) -> Result<Option<Taken>, JoinError> {
    for attempt in 0..WHILE_CLEANING {
        // Asked before the look: what was being cleaned, and is not any more, says that it is free.
        let is_last = attempt + 1 >= ATTEMPTS && !storage.is_cleaning()?;
        let kinds: &[bool] = if attempt == 0 { &[true, false] } else { &[true] };
        for &free in kinds {
            if let Some(taken) = try_take_entry(storage, entries.clone(), free, &clean_up)? {
                return Ok(Some(taken));
            }
        }
        // A peer that cleaned the free one may have held its lock.
        if is_last || !storage.pause() {
            break;
        }
    }
    Ok(None)
}

/// Takes one of those that say that they are free, or of the others.
fn try_take_entry(
    storage: &Storage,
    entries: impl Iterator<Item = usize>,
    free: bool,
    clean_up: &impl Fn(usize, &Entry),
) -> Result<Option<Taken>, JoinError> {
    for index in entries {
        let Some(entry) = storage.entry(index) else { continue };
        // Any other value says taken: a process that may write it could keep others out.
        if (peek(&entry.owner) == FREE_ENTRY) != free {
            continue;
        }
        // The consumer that was here is away, and will come back.
        if !free && (is_durable(entry) || is_expected(entry) || !storage.can_take_over()) {
            continue;
        }
        let seat = match storage.claim(index)? {
            Claim::Taken => continue,
            Claim::Open => None,
            // It has become a durable subscriber's since.
            Claim::Ours(_) if is_durable(entry) || is_expected(entry) => continue,
            Claim::Ours(seat) => {
                // The consumer that was here is dead, or has left since: neither reads slots any
                // more.
                clean_up(index, entry);
                reset(entry);
                Some(seat)
            }
        };
        if own(entry) {
            return Ok(Some((index, seat)));
        }
    }
    Ok(None)
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::memory::layout::OWNED;
    use crate::options::Options;
    use crate::protocol::Start;
    use ringway_shm::sync::Ordering;

    /// The cleaner, which has the locks of all the dead meanwhile, may have to wait for a
    /// processor.
    #[test]
    fn a_joiner_that_finds_no_entry_waits_for_those_that_a_peer_cleans() {
        let (_producer, files) = Options::<u64>::new(8).subscribers(1).anonymous().unwrap();
        let [ring, peer] = [(); 2].map(|()| files.ring::<u64>(0).unwrap());
        // A dead subscriber: the entry says that it has an owner, and no process has its lock.
        let entry = ring.storage.entry(0).unwrap();
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        entry.owner.compare_exchange(FREE_ENTRY, OWNED, order, failed).unwrap();
        let cleans = AtomicBool::new(false);
        let clean = |_: &crate::memory::Entries| {
            cleans.store(true, Ordering::Release);
            thread::sleep(Duration::from_millis(50));
            reset(peer.storage.entry(0).unwrap());
        };
        thread::scope(|scope| {
            let cleaner = scope.spawn(|| peer.storage.reap([0], clean).unwrap());
            while !cleans.load(Ordering::Acquire) {
                thread::yield_now();
            }
            assert_eq!(ring.subscribe(Start::Next).map(drop), Ok(()));
            assert_eq!(cleaner.join().unwrap(), 1);
        });
    }
}
