//! What ends a handle's waiting or shortens it, apart from what it waits for.
//!
//! An interrupt ends it. News of a death has the handle ask at once whether its producer lives, and
//! not at the end of its slice. Both are looked at whenever a call that blocks looks at the clock,
//! and slept on together with the bell.

#[cfg(all(feature = "std", not(ringway_loom)))]
mod set {
    use core::time::Duration;

    use ringway_shm::event::Token;
    use ringway_shm::interrupt::{Interrupt, sleep_on_any};
    use ringway_shm::sync::Futex;

    #[cfg(target_os = "linux")]
    use super::news::News;

    /// What a handle's program has given it.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Alarms {
        interrupt: Option<Interrupt>,
        #[cfg(target_os = "linux")]
        pub(super) news: Option<News>,
    }

    impl Alarms {
        pub(crate) fn set_interrupt(&mut self, interrupt: Option<&Interrupt>) {
            self.interrupt = interrupt.cloned();
        }

        /// Whether the waiting is to end.
        pub(crate) fn is_interrupted(&self) -> bool {
            self.interrupt.as_ref().is_some_and(Interrupt::is_raised)
        }

        /// Whether it is time to ask for the producer, by news that has come since this was last
        /// called.
        pub(crate) fn has_news(&mut self) -> bool {
            #[cfg(target_os = "linux")]
            return self.news.as_mut().is_some_and(News::take);
            #[cfg(not(target_os = "linux"))]
            false
        }

        /// Sleeps until the bell has rung since the token was made, or there is something to look
        /// at here, or `limit` is over, or for no reason. `false`: nothing is set, and the caller
        /// sleeps on the bell alone.
        pub(crate) fn sleep(&self, bell: &Futex, token: Token, limit: Duration) -> bool {
            let interrupt = self.interrupt.as_ref().map(|interrupt| (interrupt.word(), 0));
            #[cfg(target_os = "linux")]
            let news = self.news.as_ref().map(News::word);
            #[cfg(not(target_os = "linux"))]
            let news = None;
            if interrupt.is_none() && news.is_none() {
                return false;
            }
            let others = interrupt.into_iter().chain(news);
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
    pub(crate) struct Alarms {}

    impl Alarms {
        #[inline(always)]
        pub(crate) fn is_interrupted(&self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) fn has_news(&mut self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) fn sleep(&self, _bell: &Futex, _token: Token, _limit: Duration) -> bool {
            false
        }
    }
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod news {
    use alloc::sync::Arc;

    use super::Alarms;
    use crate::memory::Storage;
    use ringway_shm::segment::{DeathWatch, Watched};
    use ringway_shm::sync::{Futex, Ordering};

    /// News of a ring's file, as far as a handle has seen it.
    #[derive(Clone, Debug)]
    pub(super) struct News {
        watched: Arc<Watched>,
        seen: u32,
    }

    impl News {
        /// The word to sleep on, and what it is while there is no news.
        pub(super) fn word(&self) -> (&Futex, u32) {
            (self.watched.word(), self.seen)
        }

        /// Whether there is news, which is seen then.
        pub(super) fn take(&mut self) -> bool {
            // SYNC news: the lock is asked for after this, and what it says is as new as the news.
            let now = self.watched.word().load(Ordering::Acquire);
            core::mem::replace(&mut self.seen, now) != now
        }
    }

    impl Alarms {
        /// Has that watch tell of the ring's file, or none. Where it cannot, there is no news.
        pub(crate) fn set_watch(&mut self, watch: Option<&DeathWatch>, storage: &Storage) {
            self.set_news(|word| watch.and_then(|watch| storage.watched_by(watch, word)));
        }

        /// The same of a file of which `add` has the watch tell by a word.
        pub(crate) fn set_news(&mut self, add: impl FnOnce(Arc<Futex>) -> Option<Watched>) {
            self.news = add(Arc::new(Futex::new(1))).map(|watched| {
                // As if there were news: of what came before, the watch does not tell.
                News { watched: Arc::new(watched), seen: 0 }
            });
        }

        /// Whether there can be news.
        pub(crate) fn is_watched(&self) -> bool {
            self.news.is_some()
        }
    }
}

pub(crate) use set::Alarms;
