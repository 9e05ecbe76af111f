//! Tokens without owners: one process posts them, another takes them.

mod handle;
mod words;

pub use handle::Signal;
pub(crate) use handle::SignalKind;
