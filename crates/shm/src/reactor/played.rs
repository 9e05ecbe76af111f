//! The thread of a model, which the model plays.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::cell::Cell;

use super::poller::{Poller, Sources, lock};
use super::shared::Shared;
use crate::sync::Mutex;
use crate::tasks::Home;

std::thread_local! {
    /// All threads of a model run on one thread of the system.
    static POLLER: Cell<Option<&'static Poller>> = const { Cell::new(None) };
}

/// The thread that sleeps for all handles that are awaited from now on, if the model
/// [runs](Self::run) it.
#[derive(Debug)]
pub struct Reactor {
    poller: &'static Poller,
    told: Mutex<Told>,
}

/// What the thread is to do.
#[derive(Debug, Default)]
struct Told {
    looks_around: bool,
    ends: bool,
}

impl Reactor {
    /// Takes the place of the one that was made before.
    pub fn start() -> Arc<Reactor> {
        let poller: &'static Poller = Box::leak(Box::new(Poller::new(Home::here(), None)));
        POLLER.set(Some(poller));
        Arc::new(Reactor { poller, told: Mutex::new(Told::default()) })
    }

    /// What the thread does, until this is to [end](Self::end) and it has no sources.
    pub fn run(&self) {
        let mut sources = Sources::new();
        loop {
            let sleep = self.poller.look(&mut sources);
            if core::mem::take(&mut lock(&self.told).looks_around) {
                // It has all that were there when it was told.
                self.poller.look(&mut sources);
                sources.probe();
            }
            if lock(&self.told).ends && sources.is_empty() {
                return;
            }
            self.poller.sleep(&sources, sleep);
        }
    }

    /// Has the thread find that all tasks are to look at more than what they wait for, as it does
    /// when their producers have died.
    pub fn look_around(&self) {
        lock(&self.told).looks_around = true;
        self.poller.kick();
    }

    /// Has [`run`](Self::run) return, once it has let go of all handles.
    pub fn end(&self) {
        lock(&self.told).ends = true;
        self.poller.kick();
    }
}

/// Whether there is such a thread.
pub fn is_played() -> bool {
    POLLER.get().is_some()
}

impl Poller {
    /// Gives a source to the model's thread.
    pub(super) fn take_on(shared: &Arc<Shared>) -> Option<&'static Poller> {
        POLLER.get().filter(|poller| poller.takes(shared))
    }
}
