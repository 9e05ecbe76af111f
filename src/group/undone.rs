//! What a group has not done: what is left, and what the dead had.

use super::claim_word::ClaimState;
use super::claims::{Claims, Fate, Outcome};
use crate::memory::Entries;
use crate::position::Pos;
use crate::protocol::head;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, Signed};

/// What is left of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing but what the asking worker has.
    Nothing,
    /// Other workers have it.
    Others,
    /// Some of it no worker has.
    Unclaimed,
}

/// Messages that other workers had at the last look, when nothing besides them was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Others {
    /// The position up to which that look went.
    end: Pos,
    /// The first of them.
    first: Pos,
}

impl Claims<'_> {
    /// Messages before a position that are not done.
    pub(crate) fn undone(&self, end: Pos) -> u64 {
        let Some(gate) = self.gate() else { return 0 };
        let sent = end.since(gate).max(0) as usize;
        let ahead = 0..sent.min(self.capacity());
        let done = ahead.filter(|&ahead| self.state(gate.plus(ahead)) == ClaimState::Done).count();
        (sent - done) as u64
    }

    /// What is left before a position, for a worker that has no message.
    ///
    /// `known` is what an earlier call said of the messages up to there, if nothing was given back
    /// since. Then this looks no further than it has to.
    pub(crate) fn rest(
        &self,
        end: Pos,
        worker: usize,
        known: Option<Others>,
    ) -> (Rest, Option<Others>) {
        let Some(gate) = self.gate() else { return (Rest::Nothing, None) };
        // All before the first message that others had was done or the asking worker's, and behind
        // it nothing was free.
        let known = known.filter(|known| known.end == end);
        let mut position = known.map_or(gate, |known| gate.max(known.first));
        let mut others = None;
        for _ in 0..self.capacity() {
            if position.since(end) >= 0 {
                break;
            }
            match self.state(position) {
                ClaimState::Done => {}
                ClaimState::Claimed { worker: owner, .. } if owner == worker => {}
                ClaimState::Claimed { .. } => {
                    others = others.or(Some(Others { end, first: position }));
                    if known.is_some() {
                        break;
                    }
                }
                ClaimState::Fresh | ClaimState::Returned | ClaimState::Other => {
                    return (Rest::Unclaimed, None);
                }
            }
            position = position.plus(1);
        }
        (if others.is_some() { Rest::Others } else { Rest::Nothing }, others)
    }

    /// Whether another worker has the first of the messages that others had.
    pub(crate) fn still_have(&self, others: Others, worker: usize) -> bool {
        let state = self.state(others.first);
        matches!(state, ClaimState::Claimed { worker: owner, .. } if owner != worker)
    }

    /// How far beyond the last message claims can lie that are ahead of their messages. Each worker
    /// claims the first position that it finds free, one at a time, and no further ahead.
    pub(crate) fn reach(&self) -> usize {
        self.view.measures().workers()
    }

    /// Ends all claims of some workers, which leave without having ended them, or are dead. A
    /// message that is not there yet was not delivered. Returns how many words it looked at.
    ///
    /// What they had is not before the gate, and less than a lap behind it. Either it was there
    /// when they claimed it, or it lies within reach of what was then the first position without a
    /// message. States do not go back, and the caller sees all that these workers saw: it is the
    /// worker itself, or the kernel has told it that they are dead. So what they had is within
    /// reach of the first position that has no message now.
    pub(crate) fn take_back(&self, workers: &Entries) -> usize {
        let mut outcome = Outcome::default();
        let (mut looked, mut reach) = (0, self.reach());
        if let Some(gate) = self.gate() {
            let sent = head::exact(self.view).since(gate);
            for ahead in 0..self.capacity() {
                let position = gate.plus(ahead);
                if ahead as Signed >= sent && !self.is_there(position) {
                    if reach == 0 {
                        break;
                    }
                    reach -= 1;
                }
                looked += 1;
                let ClaimState::Claimed { worker, .. } = self.state(position) else { continue };
                if workers.contains(worker) {
                    let there = self.is_there(position);
                    let fate = if there { Fate::Nacked } else { Fate::Untouched };
                    self.settle(position, worker, fate, &mut outcome);
                }
            }
        }
        // One of them may have stopped between ending a claim and saying so.
        (outcome.done, outcome.back) = (true, true);
        self.finish(outcome, Fences::FULL);
        looked
    }

    /// Whether a position's message has been published.
    fn is_there(&self, position: Pos) -> bool {
        let state = self.view.slot(position).state().load(Ordering::Relaxed);
        state.wrapping_sub(position.published()) as Signed >= 0
    }
}
