//! Tokens without owners: one side posts them, another takes them.

#[cfg(feature = "alloc")]
mod handle;
mod static_signal;
mod words;

#[cfg(feature = "alloc")]
pub use handle::Signal;
#[cfg(feature = "alloc")]
pub(crate) use handle::SignalKind;
pub use static_signal::StaticSignal;
