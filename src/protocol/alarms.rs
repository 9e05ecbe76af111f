//! What ends a handle's waiting or shortens it, apart from what it waits for.
//!
//! Looked at whenever a call that blocks looks at the clock, and slept on together with the bell.

#[cfg(all(feature = "std", not(ringway_loom)))]
mod set {
    use core::time::Duration;

    use ringway_shm::event::Token;
    use ringway_shm::interrupt::{Interrupt, sleep_on_any};
    use ringway_shm::sync::Futex;

    /// What a handle's program has given it.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Alarms {
        interrupt: Option<Interrupt>,
    }

    impl Alarms {
        pub(crate) fn set_interrupt(&mut self, interrupt: Option<&Interrupt>) {
            self.interrupt = interrupt.cloned();
        }

        /// Whether the waiting is to end.
        pub(crate) fn is_interrupted(&self) -> bool {
            self.interrupt.as_ref().is_some_and(Interrupt::is_raised)
        }

        /// Sleeps until the bell has rung since the token was made, or there is something to look
        /// at here, or `limit` is over, or for no reason. `false`: nothing is set, and the caller
        /// sleeps on the bell alone.
        pub(crate) fn sleep(&self, bell: &Futex, token: Token, limit: Duration) -> bool {
            let Some(interrupt) = &self.interrupt else { return false };
            let others = [(interrupt.word(), 0)];
            sleep_on_any((bell, token.expected()), others, token.limit(limit));
            true
        }
    }
}

/// Without an operating system nothing is set, and it takes no bytes.
#[cfg(not(all(feature = "std", not(ringway_loom))))]
mod set {
    use core::time::Duration;

    use ringway_shm::event::Token;
    use ringway_shm::sync::Futex;

    #[derive(Clone, Debug, Default)]
    pub(crate) struct Alarms;

    impl Alarms {
        #[inline(always)]
        pub(crate) fn is_interrupted(&self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) fn sleep(&self, _bell: &Futex, _token: Token, _limit: Duration) -> bool {
            false
        }
    }
}

pub(crate) use set::Alarms;
