//! Why an anonymous segment was not taken over from another process.

use core::error::Error;
use core::fmt;
use std::io;
use std::string::String;

use crate::said::{failed, with_source};

/// Why an anonymous segment was not taken over from another process.
#[derive(Debug)]
#[non_exhaustive]
pub enum InheritError {
    /// The environment variable is not set.
    NoVariable {
        /// Its name.
        variable: String,
    },
    /// The environment variable does not hold what `Anonymous::pass_to` sets.
    Malformed {
        /// Its name.
        variable: String,
    },
    /// The descriptor is not open: it was not inherited.
    NotOpen {
        /// Its number.
        fd: i32,
    },
    /// The descriptor is not a memory file whose size is sealed: another process that has it could
    /// make it shorter under this one.
    NotSealed,
    /// What came over the socket was not a segment.
    NotASegment,
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error for InheritError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for InheritError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVariable { variable } => {
                write!(f, "{variable} is not set: have the process started with Anonymous::pass_to")
            }
            Self::Malformed { variable } => {
                write!(f, "{variable} does not hold two descriptors' numbers")
            }
            Self::NotOpen { fd } => write!(f, "descriptor {fd} is not open: it was not inherited"),
            Self::NotASegment => {
                f.write_str("what came over the socket was not an anonymous segment")
            }
            Self::NotSealed => {
                f.write_str("the descriptor is not a memory file whose size is sealed")
            }
            Self::Io { what, .. } => failed(f, what, None),
        }?;
        with_source(self, f)
    }
}
