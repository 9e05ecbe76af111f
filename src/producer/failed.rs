//! Why a look for the dead was none.

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
