//! Why a name is invalid.

use core::error::Error;
use core::fmt;

/// Why a name is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is too long.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// It has a slash in it. The directory is not part of the name.
    Slash,
    /// It has a zero byte in it.
    Nul,
    /// It is `.` or `..`, which are directories.
    Dots,
    /// It ends in `.ctl`, as companion files do.
    Reserved,
}

impl Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty: choose one of a byte or more"),
            Self::TooLong { len, max } => {
                write!(f, "a name of {len} bytes is too long: choose one of {max} or fewer")
            }
            Self::Slash => f.write_str(
                "the name has a slash in it: give the directory apart from it (`directory`)",
            ),
            Self::Nul => f.write_str("the name has a zero byte in it: choose another name"),
            Self::Dots => f.write_str("`.` and `..` are directories: choose another name"),
            Self::Reserved => {
                f.write_str("names that end in .ctl are for control files: choose another name")
            }
        }
    }
}
