//! What a waiter keeps between asking to be woken and going to sleep.

use core::time::Duration;

/// The longest sleep of a waiter that cannot ask to be woken.
const SHORT_SLEEP: Duration = Duration::from_millis(1);

/// What a waiter needs to go to sleep, or to see that it must not.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What the bell was.
    pub(crate) seen: u32,
    /// Whether notifiers have been reached: else one may miss the flag, and a sleep has to be
    /// short.
    pub(crate) reached: bool,
}

impl Token {
    /// The token after the one heavy fence that several counts are armed with, `reached` being what
    /// [`Fences::heavy`](crate::fence::Fences::heavy) returned.
    #[must_use]
    pub fn confirm(self, reached: bool) -> Token {
        Token { reached: self.reached && reached, ..self }
    }

    /// The value of the bell with which the kernel is to compare it: for sleeping on many words at
    /// once.
    pub fn expected(self) -> u32 {
        self.seen
    }

    /// Whether notifiers see that the waiter asks. If not, it has to look by itself.
    pub fn is_reached(self) -> bool {
        self.reached
    }

    /// The longest that a sleep with this token may be.
    #[inline(always)]
    pub fn limit(self, wanted: Duration) -> Duration {
        if self.reached { wanted } else { wanted.min(SHORT_SLEEP) }
    }
}
