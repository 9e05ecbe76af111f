//! Tokens without owners: one process posts them, another takes them.

mod handle;
mod words;

pub use handle::Signal;
pub(crate) use handle::SignalKind;
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use words::ForToken;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::SignalSign;
