//! What can go wrong: one small enum for each operation.
//!
//! # Text and source
//!
//! An error's text (`Display`) says what is wrong, with the name or path, and then what to do. What
//! it advises, the library accepts.
//!
//! Where an error holds another error of this crate, that one's text is part of its own. What comes
//! from below is its [`source`](core::error::Error::source), and its text does not repeat that:
//! what the operating system said ([`std::io::Error`]), or that it did not say whether a peer lives
//! ([`LivenessError`]). So a report that prints an error and its sources, one after the other, says
//! each thing once. `{:#}` is such a report in one line: the text, and behind a colon that of the
//! source.
//!
#![cfg_attr(all(feature = "std", target_os = "linux"), doc = "```")]
#![cfg_attr(not(all(feature = "std", target_os = "linux")), doc = "```ignore")]
//! use ringway::{Options, Segment};
//!
//! let nowhere = Segment::new("ring").directory("/not/there");
//! let error = Options::<u64>::new(8).create(nowhere).unwrap_err();
//! println!("{error}"); // what is wrong, and what to do
//! println!("{error:#}"); // and what the operating system said
//! ```
//!
//! A `main` that returns an error prints `Debug`, which is the variant and its fields alone.

mod config;
mod flush;
mod header;
mod join;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub mod mailbox;
mod recv;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub mod request;
mod said;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod segment;
mod send;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod wait_set;

pub use config::{ConfigError, RawError, SplitError};
pub use flush::{CloseError, EvictError, FlushError, SendSyncError, WaitError};
pub use header::{HeaderError, MessageType};
pub use join::JoinError;
pub use recv::{RecvError, RecvTimeoutError, TryRecvError};
pub use ringway_shm::LivenessError;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use segment::{
    CreateError, Difference, FileKind, FileSystem, InheritError, NameError, Occupant, OpenError,
    PruneError, ResumeError, UnlinkError, Untrusted,
};
pub use send::{BatchError, SendAllError, SendError, SendTimeoutError, TrySendError};
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub use wait_set::WaitSetError;
