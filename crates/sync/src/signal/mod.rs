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
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use words::ForToken;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use words::SignalSign;
