//! The claims of one group: which worker has which message.
//!
//! Claim words and the gate are changed by compare-exchange alone, by workers and by processes that
//! clean up after a dead worker. So a claim word says at any moment which worker has the message,
//! also when that worker has stopped for ever. How the gate follows is told in
//! [`gate`](super::gate).
//!
//! # A group that was evicted and has begun anew
//!
//! Workers of the group as it was may still be there. They may be stopped between any two
//! instructions, for any time. So may be a process that cleans up after one of them. Call each of
//! these S. A new group in the entry has another generation, and is made in this order:
//!
//! ```text
//! N1  gate = FREE
//! N2  every claim word = barred             (read-modify-write)
//! N3  generation = another
//! N4  gate = a pin, then the head           (the group begins at the next message)
//! N5  every claim word = fresh              (after a release fence)
//! ```
//!
//! **Claims before N2.** A claim of S that comes before N2 in the order of its word is undone by
//! N2. Whatever S then does with it finds another word and is `lost`. A message of which N2 found
//! a claim was published, so that the head of N4 is beyond it. So the new group does not deliver
//! what S may have. N2 need not acquire for that: an acquire fence follows it, in `close` of
//! [`find`](super::find), or in `head::hint` where the group's maker makes N2.
//!
//! **S finds a word of N2.** Then S has to see that its group is over. N2 need not release that,
//! because it has been released already:
//!
//! - The process that gives up the entry of a group which it saw evicted has a full fence between
//!   the two: see `close` in [`find`](super::find). S sees the eviction.
//! - A process that gives up the entry of a group without workers finds S of an earlier group. Its
//!   N2 exchanges words of N5, or what workers made of these by exchanges, and so goes on their
//!   release sequence. S sees the later generation.
//! - N2 of a new group follows N2 of the process that gave the entry up, in the same way.
//!
//! **Claims ahead of a message.** When the message is there, S looks at the claim once more, by a
//! read-modify-write ([`Claims::confirm`]). Before N2 that confirms that the message comes before
//! the new group. After N2 it fails.
//!
//! **Claims after N2.** Such a claim succeeds only on a word of N5 or later, because no claim is
//! made of `barred`. An acquire fence follows it, so that S sees N3. S finds that its generation is
//! over, gives the message back untouched, and is told (`Worker::is_still_its_group`). Should S die
//! in between, it is cleaned up after as a worker of the new group.
//!
//! **The gate.** S exchanges the gate (D4 in [`gate`](super::gate)) from g to a later one, because
//! all words between were done. S read g before N1, and these words were done before N2: a word
//! that was not is barred, and a word that is done after N5 was made so by a worker of the new
//! group, and is true. What was done by N2 was published before the head of N4 is looked for. So g
//! lies before the start of the new group, and the exchange finds another gate. Or the exchange
//! comes between the two stores of N4. Then the second one undoes it, by a gate that is not beyond
//! the start.
//!
//! **Memory.** What S copies it looks at again, as ever. What S reads in place it has pinned, and
//! while a worker's entry says so the group's entry is not given up: see `close` in
//! [`find`](super::find).
//!
//! Where no worker is left beside the entry there is no S. Then N2 is left out, and the group
//! begins where its maker wants.

use super::claim_word::{BARRED, ClaimState, Encoding};
use crate::error::JoinError;
use crate::memory::layout::Entry;
use crate::memory::{ClaimWords, View};
use crate::position::Pos;
use ringway_shm::sync::{Ordering, Word, fence, peek_word};

/// How often a word is barred that changes meanwhile. Each of the workers that are left changes it
/// a few times at most, and most of them stand still.
const TRIES: u32 = 64;

/// One group, as a worker sees it, or a process that cleans up after a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'a> {
    pub(super) view: &'a View,
    pub(super) entry: &'a Entry,
    pub(super) words: ClaimWords<'a>,
}

/// What becomes of a message that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// It may have been delivered, and is not done. In a group that delivers at most once it counts
    /// as done.
    Nacked,
    /// It was not delivered. All is as if it had not been claimed.
    Untouched,
}

/// What ending some claims has come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Some message is done.
    pub(crate) done: bool,
    /// Some message is there for others.
    pub(crate) back: bool,
    /// Some message had been taken away.
    pub(crate) lost: bool,
}

/// A claim that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The word, and whether the message may have been delivered before.
    Free { word: Word, marked: bool },
    /// A worker has it, or it is done.
    Taken,
    /// The word is of a position that this slot had, or will have.
    Other(Word),
}

impl<'a> Claims<'a> {
    /// A group, counted from 0, if there is one.
    #[inline]
    pub(crate) fn of(view: &'a View, group: usize) -> Option<Claims<'a>> {
        Some(Claims { view, entry: view.shared_entry(group)?, words: view.claim_words(group)? })
    }

    pub(super) fn capacity(&self) -> usize {
        self.view.measures().capacity()
    }

    pub(super) fn encoding(&self, position: Pos) -> Encoding {
        Encoding::new(position, self.capacity())
    }

    pub(crate) fn state(&self, position: Pos) -> ClaimState {
        self.encoding(position).read(self.words.word(position).load(Ordering::Relaxed))
    }

    pub(crate) fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// Makes every word that of a message which no worker has claimed, from a position on. Only by
    /// the caller that makes the group, before another process can find it.
    pub(crate) fn reset(&self, first: Pos) {
        // SYNC regroup: a worker that was evicted here and claims one of these words sees the new
        // generation, in `Worker::is_still_its_group`. A cleaner that finds its claim sees the gate
        // that was stored last.
        fence(Ordering::Release);
        for ahead in 0..self.capacity() {
            let position = first.plus(ahead);
            let fresh = self.encoding(position).fresh();
            self.words.word(position).store(fresh, Ordering::Relaxed);
        }
    }

    /// Undoes all claims of a group that was evicted, of which workers are left: N2 above. Only by
    /// the caller that makes a group in its entry.
    pub(crate) fn bar(&self) -> Result<(), JoinError> {
        for slot in 0..self.capacity() {
            let word = self.words.word(Pos::new(slot as Word));
            let barred = (0..TRIES).any(|_| {
                // Relaxed: what a claim that is undone here has released, a fence that follows
                // acquires. What this word says was released before it. Both are told above.
                let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
                word.compare_exchange(peek_word(word), BARRED, order, failed).is_ok()
            });
            if !barred {
                return Err(JoinError::Corrupt);
            }
        }
        Ok(())
    }

    /// How many messages were given back. A caller that looks at claim words after this has a fence
    /// in between.
    pub(crate) fn returns(&self) -> u32 {
        self.entry.returns.load(Ordering::Relaxed)
    }

    /// Whether a position's message can be claimed.
    pub(crate) fn offer(&self, position: Pos) -> Offer {
        let word = self.words.word(position).load(Ordering::Relaxed);
        match self.encoding(position).read(word) {
            ClaimState::Fresh => Offer::Free { word, marked: false },
            ClaimState::Returned => Offer::Free { word, marked: true },
            ClaimState::Claimed { .. } | ClaimState::Done => Offer::Taken,
            ClaimState::Other => Offer::Other(word),
        }
    }

    /// Claims what was on offer. `false`: another worker was faster.
    pub(crate) fn claim(&self, position: Pos, worker: usize, word: Word, marked: bool) -> bool {
        let claimed = self.encoding(position).claimed(worker, marked);
        // A worker that gave the message back has read what it read of it before this one is done
        // with it. The fence of the second look (`Worker::is_whole`), which comes in between, pairs
        // with the release in `settle`. Whether the group is still its own, a worker asks after
        // this, with a fence.
        // SYNC claim, barred: the gate is beyond what was in the slot before. A worker that finds
        // this word where it looks for an earlier message sees that, in
        // `Worker::look_at_another_lap`. A process that bars this word sees that the message is
        // there, in `close` or `head::hint`.
        let (order, failed) = (Ordering::Release, Ordering::Relaxed);
        self.words.word(position).compare_exchange(word, claimed, order, failed).is_ok()
    }

    /// Whether a position that a worker had claimed ahead of its message, unmarked, is still its
    /// own.
    pub(crate) fn confirm(&self, position: Pos, worker: usize) -> bool {
        let claimed = self.encoding(position).claimed(worker, false);
        // SYNC barred: a process that bars this word sees that the message is there, in `close` or
        // `head::hint`.
        let (order, failed) = (Ordering::Release, Ordering::Relaxed);
        self.words.word(position).compare_exchange(claimed, claimed, order, failed).is_ok()
    }

    /// Makes a message claimable whose word no worker can have written.
    pub(crate) fn mend_word(&self, position: Pos, word: Word) {
        let returned = self.encoding(position).returned();
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.words.word(position).compare_exchange(word, returned, order, failed);
    }

    /// Whether a worker's claim is of a message that was given back before.
    pub(crate) fn is_marked(&self, position: Pos, worker: usize) -> bool {
        self.state(position) == ClaimState::Claimed { worker, marked: true }
    }

    /// Ends a worker's claim. A caller that has ended some calls [`finish`](Self::finish).
    pub(crate) fn settle(&self, position: Pos, worker: usize, fate: Fate, outcome: &mut Outcome) {
        let word = self.words.word(position);
        let encoding = self.encoding(position);
        let seen = peek_word(word);
        let ClaimState::Claimed { worker: owner, marked } = encoding.read(seen) else {
            outcome.lost = true;
            return;
        };
        let (next, done) = match fate {
            Fate::Done => (encoding.done(), true),
            Fate::Nacked if self.is_once() => (encoding.done(), true),
            Fate::Untouched if !marked => (encoding.fresh(), false),
            Fate::Nacked | Fate::Untouched => (encoding.returned(), false),
        };
        // SYNC settled, barred: the worker's reads of the message are over before a gate passes it
        // (`Claims::push`), and before another worker is done with it (`Worker::is_whole`). A
        // process that bars this word sees that the message is there, in `close` or `head::hint`.
        let (order, failed) = (Ordering::Release, Ordering::Relaxed);
        if owner != worker || word.compare_exchange(seen, next, order, failed).is_err() {
            outcome.lost = true;
        } else if done {
            outcome.done = true;
        } else {
            outcome.back = true;
        }
    }

    pub(super) fn is_once(&self) -> bool {
        self.entry.at_most_once.load(Ordering::Relaxed) != 0
    }
}
