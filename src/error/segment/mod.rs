//! What can go wrong with segments, one enum per operation.

mod create;
mod occupant;
mod open;
mod resume;
mod unlink;

pub use create::CreateError;
pub use occupant::Occupant;
pub use open::OpenError;
pub use resume::{Difference, ResumeError};
pub use ringway_shm::file::{FileKind, FileSystem, Untrusted};
pub use ringway_shm::segment::{InheritError, NameError, PruneError};
pub use unlink::UnlinkError;
