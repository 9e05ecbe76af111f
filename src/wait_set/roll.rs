//! The members of a wait set, and what is known of the words on which they sleep.
//!
//! A word is armed once: bell read, flag raised, heavy fence. From then on, for as long as the bell
//! is what it was, a member that was looked at and found not to be ready is not ready, if it has
//! not moved since; and if it has, a look without a fence says so. For whatever would make it ready
//! is made known by a producer that sees the flag, and rings. So a set that waits again and again,
//! woken by few of its members, arms the words of those alone.
//!
//! That does not go for the word on which a producer waits: a set arms it each time, as it looks
//! each time, at what the producer itself has done. A word that is up already is left as it is, so
//! that the producer's own calls, tasks and other threads of the set may sleep on it as well
//! ([`SoleWaiter`](ringway_shm::event::SoleWaiter)). Nor does it go for a word whose flag this
//! process may not raise.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;

use super::shadow::Shadow;
use super::slept::Slept;
use crate::position::Pos;
use crate::protocol::follow::{Asks, Trail};
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sync::{Futex, Instant};
use ringway_shm::wait::{CHECK_INTERVAL, LONGEST_SLEEP, Ticker};

/// The members, in the order in which they are looked at.
#[derive(Debug, Default)]
pub(super) struct Roll {
    members: Vec<Entry>,
    /// What is known of the words, in the order of `list`.
    words: Vec<Word>,
    /// The words on which the members sleep, each once. Whoever sleeps on them keeps it.
    list: Arc<Vec<Slept>>,
    /// Members were added, or left, since the words were found.
    pub(super) changed: bool,
    /// How often a word was armed.
    arms: u64,
    /// Where the next look begins.
    turn: usize,
    clock: Clock,
    pub(super) interrupt: Option<Interrupt>,
    /// What tells of deaths.
    watch: Option<DeathWatch>,
    /// The set's descriptor is readable.
    pub(super) fed: bool,
}

/// Whose member it is.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// Of the ring's handle that has the other end of the trail.
    Ring(Arc<Trail>),
    /// Of the object with that number.
    Object(usize),
}

impl Whose {
    fn is(&self, other: &Whose) -> bool {
        match (self, other) {
            (Whose::Ring(mine), Whose::Ring(theirs)) => Arc::ptr_eq(mine, theirs),
            (Whose::Object(mine), Whose::Object(theirs)) => mine == theirs,
            _ => false,
        }
    }

    /// Where the handle is. An object has one place: what its handle has come to is known to what
    /// looks on its behalf, and what is new there rings the bell.
    fn place(&self) -> Pos {
        match self {
            Whose::Ring(trail) => trail.place(),
            Whose::Object(_) => Pos::new(0),
        }
    }
}

#[derive(Debug)]
struct Entry {
    key: u64,
    whose: Whose,
    shadow: Shadow,
    /// Which word it sleeps on; `usize::MAX`: none that this process can reach.
    word: usize,
    /// It was not ready at that place, after its word had been armed for that time.
    quiet: Option<(u64, Pos)>,
    /// What the next look in vain asks.
    asks: Asks,
    /// How often it asks again after news, if the answer is that it lives.
    again: u8,
    /// By what it learns of deaths, and how much news of each it has seen.
    watched: Vec<(Watched, u32)>,
}

impl Entry {
    /// Whether there is no handle any more.
    fn is_gone(&self) -> bool {
        match &self.whose {
            Whose::Ring(trail) => trail.is_gone(),
            Whose::Object(_) => self.shadow.is_gone(),
        }
    }

    fn watch(&mut self, watch: &DeathWatch, bell: &Arc<Futex>) {
        let watched = self.shadow.watched_by(watch, bell).map(|watched| {
            let seen = watched.count();
            (watched, seen)
        });
        self.watched = watched.collect();
        // Of what came before, the watch does not tell.
        self.asks = Asks::Everything;
    }
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
    looked: Option<Instant>,
    asked: Option<Instant>,
    /// How often to look, and how long a sleep may be.
    look: Duration,
    sleep: Duration,
}

/// Questions that follow a first one in vain after news, a millisecond apart: the kernel tells of a
/// file that is being closed, and gives up its lock a moment later.
const AGAIN: u8 = 5;

/// What a look has to do by the clock.
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    /// To look at all members.
    looks: bool,
    /// To ask whether producers live, of all members that have nothing else.
    asks: bool,
}

impl Default for Clock {
    fn default() -> Clock {
        let (look, sleep) = (CHECK_INTERVAL, LONGEST_SLEEP);
        Clock { ticker: Ticker::default(), looked: None, asked: None, look, sleep }
    }
}

impl Clock {
    /// What the look has to do that begins now. Looks that come at any times are at most as far
    /// apart as the longest sleep, so that between two questions there are at most
    /// [`CHECK_INTERVAL`], a tick, and a sleep: 20 ms, a few, and 50.
    fn due(&mut self) -> Due {
        if !self.ticker.ticks() {
            return Due::default();
        }
        let now = Instant::now();
        let is_over = |last: &mut Option<Instant>, pace| {
            let is_over = last.is_none_or(|last| now.saturating_duration_since(last) >= pace);
            if is_over {
                *last = Some(now);
            }
            is_over
        };
        let asks = is_over(&mut self.asked, CHECK_INTERVAL);
        Due { looks: is_over(&mut self.looked, self.look) || asks, asks }
    }
}

impl Roll {
    /// Adds a member. `bell` is the set's: news of a death rings it.
    pub(super) fn add(&mut self, key: u64, shadow: Shadow, whose: Whose, bell: &Arc<Futex>) {
        let (word, quiet) = (usize::MAX, None);
        let (asks, watched) = (Asks::Nothing, Vec::new());
        let mut entry = Entry { key, whose, shadow, word, quiet, asks, again: 0, watched };
        if let Some(watch) = &self.watch {
            entry.watch(watch, bell);
        }
        self.members.push(entry);
        self.changed = true;
    }

    /// Has that watch ring the bell when it is worth asking for a member's producer.
    pub(super) fn set_watch(&mut self, watch: &DeathWatch, bell: &Arc<Futex>) {
        for entry in &mut self.members {
            entry.watch(watch, bell);
        }
        self.watch = Some(watch.clone());
    }

    /// Sees of which members there is news. The caller has loaded the bell before.
    pub(super) fn take_news(&mut self) {
        for entry in &mut self.members {
            for (watched, seen) in &mut entry.watched {
                let now = watched.count();
                if core::mem::replace(seen, now) != now {
                    (entry.asks, entry.again) = (Asks::Everything, AGAIN);
                }
            }
        }
    }

    /// Whether that is a member.
    pub(super) fn has(&self, whose: &Whose) -> bool {
        self.members.iter().any(|entry| entry.whose.is(whose))
    }

    /// Removes that member. `false`: it is none.
    pub(super) fn remove(&mut self, whose: &Whose) -> bool {
        let found = self.members.iter().position(|entry| entry.whose.is(whose));
        if let Some(index) = found {
            self.members.swap_remove(index);
            self.changed = true;
        }
        found.is_some()
    }

    /// Removes the members whose handles have gone.
    pub(super) fn drop_gone(&mut self) {
        let before = self.members.len();
        self.members.retain(|entry| !entry.is_gone());
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
        for (word, slept) in self.words.iter_mut().zip(self.list.iter()) {
            let spent = word.token.is_some_and(|token| {
                slept.is_sole() || !token.is_reached() || slept.has_rung(token)
            });
            if spent {
                word.token = None;
            }
        }
    }

    fn find_words(&mut self) {
        let mut known = HashMap::with_capacity(self.members.len());
        let mut list = Vec::with_capacity(self.members.len());
        let Clock { looked, asked, .. } = self.clock;
        self.clock = Clock { looked, asked, ..Clock::default() };
        for entry in &mut self.members {
            let (look, sleep) = entry.shadow.pace();
            self.clock.look = self.clock.look.min(look);
            self.clock.sleep = self.clock.sleep.min(sleep);
            entry.quiet = None;
            let slept = entry.shadow.slept();
            let Some(word) = slept.word().map(core::ptr::from_ref) else {
                entry.word = usize::MAX;
                continue;
            };
            entry.word = *known.entry(word).or_insert_with(|| {
                list.push(slept);
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
        let due = self.clock.due();
        let count = self.members.len();
        let first = self.turn.checked_rem(count).unwrap_or(0);
        let (mut found, mut gone) = (0, false);
        let (before, behind) = self.members.split_at_mut(first);
        for entry in behind.iter_mut().chain(before) {
            let word = self.words.get(entry.word).copied().unwrap_or_default();
            // Before the look, which may be at a later place.
            let now = (word.armed, entry.whose.place());
            if due.asks {
                entry.asks = entry.asks.max(Asks::OtherSide);
            }
            let looks = due.looks || entry.asks > Asks::Nothing;
            if !looks && word.token.is_some() && entry.quiet == Some(now) {
                continue;
            }
            entry.quiet = None;
            let asked = entry.asks;
            if entry.shadow.is_ready(&mut entry.asks) {
                if entry.is_gone() {
                    gone = true;
                    continue;
                }
                ready(entry.key);
                found += 1;
                continue;
            }
            if word.token.is_some() {
                entry.quiet = Some(now);
            }
            if asked > Asks::Nothing && entry.again > 0 {
                (entry.asks, entry.again) = (Asks::Everything, entry.again - 1);
            }
        }
        if gone {
            self.drop_gone();
        }
        if found > 0 {
            self.turn = first + 1;
        }
        found
    }

    /// Arms all words that are not. `false`: all were.
    pub(super) fn arm(&mut self) -> bool {
        let mut prepared: Vec<(usize, Token, Fences)> = Vec::new();
        for (index, (word, slept)) in self.words.iter().zip(self.list.iter()).enumerate() {
            if word.token.is_none() {
                prepared.extend(slept.prepare().map(|token| (index, token, slept.fences())));
            }
        }
        // The heavy fence of `EventCount::arm_since` and `SoleWaiter::arm` (the rows `awaited` and
        // `sole-waiter`), one for all the words that were prepared. A notifier sees the flag, or the
        // next look sees what it made known.
        let reached = Fences::heavy_of_all(prepared.iter().map(|&(.., fences)| fences));
        for &(index, token, fences) in &prepared {
            let Some(word) = self.words.get_mut(index) else { continue };
            self.arms += 1;
            *word = Word { token: Some(token.confirm(reached(fences))), armed: self.arms };
        }
        !prepared.is_empty()
    }

    /// The words to sleep on.
    pub(super) fn list(&self) -> &Arc<Vec<Slept>> {
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
        // A member that has no word to sleep on is looked at as often as one that cannot ask; and so
        // is one that asks again.
        let is_asking = |entry: &Entry| entry.word == usize::MAX || entry.asks > Asks::Nothing;
        match self.members.iter().any(is_asking) {
            true => limit.min(Duration::from_millis(1)),
            false => limit,
        }
    }
}
