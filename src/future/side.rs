//! What a task needs of the handle that it awaits.

/// What can be awaited. Sealed: there are no others.
pub trait Handle: sealed::Sealed {}

impl<H: sealed::Sealed> Handle for H {}

pub(crate) mod sealed {
    use crate::error::{LivenessError, RecvError};
    #[cfg(feature = "alloc")]
    use crate::memory::Storage;
    #[cfg(feature = "alloc")]
    use crate::protocol::wake::{Awaited, Side};
    #[cfg(feature = "alloc")]
    use ringway_shm::fence::Fences;
    use ringway_shm::wait::Wait;

    /// On what a handle sleeps.
    #[cfg(feature = "alloc")]
    #[derive(Clone, Debug)]
    pub enum SleepsOn<'a> {
        /// In the memory of its ring.
        Ring(InRing<'a>),
        /// On a word of many rings, of which this knows.
        #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
        Other(alloc::sync::Arc<dyn ringway_shm::sleeper::Sleeper>),
    }

    #[cfg(feature = "alloc")]
    impl SleepsOn<'_> {
        /// The place in a ring, apart from the handle; `None`: it may go with the handle, or is none.
        pub(crate) fn awaited(self) -> Option<Awaited> {
            match self {
                SleepsOn::Ring(place) => place.awaited(),
                #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
                SleepsOn::Other(_) => None,
            }
        }

        /// Whether it is that place in a ring.
        pub(crate) fn is(self, awaited: Option<&Awaited>) -> bool {
            match self {
                SleepsOn::Ring(place) => place.is(awaited),
                #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
                SleepsOn::Other(_) => false,
            }
        }
    }

    /// On what a handle of a ring sleeps.
    #[cfg(feature = "alloc")]
    #[derive(Clone, Copy, Debug)]
    pub struct InRing<'a> {
        pub(crate) storage: &'a Storage,
        pub(crate) fences: Fences,
        pub(crate) side: Side,
    }

    #[cfg(feature = "alloc")]
    impl InRing<'_> {
        /// The same apart from the handle; `None`: it may go with the handle.
        pub(crate) fn awaited(self) -> Option<Awaited> {
            let InRing { storage, fences, side } = self;
            storage.keeps_memory().then(|| Awaited { storage: storage.clone(), fences, side })
        }

        /// Whether it is the same as that, which keeps its memory: so what lies there is not
        /// another ring's that has come to lie where it was.
        pub(crate) fn is(self, awaited: Option<&Awaited>) -> bool {
            let Some(awaited) = awaited else { return !self.storage.keeps_memory() };
            self.storage.keeps_memory()
                && core::ptr::eq(self.storage.producer(), awaited.storage.producer())
                && (self.side, self.fences) == (awaited.side, awaited.fences)
        }
    }

    /// What a task needs of its handle.
    pub trait Sealed {
        /// How it waits when it blocks.
        type Wait: Wait;

        /// The same.
        fn wait(&mut self) -> &mut Self::Wait;

        /// What it sleeps on.
        #[cfg(feature = "alloc")]
        fn sleeps_on(&self) -> SleepsOn<'_>;

        /// Whether processes share its ring, each of which can die alone.
        fn is_mortal(&self) -> bool;

        /// How often its task has to look at more than what it waits for; `None`: it does not.
        fn pace(&self) -> Option<core::time::Duration>;
    }

    /// What a task needs of a handle that receives.
    pub trait Receiving {
        /// Whether it was known that nothing comes. Takes note of the successors that there have been.
        fn was_at_an_end(&mut self) -> bool;

        /// Whether anything can come. Asks the kernel.
        fn can_get_more(&mut self) -> bool;

        /// Looks whether others live, if it is time to. An error counts if there is no message.
        fn look_around(&mut self) -> Result<(), LivenessError>;

        /// Why nothing comes any more.
        fn death(&mut self) -> RecvError;
    }
}
