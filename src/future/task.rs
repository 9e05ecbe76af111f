//! How the task of a handle comes to be woken.

use core::task::Waker;

#[cfg(feature = "alloc")]
use super::in_ring::Ask;
use super::side::Handle;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))))]
use super::source::{Seen, Source};
#[cfg(ringway_loom)]
use ringway_shm::reactor::is_played;
use ringway_shm::wait::Wait;

/// Whether there is a reactor, if its thread can be started.
const HAS_REACTOR: bool =
    cfg!(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))));

/// Whether a model plays the reactor: then rings on the heap go by that.
#[cfg(all(feature = "alloc", not(ringway_loom)))]
fn is_played() -> bool {
    false
}

/// What is known of the task that awaits a handle.
#[derive(Debug, Default)]
pub(crate) struct Task {
    /// Its place in the memory of a ring on the heap, once it has one.
    #[cfg(feature = "alloc")]
    ask: Option<Ask>,
    /// The reactor's part, once it has one.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))))]
    source: Option<Source>,
    /// How it last asked to be woken.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))))]
    seen: Seen,
    /// No thread could be started: the task is polled again and again, and looks at all by itself.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))))]
    is_alone: bool,
    /// An iteration has come to its end.
    pub(crate) has_ended: bool,
}

impl Task {
    /// Has the task woken by `waker` when the other side has done something. The caller looks once
    /// more after this.
    pub(crate) fn register<H: Handle>(&mut self, handle: &mut H, waker: &Waker) {
        self.keep_what_is_of(handle);
        let told = handle.wait().register(waker) || self.register_in_ring(handle, waker);
        // What the other side does not tell: that a process has died, and that it is time to look.
        let all_told = told && !handle.is_mortal() && handle.pace().is_none();
        if !all_told && !self.register_with_reactor(handle, waker) && (!told || HAS_REACTOR) {
            waker.wake_by_ref();
        }
    }
}

#[cfg(feature = "alloc")]
impl Task {
    /// `false`: the other side does not wake the task by itself.
    fn register_in_ring<H: Handle>(&mut self, handle: &mut H, waker: &Waker) -> bool {
        if self.ask.is_none() && !handle.is_mortal() && !is_played() {
            self.ask = handle.sleeps_on().awaited().and_then(Ask::new);
        }
        self.ask.as_mut().is_some_and(|ask| ask.register(waker))
    }

    /// Lets go of what is of another handle, which the program had here before, or of the process
    /// that forked this one: the task is that one's.
    fn keep_what_is_of<H: Handle>(&mut self, handle: &H) {
        if self.ask.as_ref().is_some_and(|ask| !ask.is_of(handle.sleeps_on())) {
            self.ask = None;
        }
        self.keep_source_of(handle);
    }

    /// The next one to wait asks anew to be woken.
    pub(crate) fn forget(&mut self) {
        if let Some(ask) = &mut self.ask {
            ask.forget();
        }
        self.forget_with_reactor();
    }
}

#[cfg(not(feature = "alloc"))]
impl Task {
    fn register_in_ring<H: Handle>(&mut self, _handle: &mut H, _waker: &Waker) -> bool {
        false
    }

    fn keep_what_is_of<H: Handle>(&mut self, _handle: &H) {}

    pub(crate) fn forget(&mut self) {}
}

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri))))]
impl Task {
    /// `false`: there is no reactor.
    fn register_with_reactor<H: Handle>(&mut self, handle: &mut H, waker: &Waker) -> bool {
        if self.source.is_none() {
            self.source = Source::add(handle.sleeps_on(), handle.pace());
            self.is_alone = self.source.is_none();
        }
        let Some(source) = &self.source else { return false };
        source.register(waker, &mut self.seen);
        true
    }

    fn keep_source_of<H: Handle>(&mut self, handle: &H) {
        if self.source.as_ref().is_some_and(|source| !source.is_of(handle.sleeps_on())) {
            self.forget_with_reactor();
            self.source = None;
        }
    }

    /// Whether the reactor has found that this is the time to look at more than what is waited for.
    /// Without one it is so in every poll.
    pub(crate) fn take_probe(&self) -> bool {
        self.is_alone || self.source.as_ref().is_some_and(Source::take_probe)
    }

    /// Whether it has found that since the task last asked.
    pub(crate) fn is_to_probe(&self) -> bool {
        self.source.as_ref().is_some_and(Source::is_to_probe)
    }

    fn forget_with_reactor(&mut self) {
        self.seen = Seen::default();
    }
}

#[cfg(not(any(ringway_loom, all(feature = "std", target_os = "linux", not(miri)))))]
impl Task {
    fn register_with_reactor<H: Handle>(&mut self, _handle: &mut H, _waker: &Waker) -> bool {
        false
    }

    /// In every poll: what it is for is done at a pace of its own.
    pub(crate) fn take_probe(&self) -> bool {
        true
    }

    /// The task is polled again at once.
    pub(crate) fn is_to_probe(&self) -> bool {
        false
    }

    #[cfg(feature = "alloc")]
    fn keep_source_of<H: Handle>(&mut self, _handle: &H) {}

    #[cfg(feature = "alloc")]
    fn forget_with_reactor(&mut self) {}
}
