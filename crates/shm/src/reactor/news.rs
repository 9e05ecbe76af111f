//! News of deaths, as far as a thread of the reactor has acted on it for one source.

use core::time::Duration;

use crate::segment::Watched;
use crate::sync::Instant;

/// How long after news the kernel is asked again: it tells that a file is closed before it gives
/// the file's locks back, and of a process that dies it closes one file after the other.
const AGAIN: [Duration; 4] = [
    Duration::from_micros(500),
    Duration::from_millis(2),
    Duration::from_millis(8),
    Duration::from_millis(32),
];

/// When to ask of a source who lives, apart from the pace of all.
#[derive(Debug)]
pub(super) struct News {
    watched: Option<Watched>,
    seen: u32,
    /// When it last came.
    came: Instant,
    /// How often the kernel is still to be asked for it.
    left: &'static [Duration],
}

impl News {
    /// As if there were news: of what came before, a watch does not tell. `None`: there is never
    /// any.
    pub(super) fn new(watched: Option<Watched>, now: Instant) -> News {
        let seen = watched.as_ref().map_or(0, |watched| watched.count().wrapping_sub(1));
        News { watched, seen, came: now, left: &[] }
    }

    /// Whether to ask now. After the word of the watch has been loaded (Acquire).
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let Some(watched) = &self.watched else { return false };
        let count = watched.count();
        if core::mem::replace(&mut self.seen, count) != count {
            (self.came, self.left) = (now, &AGAIN);
            return true;
        }
        let Some((first, rest)) = self.left.split_first() else { return false };
        let is_due = now.saturating_duration_since(self.came) >= *first;
        self.left = if is_due { rest } else { self.left };
        is_due
    }

    /// For how long there is nothing to ask, unless there is news. `None`: for ever.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        let first = self.left.first()?;
        Some(first.saturating_sub(now.saturating_duration_since(self.came)))
    }

    /// What there was news of is known.
    pub(super) fn settle(&mut self) {
        self.left = &[];
    }
}
