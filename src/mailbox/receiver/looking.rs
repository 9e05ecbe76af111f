//! What looks on behalf of a receiver: for a wait set, or the thread that wakes tasks.
//!
//! It has the lanes' memory, and takes nothing. The receiver tells it when lanes come or go. Where
//! a receiver is in a lane, the lane's own words say: the gate of its entry, or the claims.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::PoisonError;

use super::lane::Lane;
use super::roll::Roll;
use super::taker::Taker;
use crate::group::claims::Claims;
use crate::group::reap;
use crate::group::undone::Rest;
use crate::mailbox::door::Door;
use crate::mailbox::inbox;
use crate::memory::Storage;
use crate::message::Message;
use crate::position::{Look, Pos};
use crate::protocol::head;
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sleeper::{Scout, Sleeper};
use ringway_shm::sync::{AtomicBool, AtomicU32, Futex, Mutex, MutexGuard, Ordering};

/// Lanes of which the kernel is asked at a time whether their senders live.
const AT_A_TIME: usize = 16;

/// Once in so many looks a lane that could not be opened is tried again, which was told.
const RETRIES: u32 = 20;

/// What a receiver and those that look on its behalf have in common.
#[derive(Debug)]
pub(in crate::mailbox) struct Shared {
    door: Arc<Door>,
    lanes: Mutex<Views>,
    /// What the count of lanes was when the receiver last listed them.
    seen: AtomicU32,
    /// In how many looks the receiver is to list the lanes, as some could not be opened; 0: in none.
    lists_in: AtomicU32,
    /// The receiver's next call has something to look after.
    notice: AtomicBool,
    is_gone: AtomicBool,
}

#[derive(Debug, Default)]
struct Views {
    all: Vec<View>,
    /// The next of which the kernel is asked.
    next: usize,
}

/// A lane.
#[derive(Debug)]
struct View {
    storage: Storage,
    /// The entry of the one receiver, or the number of the group that receivers share.
    entry: usize,
    is_shared: bool,
    has_ended: bool,
}

impl View {
    fn of<T: Message + ?Sized>(lane: &Lane<T>) -> View {
        let (entry, is_shared) = match &lane.taker {
            Taker::Sole(subscriber) => (subscriber.entry_number(), false),
            Taker::Shared(worker) => (worker.group_number(), true),
        };
        let storage = lane.taker.memory().clone();
        View { storage, entry, is_shared, has_ended: lane.has_ended }
    }

    /// Whether the receiver's next look finds something there.
    fn is_ready(&self) -> bool {
        let is_free = if self.is_shared { self.has_free() } else { self.has_next() };
        let is_closed = self.storage.producer().closed.load(Ordering::Relaxed) != 0;
        is_free || (is_closed && !self.has_ended && inbox::is_done(&self.storage))
    }

    /// Whether the message at the one receiver's gate is there.
    fn has_next(&self) -> bool {
        let gate = self.storage.entry(self.entry).map(|entry| entry.gate.load(Ordering::Relaxed));
        let Some(gate) = gate.and_then(Pos::from_gate) else { return true };
        let state = self.storage.slot(gate).state().load(Ordering::Relaxed);
        gate.look(state) != Look::NotYet
    }

    /// Whether there is a message that no receiver has.
    fn has_free(&self) -> bool {
        let Some(claims) = Claims::of(&self.storage, self.entry) else { return true };
        let end = head::exact(&self.storage);
        // No worker has this number.
        claims.rest(end, usize::MAX, None).0 == Rest::Unclaimed
    }

    /// Whether the sender is dead, and nothing is left.
    fn is_orphaned(&self) -> bool {
        !self.has_ended
            && self.storage.can_die()
            && !self.storage.producer_is_alive().unwrap_or(false)
            && inbox::is_done(&self.storage)
    }
}

impl Shared {
    /// What the receiver and those that look on its behalf have in common.
    pub(super) fn new<T: Message + ?Sized>(
        door: &Arc<Door>,
        lanes: &[Lane<T>],
        roll: &Roll,
    ) -> Arc<Shared> {
        let shared = Shared {
            door: door.clone(),
            lanes: Mutex::new(Views::default()),
            seen: AtomicU32::new(0),
            lists_in: AtomicU32::new(0),
            notice: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
        };
        shared.tell(lanes, roll);
        Arc::new(shared)
    }

    fn lanes(&self) -> MutexGuard<'_, Views> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lanes are these from now on.
    pub(super) fn tell<T: Message + ?Sized>(&self, lanes: &[Lane<T>], roll: &Roll) {
        self.lanes().all = lanes.iter().map(View::of).collect();
        self.seen.store(roll.seen, Ordering::Relaxed);
        let lists_in = match (roll.again, roll.leaves_out()) {
            (true, _) => 1,
            (false, true) => RETRIES,
            (false, false) => 0,
        };
        self.lists_in.store(lists_in, Ordering::Relaxed);
    }

    /// A look counts: whether the receiver is to list the lanes again. Two that look at once may
    /// count one.
    fn is_to_list(&self) -> bool {
        let looks = self.lists_in.load(Ordering::Relaxed);
        if looks > 1 {
            self.lists_in.store(looks - 1, Ordering::Relaxed);
        }
        looks == 1
    }

    /// Whether a look has found something to look after. Takes that.
    pub(super) fn takes_notice(&self) -> bool {
        let has = self.notice.load(Ordering::Relaxed);
        if has {
            self.notice.store(false, Ordering::Relaxed);
        }
        has
    }

    /// The receiver is dropped.
    fn end(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
        if !self.door.is_here() {
            return;
        }
        self.lanes().all = Vec::new();
        // Those that sleep here look again.
        self.door.count().sound();
    }

    /// Gives back what dead receivers had. Whether there were any, or the kernel does not say.
    fn finds_the_dead(&self) -> bool {
        let mut found = false;
        let outcome = self.door.bury_others(|| {
            found = true;
            for view in &self.lanes().all {
                let _ = reap(&view.storage);
            }
        });
        found || outcome.is_err()
    }
}

impl Sleeper for Shared {
    fn word(&self) -> Option<&Futex> {
        Some(self.door.bell())
    }

    fn prepare(&self) -> Option<Token> {
        Some(self.door.count().prepare())
    }

    fn has_rung(&self, token: Token) -> bool {
        self.door.count().has_rung(token)
    }

    fn fences(&self) -> Fences {
        self.door.fences()
    }

    fn can_die(&self) -> bool {
        self.door.is_mortal()
    }

    fn ask(&self) -> bool {
        if self.finds_the_dead() {
            return true;
        }
        // An error is told by the receiver's own look.
        if !matches!(self.door.is_removed(), Ok(false)) {
            self.notice.store(true, Ordering::Relaxed);
            return true;
        }
        // No sender counts that what was in the way of a lane has gone.
        if self.is_to_list() {
            self.notice.store(true, Ordering::Relaxed);
            return true;
        }
        let mut lanes = self.lanes();
        let Views { all, next } = &mut *lanes;
        let some = AT_A_TIME.min(all.len());
        let from = core::mem::replace(next, (*next + some) % all.len().max(1));
        let orphaned = all.iter().cycle().skip(from).take(some).any(View::is_orphaned);
        if orphaned {
            self.notice.store(true, Ordering::Relaxed);
        }
        orphaned
    }

    fn watched_by(&self, watch: &DeathWatch, word: Arc<Futex>) -> Option<Watched> {
        self.door.watched_by(watch, word)
    }
}

impl Scout for Shared {
    fn is_ready(&self) -> bool {
        if self.door.lanes() != self.seen.load(Ordering::Relaxed) {
            return true;
        }
        // Orders nothing: the receiver looks again at what is found here.
        self.lanes().all.iter().any(View::is_ready)
    }

    fn is_ready_when_asked(&self) -> bool {
        let asks = self.ask();
        asks || self.is_ready()
    }

    fn number(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

/// What looks on behalf of a receiver, if there is something. Dropped with the receiver, it says
/// so.
#[derive(Debug, Default)]
pub(super) struct Looking(pub(super) core::cell::OnceCell<Arc<Shared>>);

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(shared) = self.0.get() {
            shared.end();
        }
    }
}
