//! Taking an entry that is free, by compare-and-swap.

use super::{ATTEMPTS, Joined, Start, is_durable, join_in, reset};
use crate::error::JoinError;
use crate::memory::layout::{Entry, FREE_ENTRY, OWNED};
use crate::memory::{Claim, Seat, Storage};
use crate::position::Pos;
use ringway_shm::sync::{Ordering, peek};

/// Takes an entry and joins there. Returns that, and the first position.
pub(crate) fn subscribe(storage: &Storage, start: Start) -> Result<(Joined, Pos), JoinError> {
    super::can_subscribe(storage)?;
    join(storage, start, |_, _| {})
}

/// Joins in an entry of subscribers that is free, of which `describe` says more before it counts.
pub(crate) fn join(
    storage: &Storage,
    start: Start,
    describe: impl FnOnce(&Entry, Pos),
) -> Result<(Joined, Pos), JoinError> {
    let entries = storage.measures().subscribers();
    let taken = take_entry(storage, 0..entries, |_, _| {})?;
    let (index, seat) = taken.ok_or(JoinError::NoFreeEntry { entries })?;
    join_in(storage, index, seat, start, describe)
}

/// How often, a millisecond apart, a joiner looks again while a peer cleans up after the dead.
pub(crate) const WHILE_CLEANING: u32 = 1000;

/// Claims one of some entries that is free, or whose owner is dead, having called `bury` for that.
///
/// Each entry that is taken costs a question to the kernel, once. Later attempts look only at
/// entries that say that they are free: where a dead owner's was being cleaned, it says so by then.
/// While a peer cleans, there are more of them, for a second at most: it may be stopped.
pub(crate) fn take_entry(
    storage: &Storage,
    entries: impl Iterator<Item = usize> + Clone,
    bury: impl Fn(usize, &Entry),
) -> Result<Option<(usize, Option<Seat>)>, JoinError> {
    for attempt in 0..WHILE_CLEANING {
        // Asked before the look: what was being cleaned, and is not any more, says that it is free.
        let is_last = attempt + 1 >= ATTEMPTS && !storage.is_cleaning()?;
        let kinds: &[bool] = if attempt == 0 { &[true, false] } else { &[true] };
        for &free in kinds {
            if let Some(taken) = try_take_entry(storage, entries.clone(), free, &bury)? {
                return Ok(Some(taken));
            }
        }
        // A peer that cleaned the one that is free may have held its lock.
        if is_last || !storage.pause() {
            break;
        }
    }
    Ok(None)
}

/// Claims one of those that say that they are free, or of the others.
fn try_take_entry(
    storage: &Storage,
    entries: impl Iterator<Item = usize>,
    free: bool,
    bury: &impl Fn(usize, &Entry),
) -> Result<Option<(usize, Option<Seat>)>, JoinError> {
    for index in entries {
        let Some(entry) = storage.entry(index) else { continue };
        // Whatever else stands there says taken: a process that may write it could keep others out.
        if (peek(&entry.owner) == FREE_ENTRY) != free {
            continue;
        }
        // The consumer that was here is away, and will come back.
        if !free && (is_durable(entry) || !storage.can_take_over()) {
            continue;
        }
        let seat = match storage.claim(index)? {
            Claim::Taken => continue,
            Claim::Open => None,
            // It has become one since.
            Claim::Ours(_) if is_durable(entry) => continue,
            Claim::Ours(seat) => {
                // The consumer that was here is dead, or has left since: neither reads slots any more.
                bury(index, entry);
                reset(entry);
                Some(seat)
            }
        };
        // Acquire pairs with the release in `let_go`: what the entry's last owner did, its reads of
        // slots and its last store to the gate, is over.
        let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
        if entry.owner.compare_exchange(FREE_ENTRY, OWNED, order, failed).is_ok() {
            return Ok(Some((index, seat)));
        }
    }
    Ok(None)
}

/// Claims that entry, if it is free, or its owner is dead.
pub(crate) fn take_one(
    storage: &Storage,
    index: usize,
) -> Result<Option<(usize, Option<Seat>)>, JoinError> {
    take_entry(storage, index..index + 1, |_, _| {})
}

/// Gives an entry up, of which nothing else is the owner's any more.
pub(crate) fn let_go(entry: &Entry) {
    // Release pairs with the acquire in `try_take_entry`.
    let owner = peek(&entry.owner);
    let (order, failed) = (Ordering::Release, Ordering::Relaxed);
    let _ = entry.owner.compare_exchange(owner, FREE_ENTRY, order, failed);
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::options::Options;

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
