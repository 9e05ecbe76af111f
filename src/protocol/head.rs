//! How far the producer has come, seen from the other side.

use crate::memory::View;
use crate::memory::layout::{ARENAS, PLACES};
use crate::position::{Look, Passed, Pos};
use ringway_shm::sync::{Ordering, fence};

/// Probes of one search. Every one doubles or halves a step, or gains a lap on a producer that is
/// overtaking; what is left after so many is a producer faster than any search.
const PROBES: u32 = 2 * usize::BITS;

/// The first position from `hint` on that has not been published. `hint` is a head that was stored,
/// or any position not after the true head.
///
/// Messages are published in order, so that this is a search among the slots: steps twice as long
/// each time, then half as long. The producer may be running: what is returned was the head at some
/// time after the call began, or is short of it if the producer outran the search.
pub(crate) fn search(view: &View, hint: Pos) -> Pos {
    let capacity = view.measures().capacity();
    let mut head = hint;
    let mut step = 1;
    let mut growing = true;
    for _ in 0..PROBES {
        let probe = head.plus(step - 1);
        match probe.look(view.slot(probe).state().load(Ordering::Relaxed)) {
            Look::Ready => {
                head = probe.plus(1);
                step = if growing { (step * 2).min(capacity) } else { (step / 2).max(1) };
            }
            Look::NotYet if step == 1 => break,
            Look::NotYet => {
                growing = false;
                step /= 2;
            }
            Look::Passed(passed) => {
                let known = after(view, passed);
                // An early mark may say less than what has been found.
                head = if ARENAS { known.max(head) } else { known };
                (step, growing) = (1, true);
            }
        }
    }
    // SYNC published, returns: everything before the head can be read at once. What was given back
    // before the count that a worker has looked at is seen to be free.
    fence(Ordering::Acquire);
    head
}

/// A position that the head is not before, by what a slot says that is past the message that was
/// looked for.
///
/// A mark that a message is being written says that all before that have been published, but for
/// those of its batch, if it is one of several that are lent at a time (`producer/loans.rs`): fewer
/// than a credit.
///
/// It says less where messages are spilled: there a slot is marked already when its message loses
/// its place in the arena. All that such a mark says is that the slot's message was published. But
/// the producer stores `head` before it, exactly, and so that is looked at again. A consumer that
/// was told of the mark by a first look (`Reader::ready`) has a fence between the mark and `head`.
/// A search has one at the next mark that it finds: `hint` ends with one.
pub(crate) fn after(view: &View, passed: Passed) -> Pos {
    if !PLACES || !passed.is_marked() {
        return passed.head;
    }
    let known = passed.owner.minus(view.measures().early() - 1);
    if view.measures().has_arena() { hint(view).max(known) } else { known }
}

/// What the producer last said of its head. Everything before it can be read at once.
pub(crate) fn hint(view: &View) -> Pos {
    let head = view.producer().head.load(Ordering::Relaxed);
    // SYNC head, lapped, early-mark: what was published before the head is seen to be, and a head
    // that is loaded after this is not before a mark that was seen.
    // SYNC left, barred: what workers that have left did to claims is over, and what they, or those
    // whose claims were barred, saw published is seen.
    fence(Ordering::Acquire);
    Pos::new(head)
}

/// The head.
pub(crate) fn exact(view: &View) -> Pos {
    search(view, hint(view))
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use super::search;
    use crate::options::Options;
    use crate::position::Pos;
    use ringway_shm::sync::Word;

    #[test]
    fn the_marks_of_a_batch_are_not_taken_for_the_head() {
        const SENT: Word = 3 * 64 + 60;
        for arena in [0, 4096] {
            let (mut producer, ring) = Options::bytes(64, 8).arena(arena).heap().unwrap();
            (0..SENT).for_each(|n| producer.send(&n.to_ne_bytes()).unwrap());
            drop(producer.reserve_batch(8).unwrap());
            for hint in 0..=SENT {
                assert_eq!(search(&ring.storage, Pos::new(hint)).number(), SENT, "from {hint} on");
            }
        }
    }
}
