//! A claim word: what has become of one slot's message in one group.
//!
//! ```text
//! bit    0..2                      2        3..15    15..
//!        0 done                    marked   worker   lap
//!        1 claimed (by that worker)
//!        2 returned
//! ```
//!
//! For the position p in the slot, whose lap is p / capacity:
//!
//! ```text
//! done(p - capacity) -> claimed(p, worker) -> done(p)
//!                        |            ^
//!                        v            |
//!                       returned(p) --+   (claimed anew, and marked)
//! ```
//!
//! The slot is known from where the word lies. So the word has the lap alone, and as many bits of
//! that as there is room for: 49, or 17 where words have 32.
//!
//! A worker compares words for being equal, and knows the lap to within one, from the group's gate.
//! A lap that comes round again can deceive a compare-exchange alone, of a worker that stood still
//! between its two looks for 2^49 or 2^17 laps of the ring. Such a worker claims the message that
//! is there now. 2^17 laps can come about. So where words have 32 bits a worker looks at the slot
//! again once it has claimed it, and before it reads anything of it: `Worker::this_lap`.

use crate::position::Pos;
use ringway_shm::sync::Word;

const STATE_BITS: u32 = 2;
const MARKED: Word = 1 << STATE_BITS;
const WORKER_SHIFT: u32 = STATE_BITS + 1;
/// A worker is known by the number of its entry. There are at most 4,096 entries.
const WORKER_BITS: u32 = crate::memory::geometry::MAX_ENTRIES.ilog2();
const WORKER_MASK: Word = (1 << WORKER_BITS) - 1;
const LAP_SHIFT: u32 = WORKER_SHIFT + WORKER_BITS;

const STATE_MASK: Word = (1 << STATE_BITS) - 1;
const DONE: Word = 0;
const CLAIMED: Word = 1;
const RETURNED: Word = 2;

/// The word of a group that is not there. No claim is made of it, and none is made to it.
pub(crate) const BARRED: Word = 3;

/// What a claim word says to a worker that wants the message at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimState {
    /// No worker has claimed it.
    Fresh,
    /// A worker had it and gave it back.
    Returned,
    /// The worker of that entry has it. If it is marked, it had been given back before.
    Claimed { worker: usize, marked: bool },
    /// No worker needs it any more.
    Done,
    /// The word is not about this position.
    Other,
}

/// How the claim words of one position are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    lap: Word,
    before: Word,
}

impl Encoding {
    pub(crate) fn new(position: Pos, capacity: usize) -> Encoding {
        let shift = capacity.trailing_zeros();
        let lap = |position: Pos| (position.number() >> shift) << LAP_SHIFT;
        Encoding { lap: lap(position), before: lap(position.minus(capacity)) }
    }

    /// No worker has claimed it. The message before it in the slot is done.
    pub(crate) fn fresh(self) -> Word {
        self.before | DONE
    }

    pub(crate) fn done(self) -> Word {
        self.lap | DONE
    }

    /// Given back. It may have been delivered.
    pub(crate) fn returned(self) -> Word {
        self.lap | RETURNED
    }

    pub(crate) fn claimed(self, worker: usize, marked: bool) -> Word {
        let marked = if marked { MARKED } else { 0 };
        self.lap | (worker as Word & WORKER_MASK) << WORKER_SHIFT | marked | CLAIMED
    }

    pub(crate) fn read(self, word: Word) -> ClaimState {
        let worker = (word >> WORKER_SHIFT & WORKER_MASK) as usize;
        let marked = word & MARKED != 0;
        if word == self.fresh() {
            ClaimState::Fresh
        } else if word == self.done() {
            ClaimState::Done
        } else if word == self.returned() {
            ClaimState::Returned
        } else if word & STATE_MASK == CLAIMED && word == self.claimed(worker, marked) {
            ClaimState::Claimed { worker, marked }
        } else {
            ClaimState::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_what_was_written_and_of_no_other_position() {
        for number in [0, 1, 7, 8, 1 << 20, (Word::MAX >> 1) - 7, Word::MAX >> 1] {
            for capacity in [1, 2, 8, 1024] {
                let position = Pos::new(number);
                let encoding = Encoding::new(position, capacity);
                let next = Encoding::new(position.plus(capacity), capacity);
                assert_eq!(encoding.done(), next.fresh());
                let claimed = ClaimState::Claimed { worker: 4095, marked: true };
                for (word, told) in [
                    (encoding.fresh(), ClaimState::Fresh),
                    (encoding.done(), ClaimState::Done),
                    (encoding.returned(), ClaimState::Returned),
                    (encoding.claimed(4095, true), claimed),
                    (encoding.claimed(0, false), ClaimState::Claimed { worker: 0, marked: false }),
                ] {
                    assert_eq!(encoding.read(word), told);
                    let later = if told == ClaimState::Done {
                        ClaimState::Fresh
                    } else {
                        ClaimState::Other
                    };
                    assert_eq!(next.read(word), later);
                }
                assert_eq!(encoding.read(next.done()), ClaimState::Other);
                assert_eq!(encoding.read(encoding.done() | 3), ClaimState::Other);
                assert_eq!(encoding.read(BARRED), ClaimState::Other);
            }
        }
    }
}
