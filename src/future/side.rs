//! What a task needs of the handle that it awaits.

/// What can be awaited. Sealed: there are no others.
pub trait Handle: sealed::Sealed {}

impl<H: sealed::Sealed> Handle for H {}

pub(crate) mod sealed {
    use crate::error::{LivenessError, RecvError};
    #[cfg(feature = "alloc")]
    use crate::protocol::wake::Awaited;
    use ringway_shm::wait::Wait;

    /// On what a task's thread sleeps; `None`: on what may go with the handle.
    #[cfg(feature = "alloc")]
    #[derive(Debug)]
    pub struct SleepsOn(pub(crate) Option<Awaited>);

    /// What a task needs of its handle.
    pub trait Sealed {
        /// How it waits when it blocks.
        type Wait: Wait;

        /// The same.
        fn wait(&mut self) -> &mut Self::Wait;

        /// What it sleeps on.
        #[cfg(feature = "alloc")]
        fn awaited(&self) -> SleepsOn;

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
