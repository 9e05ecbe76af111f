//! Why a look for the dead was none, and why a wait for consumers has ended.

use crate::error::{
    FlushError, LivenessError, SendAllError, SendError, SendTimeoutError, TrySendError, WaitError,
};

/// Why the dead could not be looked for.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    error: LivenessError,
}

/// Where the kernel is not asked there is no such reason: what deals with it is no code, and takes
/// no bytes.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {}

impl Failed {
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    fn error(self) -> LivenessError {
        self.error
    }

    #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
    fn error(self) -> LivenessError {
        match self {}
    }
}

/// What a look has come to.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) fn told(look: Result<usize, LivenessError>) -> Result<usize, Failed> {
    look.map_err(|error| Failed { error })
}

/// As many dead as where there can be none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) fn told(look: Result<usize, LivenessError>) -> Result<usize, Failed> {
    Ok(look.unwrap_or(0))
}

/// Every call that sends, or waits for consumers, tells of it in the same way.
macro_rules! tells {
    ($($error:ident)+) => {$(
        impl From<Failed> for $error {
            fn from(failed: Failed) -> Self {
                $error::Liveness(failed.error())
            }
        }
    )+};
}

tells!(TrySendError SendError SendTimeoutError SendAllError FlushError WaitError);

/// Why a wait for consumers has ended without what it waited for, and not for its time.
#[cfg(all(feature = "std", not(ringway_loom)))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Failed(Failed),
    /// The program has ended it.
    Interrupted,
}

/// Where no program can end it there is one reason, or none.
#[cfg(not(all(feature = "std", not(ringway_loom))))]
pub(crate) type Stopped = Failed;

/// That the program has ended a wait, where it can.
pub(super) fn interrupted() -> Option<Stopped> {
    #[cfg(all(feature = "std", not(ringway_loom)))]
    return Some(Stopped::Interrupted);
    #[cfg(not(all(feature = "std", not(ringway_loom))))]
    None
}

#[cfg(all(feature = "std", not(ringway_loom)))]
impl From<Failed> for Stopped {
    fn from(failed: Failed) -> Self {
        Stopped::Failed(failed)
    }
}

/// Every call that waits tells of it in the same way.
#[cfg(all(feature = "std", not(ringway_loom)))]
macro_rules! tells_of_stopping {
    ($($error:ident)+) => {$(
        impl From<Stopped> for $error {
            fn from(stopped: Stopped) -> Self {
                match stopped {
                    Stopped::Failed(failed) => failed.into(),
                    Stopped::Interrupted => $error::Interrupted,
                }
            }
        }
    )+};
}

#[cfg(all(feature = "std", not(ringway_loom)))]
tells_of_stopping!(SendError SendTimeoutError FlushError WaitError);
