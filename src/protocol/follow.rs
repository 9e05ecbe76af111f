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

    /// What a look on behalf of a handle asks the kernel, if it is in vain.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) enum Asks {
        #[default]
        Nothing,
        /// As calls that wait do now and then: whether the other side lives.
        OtherSide,
        /// There is news of a death: whether any live that matter to the handle.
        Everything,
    }

    /// What a handle and the set that follows it have in common.
    #[derive(Debug)]
    pub(crate) struct Trail {
        /// A consumer's next position; of a producer, the position before which all messages have
        /// to be released, so that there is the room in the arena for which the set looks.
        place: AtomicWord,
        /// Bytes of the message for which the set looks for room in the arena.
        asks_for: Option<usize>,
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
        /// Of a consumer.
        pub(crate) fn new(bell: Arc<Futex>, place: Pos, patient: bool) -> Arc<Trail> {
            Trail::with(bell, place, patient, None)
        }

        /// Of a producer: with the bytes of the message for which the set looks, if that is room
        /// in the arena.
        pub(crate) fn of_producer(
            bell: Arc<Futex>,
            place: Pos,
            asks_for: Option<usize>,
        ) -> Arc<Trail> {
            Trail::with(bell, place, false, asks_for)
        }

        fn with(
            bell: Arc<Futex>,
            place: Pos,
            patient: bool,
            asks_for: Option<usize>,
        ) -> Arc<Trail> {
            Arc::new(Trail {
                place: AtomicWord::new(place.number()),
                asks_for,
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

        /// Has those that wait in the set look again.
        fn ring(&self) {
            // SYNC change: who sees the new count sees that the handle has gone, or gone back.
            self.bell.fetch_add(1, Ordering::Release);
            self.bell.wake_all();
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

        /// Whether there is a set that follows the handle.
        pub(crate) fn is_followed(&self) -> bool {
            self.0.is_some()
        }

        /// The handle has gone to that place. One that has gone back wakes those that wait in the
        /// set: what is there is ready again, and no bell rings for it.
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
                let before = trail.place();
                trail.place.store(place.number(), Ordering::Relaxed);
                if place.since(before) < 0 {
                    trail.ring();
                }
            }
        }

        /// The bytes of the message for which the set looks for room in the arena.
        pub(crate) fn asks_for(&self) -> Option<usize> {
            self.0.as_ref()?.asks_for
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
                trail.ring();
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
        pub(crate) fn is_followed(&self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) fn goes_to(&self, _place: Pos) {}

        #[inline(always)]
        pub(crate) fn asks_for(&self) -> Option<usize> {
            None
        }

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
pub(crate) use imp::{Asks, Trail};
