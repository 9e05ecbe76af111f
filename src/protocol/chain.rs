//! The switch from a chain's segment to the next one. What is done, in which order, and why no
//! message is lost, stands in docs/chain.md. The steps below are numbered as they are there.
//!
//! ```text
//! joiner in the old segment              producer
//! J2  gate = pin                         4  sealed = 1
//! J3  fence(SeqCst)                         fence(SeqCst)
//!     sealed?                            5  copy the entry of each gate
//!                                        6  closed = 2
//!                                        7  publish in the new one
//! ```
//!
//! By the two fences the producer sees the gate, and the joiner has its entry in the new segment
//! before anything is published there; or the joiner sees that the old one is sealed, and leaves.
//! Models: a_chain_*, in loom-tests/tests/chain.rs.

use super::credit::is_evicted;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
use super::wake;
use super::{entry, exchange, joined};
use crate::error::JoinError;
use crate::memory::chain::{GOES_ON, NotAttached};
use crate::memory::layout::{AWAY, COMING, Entry, FREE_ENTRY, OWNED};
use crate::memory::{Claim, Seat, Storage, View};
use crate::position::Pos;
use crate::protocol::take::WHILE_CLEANING;
use ringway_shm::sync::{Ordering, fence, peek};

/// Step 2: has a new segment go on with what the producer's line of the old one says.
pub(crate) fn prepare(old: &View, new: &View) {
    let (from, to) = (old.producer(), new.producer());
    let (order, line) = (Ordering::Relaxed, [(&from.epoch, &to.epoch), (&from.kept, &to.kept)]);
    for (from, to) in line {
        to.store(from.load(order), order);
    }
    to.set_tag(from.tag());
    for (from, to) in [
        (&from.blocked, &to.blocked),
        (&from.wakes, &to.wakes),
        (&from.evicted, &to.evicted),
        (&from.refused, &to.refused),
    ] {
        to.set(from.get());
    }
    if let (Some(from), Some(to)) = (old.chain(), new.chain()) {
        to.begin(from.plan(), from.number().wrapping_add(1));
    }
}

/// Step 4: no consumer joins in the old segment from here on. Then all that have are seen.
pub(crate) fn seal(old: &View, successor: [u32; 4]) {
    if let Some(words) = old.chain() {
        words.seal(successor);
    }
    // SYNC sealed: either the copying of entries that follows sees a joiner's gate, or the joiner
    // sees that the segment is sealed, in `join::pin`.
    fence(Ordering::SeqCst);
}

/// Step 5: gives each consumer of the old segment its entry in the new one, which holds everything
/// back there. Made again after a death, it leaves alone what is there.
pub(crate) fn copy_entries(old: &View, new: &View) {
    let origin = new.measures().origin();
    for (index, from) in old.entries().iter().enumerate() {
        let gate = Pos::from_gate(from.gate.load(Ordering::Relaxed));
        // With the gate its owner's generation is seen: see there.
        if gate.is_none() || is_evicted(old, index, from) {
            continue;
        }
        let Some(to) = new.entry(index).filter(|to| peek(&to.owner) == FREE_ENTRY) else {
            continue;
        };
        let generation = from.generation.load(Ordering::Relaxed);
        to.generation.store(generation, Ordering::Relaxed);
        describe(from, to, true);
        to.gate.store(origin.gate(), Ordering::Relaxed);
        exchange::expect(to);
    }
}

/// Writes down in an entry what its owner said of itself in the segment before.
/// `is_new`: for the first time.
fn describe(from: &Entry, to: &Entry, is_new: bool) {
    to.copy_name(from);
    to.carry_given(from, is_new);
    to.durable.store(from.durable.load(Ordering::Relaxed), Ordering::Relaxed);
    to.counters.begin(Pos::new(from.counters.start.get()));
    to.counters.process.set(from.counters.process.get());
    to.joined.store(from.joined.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Step 6: consumers that have received all of the old segment go on in the new one. The caller
/// wakes those that sleep.
pub(crate) fn close(old: &View) {
    let line = old.producer();
    // It is the newest segment that says it.
    line.kept.store(0, Ordering::Relaxed);
    // SYNC closed: a consumer that sees it, in `Reader::find`, sees all that was sent before, what
    // comes behind the segment, and its own entry there.
    line.closed.store(GOES_ON, Ordering::Release);
}

/// Steps 5 and 6, by a successor of the producer that began the switch.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) fn finish(old: &View, new: &View) {
    copy_entries(old, new);
    close(old);
    wake::wake_consumers_slowly(old);
}

/// Takes a switch back that has been begun, and whose new segment is gone.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) fn unseal(old: &View) {
    if let Some(words) = old.chain() {
        words.unseal();
    }
}

/// Why a consumer cannot go over to the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOver {
    NotAttached(NotAttached),
    /// Its entry there is none of its own.
    Corrupt,
}

/// Steps b and c: takes that owner's entry in the segment behind its own one. Returns what shows
/// there that it lives.
pub(crate) fn come_over(
    old: &View,
    new: &Storage,
    index: usize,
    generation: u32,
) -> Result<Option<Seat>, NotOver> {
    let (Some(from), Some(to)) = (old.entry(index), new.entry(index)) else {
        return Err(NotOver::Corrupt);
    };
    let lock = |error| match error {
        JoinError::Lock { os_error } => NotOver::NotAttached(NotAttached(os_error)),
        _ => NotOver::Corrupt,
    };
    let mut claim = new.claim(index).map_err(lock)?;
    for _ in 0..WHILE_CLEANING {
        // The producer looks there for those that do not come.
        if !matches!(claim, Claim::Taken) || !new.pause() {
            break;
        }
        claim = new.claim(index).map_err(lock)?;
    }
    let (seat, owner) = match claim {
        Claim::Taken => return Err(NotOver::NotAttached(NotAttached(libc_eagain()))),
        Claim::Open => (None, peek(&to.owner)),
        Claim::Ours(seat) => (Some(seat), peek(&to.owner)),
    };
    // With the lock it may also be owned: by this one, which died here before the next step, and has
    // come back.
    let is_free = matches!(owner, COMING | AWAY) || (seat.is_some() && owner == OWNED);
    let is_its_own = to.generation.load(Ordering::Relaxed) == generation;
    if !is_its_own || !is_free || !exchange::own_from(to, owner) {
        return Err(NotOver::Corrupt);
    }
    describe(from, to, false);
    Ok(seat)
}

/// The number of an error that says that something is taken for the moment.
fn libc_eagain() -> i32 {
    11
}

/// Step d.
pub(crate) fn give_up(old: &View, index: usize) {
    entry::leave(old, index);
}

/// Makes those entries of a segment free whose owners were in the segment before it, and left without
/// coming over. Returns whether no entry there has an owner.
///
/// Every process that has seen that the old segment is closed may do this. What it sees there is not older than the
/// copying of the entries, and no owner that has gone since comes back: a joiner finds the segment
/// sealed. So one look at an owner says whether it is awaited in vain, and whether it is in the way
/// of retiring the segment.
pub(crate) fn sweep(old: &Storage, new: &Storage) -> bool {
    let mut is_drained = true;
    for (index, from) in old.entries().iter().enumerate() {
        let owner = peek(&from.owner);
        is_drained &= owner == FREE_ENTRY;
        let Some(to) = new.entry(index).filter(|to| peek(&to.owner) == COMING) else { continue };
        let has_gone = || {
            let generation = to.generation.load(Ordering::Relaxed);
            owner == FREE_ENTRY || from.generation.load(Ordering::Relaxed) != generation
        };
        if !has_gone() {
            continue;
        }
        let _seat = match new.claim(index) {
            Ok(Claim::Open) => None,
            Ok(Claim::Ours(seat)) => Some(seat),
            // Another process is about to do the same, or the kernel does not tell.
            Ok(Claim::Taken) | Err(_) => {
                is_drained = false;
                continue;
            }
        };
        if has_gone() && exchange::own_from(to, COMING) {
            entry::reset(to);
        }
    }
    is_drained
}

/// Brings durable subscribers that are away over to the next segment, if they have received all of
/// this one. Returns whether no entry is left in it. By the producer alone.
pub(crate) fn clear(old: &Storage, new: &Storage) -> bool {
    let end = new.measures().origin();
    for (index, from) in old.entries().iter().enumerate() {
        if peek(&from.owner) == AWAY && from.gate.load(Ordering::Relaxed) == end.gate() {
            bring_over(old, new, index);
        }
    }
    sweep(old, new)
}

/// Makes all entries free in a chain's segments whose owners have left without coming over.
pub(crate) fn sweep_all(storage: &Storage) {
    let Ok(living) = storage.living() else { return };
    for pair in living.windows(2) {
        if let [old, new] = pair {
            sweep(old, new);
        }
    }
}

/// Removes the names of a chain that was closed and not kept, once no consumer needs a segment
/// before the newest any more: for a consumer that has left one, `storage` being where it is.
pub(crate) fn remove_if_over(storage: &Storage) {
    if !storage.can_die() || (storage.goes_on() && !is_over(storage)) {
        return;
    }
    let Ok(living) = storage.living() else { return };
    let is_last = |last: &Storage| {
        let line = last.producer();
        line.closed.load(Ordering::Relaxed) == 1 && line.kept.load(Ordering::Relaxed) == 0
    };
    let mut pairs = living.windows(2);
    let are_drained = pairs.all(|pair| matches!(pair, [old, new] if sweep(old, new)));
    if living.last().is_some_and(is_last) && are_drained {
        for segment in &living {
            // Who may not remove them leaves them to `prune`.
            let _ = segment.remove_chain_names();
        }
    }
}

/// Whether a chain's producer has gone, as far as the kernel tells.
fn is_over(storage: &Storage) -> bool {
    !storage.producer_is_alive().unwrap_or(true)
}

/// Brings a durable subscriber over that is away, and has received all of the old segment.
fn bring_over(old: &Storage, new: &Storage, index: usize) {
    let Some(from) = old.entry(index) else { return };
    // Threads of one process look for its name one at a time; in files its lock keeps others away.
    let _registry = (!old.can_die()).then(|| old.registry());
    let _seat = match old.claim(index) {
        Ok(Claim::Open) => None,
        Ok(Claim::Ours(seat)) => Some(seat),
        Ok(Claim::Taken) | Err(_) => return,
    };
    let end = new.measures().origin();
    if from.gate.load(Ordering::Relaxed) != end.gate() || !exchange::own_from(from, AWAY) {
        return;
    }
    let generation = from.generation.load(Ordering::Relaxed);
    match come_over(old, new, index, generation) {
        Ok(_there) => {
            entry::go_away(new, index);
            give_up(old, index);
        }
        Err(_) => entry::go_away(old, index),
    }
}

/// Consumers that have not released everything in a segment, of which that is the end.
pub(crate) fn laggards(old: &View, end: Pos) -> usize {
    joined::gates(old).filter(|gate| end.since(*gate) > 0).count()
}

/// Frees the entries of those who have died in a segment, by asking the kernel.
pub(crate) fn reap(old: &Storage) {
    let locked = |&index: &usize| {
        old.entry(index).is_some_and(|entry| entry.owner.load(Ordering::Relaxed) == OWNED)
    };
    let _ = old.reap((0..old.entries().len()).filter(locked), |dead| {
        for index in dead.iter() {
            let Some(entry) = old.entry(index) else { continue };
            if entry::is_durable(entry) {
                entry::go_away(old, index);
            } else {
                entry::reset(entry);
            }
        }
    });
}
