//! Files that segments are made of: in directories, with locks, checked before they are trusted.

mod directory;
mod holder;
mod kind;
pub mod lock;
mod owner;

pub use directory::{Directory, NotOpened};
pub use holder::Holder;
pub use kind::{FileKind, FileSystem};
pub use owner::{Untrusted, check_owner, is_ours};
