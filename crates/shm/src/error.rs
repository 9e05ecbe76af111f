//! What can go wrong.

use core::fmt;

/// The operating system did not say whether a peer lives. That is never taken for a sign of life,
/// nor of death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivenessError {
    /// As wide as what other errors carry: so an enum of errors fits two registers.
    os_error: u64,
}

impl LivenessError {
    /// Of what the operating system says, by its number.
    pub const fn new(os_error: i32) -> Self {
        LivenessError { os_error: os_error as u32 as u64 }
    }

    /// The operating system's number for what went wrong.
    pub fn os_error(self) -> i32 {
        self.os_error as i32
    }
}

impl core::error::Error for LivenessError {}

impl fmt::Display for LivenessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whether a peer lives could not be asked: ")?;
        #[cfg(feature = "std")]
        return std::io::Error::from_raw_os_error(self.os_error()).fmt(f);
        #[cfg(not(feature = "std"))]
        write!(f, "error {}", self.os_error())
    }
}
