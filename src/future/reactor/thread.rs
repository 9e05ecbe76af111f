//! A thread that sleeps for up to 126 handles.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::news::News;
use super::shared::Shared;
use crate::protocol::wake::Side;
use ringway_shm::segment::DeathWatch;
use ringway_shm::signals::without_signals;
use ringway_shm::sync::Futex;

/// Sources of one thread: the kernel takes 128 words, and one is the thread's own.
const MOST: usize = 126;
/// How often a thread asks whether producers live, also without news of a death: with a wake-up and
/// a poll behind it, within 150 ms.
const PROBES: Duration = Duration::from_millis(90);
/// How often it wakes a task that cannot ask to be woken.
const BLIND: Duration = Duration::from_millis(1);
/// How often it looks at words on which it cannot sleep, while a task waits.
const SLICE: Duration = Duration::from_millis(1);
/// How long it sleeps where it has nothing to look after.
const LONG: Duration = Duration::from_secs(3600);

/// The threads of a process.
struct Reactor {
    process: u32,
    pollers: Mutex<Vec<&'static Poller>>,
}

static REACTOR: AtomicPtr<Reactor> = AtomicPtr::new(ptr::null_mut());

impl Reactor {
    /// That of this process. What a forked child has of its parent's is left as it was: its locks
    /// may be held by threads that are not there.
    fn of_this_process() -> &'static Reactor {
        let process = std::process::id();
        // SYNC reactor: it is as it was made, below.
        let found = REACTOR.load(Ordering::Acquire);
        // SAFETY: one that was stored there stays for ever.
        if let Some(reactor) = unsafe { found.as_ref() } {
            if reactor.process == process {
                return reactor;
            }
        }
        let made = Box::new(Reactor { process, pollers: Mutex::default() });
        let made: &'static Reactor = Box::leak(made);
        let new = ptr::from_ref(made).cast_mut();
        // SYNC reactor: it is as it was made, for those that find it.
        match REACTOR.compare_exchange(found, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            // Another thread of this process was faster.
            // SAFETY: one that was stored there stays for ever.
            Err(other) => unsafe { other.as_ref() }.unwrap_or(made),
        }
    }
}

/// What a thread shares with the handles for which it sleeps.
#[derive(Debug)]
pub(super) struct Poller {
    process: u32,
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Poller {
    /// Gives a source to a thread that has room for it, or starts one.
    pub(super) fn take_on(shared: &Arc<Shared>) -> Option<&'static Poller> {
        let reactor = Reactor::of_this_process();
        let mut pollers = lock(&reactor.pollers);
        // Each is asked once more than it has to be: threads are few.
        if let Some(poller) = pollers.iter().copied().find(|poller| poller.takes(shared)) {
            return Some(poller);
        }
        let poller: &'static Poller = Box::leak(Box::new(Poller {
            process: reactor.process,
            kicks: Arc::new(Futex::new(0)),
            // One for all threads.
            watch: match pollers.first() {
                Some(first) => first.watch.clone(),
                None => DeathWatch::start().ok(),
            },
            list: Mutex::default(),
            slices: AtomicBool::new(false),
        }));
        start(poller)?;
        pollers.push(poller);
        poller.takes(shared).then_some(poller)
    }

    fn takes(&self, shared: &Arc<Shared>) -> bool {
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

    /// Has the thread look at everything.
    pub(super) fn kick(&self) {
        // SYNC kick: the thread that sees this sees what it is for, in `run`.
        self.kicks.fetch_add(1, Ordering::Release);
        self.kicks.wake_all();
    }

    pub(super) fn is_here(&self) -> bool {
        self.process == std::process::id()
    }

    pub(super) fn sleeps_in_slices(&self) -> bool {
        // SYNC slices: the thread sees that a task waits, or the task sees that it sleeps in slices.
        fence(Ordering::SeqCst);
        self.slices.load(Ordering::Relaxed)
    }

    /// What the thread does, for as long as there is the process.
    fn run(&self) {
        let (mut entries, mut asked) = (Vec::new(), Instant::now());
        loop {
            // SYNC kick, news: what it is for is seen.
            let kicks = self.kicks.load(Ordering::Acquire);
            self.see_changes(&mut entries);
            // All at once: a sleep on many words is dear.
            let now = Instant::now();
            let asks = now.saturating_duration_since(asked) >= PROBES;
            asked = if asks { now } else { asked };
            let until = PROBES.saturating_sub(now.saturating_duration_since(asked));
            let mut left = LONG;
            for entry in &mut entries {
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
            self.sleep(kicks, &entries, left);
        }
    }

    /// Takes the new sources, and lets go of those that are to go.
    fn see_changes(&self, entries: &mut Vec<Entry>) {
        let mut gone = Vec::new();
        {
            let mut list = lock(&self.list);
            entries.append(&mut list.new);
            let mut index = 0;
            while let Some(entry) = entries.get(index) {
                // SYNC gone: what the handle did is done.
                if entry.shared.gone.load(Ordering::Acquire) {
                    gone.push(entries.swap_remove(index));
                } else {
                    index += 1;
                }
            }
            list.count = list.count.saturating_sub(gone.len());
        }
        // With no lock held: dropping a waker runs what its runtime likes.
        outlive(|| drop(gone));
    }

    fn sleep(&self, kicks: u32, entries: &[Entry], left: Duration) {
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

/// A source, and what its thread knows of it.
#[derive(Debug)]
struct Entry {
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
    fn new(shared: &Arc<Shared>) -> Entry {
        let word = shared.awaited.as_ref().and_then(|awaited| awaited.word());
        let acted = word.map_or(0, |word| word.load(Ordering::Relaxed));
        Entry { shared: Arc::clone(shared), acted, woken: Instant::now(), news: None }
    }

    fn is_producers(&self) -> bool {
        self.shared.awaited.as_ref().is_some_and(|awaited| awaited.side == Side::Producer)
    }

    /// On what to sleep, and what is expected of it.
    fn word(&self) -> Option<(&Futex, u32)> {
        if self.is_gone() {
            return None;
        }
        let word = self.shared.awaited.as_ref()?.word()?;
        match self.is_producers() {
            true => self.is_armed().then(|| (word, self.ticket())),
            false => Some((word, self.acted)),
        }
    }

    /// Looks whether there is something to do, and does it. Returns for how long there is nothing
    /// more, unless the word changes.
    fn turn(&mut self) -> Duration {
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
                self.shared.probe.store(true, Ordering::Relaxed);
                self.woken = now;
                self.wake();
            }
            // What cannot be slept on arms with a kick.
            let due = pace.saturating_sub(now.saturating_duration_since(self.woken));
            left = if armed { due } else { left };
        }
        left
    }

    /// Whether the other side has asked for the task since it was last woken for that.
    fn has_rung(&mut self) -> bool {
        let Some(word) = self.shared.awaited.as_ref().and_then(|awaited| awaited.word()) else {
            return false;
        };
        // SYNC bell: the task that is woken sees what it was rung for.
        let now = word.load(Ordering::Acquire);
        if self.is_producers() {
            return self.is_armed() && now != self.ticket();
        }
        core::mem::replace(&mut self.acted, now) != now
    }

    fn pace(&self) -> Option<Duration> {
        if self.shared.blind.load(Ordering::Relaxed) { Some(BLIND) } else { self.shared.pace }
    }

    /// Whether its producer can die, and the task has to be told.
    fn can_die(&self) -> bool {
        let awaited = self.shared.awaited.as_ref();
        awaited.is_some_and(|awaited| {
            awaited.side != Side::Producer && awaited.storage.can_die() && !self.is_gone()
        })
    }

    /// What a producer's word says until consumers have changed it for the task that waits.
    fn ticket(&self) -> u32 {
        self.shared.ticket.load(Ordering::Relaxed)
    }

    fn is_armed(&self) -> bool {
        self.shared.armed.load(Ordering::Relaxed)
    }

    /// Asks whether the producer lives if there is news of it, which that watch tells by that word,
    /// also while no task waits. Returns for how long there is nothing to ask, unless there is news.
    fn hear(&mut self, watch: &DeathWatch, word: &Arc<Futex>, now: Instant) -> Option<Duration> {
        let awaited = self.shared.awaited.as_ref()?;
        let watched = || awaited.storage.watched_by(watch, Arc::clone(word));
        let news = self.news.get_or_insert_with(|| News::new(watched(), now));
        if news.is_due(now) && !self.ask() {
            self.news.as_mut()?.settle();
        }
        self.news.as_ref()?.due_in(now)
    }

    /// Asks whether the producer lives, and has the task tell if it does not.
    fn ask(&self) -> bool {
        let Some(awaited) = &self.shared.awaited else { return true };
        // Also if the kernel does not say: the task tells the error.
        let is_alive = awaited.storage.producer_is_alive().unwrap_or(false);
        if !is_alive {
            // Before the swap in `Shared::wake`: a task that arms after that sees it.
            self.shared.probe.store(true, Ordering::Relaxed);
            self.wake();
        }
        is_alive
    }

    fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::Relaxed)
    }

    fn wake(&self) {
        // A runtime's waker that panics harms its own task alone.
        outlive(|| self.shared.wake());
    }
}

/// Calls what may run code of a runtime's, and outlives its panic.
fn outlive(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        // Dropping it could panic as well.
        core::mem::forget(payload);
    }
}

/// Starts the thread. It takes no signals: a program's handlers run on the program's threads.
fn start(poller: &'static Poller) -> Option<()> {
    let named = std::thread::Builder::new().name(String::from("ringway-reactor"));
    let thread = without_signals(|| named.stack_size(256 << 10).spawn(|| poller.run()));
    thread.ok().map(drop)
}
