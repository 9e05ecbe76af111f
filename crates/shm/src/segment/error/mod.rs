//! What can go wrong with segments, one enum per operation.

mod create;
mod inherit;
mod name;
mod open;
mod prune;
mod unlink;

pub use create::CreateError;
pub use inherit::InheritError;
pub use name::NameError;
pub use open::OpenError;
pub use prune::PruneError;
pub use unlink::UnlinkError;
