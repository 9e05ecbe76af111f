//! The gate of a group, and who is told when claims end.

use super::claim_word::ClaimState;
use super::claims::{Claims, Outcome};
use crate::position::Pos;
use crate::protocol::{join, wake};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, Signed, Word, fence, peek_word};

/// How often somebody tries for the last gate that was stored, while others store.
const LOOKS: u32 = 8;

impl Claims<'_> {
    /// The gate, as it was at some time, but not before the first message: slots say of positions before
    /// that they are there. `None` if somebody forged it.
    pub(crate) fn gate(&self) -> Option<Pos> {
        self.gate_of(self.entry.gate.load(Ordering::Relaxed))
    }

    fn gate_of(&self, word: Word) -> Option<Pos> {
        let lapped = self.view.producer().lapped.load(Ordering::Relaxed) != 0;
        let gate = Pos::from_gate(word)?;
        Some(join::at_least_origin(self.view, gate, lapped))
    }

    /// The gate that the producer has seen, or a later one, for somebody who has seen that it overwrites what
    /// came before and has had an acquire fence since. The mark that says so is no release, so that a mere
    /// load may find an older one; an exchange finds the last.
    pub(crate) fn gate_now(&self) -> Option<Pos> {
        let mut gate = self.entry.gate.load(Ordering::Relaxed);
        for _ in 0..LOOKS {
            let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
            match self.entry.gate.compare_exchange(gate, gate, order, failed) {
                Ok(_) => break,
                // A failed one is a mere load.
                Err(now) => gate = now,
            }
        }
        self.gate_of(gate)
    }

    /// Puts a gate that was forged right, which holds messages that have been overwritten.
    pub(crate) fn mend_gate(&self, from: Pos, to: Pos) {
        // Nobody relies on a gate that was forged: whoever copies looks again.
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.entry.gate.compare_exchange(from.gate(), to.gate(), order, failed);
    }

    /// Whether a position is one that a worker can reserve, in that lap: in the lap from the gate
    /// on.
    pub(crate) fn is_within_a_lap(&self, position: Pos) -> bool {
        let gate = self.gate_now();
        let lap = 0..self.capacity() as Signed;
        gate.is_some_and(|gate| lap.contains(&position.since(gate)))
    }

    /// Lets the others know what some claims have come to.
    pub(crate) fn finish(&self, outcome: Outcome, fences: Fences) {
        let mut ring = outcome.back;
        if outcome.back {
            // Pairs with the fence in `Worker::seek`: who sees the count sees what was given back.
            self.entry.returns.fetch_add(1, Ordering::Release);
        }
        if outcome.done {
            self.push();
            wake::wake_producer(self.view, fences);
            // After the fence in `push`, which pairs with `heavy` in `sleep_on`: a worker that waits for
            // the end sees that this is done, or we see that there is an end.
            ring |= self.view.producer().closed.load(Ordering::Relaxed) != 0;
        }
        if ring {
            wake::ring_bell(&self.entry.bell);
        }
    }

    /// Moves the gate on over all that is done: D2 to D4 above. Returns whether there was anything.
    pub(crate) fn push(&self) -> bool {
        // Pairs with itself in another worker.
        fence(Ordering::SeqCst);
        let mut gate = peek_word(&self.entry.gate);
        let Some(mut last) = Pos::from_gate(gate) else { return false };
        // The gate may be moved while we walk, by all that it can be, and by no more.
        for _ in 0..=2 * self.capacity() {
            let state = self.state(last);
            if state == ClaimState::Done {
                last = last.plus(1);
                continue;
            }
            // The gate is not beyond a message that somebody has, or nobody.
            if last.gate() == gate && state != ClaimState::Other {
                return false;
            }
            // Pairs with the release of the words: what others have read is read before the gate lets go
            // of it.
            fence(Ordering::Acquire);
            let (order, failed) = (Ordering::Release, Ordering::Relaxed);
            match self.entry.gate.compare_exchange(gate, last.gate(), order, failed) {
                Ok(_) => return last.gate() != gate,
                Err(now) => gate = now,
            }
            let Some(now) = Pos::from_gate(gate) else { return false };
            last = last.max(now);
        }
        false
    }
}
