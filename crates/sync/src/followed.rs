//! What a handle says of itself to those that look on its behalf.
//!
//! The handle stays with its user, who may use it while a thread waits for it. So what looks on its
//! behalf does not touch it: the handle says, in a place that both have, what it has come to. What is
//! out of date for a moment was so a moment before.
//!
//! The other way there is a notice: that what looks has learned what the handle's next call would
//! not ask for.

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod imp {
    use alloc::sync::Arc;
    use core::fmt::Debug;
    use std::sync::PoisonError;

    use ringway_shm::sync::{AtomicU32, Mutex, Ordering};

    /// What a handle and those that look on its behalf have in common.
    #[derive(Debug)]
    pub(crate) struct Trail<S> {
        state: Mutex<S>,
        /// 1: the handle's next call has something to ask.
        notice: AtomicU32,
        /// 1: there is no handle any more.
        gone: AtomicU32,
    }

    impl<S: Copy> Trail<S> {
        /// What the handle has come to.
        pub(crate) fn state(&self) -> S {
            *self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Has the handle's next call ask.
        pub(crate) fn notice(&self) {
            self.notice.store(1, Ordering::Relaxed);
        }

        /// Whether the handle's next call has something to ask.
        pub(crate) fn has_notice(&self) -> bool {
            self.notice.load(Ordering::Relaxed) != 0
        }

        /// Whether there is no handle any more.
        pub(crate) fn is_gone(&self) -> bool {
            self.gone.load(Ordering::Relaxed) != 0
        }
    }

    /// A handle's end of it, once it is followed. A clone of the handle is not.
    #[derive(Debug)]
    pub(crate) struct Followed<S>(Option<Arc<Trail<S>>>);

    impl<S> Default for Followed<S> {
        fn default() -> Self {
            Followed(None)
        }
    }

    impl<S> Clone for Followed<S> {
        fn clone(&self) -> Self {
            Followed(None)
        }
    }

    impl<S: Copy> Followed<S> {
        /// The other end, of a handle that has come to that.
        pub(crate) fn trail(&mut self, state: S) -> &Arc<Trail<S>> {
            self.0.get_or_insert_with(|| {
                let (notice, gone) = (AtomicU32::new(0), AtomicU32::new(0));
                Arc::new(Trail { state: Mutex::new(state), notice, gone })
            })
        }

        /// The handle has come to that.
        #[inline(always)]
        pub(crate) fn tell(&self, state: S) {
            // One comparison for handles that are not followed.
            if self.0.is_some() {
                self.tell_trail(state);
            }
        }

        #[cold]
        #[inline(never)]
        fn tell_trail(&self, state: S) {
            if let Some(trail) = &self.0 {
                *trail.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
            }
        }

        /// Whether there is a notice. It is taken.
        #[inline(always)]
        pub(crate) fn takes_notice(&self) -> bool {
            let Some(trail) = self.0.as_ref().filter(|trail| trail.has_notice()) else {
                return false;
            };
            trail.notice.store(0, Ordering::Relaxed);
            true
        }
    }

    impl<S> Drop for Followed<S> {
        fn drop(&mut self) {
            if let Some(trail) = &self.0 {
                trail.gone.store(1, Ordering::Relaxed);
            }
        }
    }
}

/// Where none looks on behalf of others no handle is followed, and nothing of this is code.
#[cfg(not(any(ringway_loom, all(feature = "std", target_os = "linux"))))]
mod imp {
    use core::marker::PhantomData;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Followed<S>(PhantomData<fn() -> S>);

    impl<S> Default for Followed<S> {
        fn default() -> Self {
            Followed(PhantomData)
        }
    }

    impl<S> Followed<S> {
        #[inline(always)]
        pub(crate) fn tell(&self, _state: S) {}

        #[inline(always)]
        pub(crate) fn takes_notice(&self) -> bool {
            false
        }
    }
}

pub(crate) use imp::Followed;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use imp::Trail;
