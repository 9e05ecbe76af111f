//! The claims of one group: who has which message, and how far the group is done.
//!
//! Claim words and the gate are changed by compare-exchange alone, by workers and by whoever clears up
//! after one that has died. So a claim word says at any moment who has the message, also when its worker
//! has stopped for ever.
//!
//! The gate is the oldest position that is not done, or an earlier one. Who has made a word `done` moves
//! the gate on over all such words that it sees:
//!
//! ```text
//! D1  word(p) = done(p)                    (Release)
//! D2  fence(SeqCst)
//! D3  walk from the gate over words that are done; fence(Acquire)
//! D4  gate = the first that is not         (compare-exchange, Release; if it fails, D3 again)
//! ```
//!
//! The gate never stays at a word that is done once all are at rest. Say that it does, at g. Among those
//! who made done what lies between some gate that was read at D3 and g, take the one whose D2 came last.
//! It saw all of these words done, so that its D4 moved the gate beyond g, or failed because somebody else
//! had moved the gate, and then it went on from there. Or it saw not the word but a later one of the same
//! slot: then the gate that it had read was an old one. So where the first word is of another lap it makes
//! the exchange too, of the gate for itself: that fails, and it goes on from the gate that it finds.
//!
//! What a worker has read before D1 is over before D4 of whoever saw its D1, and so before the producer
//! overwrites it, which it does after it has seen the gate.
//!
//! # A group that was evicted and has begun anew
//!
//! Workers of the group as it was may be there still: stopped, between any two instructions, for as
//! long as it takes. So may be one who clears up after one of them. Call each of these S. A new
//! group in the entry has another generation, and is made in this order:
//!
//! ```text
//! N1  gate = FREE
//! N2  every claim word = barred             (read-modify-write, AcqRel)
//! N3  generation = another                  (Release)
//! N4  gate = a pin, then the head           (the group begins at the next message)
//! N5  every claim word = fresh              (after a release fence)
//! ```
//!
//! **Claims.** A claim of S's that comes before N2 in the order of its word is undone there:
//! whatever S does with it finds another word and is `lost`, and messages of which N2 found a claim
//! were published, so that the head of N4 is beyond them: the new group does not deliver what S may
//! have. A position that was claimed ahead of its message is looked at once more when that is there
//! ([`Desk::confirm`], a read-modify-write): before N2 it confirms that the message comes before
//! the new group, and after N2 it fails. A claim of S's after N2 succeeds only on a word of N5's or
//! later (none is made of `barred`). It is an acquire, and has so seen N3: S finds that its
//! generation is over, gives the message back untouched, and is told ([`Worker`](crate::Worker),
//! `is_still_its_group`). Should it die between, it is cleaned up after as a worker of the new
//! group.
//!
//! **The gate.** S's exchange (D4) is from a gate g to a later one, because all words between were
//! done. It read g before N1, and these words are done before N2: one that was not is barred, and
//! what is done after N5 is so by workers of the new group, and a fact. By N2 they are published
//! before the head of N4 is looked for. So g lies before where the new group begins, and the
//! exchange finds another gate; or it comes between the two stores of N4, the second of which
//! undoes it, to a gate that is not beyond it.
//!
//! **Memory.** What S copies it looks at again, as ever. What it reads in place it has pinned, and
//! while a worker's entry says so the group's entry is not given up: see `close`.
//!
//! Where no worker is left beside the entry there is no S: N2 is left out, and the group begins
//! where it likes.

use super::code::{BARRED, Code, Told};
use crate::error::JoinError;
use crate::memory::layout::{EVICTS, Entry};
use crate::memory::{Claims, Entries, View};
use crate::position::Pos;
use crate::protocol::{exchange, head, start, wake};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, Signed, Word, fence, peek_word};

/// How often somebody tries for the last gate that was stored, while others store.
const LOOKS: u32 = 8;

/// How often a word is barred that changes meanwhile. Each of the workers that are left changes it
/// a few times at most, and most of them stand still.
const TRIES: u32 = 64;

/// One group, seen by somebody who works in it or clears up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Desk<'a> {
    view: &'a View,
    entry: &'a Entry,
    claims: Claims<'a>,
}

/// What becomes of a message that somebody has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// It may have been delivered, and is not done. Where a message is delivered at most once, it is.
    Nacked,
    /// It was not delivered: all is as if it had not been claimed.
    Untouched,
}

/// What some claims have come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Some message is done.
    pub(crate) done: bool,
    /// Some message is there for others.
    pub(crate) back: bool,
    /// Some message had been taken away.
    pub(crate) lost: bool,
}

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

/// A claim that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The word, and whether the message may have been delivered before.
    Free { word: Word, marked: bool },
    /// Somebody has it, or it is done.
    Taken,
    /// The word is of a position that this slot had, or will have.
    Other(Word),
}

impl<'a> Desk<'a> {
    /// A group, counted from 0, if there is one.
    pub(crate) fn of(view: &'a View, group: usize) -> Option<Desk<'a>> {
        Some(Desk { view, entry: view.group_entries().get(group)?, claims: view.claims(group)? })
    }

    fn capacity(&self) -> usize {
        self.view.measures().capacity()
    }

    fn code(&self, position: Pos) -> Code {
        Code::new(position, self.capacity())
    }

    fn told(&self, position: Pos) -> Told {
        self.code(position).read(self.claims.word(position).load(Ordering::Relaxed))
    }

    pub(crate) fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// Makes every word that of a message which no worker has claimed, from a position on. Only by
    /// the caller that makes the group, before another process can find it.
    pub(crate) fn reset(&self, first: Pos) {
        // Pairs with the acquire of a claim by a worker that was evicted here: it sees the new
        // generation.
        fence(Ordering::Release);
        for ahead in 0..self.capacity() {
            let position = first.plus(ahead);
            let fresh = self.code(position).fresh();
            self.claims.word(position).store(fresh, Ordering::Relaxed);
        }
    }

    /// Undoes all claims of a group that was evicted, of which workers are left: N2 above. Only by
    /// the caller that makes a group in its entry.
    pub(crate) fn bar(&self) -> Result<(), JoinError> {
        for slot in 0..self.capacity() {
            let word = self.claims.word(Pos::new(slot as Word));
            let barred = (0..TRIES).any(|_| {
                // Acquire pairs with the release of claims and of what is done: what was published
                // to them is seen to be. Release: a worker that finds this word sees that the
                // group was evicted.
                let (order, failed) = (Ordering::AcqRel, Ordering::Relaxed);
                word.compare_exchange(peek_word(word), BARRED, order, failed).is_ok()
            });
            if !barred {
                return Err(JoinError::Corrupt);
            }
        }
        Ok(())
    }

    /// How many messages were given back. Who looks at claim words after this has a fence between.
    pub(crate) fn returns(&self) -> u32 {
        self.entry.returns.load(Ordering::Relaxed)
    }

    /// The gate, as it was at some time, but not before the first message: slots say of positions before
    /// that they are there. `None` if somebody forged it.
    pub(crate) fn gate(&self) -> Option<Pos> {
        self.gate_of(self.entry.gate.load(Ordering::Relaxed))
    }

    fn gate_of(&self, word: Word) -> Option<Pos> {
        let lapped = self.view.producer().lapped.load(Ordering::Relaxed) != 0;
        let gate = Pos::from_gate(word)?;
        Some(start::at_least_origin(self.view, gate, lapped))
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

    /// Whether a position's message can be claimed.
    pub(crate) fn offer(&self, position: Pos) -> Offer {
        let word = self.claims.word(position).load(Ordering::Relaxed);
        match self.code(position).read(word) {
            Told::Fresh => Offer::Free { word, marked: false },
            Told::Returned => Offer::Free { word, marked: true },
            Told::Claimed { .. } | Told::Done => Offer::Taken,
            Told::Other => Offer::Other(word),
        }
    }

    /// Claims what was on offer. `false`: somebody else was faster.
    pub(crate) fn claim(&self, position: Pos, worker: usize, word: Word, marked: bool) -> bool {
        let claimed = self.code(position).claimed(worker, marked);
        // What a worker that gave the message back has read of it, that worker has read before
        // this one is done with it: the fence of the second look, which comes between, pairs with the release in
        // `settle`. Release: the gate is beyond what was in the slot before, and that has been
        // seen. Pairs with the fence of the worker that finds this word where it looks for that one, in
        // `Worker::seek`. Acquire pairs with the fence in `reset`: of a group that has begun anew
        // the generation is seen.
        let order = if EVICTS { Ordering::AcqRel } else { Ordering::Release };
        let failed = Ordering::Relaxed;
        self.claims.word(position).compare_exchange(word, claimed, order, failed).is_ok()
    }

    /// Whether a position that a worker had claimed ahead of its message, unmarked, is still its
    /// own.
    pub(crate) fn confirm(&self, position: Pos, worker: usize) -> bool {
        let claimed = self.code(position).claimed(worker, false);
        // Release pairs with the acquire in `bar`: that the message is there is seen, too.
        let (order, failed) = (Ordering::Release, Ordering::Relaxed);
        self.claims.word(position).compare_exchange(claimed, claimed, order, failed).is_ok()
    }

    /// Makes a message claimable whose word no worker can have written.
    pub(crate) fn mend_word(&self, position: Pos, word: Word) {
        let returned = self.code(position).returned();
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.claims.word(position).compare_exchange(word, returned, order, failed);
    }

    /// Whether a claim of a worker's was given back before.
    pub(crate) fn is_marked(&self, position: Pos, worker: usize) -> bool {
        self.told(position) == Told::Claimed { worker, marked: true }
    }

    /// Ends a claim of a worker's. Whoever has ended some calls [`finish`](Self::finish).
    pub(crate) fn settle(&self, position: Pos, worker: usize, fate: Fate, outcome: &mut Outcome) {
        let word = self.claims.word(position);
        let code = self.code(position);
        let seen = peek_word(word);
        let Told::Claimed { worker: owner, marked } = code.read(seen) else {
            outcome.lost = true;
            return;
        };
        let (next, done) = match fate {
            Fate::Done => (code.done(), true),
            Fate::Nacked if self.is_once() => (code.done(), true),
            Fate::Untouched if !marked => (code.fresh(), false),
            Fate::Nacked | Fate::Untouched => (code.returned(), false),
        };
        // Release: our reads of the message are over. Pairs with the fence in `push`, and with that of the
        // second look of whoever claims it next.
        let (order, failed) = (Ordering::Release, Ordering::Relaxed);
        if owner != worker || word.compare_exchange(seen, next, order, failed).is_err() {
            outcome.lost = true;
        } else if done {
            outcome.done = true;
        } else {
            outcome.back = true;
        }
    }

    fn is_once(&self) -> bool {
        self.entry.at_most_once.load(Ordering::Relaxed) != 0
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
            exchange::ring_bell(&self.entry.bell);
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
            let told = self.told(last);
            if told == Told::Done {
                last = last.plus(1);
                continue;
            }
            // The gate is not beyond a message that somebody has, or nobody.
            if last.gate() == gate && told != Told::Other {
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

    /// Messages before a position that are not done.
    pub(crate) fn undone(&self, end: Pos) -> u64 {
        let Some(gate) = self.gate() else { return 0 };
        let sent = end.since(gate).max(0) as usize;
        let ahead = 0..sent.min(self.capacity());
        let done = ahead.filter(|&ahead| self.told(gate.plus(ahead)) == Told::Done).count();
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
            match self.told(position) {
                Told::Done => {}
                Told::Claimed { worker: owner, .. } if owner == worker => {}
                Told::Claimed { .. } => {
                    others = others.or(Some(Others { end, first: position }));
                    if known.is_some() {
                        break;
                    }
                }
                Told::Fresh | Told::Returned | Told::Other => return (Rest::Unclaimed, None),
            }
            position = position.plus(1);
        }
        (if others.is_some() { Rest::Others } else { Rest::Nothing }, others)
    }

    /// Whether another worker has the first of the messages that others had.
    pub(crate) fn still_have(&self, others: Others, worker: usize) -> bool {
        matches!(self.told(others.first), Told::Claimed { worker: owner, .. } if owner != worker)
    }

    /// Whether a position is one that a worker can reserve, in that lap: in the lap from the gate
    /// on.
    pub(crate) fn is_within_a_lap(&self, position: Pos) -> bool {
        let gate = self.gate_now();
        let lap = 0..self.capacity() as Signed;
        gate.is_some_and(|gate| lap.contains(&position.since(gate)))
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
                let Told::Claimed { worker, .. } = self.told(position) else { continue };
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
