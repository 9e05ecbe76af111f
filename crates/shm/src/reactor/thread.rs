//! The threads of a process, of which each sleeps for up to 126 handles.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::poller::{Poller, Sources, lock};
use super::shared::Shared;
use crate::sync::{Mutex, spawn};
use crate::tasks::Home;

/// The threads of a process.
struct Reactor {
    home: Home,
    pollers: Mutex<Pollers>,
}

#[derive(Default)]
struct Pollers {
    started: Vec<&'static Poller>,
    /// One whose thread could not be started, which is tried again.
    spare: Option<&'static Poller>,
}

static REACTOR: AtomicPtr<Reactor> = AtomicPtr::new(ptr::null_mut());

impl Reactor {
    /// That of this process. What a forked child has of its parent's is left as it was: its locks
    /// may be held by threads that are not there.
    fn of_this_process() -> &'static Reactor {
        // SYNC reactor: it is as it was made, below.
        let found = REACTOR.load(Ordering::Acquire);
        // SAFETY: one that was stored there stays for ever.
        if let Some(reactor) = unsafe { found.as_ref() } {
            if reactor.home.is_here() {
                return reactor;
            }
        }
        let made = Box::new(Reactor { home: Home::here(), pollers: Mutex::default() });
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

impl Poller {
    /// Gives a source to a thread that has room for it, or starts one.
    pub(super) fn take_on(shared: &Arc<Shared>) -> Option<&'static Poller> {
        let reactor = Reactor::of_this_process();
        let mut pollers = lock(&reactor.pollers);
        // Each is asked once more than it has to be: threads are few.
        if let Some(poller) = pollers.started.iter().copied().find(|poller| poller.takes(shared)) {
            return Some(poller);
        }
        // One for all threads.
        let watch = pollers.started.first().and_then(|first| first.watch());
        let make = || Box::leak(Box::new(Poller::new(reactor.home, watch)));
        // It stays also if its thread cannot be started: each poll of a task tries again.
        let poller = *pollers.spare.get_or_insert_with(|| make());
        // Its stack is as large as that of any thread: a runtime's waker may poll the task on it.
        spawn("ringway-reactor", || poller.run()).ok()?;
        pollers.spare = None;
        pollers.started.push(poller);
        poller.takes(shared).then_some(poller)
    }

    /// What the thread does, for as long as there is the process.
    fn run(&self) {
        let mut sources = Sources::new();
        loop {
            let sleep = self.look(&mut sources);
            self.sleep(&sources, sleep);
        }
    }
}
