//! Why there was no seat.

use core::error::Error;
use core::fmt;

/// Why no seat of a region was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeatError {
    /// All are taken, by owners that live.
    Full {
        /// How many there are.
        seats: usize,
    },
    /// The operating system gave no lock.
    Lock {
        /// Its number for what went wrong.
        os_error: i32,
    },
    /// The region's name was removed.
    Removed,
    /// A process is removing the region's name, and was not through within the time: it may be
    /// stopped.
    BeingRemoved,
}

impl fmt::Display for SeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { seats } => write!(
                f,
                "all {seats} seats of the region are taken: end a process that has one, or create it \
                 with more (`Plan::seats`; one that was made with its only object has 64)"
            ),
            Self::Lock { os_error } => {
                f.write_str("the lock of a seat could not be had: ")?;
                #[cfg(feature = "std")]
                return std::io::Error::from_raw_os_error(*os_error).fmt(f);
                #[cfg(not(feature = "std"))]
                write!(f, "error {os_error}")
            }
            Self::Removed => f.write_str("the region was removed meanwhile: open it again"),
            Self::BeingRemoved => f.write_str(
                "a process is removing the region's name, and was not through within the time: end \
                 that process if it is stopped, or open the region again",
            ),
        }
    }
}

impl Error for SeatError {}
