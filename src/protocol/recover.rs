//! Taking a ring over from a producer that has died, or has left or closed it.
//!
//! The dead may have stopped at any instruction. What is left of it:
//!
//! - `head`, which is stored before anything beyond it is published, at every refill of the credit:
//!   so what has been published is at most a refill's worth further;
//! - slots, published one after the other: the first that is not says where it stopped, and may be
//!   marked as being written. The successor publishes the same position there, over whatever it
//!   finds;
//! - gates, which still hold the successor back as they did the dead: its limit starts at its
//!   place;
//! - the two sleep flags. The producer's own says that a producer sleeps, which is dead, and is
//!   cleared.
//!
//! Nothing is undone or zeroed, and every step can be made again by a second successor. Models:
//! `a_successor_*`, in loom-tests/tests/takeover.rs.

use super::head;
use crate::error::HeaderError;
use crate::memory::{Storage, View};
use crate::position::{Look, Pos};
use crate::protocol::wake;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, fence};

/// The position that the dead producer would have published next.
pub(crate) fn place(view: &View) -> Result<Pos, HeaderError> {
    let measures = view.measures();
    let mut next = head::hint(view);
    for _ in 0..=measures.credit() {
        let state = view.slot(next).state().load(Ordering::Relaxed);
        if next.look(state) != Look::Ready {
            let before = next.minus(measures.capacity()).published();
            let unwritten = state == 0 && view.begins_as_zeros();
            if state != next.writing() && state != before && !unwritten {
                return Err(HeaderError::Corrupt {
                    what: "a slot's state is none that it can have",
                });
            }
            // SYNC published: the successor comes after all that was published.
            fence(Ordering::Acquire);
            return Ok(next);
        }
        next = next.plus(1);
    }
    Err(HeaderError::Corrupt { what: "more was published than the head allows" })
}

/// The fences of a successor, which wants its light fence to be free or not. Consumers that are
/// attached have theirs from the mode that they found: see the rule in
/// [`fence`](ringway_shm::fence).
pub(crate) fn fences(storage: &Storage, asymmetric: bool) -> Fences {
    let mode = storage.producer().mode.load(Ordering::Relaxed);
    Fences::for_successor(mode, asymmetric, storage.reach())
}

/// Has a ring that was closed and kept go on.
///
/// A consumer may have seen that it was closed, and be telling its caller so: that was true, and
/// its next call looks again. A consumer that gets a message of the successor's has seen this
/// store, which is before all of them.
pub(crate) fn reopen(view: &View) {
    let closed = &view.producer().closed;
    if closed.load(Ordering::Relaxed) != 0 {
        // Orders nothing by itself: see `Reader::find` for one who has seen the other value.
        closed.store(0, Ordering::Relaxed);
    }
}

/// Lets all consumers know: the epoch first, then those that sleep.
pub(crate) fn announce(view: &View) {
    let line = view.producer();
    let epoch = line.epoch.load(Ordering::Relaxed).wrapping_add(1);
    // It says that there is something to look at, and no more.
    line.epoch.store(epoch, Ordering::Relaxed);
    if let Some(flags) = view.flags() {
        // Only the producer sleeps there, and that is the caller.
        flags.waiting.store(0, Ordering::Relaxed);
    }
    wake::wake_consumers_slowly(view);
}
