//! The gate of a group, and what other workers and the producer are told when claims end.
//!
//! The gate is the oldest position that is not done, or an earlier one. A worker that has made a
//! claim word `done` moves the gate on over all such words that it sees:
//!
//! ```text
//! D1  word(p) = done(p)                    (Release)
//! D2  fence(SeqCst)
//! D3  walk from the gate over words that are done; fence(Acquire)
//! D4  gate = the first that is not         (compare-exchange, Release; if it fails, D3 again)
//! ```
//!
//! **The gate never stays at a word that is done, once all workers are at rest.** Say that it does,
//! at g. Consider the workers that made done what lies between some gate that was read at D3 and g,
//! and take the one whose D2 came last. There are two cases.
//!
//! - It saw all of these words done. Then its D4 moved the gate beyond g. Or D4 failed because
//!   another worker had moved the gate, and it went on from there.
//! - It saw not the word but a later one of the same slot. Then the gate that it had read was an
//!   old one. So where the first word is of another lap it makes the exchange too, of the gate for
//!   itself. That fails, and it goes on from the gate that it finds.
//!
//! **Memory.** What a worker has read before D1 is over before D4 of a worker that saw its D1. So
//! it is over before the producer overwrites it, because the producer does that after it has seen
//! the gate.

use super::claim_word::ClaimState;
use super::claims::{Claims, Outcome};
use crate::position::Pos;
use crate::protocol::exchange;
use crate::protocol::{start, wake};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, Signed, Word, fence, peek_word};

/// How often a worker tries for the last gate that was stored, while others store.
const LOOKS: u32 = 8;

impl Claims<'_> {
    /// The gate, as it was at some time, but not before the first message: of positions before that
    /// the slots say that they are there. `None` if it was forged.
    pub(crate) fn gate(&self) -> Option<Pos> {
        self.gate_of(self.entry.gate.load(Ordering::Relaxed))
    }

    fn gate_of(&self, word: Word) -> Option<Pos> {
        let lapped = self.view.producer().lapped.load(Ordering::Relaxed) != 0;
        let gate = Pos::from_gate(word)?;
        Some(start::at_least_origin(self.view, gate, lapped))
    }

    /// The gate that the producer has seen, or a later one. The caller has seen that the producer
    /// overwrites what came before, and has had an acquire fence since. The mark that says so is
    /// no release, so that a mere load may find an older gate. An exchange finds the last one.
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

    /// Corrects a gate that was forged, and holds messages that have been overwritten.
    pub(crate) fn mend_gate(&self, from: Pos, to: Pos) {
        // No worker relies on a gate that was forged: each looks again after it has copied.
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.entry.gate.compare_exchange(from.gate(), to.gate(), order, failed);
    }

    /// Whether a position lies in the lap from the gate on, so that a worker can reserve it.
    pub(crate) fn is_within_a_lap(&self, position: Pos) -> bool {
        let gate = self.gate_now();
        let lap = 0..self.capacity() as Signed;
        gate.is_some_and(|gate| lap.contains(&position.since(gate)))
    }

    /// Tells other workers and the producer what ending some claims has come to.
    pub(crate) fn finish(&self, outcome: Outcome, fences: Fences) {
        let mut ring = outcome.back;
        if outcome.back {
            // SYNC returns: a worker that sees the count sees what was given back, in
            // `Worker::next_free`, `Worker::look_at_the_end` and `head::search`.
            self.entry.returns.fetch_add(1, Ordering::Release);
        }
        if outcome.done {
            self.push();
            wake::wake_producer(self.view, fences);
            // After the full fence in `push`.
            ring |= self.view.producer().closed.load(Ordering::Relaxed) != 0;
        }
        if ring {
            exchange::ring_bell(&self.entry.bell);
            wake::wake_tasks(&self.entry.bell, self.view);
        }
    }

    /// Moves the gate on over all that is done: D2 to D4 above. Returns whether it moved.
    pub(crate) fn push(&self) -> bool {
        // SYNC walk, last-done: of two workers that are done at the same time one sees the other's
        // word, here. And either a worker that waits for the end sees that this is done, after its
        // heavy fence in `EventCount::arm_since`, or `finish` sees that the ring is closed.
        fence(Ordering::SeqCst);
        let mut gate = peek_word(&self.entry.gate);
        let Some(mut last) = Pos::from_gate(gate) else { return false };
        // Others may move the gate during this walk, by a lap at most.
        for _ in 0..=2 * self.capacity() {
            let state = self.state(last);
            if state == ClaimState::Done {
                last = last.plus(1);
                continue;
            }
            // The message is not done, whether a worker has it or none. It holds the gate.
            if last.gate() == gate && state != ClaimState::Other {
                return false;
            }
            // SYNC settled: what others have read, they read before `Claims::settle` and before the
            // gate lets go of it.
            fence(Ordering::Acquire);
            // SYNC gate: the slots are written again only after they were read: see
            // `Credit::refill_evicting`.
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
