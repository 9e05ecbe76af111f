//! A source, as the thread that sleeps for it knows it.

use alloc::sync::Arc;
use core::time::Duration;

use super::news::News;
use super::shared::Shared;
use crate::segment::DeathWatch;
use crate::sync::{Futex, Instant, Ordering};
use crate::tasks::outlive;

/// How often a task is woken that cannot ask to be woken.
const BLIND: Duration = Duration::from_millis(1);
/// How long a thread sleeps where it has nothing to look after.
pub(super) const LONG: Duration = Duration::from_secs(3600);

/// A source, and what its thread knows of it.
#[derive(Debug)]
pub(super) struct Entry {
    shared: Arc<Shared>,
    /// The bell that the thread last acted on.
    acted: u32,
    /// When it last woke the task for the time's sake.
    woken: Instant,
    /// What it knows of deaths, once it watches for them.
    news: Option<News>,
}

impl Entry {
    /// By the task, before it asks to be woken.
    pub(super) fn new(shared: &Arc<Shared>) -> Entry {
        let word = shared.sleeper.as_ref().and_then(|sleeper| sleeper.word());
        let acted = word.map_or(0, |word| word.load(Ordering::Relaxed));
        Entry { shared: Arc::clone(shared), acted, woken: Instant::now(), news: None }
    }

    /// Whether it sleeps on the word of a sole waiter: only while a task waits.
    fn is_sole(&self) -> bool {
        self.shared.sleeper.as_ref().is_some_and(|sleeper| sleeper.is_sole())
    }

    /// On what to sleep, and what is expected of it.
    pub(super) fn word(&self) -> Option<(&Futex, u32)> {
        if self.is_gone() {
            return None;
        }
        let word = self.shared.sleeper.as_ref()?.word()?;
        match self.is_sole() {
            true => self.is_armed().then(|| (word, self.ticket())),
            false => Some((word, self.acted)),
        }
    }

    /// Looks whether there is something to do, and does it. Returns for how long there is nothing
    /// more, unless the word changes.
    pub(super) fn turn(&mut self) -> Duration {
        if self.is_gone() {
            return Duration::ZERO;
        }
        if self.has_rung() {
            self.wake();
        }
        let (now, armed) = (Instant::now(), self.is_armed());
        let mut left = LONG;
        if let Some(pace) = self.pace() {
            let since = now.saturating_duration_since(self.woken);
            // A little early, so that many are woken at once.
            if armed && since >= pace - pace / 4 {
                self.woken = now;
                self.probe();
            }
            // What cannot be slept on arms with a kick.
            let due = pace.saturating_sub(now.saturating_duration_since(self.woken));
            left = if armed { due } else { left };
        }
        left
    }

    /// Whether the other side has asked for the task since it was last woken for that.
    fn has_rung(&mut self) -> bool {
        let Some(word) = self.shared.sleeper.as_ref().and_then(|sleeper| sleeper.word()) else {
            return false;
        };
        // Relaxed: the task that is woken finds the bell as new, and has a fence after that look.
        let now = word.load(Ordering::Relaxed);
        if self.is_sole() {
            return self.is_armed() && now != self.ticket();
        }
        core::mem::replace(&mut self.acted, now) != now
    }

    fn pace(&self) -> Option<Duration> {
        if self.shared.blind.load(Ordering::Relaxed) { Some(BLIND) } else { self.shared.pace }
    }

    /// Whether others can die, and the task has to be told.
    pub(super) fn can_die(&self) -> bool {
        let sleeper = self.shared.sleeper.as_ref();
        sleeper.is_some_and(|sleeper| sleeper.can_die()) && !self.is_gone()
    }

    /// What a sole waiter's word says until the other side has changed it for the task that waits.
    fn ticket(&self) -> u32 {
        self.shared.ticket.load(Ordering::Relaxed)
    }

    pub(super) fn is_armed(&self) -> bool {
        self.shared.armed.load(Ordering::Relaxed)
    }

    /// Asks who lives if there is news of a death, which that watch tells by that word, also while no
    /// task waits. Returns for how long there is nothing to ask, unless there is news.
    pub(super) fn hear(
        &mut self,
        watch: &DeathWatch,
        word: &Arc<Futex>,
        now: Instant,
    ) -> Option<Duration> {
        let sleeper = self.shared.sleeper.as_ref()?;
        let watched = || sleeper.watched_by(watch, Arc::clone(word));
        let news = self.news.get_or_insert_with(|| News::new(watched(), now));
        if news.is_due(now) && self.ask() {
            self.news.as_mut()?.settle();
        }
        self.news.as_ref()?.due_in(now)
    }

    /// Asks who lives, and has the task tell if there is anything to tell. Whether there is.
    pub(super) fn ask(&self) -> bool {
        let has_news = self.shared.sleeper.as_ref().is_some_and(|sleeper| sleeper.ask());
        if has_news {
            self.probe();
        }
        has_news
    }

    /// Has the task look at more than what it waits for.
    pub(super) fn probe(&self) {
        // Before it is woken: a task that registers behind that sees it.
        self.shared.probe.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Whether the thread is to let go of it.
    pub(super) fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::Relaxed)
    }

    /// The thread sleeps on its word no longer.
    pub(super) fn let_go(&self) {
        if let Some(sleeper) = &self.shared.sleeper {
            sleeper.lets_go();
        }
    }

    fn wake(&self) {
        // A runtime's waker that panics harms its own task alone.
        outlive(|| self.shared.wake());
    }
}
