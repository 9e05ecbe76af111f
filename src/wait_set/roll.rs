//! The members of a wait set, and what is known of the words on which they sleep.
//!
//! A word is armed once: bell read, flag raised, heavy fence. From then on, for as long as the bell
//! is what it was, a member that was looked at and found not to be ready is not ready, if it has
//! not moved since; and if it has, a look without a fence says so. For whatever would make it ready
//! is made known by a producer that sees the flag, and rings. So a set that waits again and again,
//! woken by few of its members, arms the words of those alone.
//!
//! That does not go for the word on which a producer waits, which goes from 0 to 1 and back: a set
//! arms it each time. Nor for one whose flag this process may not raise.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;
use std::time::Instant;

use super::shadow::Shadow;
use crate::position::Pos;
use crate::protocol::follow::Trail;
use crate::protocol::wake::{Awaited, Side};
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::{CHECK_INTERVAL, LONGEST_SLEEP, Ticker};

/// The members, in the order in which they are looked at.
#[derive(Debug, Default)]
pub(super) struct Roll {
    members: Vec<Entry>,
    /// What is known of the words, in the order of `list`.
    words: Vec<Word>,
    /// The words on which the members sleep, each once. Whoever sleeps on them keeps it.
    list: Arc<Vec<Awaited>>,
    /// Members were added, or left, since the words were found.
    pub(super) changed: bool,
    /// How often a word was armed.
    arms: u64,
    /// Where the next look begins.
    turn: usize,
    clock: Clock,
    pub(super) interrupt: Option<Interrupt>,
    /// The set's descriptor is readable.
    pub(super) fed: bool,
}

#[derive(Debug)]
struct Entry {
    key: u64,
    trail: Arc<Trail>,
    shadow: Shadow,
    /// Which word it sleeps on; `usize::MAX`: none that this process can reach.
    word: usize,
    /// It was not ready at that place, after its word had been armed for that time.
    quiet: Option<(u64, Pos)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Word {
    token: Option<Token>,
    /// For the how-manieth time any word was armed.
    armed: u64,
}

/// When members are looked at although no bell has rung.
#[derive(Debug)]
struct Clock {
    ticker: Ticker,
    last: Option<Instant>,
    /// How often, and how long a sleep may be.
    look: Duration,
    sleep: Duration,
}

impl Default for Clock {
    fn default() -> Clock {
        let (look, sleep) = (CHECK_INTERVAL, LONGEST_SLEEP);
        Clock { ticker: Ticker::default(), last: None, look, sleep }
    }
}

impl Clock {
    fn is_due(&mut self) -> bool {
        if !self.ticker.ticks() {
            return false;
        }
        let now = Instant::now();
        let is_due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.look);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

impl Roll {
    pub(super) fn add(&mut self, key: u64, shadow: Shadow, trail: Arc<Trail>) {
        self.members.push(Entry { key, trail, shadow, word: usize::MAX, quiet: None });
        self.changed = true;
    }

    /// Removes the member with that trail. `false`: there is none.
    pub(super) fn remove(&mut self, trail: &Arc<Trail>) -> bool {
        let found = self.members.iter().position(|entry| Arc::ptr_eq(&entry.trail, trail));
        if let Some(index) = found {
            self.members.swap_remove(index);
            self.changed = true;
        }
        found.is_some()
    }

    /// Removes the members whose handles have gone.
    pub(super) fn drop_gone(&mut self) {
        let before = self.members.len();
        self.members.retain(|entry| !entry.trail.is_gone());
        self.changed |= self.members.len() != before;
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Finds the words anew if members have come or gone, and forgets tokens that are spent.
    pub(super) fn refresh(&mut self) {
        if self.changed {
            self.find_words();
            self.changed = false;
            return;
        }
        for (word, awaited) in self.words.iter_mut().zip(self.list.iter()) {
            let spent = word.token.is_some_and(|token| {
                awaited.side == Side::Producer || !reaches(token) || awaited.has_rung(token)
            });
            if spent {
                word.token = None;
            }
        }
    }

    fn find_words(&mut self) {
        let mut known = HashMap::with_capacity(self.members.len());
        let mut list = Vec::with_capacity(self.members.len());
        self.clock = Clock { last: self.clock.last, ..Clock::default() };
        for entry in &mut self.members {
            let (look, sleep) = entry.shadow.pace();
            self.clock.look = self.clock.look.min(look);
            self.clock.sleep = self.clock.sleep.min(sleep);
            entry.quiet = None;
            let awaited = entry.shadow.awaited();
            let Some(word) = awaited.word().map(core::ptr::from_ref) else {
                entry.word = usize::MAX;
                continue;
            };
            entry.word = *known.entry(word).or_insert_with(|| {
                list.push(awaited);
                list.len() - 1
            });
        }
        self.words.clear();
        self.words.resize(list.len(), Word::default());
        self.list = Arc::new(list);
    }

    /// Looks at all members that may be ready, and hands the keys of those that are to `ready`, from
    /// a start that goes round. Returns how many they are.
    pub(super) fn look(&mut self, mut ready: impl FnMut(u64)) -> usize {
        let due = self.clock.is_due();
        let count = self.members.len();
        let first = self.turn.checked_rem(count).unwrap_or(0);
        let mut found = 0;
        let (before, behind) = self.members.split_at_mut(first);
        for entry in behind.iter_mut().chain(before) {
            let word = self.words.get(entry.word).copied().unwrap_or_default();
            // Before the look, which may be at a later place.
            let now = (word.armed, entry.trail.place());
            if !due && word.token.is_some() && entry.quiet == Some(now) {
                continue;
            }
            entry.quiet = None;
            if entry.shadow.is_ready() {
                ready(entry.key);
                found += 1;
            } else if word.token.is_some() {
                entry.quiet = Some(now);
            }
        }
        if found > 0 {
            self.turn = first + 1;
        }
        found
    }

    /// Arms all words that are not. `false`: all were.
    pub(super) fn arm(&mut self) -> bool {
        let mut prepared: Vec<(usize, Token, Fences)> = Vec::new();
        for (index, (word, awaited)) in self.words.iter().zip(self.list.iter()).enumerate() {
            if word.token.is_none() {
                prepared.extend(awaited.prepare().map(|token| (index, token, awaited.fences)));
            }
        }
        // SYNC awaited, sole-waiter: one heavy fence for all the words that were prepared. A
        // notifier sees the flag, or the next look sees what it made known.
        let reached = Fences::heavy_of_all(prepared.iter().map(|&(.., fences)| fences));
        for &(index, token, fences) in &prepared {
            let Some(word) = self.words.get_mut(index) else { continue };
            self.arms += 1;
            *word = Word { token: Some(token.confirm(reached(fences))), armed: self.arms };
        }
        !prepared.is_empty()
    }

    /// The words to sleep on.
    pub(super) fn list(&self) -> &Arc<Vec<Awaited>> {
        &self.list
    }

    /// What is expected of each of them: the value, and the number of the arming.
    pub(super) fn expected(&self) -> impl Iterator<Item = (u32, u64)> {
        // A word that could not be armed has no member that waits.
        self.words.iter().map(|word| (word.token.map_or(0, Token::expected), word.armed))
    }

    /// The longest that a sleep may be.
    pub(super) fn longest_sleep(&self) -> Duration {
        let limit = |limit: Duration, word: &Word| word.token.map_or(limit, |t| t.limit(limit));
        let limit = self.words.iter().fold(self.clock.sleep, limit);
        // A member that has no word to sleep on is looked at as often as one that cannot ask.
        match self.members.iter().any(|entry| entry.word == usize::MAX) {
            true => limit.min(Duration::from_millis(1)),
            false => limit,
        }
    }
}

/// Whether notifiers see the flag of that token.
fn reaches(token: Token) -> bool {
    token.limit(Duration::MAX) == Duration::MAX
}
