//! What a producer did not learn or could not finish: releases, consumers that join, its end.

use core::fmt;

use ringway_shm::LivenessError;

use super::said::error;
use super::send::SendTimeoutError;

/// Why a producer does not know that all its messages were released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// Subscribers or groups had not released everything when the time was over.
    Timeout {
        /// How many had not.
        laggards: usize,
    },
    /// The kernel did not say which of them are dead: see
    /// [`TrySendError::Liveness`](crate::error::TrySendError::Liveness).
    Liveness(LivenessError),
    /// Not everything was released, and the [`Interrupt`](crate::wait::Interrupt) that the producer
    /// has was raised. [`laggards`](crate::Producer::laggards) says who has not.
    Interrupted,
}

error!(FlushError {
    Self::Timeout { laggards } =>
        "{laggards} subscribers and groups had not released everything when the time was over: \
         try again, or allow more time";
    Self::Liveness(_) =>
        "not everything was released, and the kernel did not say which consumers are dead";
    Self::Interrupted =>
        "not everything was released before the wait was interrupted: clear the interrupt, and \
         call again";
} source {
    Self::Liveness(error) => error;
});

/// Why there are not as many consumers as a producer waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// There can never be so many: the ring was created for fewer.
    TooMany {
        /// How many were asked for.
        asked: usize,
        /// Subscribers and groups that the ring has room for; 0 if it overwrites, and so has none.
        max: usize,
    },
    /// There were fewer until the time was over.
    Timeout {
        /// How many had joined by then.
        joined: usize,
    },
    /// There were some until the time was over, and the producer waited until there were none.
    NotLeft {
        /// How many there were then.
        consumers: usize,
    },
    /// The kernel did not say which of them are dead: see
    /// [`TrySendError::Liveness`](crate::error::TrySendError::Liveness).
    Liveness(LivenessError),
    /// It is not so yet, and the [`Interrupt`](crate::wait::Interrupt) that the producer has was
    /// raised.
    Interrupted,
}

error!(WaitError {
    Self::TooMany { asked, max } =>
        "{asked} consumers can never join this ring, which has room for {max} subscribers and \
         groups: create it with more";
    Self::Timeout { joined } =>
        "{joined} consumers had joined when the time was over: try again, or allow more time";
    Self::NotLeft { consumers } =>
        "{consumers} consumers had not left when the time was over: try again, or allow more time";
    Self::Liveness(_) =>
        "not all consumers have joined, and the kernel did not say which of those that have are \
         dead";
    Self::Interrupted =>
        "the wait for consumers was interrupted: clear the interrupt, and call again";
} source {
    Self::Liveness(error) => error;
});

/// Why a producer did not evict a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvictError {
    /// The ring was created for consumers that are never evicted, and some may rely on that: see
    /// [`Options::evict_by_hand`](crate::Options::evict_by_hand).
    NotAllowed,
    /// There is no such consumer: it has left, was evicted before, or is one that holds nothing
    /// back, as an observer is, or a worker, whose group does.
    NotThere,
}

error!(EvictError {
    Self::NotAllowed =>
        "consumers of this ring are not evicted: create it with Options::evict_by_hand";
    Self::NotThere =>
        "the consumer has left, was evicted before, or holds nothing back: look at the consumers \
         that there are now";
});

/// Why a message that was to be sent and released was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendSyncError {
    /// It was not sent.
    NotSent(SendTimeoutError),
    /// It was sent, and is not known to have been released.
    NotReleased(FlushError),
}

error!(SendSyncError {
    Self::NotSent(error) => "the message was not sent: {error}";
    Self::NotReleased(error) => "the message was sent; {error}";
} same_source {
    Self::NotSent(error) => error;
    Self::NotReleased(error) => error;
});

/// What is left to do after closing a ring. The ring is closed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseError {
    /// A name of the ring could not be removed: the process has lost its privileges since it
    /// created the ring, say.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Name {
        /// The file that is still there.
        path: std::path::PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl core::error::Error for CloseError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match *self {
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            Self::Name { ref source, .. } => Some(source),
        }
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
        let _ = f;
        match *self {
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            Self::Name { ref path, .. } => {
                write!(
                    f,
                    "the ring is closed, and {} could not be removed: unlink it as its owner",
                    path.display()
                )?;
                ringway_shm::said::with_source(self, f)
            }
        }
    }
}
