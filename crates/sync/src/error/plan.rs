//! Why a plan cannot be carried out.

use alloc::string::String;
use core::error::Error;
use core::fmt;

/// Why a plan cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The number of seats is 0, or more than there can be.
    Seats {
        /// The number.
        seats: usize,
        /// The most that a region can have.
        max: usize,
    },
    /// An object's name is empty, or too long.
    Name {
        /// The name.
        name: String,
        /// The longest that one can be, in bytes.
        max: usize,
    },
    /// Two objects have one name.
    Twice {
        /// The name.
        name: String,
    },
    /// There are more objects than a region can have.
    TooMany {
        /// How many there are.
        objects: usize,
        /// The most that a region can have.
        max: usize,
    },
    /// An object cannot be made so: it is too large, or aligned to more than 128 bytes, or counts
    /// something of which it has none or too much, or it belongs to an object that was not declared
    /// before it.
    Object {
        /// Its name.
        name: String,
    },
    /// The memory is too small, or not aligned to 128 bytes.
    Memory {
        /// Its length in bytes.
        len: usize,
        /// The length that is needed.
        needed: usize,
    },
    /// The seat of the creator could not be taken.
    Seat(super::SeatError),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seats { seats, max } => {
                write!(f, "a region cannot have {seats} seats: choose 1 to {max}")
            }
            Self::Name { name, max } => write!(
                f,
                "an object cannot be called {name:?}: choose a name of 1 to {max} bytes without a \
                 zero byte"
            ),
            Self::Twice { name } => {
                write!(f, "two objects are called {name:?}: choose another name for one of them")
            }
            Self::TooMany { objects, max } => write!(
                f,
                "a region cannot have {objects} objects: declare {max} at most, or use several \
                 regions"
            ),
            Self::Object { name } => write!(
                f,
                "the object {name:?} cannot be made: it is too large, aligned to more than 128 \
                 bytes, or counts what it cannot have: choose less; or it belongs to an object \
                 that is not there: declare that before it"
            ),
            Self::Memory { len, needed } => write!(
                f,
                "{len} bytes are too few, or not aligned to 128 bytes: provide {needed} that are"
            ),
            Self::Seat(error) => error.fmt(f),
        }
    }
}

impl Error for PlanError {}
