//! What a thread of the reactor looks at, and on what it sleeps.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;
use core::time::Duration;
use std::sync::PoisonError;

use super::entry::{Entry, LONG};
use super::shared::Shared;
use crate::segment::DeathWatch;
use crate::sync::{AtomicBool, Futex, Instant, Mutex, MutexGuard, Ordering, fence};
use crate::tasks::{Home, outlive};

/// Sources of one thread: the kernel takes 128 words, and one is the thread's own.
const MOST: usize = 126;
/// How often a thread asks who lives, also without news of a death: with a wake-up and
/// a poll behind it, within 150 ms.
const PROBES: Duration = Duration::from_millis(90);
/// How often it looks at words on which it cannot sleep, while a task waits.
const SLICE: Duration = Duration::from_millis(1);

/// What a thread shares with the handles for which it sleeps.
#[derive(Debug)]
pub(super) struct Poller {
    home: Home,
    /// Changes when there is something to do apart from the sources' words, and when there is news
    /// of a death.
    kicks: Arc<Futex>,
    /// Tells of deaths as they happen. `None`: the kernel does not.
    watch: Option<DeathWatch>,
    list: Mutex<List>,
    /// The kernel does not let it sleep on many words.
    slices: AtomicBool,
}

#[derive(Debug, Default)]
struct List {
    /// Sources that the thread has not seen.
    new: Vec<Entry>,
    /// All that it has, these included.
    count: usize,
}

/// What the thread alone has.
#[derive(Debug)]
pub(super) struct Sources {
    entries: Vec<Entry>,
    /// When it last asked who lives.
    asked: Instant,
}

impl Sources {
    pub(super) fn new() -> Sources {
        Sources { entries: Vec::new(), asked: Instant::now() }
    }

    #[cfg(ringway_loom)]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[cfg(ringway_loom)]
    pub(super) fn probe(&self) {
        self.entries.iter().for_each(Entry::probe);
    }
}

/// For how long there is nothing to do after a look, unless a word changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sleep {
    kicks: u32,
    left: Duration,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Poller {
    pub(super) fn new(home: Home, watch: Option<DeathWatch>) -> Poller {
        Poller {
            home,
            kicks: Arc::new(Futex::new(0)),
            watch: watch.or_else(|| DeathWatch::start().ok()),
            list: Mutex::new(List::default()),
            slices: AtomicBool::new(false),
        }
    }

    /// Takes a source on, if the thread has room for it.
    pub(super) fn takes(&self, shared: &Arc<Shared>) -> bool {
        let mut list = lock(&self.list);
        let takes = list.count < MOST;
        if takes {
            list.count += 1;
            list.new.push(Entry::new(shared));
            drop(list);
            self.kick();
        }
        takes
    }

    /// What tells of deaths.
    #[cfg(not(ringway_loom))]
    pub(super) fn watch(&self) -> Option<DeathWatch> {
        self.watch.clone()
    }

    /// Has the thread look at everything.
    pub(super) fn kick(&self) {
        // SYNC kick: the thread that sees this sees what it is for, in `run`.
        self.kicks.fetch_add(1, Ordering::Release);
        self.kicks.wake_all();
    }

    pub(super) fn is_here(&self) -> bool {
        self.home.is_here()
    }

    pub(super) fn sleeps_in_slices(&self) -> bool {
        // SYNC slices: the thread sees that a task waits, or the task sees that it sleeps in slices.
        fence(Ordering::SeqCst);
        self.slices.load(Ordering::Relaxed)
    }

    /// Looks at everything, and does what there is to do.
    pub(super) fn look(&self, sources: &mut Sources) -> Sleep {
        // SYNC kick, news: what it is for is seen.
        let kicks = self.kicks.load(Ordering::Acquire);
        self.see_changes(&mut sources.entries);
        // All at once: a sleep on many words is dear.
        let now = Instant::now();
        let asks = now.saturating_duration_since(sources.asked) >= PROBES;
        sources.asked = if asks { now } else { sources.asked };
        let until = PROBES.saturating_sub(now.saturating_duration_since(sources.asked));
        let mut left = LONG;
        for entry in &mut sources.entries {
            if entry.can_die() {
                left = left.min(until);
                let watch = self.watch.as_ref();
                let due = watch.and_then(|watch| entry.hear(watch, &self.kicks, now));
                left = left.min(due.unwrap_or(LONG));
                if asks && entry.is_armed() {
                    entry.ask();
                }
            }
            left = left.min(entry.turn());
        }
        Sleep { kicks, left }
    }

    /// Takes the new sources, and lets go of those that are to go.
    fn see_changes(&self, entries: &mut Vec<Entry>) {
        let mut gone = Vec::new();
        {
            let mut list = lock(&self.list);
            entries.append(&mut list.new);
            let mut index = 0;
            while let Some(entry) = entries.get(index) {
                if entry.is_gone() {
                    gone.push(entries.swap_remove(index));
                } else {
                    index += 1;
                }
            }
            list.count = list.count.saturating_sub(gone.len());
        }
        gone.iter().for_each(Entry::let_go);
        // With no lock held: dropping a waker runs what its runtime likes.
        outlive(|| drop(gone));
    }

    /// Sleeps until there is something to do.
    pub(super) fn sleep(&self, sources: &Sources, Sleep { kicks, left }: Sleep) {
        let entries = &sources.entries;
        if !self.slices.load(Ordering::Relaxed) {
            let words = entries.iter().filter_map(Entry::word);
            if Futex::wait_any(iter::once((&*self.kicks, kicks)).chain(words), left) {
                return;
            }
            self.slices.store(true, Ordering::Relaxed);
            // SYNC slices: as in `sleeps_in_slices`, to which a task comes after it has armed.
            fence(Ordering::SeqCst);
        }
        let waits = entries.iter().any(|entry| entry.is_armed());
        self.kicks.wait(kicks, if waits { left.min(SLICE) } else { left });
    }
}
