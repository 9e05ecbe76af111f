//! Cleaning up after workers that have died.

use super::claims::Claims;
use crate::error::LivenessError;
use crate::memory::layout::{Entry, FREE_ENTRY};
use crate::memory::{Entries, Storage, View};
use crate::protocol::entry;
use ringway_shm::sync::Ordering;

/// Cleans up after workers that have died. The caller has the locks of their entries, so that no
/// other process takes these meanwhile.
///
/// First all that any of them had claimed goes to others, group by group, by one walk over the
/// claims of each. The entries become free last, so that no claim names an entry that is another
/// worker's by then.
///
/// A process that dies in here leaves the rest to the next. As long as an entry is not free, what
/// is still claimed in its name is found by the process that next has its lock, and the other
/// workers are told once more of what was given back.
pub(crate) fn clean_up_dead_workers(view: &View, dead: &Entries) {
    let group_of = |index: usize| {
        let entry = view.entry(index);
        entry.map_or(0, |entry| entry.joined.load(Ordering::Relaxed))
    };
    let mut left = dead.clone();
    for first in dead.iter() {
        if !left.contains(first) {
            continue;
        }
        let group = group_of(first);
        // The first one in any case: what its word says may be forged, and change.
        let mut together = Entries::only(first);
        for index in left.iter().filter(|&index| group_of(index) == group) {
            together.insert(index);
        }
        for index in together.iter() {
            left.remove(index);
        }
        let claims = group.checked_sub(1).and_then(|group| Claims::of(view, group as usize));
        if let Some(claims) = claims {
            claims.take_back(&together);
        }
    }
    for entry in dead.iter().filter_map(|index| view.entry(index)) {
        entry::reset(entry);
    }
}

/// Of how many mappings one call remembers whether they live.
const LIVES: usize = 16;

/// Cleans up after all workers that have died. Returns how many they were.
pub(crate) fn reap(storage: &Storage) -> Result<usize, LivenessError> {
    // Workers say which mapping they are of. For all of one mapping the kernel is asked once,
    // unless many mappings are mixed. What they say is worth as much as that they are there: it is
    // their own word, as `owner` is.
    let mut known = [(0, false); LIVES];
    let mut next = 0;
    let mut is_known_to_live = |entry: &Entry| {
        if entry.joined.load(Ordering::Relaxed) == 0 {
            return false;
        }
        // It may still be what the entry's last owner said. Then this call goes by that, and a
        // later one by what its owner says now.
        let life = entry.life().load(Ordering::Relaxed);
        if life == 0 {
            return false;
        }
        if let Some((_, lives)) = known.iter().find(|(number, _)| *number == life) {
            return *lives;
        }
        let lives = storage.is_life(life);
        known[next] = (life, lives);
        next = (next + 1) % LIVES;
        lives
    };
    let doubtful = storage.member_entries().filter(|(_, entry)| {
        entry.owner.load(Ordering::Relaxed) != FREE_ENTRY && !is_known_to_live(entry)
    });
    storage.reap(doubtful.map(|(index, _)| index), |dead| clean_up_dead_workers(storage, dead))
}
