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
    /// Nothing but what the asker has himself.
    Nothing,
    /// Others have it.
    Others,
    /// Some of it nobody has.
    Unclaimed,
}

/// Messages that others had when they were last looked at, and besides which nothing was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Others {
    /// Up to where that was looked at.
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

    /// What is left before a position, for one who has no message. `known`: what this said before
    /// of the messages up to there, nothing having been given back since; then it looks no further
    /// than it has to.
    pub(crate) fn rest(
        &self,
        end: Pos,
        worker: usize,
        known: Option<Others>,
    ) -> (Rest, Option<Others>) {
        let Some(gate) = self.gate() else { return (Rest::Nothing, None) };
        // All before the first that others had was done or the asker's, and behind it nothing was
        // free.
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
        matches!(self.state(others.first), ClaimState::Claimed { worker: owner, .. } if owner != worker)
    }

    /// Positions from the first that has no message on, among which those are that are claimed
    /// ahead of their messages: each worker claims the first that it finds free, one at a time, and
    /// no further ahead.
    pub(crate) fn reach(&self) -> usize {
        self.view.measures().workers()
    }

    /// Ends all claims of some workers: those that leave without having ended them, or are dead.
    /// What is not there yet was not delivered. Returns how many words it looked at.
    ///
    /// What they had is not before the gate, and not a lap behind it. It was there when they
    /// claimed it, or lies within reach of what was the first position then that had no message.
    /// States do not go back, and the caller sees all that they saw: it is the worker itself, or
    /// has been told by the kernel that they are dead. So it is within reach of the first position
    /// that has no message now.
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
