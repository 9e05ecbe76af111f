//! Why an object was not found.

use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;

use ringway_shm::envelope::Kind;

use crate::called::called;
use crate::region::object::Shape;

/// Why an object was not found in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// The region has none of that name.
    NotFound {
        /// The name.
        name: String,
    },
    /// It is of another kind.
    Kind {
        /// The name.
        name: String,
        /// The kind that it is.
        found: Kind,
        /// The kind that was asked for.
        expected: Kind,
    },
    /// Its value has another size.
    Size {
        /// The name.
        name: String,
        /// Bytes in its value.
        found: u32,
        /// Bytes in the type that was asked for.
        expected: u32,
    },
    /// Its value has another alignment.
    Align {
        /// The name.
        name: String,
        /// The alignment of its value.
        found: u32,
        /// That of the type that was asked for.
        expected: u32,
    },
    /// It was declared with another tag.
    Tag {
        /// The name.
        name: String,
        /// Its tag.
        found: u64,
        /// The tag that was asked for.
        expected: u64,
    },
    /// It is made of atomics of other sizes, or in other places.
    Widths {
        /// The name.
        name: String,
    },
    /// It is a condition of another mutex than the one that it was asked of.
    OtherMutex {
        /// The name.
        name: String,
    },
    /// Its keys have another size.
    Key {
        /// The name.
        name: String,
        /// Bytes in its keys.
        found: u32,
        /// Bytes in the type that was asked for.
        expected: u32,
    },
    /// The directory says of it what no creator writes.
    Corrupt {
        /// The name.
        name: String,
    },
}

impl LookupError {
    pub(crate) fn not_found(name: &str) -> Self {
        Self::NotFound { name: name.to_string() }
    }

    pub(crate) fn kind(name: &str, found: Kind, expected: Kind) -> Self {
        Self::Kind { name: name.to_string(), found, expected }
    }

    /// An error if a value was declared with another type than is asked for.
    pub(crate) fn compare(name: &str, found: &Shape, expected: &Shape) -> Result<(), Self> {
        let name = || name.to_string();
        if found.size != expected.size {
            let (found, expected) = (found.size, expected.size);
            return Err(Self::Size { name: name(), found, expected });
        }
        if found.align != expected.align {
            let (found, expected) = (found.align, expected.align);
            return Err(Self::Align { name: name(), found, expected });
        }
        if found.tag != expected.tag {
            let (found, expected) = (found.tag, expected.tag);
            return Err(Self::Tag { name: name(), found, expected });
        }
        if found.widths != expected.widths {
            return Err(Self::Widths { name: name() });
        }
        Ok(())
    }
}

/// A kind, by what it is called or else by its letters.
struct Called(Kind);

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match called(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "of kind {}", self.0),
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name } => write!(
                f,
                "the region has no object {name:?}: use one of its `objects`, or have its creator \
                 declare it"
            ),
            Self::Kind { name, found, expected } => write!(
                f,
                "the object {name:?} is {}, and not {}: use it as what it is",
                Called(*found),
                Called(*expected)
            ),
            Self::Size { name, found, expected } => write!(
                f,
                "the value of {name:?} has {found} bytes, and the type has {expected}: use the type \
                 that its creator uses"
            ),
            Self::Key { name, found, expected } => write!(
                f,
                "the keys of {name:?} have {found} bytes, and the type has {expected}: use the type \
                 that its creator uses"
            ),
            Self::Align { name, found, expected } => write!(
                f,
                "the value of {name:?} is aligned to {found} bytes, and the type to {expected}: use \
                 the type that its creator uses"
            ),
            Self::Tag { name, found, expected } => write!(
                f,
                "the object {name:?} has tag {found}, and {expected} was asked for: use the type \
                 that its creator uses, with its tag"
            ),
            Self::Widths { name } => write!(
                f,
                "the object {name:?} has atomics of other sizes, or in other places, than the type: \
                 use the type that its creator uses"
            ),
            Self::OtherMutex { name } => write!(
                f,
                "the condition {name:?} belongs to another mutex: ask the mutex with which its \
                 creator has declared it"
            ),
            Self::Corrupt { name } => write!(
                f,
                "the region's directory is corrupt ({name:?}): unlink the region and recreate it"
            ),
        }
    }
}

impl Error for LookupError {}
