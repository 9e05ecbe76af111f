//! How a handle says where it is, to a wait set that looks on its behalf.
//!
//! The handle stays with its user, who may use it while other threads wait in the set. So the set
//! does not touch it: the handle stores its place in a word that both have, a *trail*, and the set
//! looks at the ring by itself. A place that is out of date for a moment is one that the handle has
//! been at. What was there then is reported, which is one look too many, and never one too few.
//!
//! The other way there is a notice: that the set has learned what the handle has not, because the
//! handle asks for it only now and then. The handle's next call then asks at once.

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod imp {
    use alloc::sync::Arc;

    use crate::position::Pos;
    use ringway_shm::sync::{AtomicU32, AtomicWord, Futex, Ordering};

    /// What a handle and the set that follows it have in common.
    #[derive(Debug)]
    pub(crate) struct Trail {
        /// A consumer's next position; of a producer, the position before which all messages have
        /// to be released, so that there is the room in the arena that it was refused.
        place: AtomicWord,
        /// The consumer waits for a successor of a producer that has died.
        patient: AtomicU32,
        /// The handle's next call has something to ask.
        notice: AtomicU32,
        /// There is no handle any more.
        gone: AtomicU32,
        /// The word on which those sleep that wait in the set.
        bell: Arc<Futex>,
    }

    impl Trail {
        pub(crate) fn new(bell: Arc<Futex>, place: Pos, patient: bool) -> Arc<Trail> {
            Arc::new(Trail {
                place: AtomicWord::new(place.number()),
                patient: AtomicU32::new(patient.into()),
                notice: AtomicU32::new(0),
                gone: AtomicU32::new(0),
                bell,
            })
        }

        #[inline]
        pub(crate) fn place(&self) -> Pos {
            Pos::new(self.place.load(Ordering::Relaxed))
        }

        pub(crate) fn is_patient(&self) -> bool {
            self.patient.load(Ordering::Relaxed) != 0
        }

        /// Has the handle's next call ask.
        pub(crate) fn notice(&self) {
            self.notice.store(1, Ordering::Relaxed);
        }

        /// Whether there is no handle any more.
        pub(crate) fn is_gone(&self) -> bool {
            self.gone.load(Ordering::Relaxed) != 0
        }
    }

    /// A handle's end of it, if it is followed. Dropped, it tells the set.
    #[derive(Debug, Default)]
    pub(crate) struct Followed(Option<Arc<Trail>>);

    impl Followed {
        pub(crate) const NOT: Followed = Followed(None);

        pub(crate) fn by(trail: Arc<Trail>) -> Followed {
            Followed(Some(trail))
        }

        pub(crate) fn trail(&self) -> Option<&Arc<Trail>> {
            self.0.as_ref()
        }

        /// The handle has gone to that place.
        #[inline(always)]
        pub(crate) fn goes_to(&self, place: Pos) {
            // One comparison for handles that are not followed.
            if self.0.is_some() {
                self.tell(place);
            }
        }

        #[cold]
        #[inline(never)]
        fn tell(&self, place: Pos) {
            if let Some(trail) = &self.0 {
                trail.place.store(place.number(), Ordering::Relaxed);
            }
        }

        pub(crate) fn set_patient(&self, patient: bool) {
            if let Some(trail) = &self.0 {
                trail.patient.store(patient.into(), Ordering::Relaxed);
            }
        }

        /// Whether there is a notice.
        pub(crate) fn has_notice(&self) -> bool {
            self.0.as_ref().is_some_and(|trail| trail.notice.load(Ordering::Relaxed) != 0)
        }

        /// The same, and takes it.
        pub(crate) fn takes_notice(&self) -> bool {
            let has = self.has_notice();
            if let Some(trail) = self.0.as_ref().filter(|_| has) {
                trail.notice.store(0, Ordering::Relaxed);
            }
            has
        }
    }

    impl Drop for Followed {
        fn drop(&mut self) {
            if let Some(trail) = self.0.take() {
                trail.gone.store(1, Ordering::Relaxed);
                // SYNC change: who sees the new count sees that the handle has gone.
                trail.bell.fetch_add(1, Ordering::Release);
                trail.bell.wake_all();
            }
        }
    }
}

/// Where there are no wait sets no handle is followed, and nothing of this is code.
#[cfg(not(any(ringway_loom, all(feature = "std", target_os = "linux"))))]
mod imp {
    use crate::position::Pos;

    #[derive(Debug)]
    pub(crate) struct Followed;

    impl Followed {
        pub(crate) const NOT: Followed = Followed;

        #[inline(always)]
        pub(crate) fn goes_to(&self, _place: Pos) {}

        #[inline(always)]
        pub(crate) fn set_patient(&self, _patient: bool) {}

        #[inline(always)]
        pub(crate) fn has_notice(&self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) fn takes_notice(&self) -> bool {
            false
        }
    }
}

pub(crate) use imp::Followed;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use imp::Trail;
