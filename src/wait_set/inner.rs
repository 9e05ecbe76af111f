//! What the threads share that wait in a set.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::sync::{OnceLock, PoisonError};

use core::time::Duration;

use super::fd::Feed;
use super::helpers::Helpers;
use super::roll::{Roll, Whose};
use super::shadow::Shadow;
use super::sleep::{OWN_WORDS, Sleep, Slices};
use super::slept::Slept;
use crate::error::WaitSetError;
use crate::protocol::follow::Trail;
use crate::protocol::wake::Awaited;
use crate::wait::Deadline;
use ringway_shm::fork::Here;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::segment::DeathWatch;
use ringway_shm::sleeper::Scout;
use ringway_shm::sync::{AtomicBool, Futex, Mutex, MutexGuard, Ordering, spawn};

/// How long the thread that feeds the descriptor sleeps at a time while that is readable.
const SLICE: Duration = Duration::from_millis(500);

/// For whom a wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    User,
    /// The thread that feeds the descriptor.
    Feeder,
}

/// A set.
#[derive(Debug)]
pub(super) struct Inner {
    state: Mutex<State>,
    /// Rung when members come and go, by handles that are dropped, by helpers, and by news of deaths.
    bell: Arc<Futex>,
    /// In which process its members are mapped.
    here: Option<Here>,
    /// No user has the set any more.
    is_over: AtomicBool,
    feed: OnceLock<Arc<Feed>>,
}

#[derive(Debug, Default)]
struct State {
    roll: Roll,
    helpers: Helpers,
    /// What the bell was when members were last looked for that have gone.
    seen: u32,
}

impl Inner {
    pub(super) fn new() -> Arc<Inner> {
        Arc::new(Inner {
            state: Mutex::new(State::default()),
            bell: Arc::new(Futex::new(0)),
            here: Here::of_this_process(),
            is_over: AtomicBool::new(false),
            feed: OnceLock::new(),
        })
    }

    pub(super) fn bell(&self) -> &Arc<Futex> {
        &self.bell
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all that wait, to look again.
    pub(super) fn ring(&self) {
        // SYNC change: what was changed is seen by those that see the new count.
        self.bell.fetch_add(1, Ordering::Release);
        self.bell.wake_all();
    }

    /// An error in a child that was forked: the members are not mapped there, and the thread that
    /// had the lock may not be there either.
    pub(super) fn check(&self) -> Result<(), WaitSetError> {
        match self.here.is_none_or(Here::is_true) {
            true => Ok(()),
            false => Err(WaitSetError::Forked),
        }
    }

    /// Adds what looks on behalf of a member. The caller rings.
    pub(super) fn add(
        &self,
        key: u64,
        shadow: Shadow,
        trail: Arc<Trail>,
    ) -> Result<(), WaitSetError> {
        self.check()?;
        if let Slept::Ring(Awaited { storage, .. }) = shadow.slept() {
            if !storage.is_here() {
                return Err(WaitSetError::Forked);
            }
            if !storage.keeps_memory() {
                return Err(WaitSetError::CallersMemory);
            }
        }
        self.state().roll.add(key, shadow, Whose::Ring(trail), &self.bell);
        Ok(())
    }

    /// The same of an object of a region. Rings.
    pub(super) fn add_object(&self, key: u64, scout: Arc<dyn Scout>) -> Result<(), WaitSetError> {
        self.check()?;
        let whose = Whose::Object(scout.number());
        {
            let mut state = self.state();
            if state.roll.has(&whose) {
                return Err(WaitSetError::InASet);
            }
            state.roll.add(key, Shadow::Object(scout), whose, &self.bell);
        }
        self.ring();
        Ok(())
    }

    /// Removes a member. The caller rings, if it is a ring's.
    pub(super) fn remove(&self, whose: &Whose) -> bool {
        let was_there = self.check().is_ok() && self.state().roll.remove(whose);
        if was_there && matches!(whose, Whose::Object(_)) {
            self.ring();
        }
        was_there
    }

    pub(super) fn len(&self) -> usize {
        if self.check().is_err() {
            return 0;
        }
        let mut state = self.state();
        state.drop_gone(&self.bell);
        state.roll.drop_gone();
        state.roll.len()
    }

    pub(super) fn set_interrupt(&self, interrupt: &Interrupt) -> Result<(), WaitSetError> {
        self.check()?;
        self.state().roll.interrupt = Some(interrupt.clone());
        self.ring();
        Ok(())
    }

    pub(super) fn set_watch(&self, watch: &DeathWatch) -> Result<(), WaitSetError> {
        self.check()?;
        self.state().roll.set_watch(watch, &self.bell);
        self.ring();
        Ok(())
    }

    /// Looks once.
    pub(super) fn look(&self, ready: &mut Vec<u64>) -> Result<usize, WaitSetError> {
        self.check()?;
        let mut state = self.state();
        state.drop_gone(&self.bell);
        state.roll.refresh();
        let found = state.roll.look(|key| ready.push(key));
        if found == 0 {
            self.drain(&mut state);
        }
        Ok(found)
    }

    /// Waits until a member is ready, at most until `deadline`.
    pub(super) fn wait(
        &self,
        ready: &mut Vec<u64>,
        deadline: Deadline,
    ) -> Result<usize, WaitSetError> {
        self.wait_as(Caller::User, deadline, |key| ready.push(key))
    }

    fn wait_as(
        &self,
        caller: Caller,
        deadline: Deadline,
        mut ready: impl FnMut(u64),
    ) -> Result<usize, WaitSetError> {
        let mut slices = Slices::new();
        loop {
            self.check()?;
            // Before the look, so that a change after it ends the sleep.
            let mut state = self.state();
            let seen = state.drop_gone(&self.bell);
            state.roll.refresh();
            let mut found = state.roll.look(&mut ready);
            let left = deadline.left(Duration::MAX);
            if found == 0 && !left.is_zero() && state.roll.arm() {
                found = state.roll.look(&mut ready);
            }
            if let Some(outcome) = self.outcome(&mut state, caller, found, left) {
                return outcome;
            }
            let sleep = self.prepare(&mut state, caller, seen, left);
            drop(state);
            sleep.sleep(&mut slices);
        }
    }

    /// Whether a wait is over after a look that found so much.
    fn outcome(
        &self,
        state: &mut State,
        caller: Caller,
        found: usize,
        left: Duration,
    ) -> Option<Result<usize, WaitSetError>> {
        let is_user = caller == Caller::User;
        if found > 0 {
            if let Some(feed) = self.feed.get().filter(|_| !is_user) {
                feed.fill();
                state.roll.fed = true;
            }
            return Some(Ok(found));
        }
        if !is_user {
            return self.is_over.load(Ordering::Relaxed).then_some(Ok(0));
        }
        self.drain(state);
        let interrupt = state.roll.interrupt.as_ref();
        if interrupt.is_some_and(Interrupt::is_raised) {
            return Some(Err(WaitSetError::Interrupted));
        }
        left.is_zero().then_some(Err(WaitSetError::Timeout))
    }

    /// What to sleep on. All words are armed.
    fn prepare(&self, state: &mut State, caller: Caller, seen: u32, left: Duration) -> Sleep<'_> {
        let State { roll, helpers, .. } = state;
        let all_have_threads = helpers.sleep_on_the_rest(roll, &self.bell);
        Sleep {
            list: roll.list().clone(),
            expected: roll.expected().take(OWN_WORDS).map(|(expected, _)| expected).collect(),
            bell: (&self.bell, seen),
            interrupt: roll.interrupt.clone().filter(|_| caller == Caller::User),
            limit: left.min(roll.longest_sleep()),
            is_sliced: !all_have_threads,
        }
    }

    /// The descriptor says from here on that no member is ready. The caller has found that.
    fn drain(&self, state: &mut State) {
        if let Some(feed) = self.feed.get().filter(|_| state.roll.fed) {
            feed.drain();
            state.roll.fed = false;
        }
    }

    /// What has the set's descriptor. Starts the thread that feeds it, if there is none yet.
    pub(super) fn fed(self: &Arc<Inner>) -> io::Result<&Feed> {
        if self.feed.get().is_none() {
            // One thread makes it.
            let _state = self.state();
            if self.feed.get().is_none() {
                let (inner, feed) = (self.clone(), Feed::new()?);
                let its = feed.clone();
                spawn("ringway-set-fd", move || inner.feed(&its))?;
                self.feed.get_or_init(|| feed);
            }
        }
        Ok(self.feed.get().ok_or(io::ErrorKind::NotFound)?)
    }

    /// What the thread does that feeds the descriptor.
    fn feed(&self, feed: &Feed) {
        while !self.is_over.load(Ordering::Relaxed) {
            // Changes when the descriptor has been emptied, which is after it was filled.
            let resumed = feed.resumed.load(Ordering::Relaxed);
            if self.wait_as(Caller::Feeder, Deadline::Never, |_| {}).is_err() {
                return;
            }
            // SYNC resumed: what is told after this look ends the sleep.
            while feed.resumed.load(Ordering::Acquire) == resumed
                && !self.is_over.load(Ordering::Relaxed)
            {
                feed.resumed.wait(resumed, SLICE);
            }
        }
    }

    /// No user has the set any more: its threads end.
    pub(super) fn end(&self) {
        if self.check().is_err() {
            // A child that was forked does not have them.
            return;
        }
        self.is_over.store(true, Ordering::Relaxed);
        self.ring();
        if let Some(feed) = self.feed.get() {
            feed.resume();
        }
        // The set's own threads alone may have it now, for a moment.
        let mut state = self.state();
        state.helpers.end();
        // Its members are in no set any more, though such a thread may still have this.
        state.roll = Roll::default();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.helpers.end();
    }
}

impl State {
    /// If the bell has been rung, removes the members whose handles have gone, and sees of which
    /// others there is news. Returns what the bell was before.
    fn drop_gone(&mut self, bell: &Futex) -> u32 {
        // SYNC change, news: the handles that have rung it are seen to have gone, and the news that
        // has is seen, of which the kernel is asked afterwards.
        let seen = bell.load(Ordering::Acquire);
        if seen != self.seen {
            self.seen = seen;
            self.roll.drop_gone();
            self.roll.take_news();
        }
        seen
    }
}
