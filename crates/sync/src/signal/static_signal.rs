//! A signal in a `static`, for the contexts of one program.

use ringway_shm::fence::Fences;
use ringway_shm::wait::{Deadline, SpinThenSleep, Wait};

use super::words::{ForToken, SignalWords};
use crate::alarm::Alarm;
use crate::context::{Context, DEFAULT_WAIT, wait_until};
use crate::error::PostError;
use crate::region::object::zeros;
use crate::wait::wait;

/// Tokens without owners, in a `static`: one context of a program posts them, another takes them. It
/// is to them what a [`Signal`](crate::Signal) is to processes: an interrupt handler posts, say, and
/// the main loop waits.
///
/// [`post`](Self::post) and [`try_wait`](Self::try_wait) wait for nothing, and may be called in any
/// handler: one that comes between two steps of either has the interrupted call try once more.
/// [`wait`](Self::wait) is not for a handler that interrupts all that could post. How contexts
/// wait is told of [`StaticLock`](crate::StaticLock).
///
/// ```
/// use ringway_sync::StaticSignal;
///
/// static RECEIVED: StaticSignal = StaticSignal::new();
///
/// assert!(!RECEIVED.try_wait());
/// RECEIVED.post()?; // in the handler
/// RECEIVED.wait(); // in the main loop
/// # Ok::<(), ringway_sync::PostError>(())
/// ```
#[derive(Debug)]
pub struct StaticSignal<W = SpinThenSleep> {
    words: SignalWords,
    wait: W,
}

impl StaticSignal {
    /// A signal without a token.
    #[cfg(not(ringway_loom))]
    pub const fn new() -> Self {
        StaticSignal::with_wait(DEFAULT_WAIT)
    }

    /// A signal without a token. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn new() -> Self {
        StaticSignal::with_wait(DEFAULT_WAIT)
    }
}

impl Default for StaticSignal {
    fn default() -> Self {
        StaticSignal::new()
    }
}

impl<W: Wait + Copy> StaticSignal<W> {
    /// As [`new`](StaticSignal::new), and contexts wait in that way: see
    /// [`StaticLock`](crate::StaticLock).
    #[cfg(not(ringway_loom))]
    pub const fn with_wait(wait: W) -> Self {
        StaticSignal { words: zeros(), wait }
    }

    /// As [`new`](StaticSignal::new), and contexts wait in that way. In a model it is no constant.
    #[cfg(ringway_loom)]
    pub fn with_wait(wait: W) -> Self {
        StaticSignal { words: zeros(), wait }
    }

    /// How many tokens there are. It is out of date as soon as it is there.
    pub fn tokens(&self) -> u32 {
        self.words.tokens()
    }

    /// Posts a token. What this context did before is seen by the one that takes the token.
    ///
    /// [`PostError::Full`]: there are 4,294,967,295 tokens already.
    #[inline]
    pub fn post(&self) -> Result<(), PostError> {
        if !self.words.post(Fences::FULL) {
            return Err(PostError::Full);
        }
        let mut wait = self.wait;
        wait.notify();
        Ok(())
    }

    /// Takes a token, and waits for one. Not in a handler that interrupts all that could post.
    #[inline]
    pub fn wait(&self) {
        if !self.try_wait() {
            self.wait_slowly();
        }
    }

    #[cold]
    fn wait_slowly(&self) {
        let words = &self.words;
        let sleep = || {
            let awaited = ForToken { words, fences: Fences::FULL };
            wait(awaited, &Context, &Alarm::none(), Deadline::Never).ok()
        };
        wait_until(self.wait, || words.try_take().then_some(()), sleep);
    }

    /// Takes a token, if there is one. Waits for nothing.
    #[inline]
    pub fn try_wait(&self) -> bool {
        self.words.try_take()
    }
}
